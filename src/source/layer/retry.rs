//! Trying again what failed for a reason that may pass.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::Health;
use super::network::Network;
use super::watch::Event;
use crate::error::{Error, Result};

/// Wait before the second try, at most.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// Wait before any further try, at most, unless the source asks for more.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Longest wait that a source may ask for; where it asks for more, its failure is told at once.
const LONGEST_ASKED: Duration = Duration::from_secs(10);

/// Why a try failed.
#[derive(Debug)]
pub struct Failure {
    /// What the caller is told.
    pub error: Error,
    /// What may be done about it.
    pub remedy: Remedy,
}

/// What may be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The source was not asked at all, for a reason on our side.
    Unasked,
    /// The source answered; asking again would give the same.
    None,
    /// The source can't be used as it is; asking again at once would give the same.
    Later,
    /// It may pass: the request may be tried again.
    Retry {
        /// How long the source asks to be left alone.
        after: Option<Duration>,
    },
}

/// How a request is tried.
#[derive(Debug)]
pub struct Trying<'a> {
    /// How often at most; 1 or more.
    pub attempts: u32,
    /// No try begins after that.
    pub deadline: Instant,
    /// Its breaker is asked before the first try and told of the outcome.
    pub network: &'a Network,
}

impl Trying<'_> {
    /// What `attempt` gives, tried as often as it makes sense. `url` names the request for whoever watches.
    ///
    /// # Errors
    /// `BreakerOpen`, or the last try's failure.
    pub async fn run<T, F>(&self, url: &str, mut attempt: impl FnMut(u32) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, Failure>>,
    {
        let permit = self.network.breaker.admit()?;
        // A probe only asks how the source is doing.
        let attempts = if permit.is_probe() { 1 } else { self.attempts };
        let mut number = 1;
        loop {
            let Failure { error, remedy } = match attempt(number).await {
                Ok(value) => {
                    permit.end(&Health::Answered);
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            match remedy {
                Remedy::Unasked => return Err(error),
                Remedy::None => {
                    permit.end(&Health::Answered);
                    return Err(error);
                }
                Remedy::Later | Remedy::Retry { .. } => {}
            }
            let Some(delay) = self.delay(number, remedy).filter(|_| number < attempts) else {
                permit.end(&Health::Failed(&error));
                return Err(error);
            };
            number += 1;
            self.network.watch.tell(Event::Retry { url: url.to_owned(), attempt: number, delay, failure: error });
            tokio::time::sleep(delay).await;
        }
    }

    /// How long to wait before another try, where one makes sense.
    fn delay(&self, number: u32, remedy: Remedy) -> Option<Duration> {
        let Remedy::Retry { after } = remedy else { return None };
        if after.is_some_and(|asked| asked > LONGEST_ASKED) {
            return None;
        }
        let delay = delay(number, fastrand::f64()).max(after.unwrap_or_default());
        (Instant::now() + delay < self.deadline).then_some(delay)
    }
}

/// How long to wait after the `number`th try, by chance (0 to 1): callers who failed together don't come back together.
fn delay(number: u32, chance: f64) -> Duration {
    let longest = FIRST_DELAY.saturating_mul(1 << (number - 1).min(16)).min(LONGEST_DELAY);
    longest.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::source::layer::breaker::BreakerOptions;
    use crate::source::layer::watch::Watch;
    use std::sync::{Arc, Mutex};

    const MAY_PASS: Remedy = Remedy::Retry { after: None };

    fn failure(remedy: Remedy) -> Failure {
        Failure { error: Error::new(ErrorKind::Network, "refused"), remedy }
    }

    /// Fails with each remedy in turn, then succeeds. Gives the outcome, the tries and the time.
    async fn run(attempts: u32, remedies: &[Remedy]) -> (Result<u32>, u32, Duration) {
        let (network, start, mut tries) = (Network::default(), Instant::now(), 0);
        let trying = Trying { attempts, deadline: start + Duration::from_mins(1), network: &network };
        let outcome = trying
            .run("there", |number| {
                tries = number;
                let remedy = remedies.get(number as usize - 1).copied();
                async move { remedy.map_or(Ok(number), |remedy| Err(failure(remedy))) }
            })
            .await;
        (outcome, tries, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_after_a_growing_wait() {
        let (outcome, tries, took) = run(3, &[MAY_PASS, MAY_PASS]).await;
        assert_eq!((outcome.unwrap(), tries), (3, 3));
        assert!((Duration::from_millis(300)..=Duration::from_millis(605)).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn tries_are_counted() {
        let (outcome, tries, _) = run(3, &[MAY_PASS; 3]).await;
        assert_eq!((outcome.unwrap_err().code(), tries), ("ENETWORK", 3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_told_at_once() {
        for remedy in [Remedy::Unasked, Remedy::None, Remedy::Later] {
            let (outcome, tries, took) = run(3, &[remedy]).await;
            assert_eq!((outcome.is_err(), tries, took), (true, 1, Duration::ZERO), "{remedy:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_source_asks_for_is_kept_up_to_a_bound() {
        let after = |seconds| Remedy::Retry { after: Some(Duration::from_secs(seconds)) };
        let (outcome, _, took) = run(3, &[after(10)]).await;
        assert_eq!(outcome.unwrap(), 2);
        assert!((10..11).contains(&took.as_secs()), "{took:?}");
        let (outcome, tries, took) = run(3, &[after(11)]).await;
        assert_eq!((outcome.is_err(), tries, took), (true, 1, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_count_for_the_breaker_and_a_probe_is_not_repeated() {
        let told = Arc::new(Mutex::new(0));
        let count = Arc::clone(&told);
        let watch = Watch::new(move |event| {
            if matches!(event, Event::Retry { .. }) {
                *count.lock().unwrap() += 1;
            }
        });
        let network = Network::new(BreakerOptions { failures: 1, open_for: Duration::from_secs(1) }, watch);
        let deadline = Instant::now() + Duration::from_mins(1);
        let trying = Trying { attempts: 2, deadline, network: &network };
        let fail = |_| async { Err::<(), _>(failure(MAY_PASS)) };
        assert_eq!(trying.run("there", fail).await.unwrap_err().code(), "ENETWORK");
        assert_eq!(*told.lock().unwrap(), 1);
        assert_eq!(trying.run("there", fail).await.unwrap_err().code(), "EBREAKEROPEN");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(trying.run("there", fail).await.unwrap_err().code(), "ENETWORK");
        assert_eq!(*told.lock().unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_try_begins_after_the_deadline() {
        let (network, start) = (Network::default(), Instant::now());
        let trying = Trying { attempts: 100, deadline: start + Duration::from_secs(1), network: &network };
        let fail = |_| async { Err::<(), _>(failure(MAY_PASS)) };
        assert_eq!(trying.run("there", fail).await.unwrap_err().code(), "ENETWORK");
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn waits_double_up_to_a_bound_and_vary() {
        assert_eq!(delay(1, 1.0), FIRST_DELAY);
        assert_eq!(delay(1, 0.0), FIRST_DELAY / 2);
        assert_eq!(delay(3, 1.0), FIRST_DELAY * 4);
        assert_eq!(delay(40, 1.0), LONGEST_DELAY);
    }
}
