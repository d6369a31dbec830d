//! The manager's memory of its sources: how each is doing, and when to try a failing one again.
//!
//! The sources themselves are asked by the caller's side, since some of them are the caller's own objects; what came of
//! it is told here.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::Warning;

/// Wait after a source's first failure.
const FIRST_BACK_OFF: Duration = Duration::from_millis(500);

/// Longest wait, however often a source has failed.
const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);

/// A failure as status shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub message: String,
}

/// How a source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// Its latest index came without a failure.
    Ok,
    /// It fails, but an old copy goes on serving.
    Stale,
    /// It gave nothing.
    Failing,
}

impl State {
    /// The state in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Failing => "failing",
        }
    }
}

/// What is known of one source.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// How it is doing.
    pub state: State,
    /// Packages in its last index.
    pub package_count: usize,
    /// When it last gave a current index, in milliseconds since 1970.
    pub last_success_at: Option<f64>,
    /// Its last failure; gone once an index comes without one.
    pub last_error: Option<Failure>,
    /// What is wrong with single packages: found while indexing, then while loading.
    pub warnings: Vec<Warning>,
    found_loading: Vec<Warning>,
    failures: u32,
}

impl Health {
    /// Counts a failure.
    fn back_off(&mut self) -> Duration {
        let doublings = self.failures.min(16);
        self.failures += 1;
        FIRST_BACK_OFF.saturating_mul(1 << doublings).min(LONGEST_BACK_OFF)
    }
}

/// All sources' health, by source id.
#[derive(Debug, Default)]
pub struct Manager {
    health: HashMap<String, Health>,
}

impl Manager {
    /// A source gave an index; an old copy where `stale_because` says why. Returns how long to wait, then, before it is
    /// tried again.
    pub fn succeeded(
        &mut self,
        source_id: &str,
        package_count: usize,
        fetched_at: f64,
        stale_because: Option<Failure>,
        warnings: Vec<Warning>,
    ) -> Option<Duration> {
        let health = self.of(source_id);
        let is_stale = stale_because.is_some();
        health.state = if is_stale { State::Stale } else { State::Ok };
        health.package_count = package_count;
        health.last_success_at = Some(fetched_at);
        health.last_error = stale_because;
        health.warnings = warnings;
        if !is_stale {
            health.failures = 0;
            return None;
        }
        Some(health.back_off())
    }

    /// A source gave no index. Returns how long to wait before it is tried again.
    pub fn failed(&mut self, source_id: &str, failure: Failure) -> Duration {
        let health = self.of(source_id);
        health.state = State::Failing;
        health.last_error = Some(failure);
        health.back_off()
    }

    /// Something other than the index failed: it shows as the last failure, the state stays.
    pub fn stumbled(&mut self, source_id: &str, failure: Failure) {
        self.of(source_id).last_error = Some(failure);
    }

    /// Adds what was found wrong while loading single packages.
    pub fn warned(&mut self, source_id: &str, warnings: Vec<Warning>) {
        let known = &mut self.of(source_id).found_loading;
        for warning in warnings {
            if !known.contains(&warning) {
                known.push(warning);
            }
        }
    }

    /// A source's packages are to be loaded anew: what was found wrong with them may be mended.
    pub fn cleared(&mut self, source_id: &str) {
        self.of(source_id).found_loading.clear();
    }

    /// Forgets a source that was removed or replaced.
    pub fn forget(&mut self, source_id: &str) {
        self.health.remove(source_id);
    }

    /// What is known of a source.
    #[must_use]
    pub fn health(&self, source_id: &str) -> Health {
        let mut health = self.health.get(source_id).cloned().unwrap_or_default();
        let further: Vec<_> = health.found_loading.drain(..).filter(|found| !health.warnings.contains(found)).collect();
        health.warnings.extend(further);
        health
    }

    fn of(&mut self, source_id: &str) -> &mut Health {
        self.health.entry(source_id.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure { code: "ESOURCE".to_owned(), message: "down".to_owned() }
    }

    #[test]
    fn a_source_that_was_never_asked_is_unknown() {
        assert_eq!(Manager::default().health("a").state, State::Unknown);
    }

    #[test]
    fn waits_double_up_to_the_longest_and_start_over_after_a_success() {
        let mut manager = Manager::default();
        let waits: Vec<_> = (0..9).map(|_| manager.failed("a", failure())).collect();
        assert!(waits.windows(2).all(|pair| pair[1] == (pair[0] * 2).min(LONGEST_BACK_OFF)), "{waits:?}");
        assert_eq!(waits[8], LONGEST_BACK_OFF);
        manager.succeeded("a", 1, 0.0, None, Vec::new());
        assert_eq!(manager.failed("a", failure()), FIRST_BACK_OFF);
    }

    #[test]
    fn a_success_clears_the_failure_and_an_old_copy_keeps_it() {
        let mut manager = Manager::default();
        manager.failed("a", failure());
        manager.succeeded("a", 3, 7.0, None, Vec::new());
        assert_eq!((manager.health("a").state, manager.health("a").last_error), (State::Ok, None));
        manager.succeeded("a", 3, 7.0, Some(failure()), Vec::new());
        assert_eq!((manager.health("a").state, manager.health("a").last_error), (State::Stale, Some(failure())));
    }

    #[test]
    fn the_same_warning_is_kept_once() {
        let mut manager = Manager::default();
        for _ in 0..2 {
            manager.warned("a", vec![Warning::new("x", "is broken")]);
        }
        manager.succeeded("a", 1, 0.0, None, vec![Warning::new("x", "is broken"), Warning::new("y", "is broken")]);
        assert_eq!(manager.health("a").warnings.len(), 2);
    }

    #[test]
    fn what_loading_found_survives_a_new_index_but_not_a_cleared_cache() {
        let mut manager = Manager::default();
        manager.warned("a", vec![Warning::new("x", "is broken")]);
        manager.succeeded("a", 1, 0.0, None, Vec::new());
        assert_eq!(manager.health("a").warnings.len(), 1);
        manager.cleared("a");
        assert!(manager.health("a").warnings.is_empty());
    }

    #[test]
    fn a_failing_source_is_remembered_with_its_last_count() {
        let mut manager = Manager::default();
        manager.succeeded("a", 3, 7.0, None, Vec::new());
        manager.failed("a", failure());
        assert_eq!((manager.health("a").package_count, manager.health("a").last_success_at), (3, Some(7.0)));
    }
}
