//! Answering requests.
//!
//! What was answered before is in memory, ready to be sent: [`Service::lookup`] finds it without waiting. What is not is
//! made by [`Service::answer`], once for all who wait for it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use moka::future::Cache;

use super::access::Access;
use super::current::{Current, Watched};
use super::making::Making;
use super::reports::{Report, Reports};
use super::request::{MAX_TARGET, Route};
use super::store::{Damage, Published};
use super::texts::{self, Found};
use crate::answer::{Body, Coding, Policy, Problem, names_etag};
use crate::error::{Error, ErrorKind, Result};

/// Damaged versions that one request gets past. Where there are more, the next one gets past more of them.
const MOST_DAMAGED: usize = 100;

/// Largest body that is compressed in a millisecond or two, in bytes.
const SHORT: usize = 64 * 1024;

/// What a body takes in memory beside its bytes, in bytes: as measured, on both sides.
const AROUND: usize = 8 * 1024;

/// How a service is set up.
#[derive(Clone)]
pub struct Settings {
    /// The store's directory.
    pub store: PathBuf,
    /// What stands before `/packages` in paths.
    pub base_path: String,
    /// Who may read; `None`: everyone.
    pub read_tokens: Option<Vec<String>>,
    /// How long answers are fresh, in seconds.
    pub max_age: u32,
    /// How long beyond that an old answer may serve while it is asked anew, in seconds.
    pub stale_while_revalidate: u32,
    /// Bytes of answers that are kept in memory.
    pub cache_max_bytes: u64,
}

/// What the service looks at of a request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// `Accept-Encoding`.
    pub accept_encoding: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `Authorization`.
    pub authorization: Option<String>,
}

/// A body with a number that no other has that is in memory.
#[derive(Debug)]
pub struct Numbered {
    /// The number; 0 for a body that is not in memory.
    pub number: u32,
    /// The body.
    pub body: Arc<Body>,
}

/// What is to be sent.
#[derive(Debug)]
pub enum Outcome {
    /// 200 with this body.
    Body(Arc<Numbered>),
    /// 304: the client has this body.
    NotModified(Arc<Numbered>),
    /// A failure.
    Problem(Problem),
}

/// What an answer is kept under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    generation: u64,
    route: Route,
    coding: Coding,
}

/// A body that was made.
enum Made {
    New(Body),
    /// It is one that there is already.
    Known(Arc<Numbered>),
}

/// Why a body can't be made.
#[derive(Clone)]
enum Fault {
    /// There is nothing of that name.
    Unknown(Problem),
    /// A version turned out to be damaged.
    Damaged(Arc<Published>, Damage),
    /// Something else is wrong.
    Failed(Error),
}

/// A registry over a store.
pub struct Service {
    base_path: String,
    access: Access,
    policy: Policy,
    store: Arc<Watched>,
    bodies: Cache<Key, Arc<Numbered>>,
    making: Making,
    by_number: Mutex<HashMap<u32, Weak<Numbered>>>,
    dropped: Arc<Mutex<Vec<u32>>>,
    reports: Arc<Mutex<Reports>>,
}

impl Service {
    /// A service that has touched no file yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { store, base_path, read_tokens, max_age, stale_while_revalidate, cache_max_bytes } = settings;
        let access = Access::new(read_tokens.as_deref());
        let scope = if access.is_public() { "public" } else { "private" };
        let policy = Policy {
            cache_control: format!("{scope}, max-age={max_age}, stale-while-revalidate={stale_while_revalidate}"),
            vary: if access.is_public() { "Accept-Encoding" } else { "Accept-Encoding, Authorization" },
        };
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let reports = Arc::new(Mutex::new(Reports::default()));
        let dropping = Arc::clone(&dropped);
        let bodies = Cache::builder()
            .max_capacity(cache_max_bytes)
            .weigher(|key: &Key, numbered: &Arc<Numbered>| weight(key, numbered))
            .eviction_listener(move |_, numbered: Arc<Numbered>, _| locked(&dropping).push(numbered.number))
            .build();
        let (reporting, changing) = (Arc::clone(&reports), bodies.clone());
        let watched =
            Watched::new(store, move |report| locked(&reporting).add(report), move || changing.invalidate_all());
        let store = Arc::new(watched);
        Self {
            base_path,
            access,
            policy,
            store,
            bodies,
            making: Making::default(),
            by_number: Mutex::default(),
            dropped,
            reports,
        }
    }

    /// Reads the store, so that what is wrong with it is known before the first request.
    ///
    /// # Errors
    /// `ESTORE` where it can't be used.
    pub async fn open(&self) -> Result<()> {
        self.store.get().await.map(|_| ())
    }

    /// The answer, where it is in memory. Never waits.
    #[must_use]
    pub fn lookup(&self, request: &Request) -> Option<Outcome> {
        self.admit(request).ok()?;
        let current = self.store.fresh()?;
        let route = Route::parse(&request.target, &self.base_path).ok()?;
        let key = Key { generation: current.generation, route, coding: coding_of(request) };
        let getting = pin!(self.bodies.get(&key));
        getting.poll_once()?.map(|numbered| conditional(request, numbered))
    }

    /// Why a request is refused, where that takes no look into the store.
    #[must_use]
    pub fn refusal(&self, request: &Request) -> Option<Problem> {
        self.admit(request).and_then(|()| Route::parse(&request.target, &self.base_path)).err()
    }

    /// The answer.
    pub async fn answer(&self, request: &Request) -> Outcome {
        match self.make(request).await {
            Ok(numbered) => conditional(request, numbered),
            Err(problem) => Outcome::Problem(problem),
        }
    }

    /// A body that an outcome named, where it is still in memory.
    #[must_use]
    pub fn body(&self, number: u32) -> Option<Arc<Numbered>> {
        locked(&self.by_number).get(&number)?.upgrade()
    }

    /// What answers say beyond their bodies.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Numbers of the bodies that are no longer in memory; each is told once.
    #[must_use]
    pub fn take_dropped(&self) -> Vec<u32> {
        std::mem::take(&mut locked(&self.dropped))
    }

    /// What operators should know, as codes and sentences; each is told once.
    #[must_use]
    pub fn take_reports(&self) -> Vec<(&'static str, String)> {
        locked(&self.reports).take()
    }

    /// Whether the request may be answered at all. Who may not read learns nothing else.
    fn admit(&self, request: &Request) -> Result<(), Problem> {
        self.access.check(request.authorization.as_deref())?;
        if !matches!(&*request.method, "GET" | "HEAD") {
            return Err(Problem::method_not_allowed());
        }
        if request.target.len() > MAX_TARGET {
            return Err(Problem::uri_too_long(MAX_TARGET));
        }
        Ok(())
    }

    async fn make(&self, request: &Request) -> Result<Arc<Numbered>, Problem> {
        self.admit(request)?;
        let route = Route::parse(&request.target, &self.base_path)?;
        let coding = coding_of(request);
        for _ in 0..MOST_DAMAGED {
            let current = self.store.get().await.map_err(|error| self.failed(error, Problem::unavailable()))?;
            match self.in_coding(&current, &route, coding).await {
                Ok(numbered) => return Ok(numbered),
                Err(Fault::Damaged(published, damage)) => {
                    let reconsidered = self.store.reconsider(current, published, damage).await;
                    reconsidered.map_err(|error| self.failed(error, Problem::unavailable()))?;
                }
                Err(Fault::Unknown(problem)) => return Err(problem),
                Err(Fault::Failed(error)) => {
                    let is_store = error.kind() == ErrorKind::Store;
                    let problem = if is_store { Problem::unavailable() } else { Problem::internal() };
                    return Err(self.failed(error, problem));
                }
            }
        }
        Err(Problem::unavailable())
    }

    async fn in_coding(&self, current: &Arc<Current>, route: &Route, coding: Coding) -> Result<Arc<Numbered>, Fault> {
        let key = |coding| Key { generation: current.generation, route: route.clone(), coding };
        let stored = match texts::find(current, route).map_err(Fault::Unknown)? {
            Found::Stored(published) => Some((Arc::clone(published), self.store.store().map_err(Fault::Failed)?)),
            Found::Written => None,
        };
        let (writing, written) = (Arc::clone(current), route.clone());
        let is_short = !matches!(route, Route::Search(_));
        let plain = self.kept(key(Coding::Identity), is_short, move || {
            let Some((published, store)) = stored else {
                return Ok(Made::New(Body::new(texts::write(&writing, &written))));
            };
            match store.body(&published).map_err(Fault::Failed)? {
                Ok(bytes) => Ok(Made::New(Body::new(bytes))),
                Err(damage) => Err(Fault::Damaged(published, damage)),
            }
        });
        let plain = plain.await?;
        if coding == Coding::Identity {
            return Ok(plain);
        }
        let is_short = plain.body.bytes().len() <= SHORT;
        let coded = self.kept(key(coding), is_short, move || {
            let coded = plain.body.coded(coding).map_err(Fault::Failed)?;
            Ok(coded.map_or(Made::Known(plain), Made::New))
        });
        coded.await
    }

    /// What is kept under a key, made off this thread where there is nothing, once for all who wait. Its number is 0
    /// where it is not kept, since there is no room.
    async fn kept(
        &self,
        key: Key,
        is_short: bool,
        work: impl FnOnce() -> Result<Made, Fault> + Send + 'static,
    ) -> Result<Arc<Numbered>, Fault> {
        let made = self.bodies.try_get_with_by_ref(&key, async {
            let _room = self.making.room(is_short).await;
            let made = tokio::task::spawn_blocking(work).await.map_err(|fault| {
                Fault::Failed(Error::new(ErrorKind::Internal, format!("making an answer ended early: {fault}")))
            })?;
            Ok(match made? {
                Made::New(body) => self.numbered(body),
                Made::Known(numbered) => numbered,
            })
        });
        let numbered = made.await.map_err(|fault: Arc<Fault>| (*fault).clone())?;
        // The bound holds now, not some time later.
        self.bodies.run_pending_tasks().await;
        let is_kept = self.bodies.contains_key(&key);
        Ok(if is_kept { numbered } else { Arc::new(Numbered { number: 0, body: Arc::clone(&numbered.body) }) })
    }

    fn numbered(&self, body: Body) -> Arc<Numbered> {
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let numbered = Arc::new(Numbered { number, body: Arc::new(body) });
        let mut by_number = locked(&self.by_number);
        if by_number.len() == by_number.capacity() {
            by_number.retain(|_, known| known.strong_count() > 0);
        }
        by_number.insert(number, Arc::downgrade(&numbered));
        numbered
    }

    fn failed(&self, error: Error, problem: Problem) -> Problem {
        locked(&self.reports).add(Report::Failed(error));
        problem
    }
}

/// Polling a future that is nearly always ready.
trait PollOnce: Future {
    fn poll_once(self: std::pin::Pin<&mut Self>) -> Option<Self::Output>;
}

impl<F: Future> PollOnce for F {
    fn poll_once(self: std::pin::Pin<&mut Self>) -> Option<Self::Output> {
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

fn coding_of(request: &Request) -> Coding {
    request.accept_encoding.as_deref().map_or(Coding::Identity, Coding::preferred)
}

fn conditional(request: &Request, numbered: Arc<Numbered>) -> Outcome {
    let is_known = |field: &str| names_etag(field, numbered.body.etag());
    if request.if_none_match.as_deref().is_some_and(is_known) {
        return Outcome::NotModified(numbered);
    }
    Outcome::Body(numbered)
}

/// Twice the bytes, since whoever sends them keeps them too, and what stands around them: by that, the number of bodies
/// is bounded too.
fn weight(key: &Key, numbered: &Arc<Numbered>) -> u32 {
    let name = match &key.route {
        Route::Index { .. } => 0,
        Route::Search(search) => search.query.len() + search.category.as_ref().map_or(0, String::len),
        Route::Package { id } | Route::Versions { id } => id.len(),
        Route::Version { id, version } => id.len() + version.len(),
    };
    u32::try_from(2 * numbered.body.bytes().len() + name + AROUND).unwrap_or(u32::MAX)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Fields;
    use crate::model::IndexEntry;
    use crate::registry::store::Store;

    fn service(packages: usize, cache_max_bytes: u64) -> (tempfile::TempDir, Service) {
        let folder = tempfile::tempdir().unwrap();
        let writer = Store::open(folder.path()).unwrap();
        let writer = writer.writer().unwrap();
        for number in 0..packages {
            let text = format!("{{\"packageId\":\"p{number}\",\"version\":\"1.0.0\"}}");
            let (entry, _) = IndexEntry::from_fields(&Fields::parse(&text).unwrap()).unwrap();
            writer.publish(&entry, "[1]".repeat(1000).as_bytes(), "2026-01-01T00:00:00.000Z").unwrap();
        }
        writer.finish().unwrap();
        let service = Service::new(Settings {
            store: folder.path().to_owned(),
            base_path: "/v1".to_owned(),
            read_tokens: None,
            max_age: 60,
            stale_while_revalidate: 600,
            cache_max_bytes,
        });
        (folder, service)
    }

    fn get(target: &str) -> Request {
        Request { method: "GET".to_owned(), target: format!("/v1{target}"), ..Request::default() }
    }

    fn number(outcome: &Outcome) -> u32 {
        match outcome {
            Outcome::Body(numbered) | Outcome::NotModified(numbered) => numbered.number,
            Outcome::Problem(problem) => panic!("{problem:?}"),
        }
    }

    /// What is found in memory. Asked again where an import of another test, in this process, came between.
    async fn found(service: &Service, request: &Request) -> Outcome {
        loop {
            service.answer(request).await;
            if let Some(outcome) = service.lookup(request) {
                return outcome;
            }
        }
    }

    #[tokio::test]
    async fn what_was_answered_once_is_found_without_waiting() {
        let (_folder, service) = service(1, 1 << 20);
        let request = Request { accept_encoding: Some("gzip".to_owned()), ..get("/packages/p0") };
        assert!(service.lookup(&request).is_none());
        let first = number(&service.answer(&request).await);
        assert_eq!(number(&found(&service, &request).await), first);
        let etag = service.body(first).unwrap().body.etag().to_owned();
        let conditional = Request { if_none_match: Some(etag), ..request };
        assert!(matches!(found(&service, &conditional).await, Outcome::NotModified(_)));
    }

    #[tokio::test]
    async fn a_body_that_gains_nothing_by_a_coding_is_one_body_for_all() {
        let (_folder, service) = service(1, 1 << 20);
        let plain = number(&service.answer(&get("/packages/p0/versions")).await);
        let coded = Request { accept_encoding: Some("br".to_owned()), ..get("/packages/p0/versions") };
        assert_eq!(number(&service.answer(&coded).await), plain);
    }

    #[tokio::test]
    async fn many_who_want_one_thing_wait_for_one() {
        let (_folder, service) = service(1, 1 << 20);
        let service = Arc::new(service);
        let asking: Vec<_> = (0..100)
            .map(|_| {
                let service = Arc::clone(&service);
                tokio::spawn(async move { number(&service.answer(&get("/packages/p0")).await) })
            })
            .collect();
        let mut numbers = Vec::new();
        for one in asking {
            numbers.push(one.await.unwrap());
        }
        numbers.dedup();
        assert_eq!(numbers.len(), 1);
    }

    #[tokio::test]
    async fn what_finds_no_room_is_answered_and_not_kept() {
        for bytes in [0, 100] {
            let (_folder, service) = service(1, bytes);
            assert_eq!(number(&service.answer(&get("/packages/p0")).await), 0);
            assert!(service.lookup(&get("/packages/p0")).is_none());
        }
    }

    #[tokio::test]
    async fn what_is_made_quickly_does_not_wait_for_what_takes_long() {
        let (_folder, service) = service(1, 1 << 20);
        let taken = service.making.all_long().await;
        let search = get("/packages/search?q=p0");
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), service.answer(&search));
        assert!(waiting.await.is_err());
        number(&service.answer(&get("/packages/p0")).await);
        drop(taken);
        number(&service.answer(&search).await);
    }

    #[tokio::test]
    async fn small_bodies_are_bounded_in_number() {
        let (_folder, service) = service(1, 1 << 20);
        for word in 0..500 {
            service.answer(&get(&format!("/packages/search?q=w{word}"))).await;
        }
        assert!((64..=128).contains(&service.bodies.entry_count()), "{}", service.bodies.entry_count());
    }

    #[tokio::test]
    async fn memory_is_bounded_and_what_it_drops_is_told_once() {
        let (_folder, service) = service(50, 100_000);
        let mut numbers = Vec::new();
        for package in 0..50 {
            numbers.push(number(&service.answer(&get(&format!("/packages/p{package}"))).await));
        }
        let mut dropped = service.take_dropped();
        dropped.sort_unstable();
        let here: Vec<u32> =
            numbers.iter().copied().filter(|number| *number > 0 && !dropped.contains(number)).collect();
        assert!(here.iter().all(|number| service.body(*number).is_some()));
        assert!(!here.is_empty() && here.len() < 20, "{} are in memory", here.len());
        assert!(service.take_dropped().is_empty());
    }
}
