//! Stale-while-revalidate and stale-if-error, as RFC 5861 has them.
//!
//! While a copy is fresh it answers. After that it answers all the same, at once, and one refresh is made in the
//! background; while refreshes fail, it goes on answering. Only where there is no copy (or one beyond the outer bound)
//! does a caller wait. Those who wait share one fetch: it goes on while at least one of them wants it, whoever began it,
//! and ends when none does.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::keep::{Ages, Keep, Question};
use super::shelf::{Persist, Shelved};
use super::watch::{Event, Revalidation};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Fetched;

/// How long a copy counts as fresh where neither the caller nor the registry says.
const DEFAULT_EXPIRY: Duration = Duration::from_mins(5);

/// Least time between a refresh that failed and the next one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Numbers the values that were fetched in this process, so that an old one is known again.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

/// Numbers the failures of this process.
static FAILURES: AtomicU64 = AtomicU64::new(1);

/// By what a copy's origin knows it again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Validator {
    /// An entity tag.
    ETag(String),
    /// A time of last modification.
    LastModified(String),
}

/// What a fetch gave.
#[derive(Debug)]
pub enum Reply<T> {
    /// A value.
    Value {
        /// The value.
        value: T,
        /// What its origin says of it.
        terms: Terms,
    },
    /// The copy is still current.
    NotModified {
        /// How long its origin says that it is fresh.
        max_age: Option<Duration>,
    },
}

/// What a value's origin says of keeping it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// By what to ask for it the next time.
    pub validator: Option<Validator>,
    /// How long it is fresh.
    pub max_age: Option<Duration>,
    /// Whether it may not be written to disk.
    pub no_store: bool,
}

impl<T> Reply<T> {
    /// A value of which its origin says nothing further.
    pub fn plain(value: T) -> Self {
        Self::Value { value, terms: Terms::default() }
    }
}

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
                    self.refresh(&mut state, keep, question, fetch);
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

    /// The copy, however old.
    #[must_use]
    pub fn peek(&self) -> Option<Arc<T>> {
        self.state().kept.as_ref().map(|kept| Arc::clone(&kept.value))
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
        if self.state().wants_shelf() {
            let found = keep.shelf().read(&question).await;
            let mut state = self.state();
            state.is_shelf_read = true;
            if let Some(found) = found {
                state.adopt(found);
            }
            if let Some((_, is_fresh)) = state.answer_at_once(&keep) {
                state.flight = None;
                if !is_fresh && state.may_refresh(&keep) {
                    self.refresh(&mut state, &keep, question, fetch);
                }
                return false;
            }
        }
        if keep.is_offline() {
            let offline = Error::new(ErrorKind::Offline, format!("offline, and {question} is not kept here"));
            self.state().record(Err(offline));
            return false;
        }
        self.ask(&keep, &question, fetch).await;
        true
    }

    /// Asks the origin in the background.
    fn refresh<F>(
        self: &Arc<Self>,
        state: &mut State<T>,
        keep: &Keep,
        question: Question,
        fetch: impl FnOnce(Option<Validator>) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<Reply<T>>> + Send + 'static,
    {
        let (cell, for_refresh) = (Arc::clone(self), keep.clone());
        let refresh = async move {
            let outcome = cell.ask(&for_refresh, &question, fetch).await;
            for_refresh.watch().tell(Event::Revalidate { subject: question.into_subject(), outcome });
            true
        };
        let flight: Flight = refresh.boxed().shared();
        state.flight = flight.downgrade();
        keep.background().spawn(flight.map(drop));
    }

    async fn ask<F>(&self, keep: &Keep, question: &Question, fetch: impl FnOnce(Option<Validator>) -> F) -> Revalidation
    where
        F: Future<Output = Result<Reply<T>>>,
    {
        let validator = self.state().kept.as_ref().and_then(|kept| kept.terms.validator.clone());
        let outcome = fetch(validator).await;
        let change = self.state().record(outcome);
        match change {
            Change::Value(value, terms, fetched_at) => {
                keep.shelf().put(keep.background(), question, value, terms, fetched_at);
                Revalidation::Changed
            }
            Change::Confirmed(value, terms, fetched_at) => {
                keep.shelf().confirm(keep.background(), question, value, terms, fetched_at);
                Revalidation::Unchanged
            }
            Change::Failed(error) => Revalidation::Failed(error),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// The copy, where it may answer without anybody waiting, and whether it is fresh.
    fn answer_at_once(&self, keep: &Keep) -> Option<(Fetched<T>, bool)> {
        let (kept, ages) = (self.kept.as_ref()?, keep.ages());
        if kept.age() < kept.expiry(ages) {
            return Some((kept.fetched(None), true));
        }
        let asks_first = ages.expiry == Some(Duration::ZERO) && !keep.is_offline();
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
        !keep.is_offline() && !is_paused && self.flight().is_none()
    }

    fn wants_shelf(&self) -> bool {
        self.kept.is_none() && !self.is_shelf_read
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

impl<T> Kept<T> {
    fn age(&self) -> Duration {
        self.age.saturating_add(self.confirmed.elapsed())
    }

    fn expiry(&self, ages: Ages) -> Duration {
        ages.expiry.or(self.terms.max_age).unwrap_or(DEFAULT_EXPIRY)
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

fn now_in_ms() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::layer::watch::Subject;

    const FRESH: Ages = Ages { expiry: Some(Duration::from_mins(5)), max_stale: None };
    const STALE: Ages = Ages { expiry: Some(Duration::from_nanos(1)), max_stale: None };
    const ALWAYS_ASK: Ages = Ages { expiry: Some(Duration::ZERO), max_stale: None };

    type Cell = Arc<StaleCell<Numbers>>;

    #[derive(Debug, PartialEq)]
    struct Numbers(u32);

    impl Persist for Numbers {
        fn to_bytes(&self) -> Option<Vec<u8>> {
            Some(self.0.to_le_bytes().to_vec())
        }

        fn from_bytes(bytes: Vec<u8>, _: &Arc<str>) -> Option<Self> {
            Some(Self(u32::from_le_bytes(bytes.try_into().ok()?)))
        }
    }

    fn failure() -> Error {
        Error::new(ErrorKind::Network, "refused")
    }

    fn question() -> Question {
        Question::new(Subject::Index, "index".to_owned())
    }

    fn keep(ages: Ages) -> Keep {
        let keep = Keep::default();
        keep.set_ages(ages);
        keep
    }

    async fn ask(cell: &Cell, keep: &Keep, outcome: Result<u32>) -> Result<Fetched<Numbers>> {
        let fetch = |_| async { outcome.map(|number| Reply::plain(Numbers(number))) };
        cell.get(keep, question(), fetch).await
    }

    async fn number(cell: &Cell, keep: &Keep, outcome: Result<u32>) -> u32 {
        ask(cell, keep, outcome).await.unwrap().value.0
    }

    #[tokio::test]
    async fn a_fresh_copy_spares_the_fetch() {
        let (cell, keep) = (Cell::default(), keep(FRESH));
        assert_eq!(number(&cell, &keep, Ok(1)).await, 1);
        assert_eq!(number(&cell, &keep, Ok(2)).await, 1);
        assert_eq!(keep.tally().counts(), (0, 1, 1));
    }

    #[tokio::test]
    async fn a_stale_copy_answers_at_once_and_one_refresh_follows() {
        let (cell, keep) = (Cell::default(), keep(STALE));
        number(&cell, &keep, Ok(1)).await;
        let fetches = Arc::new(AtomicU64::new(0));
        for _ in 0..10 {
            let fetches = Arc::clone(&fetches);
            let fetch = move |_| async move {
                fetches.fetch_add(1, Ordering::SeqCst);
                Ok(Reply::plain(Numbers(2)))
            };
            assert_eq!(cell.get(&keep, question(), fetch).await.unwrap().value.0, 1);
        }
        keep.background().idle().await;
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        keep.set_ages(FRESH);
        assert_eq!(number(&cell, &keep, Ok(3)).await, 2);
    }

    #[tokio::test]
    async fn while_refreshes_fail_the_copy_answers_and_says_why_it_is_old() {
        let (cell, keep) = (Cell::default(), keep(STALE));
        number(&cell, &keep, Ok(1)).await;
        number(&cell, &keep, Err(failure())).await;
        keep.background().idle().await;
        let stale = ask(&cell, &keep, Ok(2)).await.unwrap();
        assert_eq!((stale.value.0, stale.stale_because.unwrap().code()), (1, "ENETWORK"));
    }

    #[tokio::test]
    async fn an_expiry_of_zero_waits_and_falls_back_on_the_copy() {
        let (cell, keep) = (Cell::default(), keep(ALWAYS_ASK));
        number(&cell, &keep, Ok(1)).await;
        assert_eq!(number(&cell, &keep, Ok(2)).await, 2);
        let stale = ask(&cell, &keep, Err(failure())).await.unwrap();
        assert_eq!((stale.value.0, stale.stale_because.unwrap().code()), (2, "ENETWORK"));
    }

    #[tokio::test]
    async fn beyond_the_outer_bound_a_copy_answers_no_more() {
        let (cell, keep) =
            (Cell::default(), keep(Ages { expiry: Some(Duration::from_nanos(1)), max_stale: Some(Duration::ZERO) }));
        number(&cell, &keep, Ok(1)).await;
        assert_eq!(number(&cell, &keep, Ok(2)).await, 2);
        assert_eq!(ask(&cell, &keep, Err(failure())).await.unwrap_err().code(), "ENETWORK");
    }

    #[tokio::test]
    async fn not_modified_makes_the_copy_fresh_and_keeps_its_revision() {
        let (cell, keep) = (Cell::default(), keep(ALWAYS_ASK));
        let tag = Validator::ETag("\"x\"".to_owned());
        let terms = Terms { validator: Some(tag.clone()), ..Terms::default() };
        let first = Reply::Value { value: Numbers(1), terms };
        let before = cell.get(&keep, question(), |_| async { Ok(first) }).await.unwrap();
        let confirm = |validator| async move {
            assert_eq!(validator, Some(tag));
            Ok(Reply::NotModified { max_age: None })
        };
        let after = cell.get(&keep, question(), confirm).await.unwrap();
        assert_eq!((after.revision, after.value.0), (before.revision, 1));
        assert!(after.fetched_at >= before.fetched_at);
    }

    #[tokio::test]
    async fn the_origins_word_on_freshness_counts_where_the_caller_has_none() {
        let (cell, keep) = (Cell::default(), keep(Ages::default()));
        let terms = Terms { max_age: Some(Duration::ZERO), ..Terms::default() };
        let reply = Reply::Value { value: Numbers(1), terms };
        cell.get(&keep, question(), |_| async { Ok(reply) }).await.unwrap();
        number(&cell, &keep, Ok(2)).await;
        keep.background().idle().await;
        keep.set_ages(FRESH);
        assert_eq!(number(&cell, &keep, Ok(3)).await, 2);
    }

    #[tokio::test]
    async fn without_a_copy_the_failure_is_the_answer() {
        assert_eq!(ask(&Cell::default(), &keep(FRESH), Err(failure())).await.unwrap_err().code(), "ENETWORK");
    }

    /// A fetch that counts itself and waits for leave.
    fn held(
        fetches: &Arc<AtomicU64>,
        leave: &Arc<tokio::sync::Notify>,
    ) -> impl FnOnce(Option<Validator>) -> BoxFuture<'static, Result<Reply<Numbers>>> + Send + 'static {
        let (fetches, leave) = (Arc::clone(fetches), Arc::clone(leave));
        move |_| {
            async move {
                fetches.fetch_add(1, Ordering::SeqCst);
                leave.notified().await;
                fetches.fetch_add(100, Ordering::SeqCst);
                Ok(Reply::plain(Numbers(7)))
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn those_who_ask_during_a_fetch_share_it_and_one_who_leaves_disturbs_nobody() {
        let (cell, keep) = (Cell::default(), keep(ALWAYS_ASK));
        let (fetches, leave) = <(Arc<AtomicU64>, Arc<tokio::sync::Notify>)>::default();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (cell, keep, fetch) = (Arc::clone(&cell), keep.clone(), held(&fetches, &leave));
                tokio::spawn(async move { cell.get(&keep, question(), fetch).await.unwrap().value.0 })
            })
            .collect();
        tokio::task::yield_now().await;
        // The one who began the fetch goes.
        tasks[0].abort();
        tokio::task::yield_now().await;
        leave.notify_one();
        for task in tasks.into_iter().skip(1) {
            assert_eq!(task.await.unwrap(), 7);
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 101);
    }

    #[tokio::test]
    async fn a_fetch_that_nobody_wants_any_more_ends_and_the_next_one_begins_anew() {
        let (cell, keep) = (Cell::default(), keep(FRESH));
        let (fetches, leave) = <(Arc<AtomicU64>, Arc<tokio::sync::Notify>)>::default();
        let lone = {
            let (cell, keep, fetch) = (Arc::clone(&cell), keep.clone(), held(&fetches, &leave));
            tokio::spawn(async move { cell.get(&keep, question(), fetch).await.map(drop) })
        };
        tokio::task::yield_now().await;
        lone.abort();
        assert!(lone.await.unwrap_err().is_cancelled());
        leave.notify_one();
        tokio::task::yield_now().await;
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert_eq!(number(&cell, &keep, Ok(2)).await, 2);
    }

    #[tokio::test]
    async fn a_copy_on_disk_answers_after_a_restart_and_is_refreshed() {
        let folder = tempfile::tempdir().unwrap();
        let keep = |ages| {
            let keep = Keep::on_disk(folder.path());
            keep.set_ages(ages);
            keep
        };
        let before = keep(FRESH);
        number(&Cell::default(), &before, Ok(1)).await;
        before.background().idle().await;

        assert_eq!(number(&Cell::default(), &keep(FRESH), Err(failure())).await, 1);
        let (cell, after) = (Cell::default(), keep(STALE));
        assert_eq!(number(&cell, &after, Ok(2)).await, 1);
        after.background().idle().await;
        assert_eq!(number(&Cell::default(), &keep(FRESH), Err(failure())).await, 2);
    }

    #[tokio::test]
    async fn offline_any_copy_answers_and_nothing_is_asked() {
        let (cell, keep) = (Cell::default(), keep(STALE));
        number(&cell, &keep, Ok(1)).await;
        let offline = keep.offline();
        assert_eq!(number(&cell, &offline, Ok(2)).await, 1);
        offline.background().idle().await;
        assert_eq!(number(&cell, &offline, Ok(3)).await, 1);
        assert_eq!(ask(&Cell::default(), &offline, Ok(4)).await.unwrap_err().code(), "EOFFLINE");
    }
}
