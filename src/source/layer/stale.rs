//! Stale-while-revalidate and stale-if-error, as RFC 5861 has them.
//!
//! While a copy is fresh it answers. After that it answers all the same, at once, and one refresh is made in the
//! background; while refreshes fail, it goes on answering. Only where there is no copy (or one beyond the outer bound)
//! does a caller wait. Those who wait share one fetch: it goes on while at least one of them wants it, whoever began it,
//! and ends when none does.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::keep::{Ages, Keep};
use super::question::Question;
use super::reply::{Reply, Terms, Validator};
use super::shelf::{Persist, Shelved, Work};
use super::watch::{BreakerState, Event, Revalidation};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Fetched, now_in_ms};

/// How long a copy counts as fresh where neither the caller nor the registry says.
const DEFAULT_EXPIRY: Duration = Duration::from_mins(5);

/// Least time between a refresh that failed and the next one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How long it is believed at most that there is nothing.
const NOTHING_EXPIRY: Duration = Duration::from_secs(2);

/// Numbers the values that were fetched in this process, so that an old one is known again.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

/// Numbers the failures of this process.
static FAILURES: AtomicU64 = AtomicU64::new(1);

/// One thing that is fetched and kept.
#[derive(Debug)]
pub struct StaleCell<T> {
    state: Mutex<State<T>>,
    /// What the cache that holds this last counted it as, in bytes.
    pub(super) weight: AtomicU64,
}

/// Gives whether the origin was asked.
type Flight = Shared<BoxFuture<'static, bool>>;

#[derive(Debug)]
struct State<T> {
    kept: Option<Kept<T>>,
    /// The latest failure, and the how manieth of the process it was; `None` once a fetch succeeds.
    failure: Option<(Error, u64)>,
    failed: Option<Instant>,
    /// The fetch under way, as long as somebody wants it.
    flight: Option<WeakShared<BoxFuture<'static, bool>>>,
    /// Whether the copy on disk was looked for.
    is_shelf_read: bool,
}

#[derive(Debug)]
struct Kept<T> {
    value: Arc<T>,
    revision: u64,
    terms: Terms,
    /// Its age at `confirmed`: more than nothing where it comes from disk.
    age: Duration,
    confirmed: Instant,
    fetched_at: f64,
}

/// What a fetch changed.
enum Change<T> {
    Value(Arc<T>, Terms, f64),
    Confirmed(Arc<T>, Terms, f64),
    Failed(Error),
}

impl<T> Default for StaleCell<T> {
    fn default() -> Self {
        let state = State { kept: None, failure: None, failed: None, flight: None, is_shelf_read: false };
        Self { state: Mutex::new(state), weight: AtomicU64::new(0) }
    }
}

impl<T: Persist + Send + Sync + 'static> StaleCell<T> {
    /// One that passes over the copy on disk, which is not to be believed.
    #[must_use]
    pub fn unshelved() -> Self {
        let cell = Self::default();
        cell.state().is_shelf_read = true;
        cell
    }

    /// The value, as the module describes. `fetch` is given what the copy's origin knows it by.
    ///
    /// # Errors
    /// The failure of `fetch`, where no copy may answer; `Offline` where the network is not to be asked.
    pub async fn get<F>(
        self: &Arc<Self>,
        keep: &Keep,
        question: Question,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) -> Result<Fetched<T>>
    where
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let flight = {
            let mut state = self.state();
            if let Some((answer, is_fresh)) = state.answer_at_once(keep) {
                keep.tally().hit();
                if !is_fresh && state.may_refresh(keep) {
                    drop(self.refresh(&mut state, keep, question, fetch));
                }
                return Ok(answer);
            }
            state.flight().unwrap_or_else(|| {
                let flight = Arc::clone(self).fly(keep.clone(), question, fetch).boxed().shared();
                state.flight = flight.downgrade();
                flight
            })
        };
        if flight.await {
            keep.tally().miss();
        } else {
            keep.tally().hit();
        }
        self.state().outcome(keep)
    }

    /// The value as it is now: as [`Self::get`], but a caller waits for the refresh of a copy that is no longer fresh.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn renew<F>(
        self: &Arc<Self>,
        keep: &Keep,
        question: Question,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) -> Result<Fetched<T>>
    where
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let flight = {
            let mut state = self.state();
            match state.answer_at_once(keep) {
                Some((answer, is_fresh)) if is_fresh || keep.is_offline() => return Ok(answer),
                _ => {}
            }
            state.flight().unwrap_or_else(|| self.refresh(&mut state, keep, question, fetch))
        };
        flight.await;
        self.state().outcome(keep)
    }

    /// The copy, in memory or on disk, however old.
    pub async fn peek(&self, keep: &Keep, question: &Question) -> Option<Arc<T>> {
        self.look_on_shelf(keep, question).await;
        self.state().kept.as_ref().map(|kept| Arc::clone(&kept.value))
    }

    /// Takes over the copy on disk, where there is none in memory and that was not tried before.
    async fn look_on_shelf(&self, keep: &Keep, question: &Question) {
        if !self.state().wants_shelf(keep) {
            return;
        }
        let found = keep.shelf().read(question).await;
        let mut state = self.state();
        // A fetch may have ended meanwhile: what it gave is newer.
        if let Some(found) = found.filter(|_| state.wants_shelf(keep)) {
            state.adopt(found);
        }
        state.is_shelf_read = true;
    }

    /// When the copy was fetched or last confirmed, in milliseconds since 1970, and how long from then on it is fresh where
    /// the caller says nothing else.
    #[must_use]
    pub fn age(&self) -> Option<(f64, Duration)> {
        self.state().kept.as_ref().map(|kept| (kept.fetched_at, kept.terms.max_age.unwrap_or(DEFAULT_EXPIRY)))
    }

    /// From disk, else from the origin.
    async fn fly<F>(
        self: Arc<Self>,
        keep: Keep,
        question: Question,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) -> bool
    where
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let had_none = self.state().kept.is_none();
        self.look_on_shelf(&keep, &question).await;
        if had_none {
            let mut state = self.state();
            if let Some((_, is_fresh)) = state.answer_at_once(&keep) {
                state.flight = None;
                if !is_fresh && state.may_refresh(&keep) {
                    drop(self.refresh(&mut state, &keep, question, fetch));
                }
                return false;
            }
        }
        if keep.is_offline() {
            let offline = Error::new(ErrorKind::Offline, format!("offline, and {question} is not kept here"));
            self.state().record(Err(offline));
            return false;
        }
        if let (_, Some(work)) = self.ask(&keep, &question, fetch).await {
            keep.background().spawn(work);
        }
        true
    }

    /// Asks the origin in the background, whoever waits for it.
    fn refresh<F>(
        self: &Arc<Self>,
        state: &mut State<T>,
        keep: &Keep,
        question: Question,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) -> Flight
    where
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let (cell, for_refresh) = (Arc::clone(self), keep.clone());
        let on_disk = Arc::<Mutex<Option<Work>>>::default();
        let left = Arc::clone(&on_disk);
        let refresh = async move {
            let (outcome, work) = cell.ask(&for_refresh, &question, fetch).await;
            *left.lock().unwrap_or_else(PoisonError::into_inner) = work;
            for_refresh.watch().tell(Event::Revalidate { subject: question.into_subject(), outcome });
            true
        };
        let flight: Flight = refresh.boxed().shared();
        state.flight = flight.downgrade();
        let for_background = flight.clone();
        // One piece of work: it is done when the new copy is on disk. Others who share the refresh don't wait for that.
        keep.background().spawn(async move {
            for_background.await;
            let work = on_disk.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(work) = work {
                work.await;
            }
        });
        flight
    }

    /// Asks the origin. Gives what came of it, and what is to be done on disk because of that.
    async fn ask<F>(
        &self,
        keep: &Keep,
        question: &Question,
        fetch: impl FnOnce(Option<Validator>) -> F,
    ) -> (Revalidation, Option<Work>)
    where
        F: Future<Output = Result<Reply<T>>>,
    {
        let validator = self.state().kept.as_ref().and_then(|kept| kept.terms.validator.clone());
        let outcome = fetch(validator).await;
        let change = self.state().record(outcome);
        match change {
            Change::Value(value, terms, fetched_at) => {
                (Revalidation::Changed, keep.shelf().put(question, value, terms, fetched_at))
            }
            Change::Confirmed(value, terms, fetched_at) => {
                (Revalidation::Unchanged, keep.shelf().confirm(question, value, terms, fetched_at))
            }
            Change::Failed(error) => (Revalidation::Failed(error), None),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Persist> State<T> {
    /// The copy, where it may answer without anybody waiting, and whether it is fresh.
    fn answer_at_once(&self, keep: &Keep) -> Option<(Fetched<T>, bool)> {
        let (kept, ages) = (self.kept.as_ref()?, keep.ages());
        if kept.age() < kept.expiry(ages) {
            return Some((kept.fetched(None), true));
        }
        let asks_first = ages.expiry == Some(Duration::ZERO) && !keep.is_offline();
        // That there was nothing may be told no longer, though it is better than nothing where the origin fails.
        let asks_first = asks_first || (kept.value.is_nothing() && !keep.is_offline());
        (!asks_first && kept.may_answer(ages)).then(|| (kept.fetched(self.failure.clone()), false))
    }

    /// The answer of one who has waited.
    fn outcome(&self, keep: &Keep) -> Result<Fetched<T>> {
        match (&self.kept, &self.failure) {
            (Some(kept), None) => Ok(kept.fetched(None)),
            (Some(kept), failure) if kept.may_answer(keep.ages()) => Ok(kept.fetched(failure.clone())),
            (_, Some((error, _))) => Err(error.clone()),
            (None, None) => Err(Error::new(ErrorKind::Internal, "a fetch ended without an outcome")),
        }
    }

    /// The fetch under way.
    fn flight(&self) -> Option<Flight> {
        self.flight.as_ref().and_then(WeakShared::upgrade)
    }

    fn may_refresh(&self, keep: &Keep) -> bool {
        let is_paused = self.failed.is_some_and(|failed| failed.elapsed() < PAUSE_AFTER_FAILURE);
        // It would be refused, and that told, by every copy.
        let is_refused = keep.network().breaker.state() == BreakerState::Open;
        !keep.is_offline() && !is_paused && !is_refused && self.flight().is_none()
    }

    fn wants_shelf(&self, keep: &Keep) -> bool {
        // Offline, others may put there what nobody can fetch.
        self.kept.is_none() && (!self.is_shelf_read || keep.is_offline())
    }

    /// Takes over a copy from disk.
    fn adopt(&mut self, Shelved { value, terms, fetched_at }: Shelved<T>) {
        let now = now_in_ms();
        // One that claims to come from the future is of no known age.
        let age = if fetched_at <= now { duration_in_ms(now - fetched_at) } else { Duration::MAX };
        self.keep(Arc::new(value), terms, fetched_at.min(now), age);
    }

    fn keep(&mut self, value: Arc<T>, terms: Terms, fetched_at: f64, age: Duration) {
        let revision = REVISIONS.fetch_add(1, Ordering::Relaxed);
        self.kept = Some(Kept { value, revision, terms, age, confirmed: Instant::now(), fetched_at });
    }

    fn record(&mut self, outcome: Result<Reply<T>>) -> Change<T> {
        // Who asks from now on begins a fetch of their own.
        self.flight = None;
        let change = match (outcome, &mut self.kept) {
            (Ok(Reply::Value { value, terms }), _) => {
                let (value, fetched_at) = (Arc::new(value), now_in_ms());
                self.keep(Arc::clone(&value), terms.clone(), fetched_at, Duration::ZERO);
                Change::Value(value, terms, fetched_at)
            }
            (Ok(Reply::NotModified { max_age }), Some(kept)) => {
                (kept.confirmed, kept.age, kept.fetched_at) = (Instant::now(), Duration::ZERO, now_in_ms());
                kept.terms.max_age = max_age.or(kept.terms.max_age);
                Change::Confirmed(Arc::clone(&kept.value), kept.terms.clone(), kept.fetched_at)
            }
            (Ok(Reply::NotModified { .. }), None) => {
                let message = "the registry says \"not modified\" of what it never sent";
                Change::Failed(Error::new(ErrorKind::Protocol, message))
            }
            (Err(error), _) => Change::Failed(error),
        };
        (self.failure, self.failed) = if let Change::Failed(error) = &change {
            (Some((error.clone(), FAILURES.fetch_add(1, Ordering::Relaxed))), Some(Instant::now()))
        } else {
            (None, None)
        };
        change
    }
}

impl<T: Persist> Kept<T> {
    fn age(&self) -> Duration {
        self.age.saturating_add(self.confirmed.elapsed())
    }

    fn expiry(&self, ages: Ages) -> Duration {
        let expiry = ages.expiry.or(self.terms.max_age).unwrap_or(DEFAULT_EXPIRY);
        if self.value.is_nothing() { expiry.min(NOTHING_EXPIRY) } else { expiry }
    }

    /// Whether the copy is within the outer bound.
    fn may_answer(&self, ages: Ages) -> bool {
        let bound = ages.max_stale.and_then(|max_stale| self.expiry(ages).checked_add(max_stale));
        bound.is_none_or(|bound| self.age() < bound)
    }

    fn fetched(&self, failure: Option<(Error, u64)>) -> Fetched<T> {
        let (stale_because, failure) = failure.map_or((None, 0), |(error, number)| (Some(error), number));
        Fetched {
            value: Arc::clone(&self.value),
            revision: self.revision,
            fetched_at: self.fetched_at,
            max_age: self.terms.max_age.unwrap_or(DEFAULT_EXPIRY),
            stale_because,
            failure,
        }
    }
}

fn duration_in_ms(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
