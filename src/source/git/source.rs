//! A repository as a source.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::address::Place;
use super::failure::of_clone;
use super::job::{Job, Order};
use super::library::{Fault, Reader, Reading};
use super::link::Links;
use super::options::{GitOptions, Repository};
use super::selection::{Selection, Wants};
use super::snapshot::{Peeled, Refs, Snapshot};
use super::store::Store;
use super::sync::{self, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::model::PackageId;
use crate::source::http::AuthToken;
use crate::source::layer::{
    Ages, CacheOptions, Condition, DiskCache, Event, Failure, Keep, Network, Question, Remedy, Reply, Shelf, StaleCell,
    Subject, Terms, Trying, Validator, Watch,
};
use crate::source::{BoxFuture, Fetched, LoadedPackage, PublishedVersion, Source, SourceIndex};

/// A repository as a source.
pub struct GitSource {
    origin: Arc<Origin>,
    kept: RwLock<Arc<Kept>>,
    /// Each read may take memory of its own.
    reads: Semaphore,
}

/// The repository, asked anew at each call.
struct Origin {
    place: Place,
    plan: Plan,
    reading: Reading,
    store: Store,
    links: Arc<Links>,
    options: GitOptions,
    network: Network,
    /// Whether it has sent what takes memory for good: it is asked no more.
    is_hostile: Arc<AtomicBool>,
}

/// What is kept, until it is cleared.
struct Kept {
    keep: Keep,
    snapshot: Arc<StaleCell<Snapshot>>,
}

/// Most reads of one source at once; further ones wait their turn.
const MAX_READS: usize = 4;

/// How long beyond its time a piece of work is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// What is done about a clone that can't be read, one after the other.
const CURES: [Cure; 2] = [Cure::AskAnew, Cure::CloneAnew];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// Somebody may have put another clone in its place.
    AskAnew,
    /// It is damaged.
    CloneAnew,
}

impl GitSource {
    /// A source over a repository. Connects to nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` where the token can't stand in a header.
    pub fn new(id: &str, repository: Repository, token: AuthToken, options: GitOptions, watch: Watch) -> Result<Self> {
        let Repository { place, selection, directory, patterns } = repository;
        let network = Network::new(options.breaker, watch);
        let links = Links::new(&place, token, &options.http, options.ssh.clone(), network.clone())?;
        let depth = options.depth.map(|depth| i32::try_from(depth).unwrap_or(i32::MAX));
        // Whoever has other credentials gets no copies of what these may read. A commit's clone is apart, for it may take
        // the whole history to find it.
        let commit = if let Selection::Commit(oid) = selection { oid.to_string() } else { String::new() };
        let clone = format!("git\n{place}\n{}\n{depth:?}\n{commit}", links.identity());
        let folder = options.cache_directory.join("git");
        let store = Store::new(&folder, &clone);
        let partition = format!("{clone}\n{id}\n{selection:?}\n{patterns:?}");
        let disk = DiskCache::new(folder, &partition, CacheOptions::default().max_directory_bytes);
        let shelf = Shelf::new(Some(disk), id.into(), network.watch.clone());
        let keep = Keep::new(network.clone(), shelf, options.is_offline);
        let reading = Reading {
            source_id: id.into(),
            directory,
            patterns: patterns.clone(),
            max_file_bytes: options.max_file_bytes,
        };
        let plan = Plan { selection, patterns, depth };
        let origin = Origin {
            place,
            plan,
            reading,
            store,
            links: Arc::new(links),
            options,
            network,
            is_hostile: Arc::default(),
        };
        Ok(Self {
            origin: Arc::new(origin),
            kept: RwLock::new(Arc::new(Kept::new(keep))),
            reads: Semaphore::new(MAX_READS),
        })
    }

    /// How old copies may be.
    pub fn set_ages(&self, ages: Ages) {
        self.kept().keep.set_ages(ages);
    }

    /// Forgets where the refs pointed; the clone stays, for it holds nothing but what has a fixed content. Offline, only
    /// what is in memory is forgotten.
    pub fn clear(&self) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Arc::new(Kept::new(kept.keep.cleared()));
    }

    /// All its packages, as they are now: waits for the refresh of a copy that is no longer fresh.
    ///
    /// # Errors
    /// As [`Source::fetch_index`].
    pub async fn renew_index(&self) -> Result<Fetched<SourceIndex>> {
        self.read(true, index).await
    }

    /// Until the refreshes are done that are under way now.
    pub fn idle(&self) -> impl Future<Output = ()> + Send + use<> {
        self.kept().keep.background().idle()
    }

    /// How it is doing.
    pub fn condition(&self) -> Condition {
        let kept = self.kept();
        let network = kept.keep.network();
        let (requests, hits, misses) = network.tally.counts();
        Condition { index: kept.snapshot.age(), breaker: network.breaker.state(), requests, hits, misses }
    }

    fn kept(&self) -> Arc<Kept> {
        Arc::clone(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What `work` reads of the latest snapshot.
    async fn read<T, F>(&self, is_renewed: bool, work: F) -> Result<Fetched<T>>
    where
        T: Send + Sync + 'static,
        F: Fn(&Reader<'_>) -> Result<Arc<T>, Fault> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let mut cures = CURES.into_iter();
        let mut kept = self.kept();
        loop {
            let Fetched { value: snapshot, revision, fetched_at, max_age, stale_because, failure } =
                kept.latest(&self.origin, is_renewed).await?;
            // It is never closed.
            let turn = self.reads.acquire().await;
            let (origin, for_reading) = (Arc::clone(&self.origin), Arc::clone(&work));
            let outcome = blocking(move || Ok(origin.read(&snapshot, &*for_reading))).await?;
            drop(turn);
            let damage = match outcome {
                Ok(value) => return Ok(Fetched { value, revision, fetched_at, max_age, stale_because, failure }),
                Err(Fault::Of(error)) => return Err(error),
                Err(Fault::Damaged(reason)) => of_clone(&reason).error,
            };
            tracing::warn!(error = %damage, source = %self.origin.reading.source_id, "the clone can't be read");
            let cure = cures.next().filter(|_| !kept.keep.is_offline());
            if cure.is_none() {
                return Err(damage);
            }
            if cure == Some(Cure::CloneAnew) {
                self.origin.distrust().await?;
            }
            // What there is stays until there is something better.
            let another = Arc::new(Kept::unshelved(kept.keep.clone()));
            let latest = another.latest(&self.origin, false).await.map_err(|_| damage)?;
            if cure == Some(Cure::CloneAnew) {
                latest.value.library.believe_clone();
            }
            self.replace(&kept, &another);
            kept = another;
        }
    }

    /// Another copy in the place of the one that was seen to be of no use, unless somebody has seen to that already.
    fn replace(&self, seen: &Arc<Kept>, another: &Arc<Kept>) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&kept, seen) {
            kept.clone_from(another);
        }
    }
}

impl Kept {
    fn new(keep: Keep) -> Self {
        Self { keep, snapshot: Arc::default() }
    }

    /// One that passes over what is on disk.
    fn unshelved(keep: Keep) -> Self {
        Self { keep, snapshot: Arc::new(StaleCell::unshelved()) }
    }

    async fn latest(&self, origin: &Arc<Origin>, is_renewed: bool) -> Result<Fetched<Snapshot>> {
        let origin = Arc::clone(origin);
        let fetch = async move |known: Option<Validator>| origin.fetch(known.as_ref()).await;
        let question = Question::new(Subject::Index, "snapshot".to_owned());
        if is_renewed {
            self.snapshot.renew(&self.keep, question, fetch).await
        } else {
            self.snapshot.get(&self.keep, question, fetch).await
        }
    }
}

impl Origin {
    /// Where the refs point now, with all that they lead to in the clone.
    async fn fetch(self: Arc<Self>, known: Option<&Validator>) -> Result<Reply<Snapshot>> {
        if self.is_hostile.load(Ordering::Relaxed) {
            let message = format!(
                "{} has sent a pack that takes memory for good, and is not asked again by this process",
                self.place
            );
            return Err(Error::new(ErrorKind::Protocol, message));
        }
        let limit = self.options.fetch_timeout;
        let deadline = Instant::now() + limit;
        let trying = Trying { attempts: self.options.http.attempts, deadline, network: &self.network };
        let shown = self.place.to_string();
        let (fingerprint, refs) = trying.run(&shown, |attempt| self.attempt(attempt, deadline)).await?;
        let validator = Validator::ETag(fingerprint);
        if known == Some(&validator) {
            return Ok(Reply::NotModified { max_age: None });
        }
        Ok(Reply::Value { value: Snapshot::new(refs), terms: Terms { validator: Some(validator), ..Terms::default() } })
    }

    async fn attempt(&self, attempt: u32, deadline: Instant) -> Result<(String, Refs), Failure> {
        let start = Instant::now();
        let (store, plan) = (self.store.clone(), self.plan.clone());
        let arrived = Arc::<AtomicU64>::default();
        let outcome = self
            .job(attempt, deadline, Arc::clone(&arrived), move |job| {
                let (wants, refs) = snapshot(job, &store, &plan)?;
                if !refs.is_damaged {
                    return Ok((wants.fingerprint(), refs.found?));
                }
                // Refs are there, and what they lead to is not: if that is so after a fetch from nothing too, it is the
                // repository that lacks it.
                sync::distrust(job, &store)?;
                let (wants, refs) = snapshot(job, &store, &plan)?;
                Ok((wants.fingerprint(), refs.found?))
            })
            .await;
        if self.links.http.is_none() {
            // Over HTTP, each request is told of by itself.
            self.network.watch.tell(Event::Request {
                url: self.place.to_string(),
                attempt,
                status: None,
                bytes: usize::try_from(arrived.load(Ordering::Relaxed)).unwrap_or(usize::MAX),
                took: start.elapsed(),
                failure: outcome.as_ref().err().map(|failure| failure.error.clone()),
            });
        }
        outcome
    }

    async fn distrust(&self) -> Result<()> {
        let store = self.store.clone();
        let deadline = Instant::now() + self.options.fetch_timeout;
        let done = self.job(1, deadline, Arc::default(), move |job| sync::distrust(job, &store)).await;
        done.map_err(|failure| failure.error)
    }

    /// Does a piece of work on a thread of its own, which ends soon after nobody waits for it any more.
    async fn job<T: Send + 'static>(
        &self,
        attempt: u32,
        deadline: Instant,
        arrived: Arc<AtomicU64>,
        work: impl FnOnce(&Job) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let cancel = CancellationToken::new();
        let _ends_with_this = cancel.clone().drop_guard();
        let order = Order {
            place: self.place.clone(),
            links: Arc::clone(&self.links),
            attempt,
            deadline,
            limit: self.options.fetch_timeout,
            max_bytes: self.options.max_repository_bytes,
            cancel,
            is_hostile: Arc::clone(&self.is_hostile),
            arrived,
            runtime: Handle::current(),
            network: self.network.clone(),
        };
        let late = order.too_late();
        let working = blocking(move || Ok(Job::run(order, work)));
        // A thread may hang in what the system does, and nobody is to wait for that.
        match tokio::time::timeout_at(deadline + GRACE, working).await {
            Ok(done) => done.unwrap_or_else(|error| Err(Failure { error, remedy: Remedy::Unasked })),
            Err(_) => Err(late),
        }
    }

    fn read<T>(
        &self,
        snapshot: &Snapshot,
        work: &impl Fn(&Reader<'_>) -> Result<Arc<T>, Fault>,
    ) -> Result<Arc<T>, Fault> {
        let Snapshot { refs, library } = snapshot;
        let clone = library.take_clone().or_else(|| self.store.open());
        let clone = clone.ok_or_else(|| Fault::Damaged("it is gone, or is none".to_owned()))?;
        let outcome = work(&Reader { clone: &clone, refs, library, reading: &self.reading });
        if outcome.is_ok() {
            library.keep_clone(clone);
        }
        outcome
    }
}

impl Source for GitSource {
    fn fetch_index(&self) -> BoxFuture<'_, Result<Fetched<SourceIndex>>> {
        Box::pin(self.read(false, index))
    }

    fn load_package<'a>(
        &'a self,
        id: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Fetched<Option<LoadedPackage>>>> {
        Box::pin(async move {
            let (id, version) = (PackageId::parse(id).ok(), version.map(str::to_owned));
            self.read(false, move |reader| {
                let Some(id) = &id else { return Ok(Arc::new(None)) };
                reader.package(id, version.as_deref()).map(Arc::new)
            })
            .await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Fetched<Vec<PublishedVersion>>>> {
        Box::pin(async move {
            let id = PackageId::parse(id).ok();
            self.read(false, move |reader| {
                let Some(id) = &id else { return Ok(Arc::default()) };
                reader.versions(id).map(Arc::new)
            })
            .await
        })
    }
}

/// Brings the clone up to date, and looks at what the refs lead to.
fn snapshot(job: &Job, store: &Store, plan: &Plan) -> Result<(Wants, Peeled), Failure> {
    let wants = sync::sync(job, store, plan)?;
    let clone = store.open().ok_or_else(|| of_clone("it is gone"))?;
    let refs = Refs::of(&clone, &wants);
    Ok((wants, refs))
}

fn index(reader: &Reader<'_>) -> Result<Arc<SourceIndex>, Fault> {
    reader.index()
}

/// Work that blocks, off the threads that serve connections.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(fault) => Err(Error::new(ErrorKind::Internal, format!("work on a clone ended early: {fault}"))),
    }
}
