//! What a source does over the network, told to whoever watches.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A try of a request has ended.
    Request {
        /// Without user, password and query.
        url: String,
        /// 1 for the first try.
        attempt: u32,
        /// The answer's status, where there was one.
        status: Option<u16>,
        /// Bytes of the answer's body, decoded.
        bytes: usize,
        /// From its start until its last byte.
        took: Duration,
        /// Why it failed.
        failure: Option<Error>,
    },
    /// A try has failed and another one follows.
    Retry {
        /// As above.
        url: String,
        /// The try that follows; 2 for the first of them.
        attempt: u32,
        /// Until then.
        delay: Duration,
        /// Why the last one failed.
        failure: Error,
    },
    /// A refresh in the background has ended.
    Revalidate {
        /// What was refreshed.
        subject: Subject,
        /// How it went.
        outcome: Revalidation,
    },
    /// A long fetch has come so far.
    Progress {
        /// What it is doing.
        phase: Phase,
        /// Pieces of this phase that are done.
        received: u64,
        /// Pieces of this phase; 0 while that is not known.
        total: u64,
        /// Bytes received so far.
        bytes: u64,
    },
    /// The copies on disk can't be read or written. Nothing else is harmed by that.
    CacheFailure(Error),
    /// The breaker has changed.
    Breaker {
        /// What it is now.
        state: BreakerState,
        /// Failures in a row so far.
        failures: u32,
    },
}

/// What is asked of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All its packages.
    Index,
    /// One package.
    Package {
        /// Its id.
        id: String,
        /// Absent for the one that the source serves by itself.
        version: Option<String>,
    },
    /// The versions of the package of this id.
    Versions(String),
    /// A search.
    Search,
}

/// What a long fetch is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits for the other side.
    Connecting,
    /// Objects arrive.
    Receiving,
    /// Objects are put together from what arrived.
    Resolving,
    /// All is there.
    Done,
}

impl Phase {
    /// The phase in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Receiving => "receiving",
            Self::Resolving => "resolving",
            Self::Done => "done",
        }
    }
}

/// How a refresh went.
#[derive(Clone, Debug)]
pub enum Revalidation {
    /// There is a new copy.
    Changed,
    /// The copy is current still.
    Unchanged,
    /// The old copy goes on serving.
    Failed(Error),
}

/// What a breaker does with requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BreakerState {
    /// It lets them through.
    #[default]
    Closed,
    /// It refuses them.
    Open,
    /// It lets one through to see how the source is doing.
    HalfOpen,
}

impl BreakerState {
    /// The state in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// Takes what is told. Called on any thread, and must not block.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn(Event) + Send + Sync>);

impl Watch {
    /// Tells `observer`.
    pub fn new(observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    /// Tells of an event.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl Default for Watch {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(drop)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}
