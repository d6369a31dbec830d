//! One piece of work with libgit2 on a thread of its own: its time, whether anybody still wants it, what it has come to,
//! and why it failed.
//!
//! libgit2 makes its transports itself and gives them nothing but a URL, and it hands on what they fail with as text. So
//! both go by the thread: what a transport needs to know is here, and what it failed with is kept here.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use git2::Odb;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::address::Place;
use super::advertisement::Advertisement;
use super::failure::{of_refusal, of_repository};
use super::link::Links;
use super::selection::{Advertised, Wants};
use super::transport::Found;
use crate::error::{Error, ErrorKind};
use crate::source::layer::{Event, Failure, Network, Phase, Remedy};

/// Least time between two tellings of how far the work is.
const PAUSE_BETWEEN_TELLINGS: Duration = Duration::from_millis(100);

/// Bytes that the other side may say beside the objects: its refs, above all.
const MAX_TALK: usize = 32 * 1024 * 1024;

/// One piece of work. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Job(Rc<Inner>);

struct Inner {
    order: Order,
    failure: RefCell<Option<Failure>>,
    told: RefCell<Option<(Phase, Instant)>>,
    /// Pieces and bytes that were last told of, or would have been.
    reached: Cell<(u64, u64)>,
    found: Found,
    collects_for: RefCell<Option<PathBuf>>,
    wants_whole: Cell<bool>,
    odb: RefCell<Option<Rc<Odb<'static>>>>,
    known: RefCell<Option<Advertisement>>,
    choose: RefCell<Option<Box<Choose>>>,
    wants: RefCell<Option<Wants>>,
}

type Choose = dyn Fn(&[Advertised]) -> Result<Choice, Failure>;

/// Which refs are wanted.
pub(super) struct Choice {
    /// These.
    pub(super) wants: Wants,
    /// Those that libgit2 hears of.
    pub(super) told: Vec<Advertised>,
}

/// What a piece of work is begun with.
#[derive(Clone)]
pub(super) struct Order {
    /// The repository.
    pub(super) place: Place,
    /// How it is reached.
    pub(super) links: Arc<Links>,
    /// Which try it is; 1 for the first.
    pub(super) attempt: u32,
    /// No work goes on after that.
    pub(super) deadline: Instant,
    /// How long that was from the start.
    pub(super) limit: Duration,
    /// Cancelled once nobody wants it any more.
    pub(super) cancel: CancellationToken,
    /// Most bytes of the repository.
    pub(super) max_bytes: u64,
    /// Set where the repository has sent what takes memory for good.
    pub(super) is_hostile: Arc<AtomicBool>,
    /// Bytes that came over the network so far.
    pub(super) arrived: Arc<AtomicU64>,
    /// Runs what transports wait for.
    pub(super) runtime: Handle,
    /// Is told how far it is, and counts.
    pub(super) network: Network,
}

thread_local! {
    static CURRENT: RefCell<Option<Job>> = const { RefCell::new(None) };
}

/// While this lives the thread has a job: no longer than the work on it, even where that panics.
struct Current;

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

impl Job {
    /// Does a piece of work as the one of this thread.
    pub(super) fn run<T>(order: Order, work: impl FnOnce(&Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let job = Self(Rc::new(Inner {
            order,
            failure: RefCell::default(),
            told: RefCell::default(),
            reached: Cell::default(),
            found: Found::default(),
            collects_for: RefCell::default(),
            wants_whole: Cell::default(),
            odb: RefCell::default(),
            known: RefCell::default(),
            choose: RefCell::default(),
            wants: RefCell::default(),
        }));
        CURRENT.set(Some(job.clone()));
        let _current = Current;
        work(&job)
    }

    /// The one of this thread.
    pub(super) fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    pub(super) fn order(&self) -> &Order {
        &self.0.order
    }

    /// Where the repository was found, for transports over HTTP.
    pub(super) fn found(&self) -> Found {
        Arc::clone(&self.0.found)
    }

    /// Keeps a failure that libgit2 is about to hide.
    pub(super) fn keep(&self, failure: Failure) {
        self.0.failure.borrow_mut().get_or_insert(failure);
    }

    /// What was kept.
    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.0.failure.borrow_mut().take()
    }

    /// Whether the work is to go on.
    ///
    /// # Errors
    /// Where nobody wants it, or its time is over.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        if self.order().cancel.is_cancelled() {
            return Err(cancelled());
        }
        if Instant::now() >= self.order().deadline {
            return Err(self.too_late());
        }
        Ok(())
    }

    /// Packs are put together on the way to this clone, which has what they build on; without one they are whole.
    pub(super) fn collect_for(&self, clone: Option<&Path>) {
        self.0.collects_for.replace(clone.map(Path::to_owned));
        // It was that of another clone.
        self.0.odb.take();
    }

    /// Whether packs are put together.
    pub(super) fn collects(&self) -> bool {
        self.0.collects_for.borrow().is_some()
    }

    /// The objects of the clone that is fetched into.
    pub(super) fn clone_odb(&self) -> Option<Rc<Odb<'static>>> {
        let mut kept = self.0.odb.borrow_mut();
        if kept.is_none() {
            let path = self.0.collects_for.borrow().as_ref()?.join("objects");
            let odb = Odb::new().ok()?;
            odb.add_disk_alternate(path.to_str()?).ok()?;
            *kept = Some(Rc::new(odb));
        }
        kept.clone()
    }

    /// What the other side says in words of its own: nothing where it was shown a token, which it could repeat.
    pub(super) fn words_of_theirs<'a>(&self, words: &'a str) -> &'a str {
        let was_shown = self.order().links.http.as_ref().is_some_and(|streams| !streams.identity().is_empty());
        if was_shown { "(what it says is left out, for it was shown the source's token)" } else { words }
    }

    /// This pack can't be put together: one that is whole is wanted in its place.
    pub(super) fn want_whole_pack(&self) {
        self.0.wants_whole.set(true);
    }

    /// Whether that was said since it was asked last.
    pub(super) fn wants_whole_pack(&self) -> bool {
        self.0.wants_whole.take()
    }

    /// Keeps which refs there are for a connection that follows at once.
    pub(super) fn keep_known(&self, refs: Advertisement) {
        self.0.known.replace(Some(refs));
    }

    /// What was kept, which serves once.
    pub(super) fn take_known(&self) -> Option<Advertisement> {
        self.0.known.take()
    }

    /// Who decides which refs are wanted once it is known which there are.
    pub(super) fn choose_by(&self, choose: impl Fn(&[Advertised]) -> Result<Choice, Failure> + 'static) {
        self.0.choose.replace(Some(Box::new(choose)));
    }

    /// What was chosen since that was asked last.
    pub(super) fn take_wants(&self) -> Option<Wants> {
        self.0.wants.take()
    }

    /// Takes in which refs there are. What libgit2 is to hear of that.
    pub(super) fn hear(&self, said: &Advertisement) -> Result<Vec<u8>, Failure> {
        let place = &self.order().place;
        if let Some(reason) = &said.refusal {
            return Err(of_refusal(self, reason));
        }
        if said.has(b"object-format=sha256") {
            let message = format!("{place} is a repository with SHA-256 ids, which can't be read");
            return Err(of_repository(ErrorKind::Protocol, message));
        }
        let choose = self.0.choose.borrow();
        let choose =
            choose.as_ref().ok_or_else(|| of_repository(ErrorKind::Internal, "nobody chooses refs".to_owned()))?;
        let Choice { wants, told } = choose(&said.refs)?;
        self.0.wants.replace(Some(wants));
        Ok(said.with(told.iter()))
    }

    /// Bounds what the other side says first.
    ///
    /// # Errors
    /// `TooLarge` where that doesn't end.
    pub(super) fn bound_refs(&self, bytes: usize) -> Result<(), Failure> {
        if bytes <= MAX_TALK {
            return Ok(());
        }
        let message = format!("{} says that it has more refs than {MAX_TALK} bytes hold", self.order().place);
        Err(of_repository(ErrorKind::TooLarge, message))
    }

    /// Counts bytes that came over the network.
    ///
    /// # Errors
    /// `TooLarge` where they are more than a repository of this size could have to send.
    pub(super) fn count(&self, bytes: usize) -> Result<(), Failure> {
        let arrived = self.order().arrived.fetch_add(bytes as u64, Ordering::Relaxed).saturating_add(bytes as u64);
        if arrived > self.order().max_bytes.saturating_add(MAX_TALK as u64) { Err(self.too_large()) } else { Ok(()) }
    }

    /// The repository is larger than it may be.
    pub(super) fn too_large(&self) -> Failure {
        let Order { place, max_bytes, .. } = self.order();
        let message = format!("{place} has more than {max_bytes} bytes (maxRepositoryBytes)");
        Failure { error: Error::new(ErrorKind::TooLarge, message), remedy: Remedy::None }
    }

    /// Waits for what a transport waits for, as long as the work is to go on.
    pub(super) fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        // What is there at once would be taken for ever, without a look at the clock.
        self.go_on()?;
        let Order { cancel, deadline, runtime, .. } = self.order();
        runtime.block_on(async {
            let in_time = cancel.run_until_cancelled(tokio::time::timeout_at(*deadline, work)).await;
            in_time.map_or_else(|| Err(cancelled()), |outcome| outcome.unwrap_or_else(|_| Err(self.too_late())))
        })
    }

    /// Tells how far the work is, not too often but at each new phase.
    pub(super) fn tell(&self, phase: Phase, received: u64, total: u64, bytes: u64) {
        self.0.reached.set((total, bytes));
        let now = Instant::now();
        let mut told = self.0.told.borrow_mut();
        if told.is_some_and(|(last, when)| last == phase && now < when + PAUSE_BETWEEN_TELLINGS) {
            return;
        }
        *told = Some((phase, now));
        self.order().network.watch.tell(Event::Progress { phase, received, total, bytes });
    }

    /// Tells that all is there.
    pub(super) fn tell_done(&self) {
        let (total, bytes) = self.0.reached.get();
        self.tell(Phase::Done, total, total, bytes);
    }

    fn too_late(&self) -> Failure {
        self.order().too_late()
    }
}

impl Order {
    /// The time for the work is over.
    pub(super) fn too_late(&self) -> Failure {
        let Self { place, limit, .. } = self;
        let message = format!("fetching {place} was not done within {} s (fetchTimeoutMs)", limit.as_secs_f64());
        Failure { error: Error::new(ErrorKind::Timeout, message), remedy: Remedy::Later }
    }
}

fn cancelled() -> Failure {
    Failure { error: Error::new(ErrorKind::Internal, "nobody waits for this fetch any more"), remedy: Remedy::Unasked }
}
