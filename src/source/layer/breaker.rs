//! A circuit breaker: a source that fails again and again is left alone for a while, then asked once to see how it is
//! doing. Meanwhile its callers get their answers, old copies or failures, at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::watch::{BreakerState, Event, Watch};
use crate::error::{Error, ErrorKind, Result};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open until one request is let through.
    pub open_for: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_secs(30) }
    }
}

/// The breaker of one source.
#[derive(Debug)]
pub struct Breaker {
    options: BreakerOptions,
    watch: Watch,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    open_until: Option<Instant>,
    is_probing: bool,
    last_failure: Option<Error>,
}

/// How a request ended, as far as its source's health goes.
#[derive(Debug)]
pub enum Health<'a> {
    /// The source answered, whatever it said.
    Answered,
    /// It did not, or said that it can't.
    Failed(&'a Error),
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(options: BreakerOptions, watch: Watch) -> Self {
        Self { options, watch, state: Mutex::default() }
    }

    /// What it does with requests now.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        let state = self.lock();
        match state.open_until {
            None => BreakerState::Closed,
            Some(until) if state.is_probing || Instant::now() >= until => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }

    /// Lets a request through, or not.
    ///
    /// # Errors
    /// `BreakerOpen` while it is open, or another request is the probe.
    pub fn admit(&self) -> Result<Permit<'_>> {
        let mut state = self.lock();
        let Some(until) = state.open_until else { return Ok(Permit { breaker: self, is_probe: false }) };
        let now = Instant::now();
        if now < until || state.is_probing {
            return Err(state.refusal(until.saturating_duration_since(now)));
        }
        state.is_probing = true;
        let failures = state.failures;
        drop(state);
        self.watch.tell(Event::Breaker { state: BreakerState::HalfOpen, failures });
        Ok(Permit { breaker: self, is_probe: true })
    }

    fn record(&self, health: &Health<'_>, is_probe: bool) {
        let mut state = self.lock();
        let was_open = state.open_until.is_some();
        let now_is = match health {
            // One that was let through before it opened says nothing of how the source is doing now.
            Health::Answered if was_open && !is_probe => return,
            Health::Answered => {
                *state = State::default();
                if !was_open {
                    return;
                }
                BreakerState::Closed
            }
            Health::Failed(error) => {
                state.failures = state.failures.saturating_add(1);
                state.last_failure = Some((*error).clone());
                let opens = is_probe || (!was_open && state.failures >= self.options.failures);
                if !opens {
                    return;
                }
                state.open_until = Some(Instant::now() + self.options.open_for);
                BreakerState::Open
            }
        };
        let failures = state.failures;
        drop(state);
        self.watch.tell(Event::Breaker { state: now_is, failures });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn refusal(&self, wait: Duration) -> Error {
        let last = self.last_failure.as_ref().map_or("", Error::message);
        let message = if self.is_probing {
            format!("not asked while one request tries whether it works again; its last failure: {last}")
        } else {
            let (failures, seconds) = (self.failures, wait.as_secs_f64().ceil());
            format!(
                "not asked for another {seconds} s, for it failed {failures} times in a row; the last failure: {last}"
            )
        };
        Error::new(ErrorKind::BreakerOpen, message)
    }
}

/// Leave for one request. Dropped without a word, as by a caller who no longer wants it, it changes nothing.
#[derive(Debug)]
pub struct Permit<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Permit<'_> {
    /// Whether the request is the one that tries how the source is doing: it is not to be repeated.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.is_probe
    }

    /// How it went.
    pub fn end(self, health: &Health<'_>) {
        self.breaker.record(health, self.is_probe);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn failure() -> Error {
        Error::new(ErrorKind::Network, "refused")
    }

    fn breaker() -> Breaker {
        Breaker::new(BreakerOptions { failures: 2, open_for: Duration::from_secs(30) }, Watch::default())
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.admit().unwrap().end(&Health::Failed(&failure()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_the_refusal_says_why() {
        let breaker = breaker();
        fail(&breaker, 1);
        breaker.admit().unwrap().end(&Health::Answered);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
        let refusal = breaker.admit().unwrap_err();
        assert_eq!(refusal.code(), "EBREAKEROPEN");
        assert!(refusal.message().contains("30 s") && refusal.message().contains("refused"), "{refusal}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_closes_it_or_opens_it_again() {
        let breaker = breaker();
        fail(&breaker, 2);
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        let probe = breaker.admit().unwrap();
        assert!(probe.is_probe());
        assert!(breaker.admit().is_err());
        probe.end(&Health::Failed(&failure()));
        assert_eq!(breaker.state(), BreakerState::Open);
        tokio::time::advance(Duration::from_secs(30)).await;
        breaker.admit().unwrap().end(&Health::Answered);
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_nobody_wants_any_more_makes_room_for_another() {
        let breaker = breaker();
        fail(&breaker, 2);
        tokio::time::advance(Duration::from_secs(30)).await;
        drop(breaker.admit().unwrap());
        assert!(breaker.admit().unwrap().is_probe());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_what_was_asked_before_it_opened_leaves_it_open() {
        let breaker = breaker();
        let early = breaker.admit().unwrap();
        fail(&breaker, 2);
        early.end(&Health::Answered);
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn each_change_is_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&told);
        let watch = Watch::new(move |event| {
            let Event::Breaker { state, .. } = event else { panic!("no other event") };
            log.lock().unwrap().push(state);
        });
        let breaker = Breaker::new(BreakerOptions { failures: 1, open_for: Duration::from_secs(1) }, watch);
        fail(&breaker, 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        breaker.admit().unwrap().end(&Health::Answered);
        assert_eq!(*told.lock().unwrap(), [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Closed]);
    }
}
