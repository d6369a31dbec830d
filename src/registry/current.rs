//! What a store holds at the moment, kept up to date.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::imports::Imports;
use super::reports::Report;
use super::store::{Damage, Holdings, Published, State, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Warning;
use crate::search::{SearchColumn, SearchIndex};

/// Least time between two looks for changes that another process made.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a request waits for such a look, while there is something older to answer from.
const PATIENCE: Duration = Duration::from_millis(100);

/// A store's packages at one moment.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) holdings: Holdings,
    /// Another one for each state of the packages.
    pub(super) generation: u64,
    state: State,
    search: OnceLock<SearchIndex>,
}

impl Current {
    /// The newest versions, folded for searching.
    pub(super) fn search(&self) -> &SearchIndex {
        self.search.get_or_init(|| {
            let column = |(position, package): (usize, &super::store::Package)| {
                let entry = &package.newest().entry;
                SearchColumn { position, id: entry.id.as_str().to_owned(), texts: entry.texts() }
            };
            SearchIndex::new(self.holdings.packages().iter().enumerate().map(column).collect())
        })
    }
}

/// The latest state, and when it was looked at.
struct Seen {
    current: Arc<Current>,
    store: Store,
    at: Instant,
    imports: u64,
}

/// A store that is looked at when it is asked for.
pub(super) struct Watched {
    imports: Imports,
    path: PathBuf,
    seen: RwLock<Option<Seen>>,
    looking: tokio::sync::Mutex<()>,
    report: Box<dyn Fn(Report) + Send + Sync>,
    changed: Box<dyn Fn() + Send + Sync>,
}

impl Watched {
    /// Touches no file yet.
    pub(super) fn new(
        path: PathBuf,
        report: impl Fn(Report) + Send + Sync + 'static,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            imports: Imports::into(&path),
            path,
            seen: RwLock::default(),
            looking: tokio::sync::Mutex::default(),
            report: Box::new(report),
            changed: Box::new(changed),
        }
    }

    /// The packages, where they were looked at just now.
    pub(super) fn fresh(&self) -> Option<Arc<Current>> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.as_ref()?;
        let is_fresh = seen.at.elapsed() < PAUSE && seen.imports == self.imports.count();
        is_fresh.then(|| Arc::clone(&seen.current))
    }

    /// The packages. Where there are older ones, they are what a look that fails or takes its time gives.
    pub(super) async fn get(self: &Arc<Self>) -> Result<Arc<Current>> {
        if let Some(current) = self.fresh() {
            return Ok(current);
        }
        let latest = self.latest_unless_changed_here();
        if let Some(older) = latest.as_ref().filter(|_| self.looking.try_lock().is_err()) {
            // Someone looks already. One who waits for that is enough.
            return Ok(Arc::clone(older));
        }
        let this = Arc::clone(self);
        // A task of its own: whoever ceases to wait must not end it.
        let looking = tokio::spawn(async move { this.look().await });
        let looked = match latest {
            None => looking.await,
            Some(older) => match tokio::time::timeout(PATIENCE, looking).await {
                Ok(looked) => looked,
                Err(_) => return Ok(older),
            },
        };
        looked.unwrap_or_else(|fault| Err(ended_early(&fault)))
    }

    /// From now on, without a version that was found to be damaged, for as long as its files are as they are. Where the
    /// store has others by now, what it holds is read anew instead.
    pub(super) async fn reconsider(
        self: &Arc<Self>,
        from: Arc<Current>,
        damaged: Arc<Published>,
        damage: Damage,
    ) -> Result<()> {
        let _alone = self.looking.lock().await;
        let this = Arc::clone(self);
        let work = move || {
            let Some((store, older, imports)) = this.latest() else { return Ok(()) };
            if older.generation != from.generation {
                return Ok(());
            }
            // A store that is away has no version, and none of them is damaged.
            let state = store.state()?;
            let (holdings, state) = if damaged.is_of(&damage) {
                let name = format!("{} {}", damaged.entry.id, damaged.entry.version);
                (this.report)(Report::Warned(Warning::new(name, damage.reason.clone())));
                (older.holdings.without(&damaged, damage), older.state.clone())
            } else {
                (this.warned(store.read(&older.holdings)?), state)
            };
            this.see(store, Arc::new(current(holdings, state)), imports);
            (this.changed)();
            Ok(())
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|fault| Err(ended_early(&fault)))
    }

    /// The packages as they were seen last. Not where this process has imported any since: whoever has done that may
    /// count on its showing, so all who ask then wait for the look.
    fn latest_unless_changed_here(&self) -> Option<Arc<Current>> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.as_ref().filter(|seen| seen.imports == self.imports.count())?;
        Some(Arc::clone(&seen.current))
    }

    async fn look(self: &Arc<Self>) -> Result<Arc<Current>> {
        let _alone = self.looking.lock().await;
        if let Some(current) = self.fresh() {
            return Ok(current);
        }
        let this = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || this.look_now()).await;
        looked.unwrap_or_else(|fault| Err(ended_early(&fault)))
    }

    fn look_now(&self) -> Result<Arc<Current>> {
        let imports = self.imports.count();
        let Some((store, older, _)) = self.latest() else {
            let store = Store::open(&self.path)?;
            let state = store.state()?;
            (self.report)(Report::Fine);
            let found = Arc::new(current(self.warned(store.read(&Holdings::default())?), state));
            return Ok(self.see(store, found, imports));
        };
        match self.changes(&store, &older) {
            Ok(Some(newer)) => {
                let newer = self.see(store, Arc::new(newer), imports);
                (self.changed)();
                Ok(newer)
            }
            Ok(None) => Ok(self.see(store, older, imports)),
            Err(error) => {
                (self.report)(Report::Failed(error));
                Ok(self.see(store, older, imports))
            }
        }
    }

    /// What the store holds now, where that is something else.
    fn changes(&self, store: &Store, older: &Current) -> Result<Option<Current>> {
        // Read first: a change that comes after it is seen with the next look.
        let state = store.state()?;
        (self.report)(Report::Fine);
        if state == older.state && !store.is_mended(&older.holdings)? {
            return Ok(None);
        }
        Ok(Some(current(self.warned(store.read(&older.holdings)?), state)))
    }

    fn see(&self, store: Store, current: Arc<Current>, imports: u64) -> Arc<Current> {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(Seen { current: Arc::clone(&current), store, at: Instant::now(), imports });
        current
    }

    fn warned(&self, mut holdings: Holdings) -> Holdings {
        for warning in std::mem::take(&mut holdings.warnings) {
            (self.report)(Report::Warned(warning));
        }
        holdings
    }

    /// What was seen last: the store, its packages, and the number of imports until then.
    fn latest(&self) -> Option<(Store, Arc<Current>, u64)> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().map(|seen| (seen.store.clone(), Arc::clone(&seen.current), seen.imports))
    }

    /// The store, which was opened when the packages were first asked for.
    pub(super) fn store(&self) -> Result<Store> {
        let store = self.latest().map(|(store, ..)| store);
        store.ok_or_else(|| Error::new(ErrorKind::Internal, "a store was never opened"))
    }
}

fn ended_early(fault: &tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, format!("reading a store ended early: {fault}"))
}

fn current(holdings: Holdings, state: State) -> Current {
    static GENERATIONS: AtomicU64 = AtomicU64::new(0);
    let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
    Current { holdings, generation, state, search: OnceLock::new() }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::json::Fields;
    use crate::model::IndexEntry;

    struct Case {
        folder: tempfile::TempDir,
        watched: Arc<Watched>,
        failures: Arc<Mutex<Vec<&'static str>>>,
        changes: Arc<AtomicUsize>,
    }

    impl Case {
        /// As if the last look had been a while ago.
        fn grow_old(&self) {
            self.watched.seen.write().unwrap().as_mut().unwrap().at -= PAUSE;
        }
    }

    fn case() -> Case {
        let folder = tempfile::tempdir().unwrap();
        let (failures, changes) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicUsize>::default());
        let (failing, changing) = (Arc::clone(&failures), Arc::clone(&changes));
        let report = move |report| {
            if let Report::Failed(error) = report {
                failing.lock().unwrap().push(error.code());
            }
        };
        let count = move || {
            changing.fetch_add(1, Ordering::Relaxed);
        };
        let watched = Arc::new(Watched::new(folder.path().join("store"), report, count));
        Case { folder, watched, failures, changes }
    }

    fn publish(case: &Case, id: &str) {
        let text = format!("{{\"packageId\":{id:?},\"version\":\"1.0.0\"}}");
        let (entry, _) = IndexEntry::from_fields(&Fields::parse(&text).unwrap()).unwrap();
        let writer = Store::open(&case.folder.path().join("store")).unwrap().writer().unwrap();
        writer.publish(&entry, b"{}", "2026-01-01T00:00:00.000Z").unwrap();
        writer.finish().unwrap();
    }

    #[tokio::test]
    async fn an_import_of_this_process_is_seen_with_the_next_request() {
        let case = case();
        assert!(case.watched.get().await.unwrap().holdings.packages().is_empty());
        publish(&case, "a");
        case.watched.imports.note();
        assert!(case.watched.fresh().is_none());
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 1);
        assert_eq!(case.changes.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn where_nothing_changed_the_packages_are_the_same_objects() {
        let case = case();
        let first = case.watched.get().await.unwrap();
        case.watched.imports.note();
        assert!(Arc::ptr_eq(&first, &case.watched.get().await.unwrap()));
        assert_eq!(case.changes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_look_that_takes_long() {
        let case = case();
        let first = case.watched.get().await.unwrap();
        publish(&case, "a");
        case.grow_old();
        let looking = case.watched.looking.lock().await;
        for _ in 0..100 {
            assert!(Arc::ptr_eq(&first, &case.watched.get().await.unwrap()));
        }
        drop(looking);
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 1);
    }

    #[tokio::test]
    async fn whoever_asks_after_an_import_of_this_process_gets_what_it_imported() {
        let case = case();
        case.watched.get().await.unwrap();
        publish(&case, "a");
        case.watched.imports.note();
        let looking = case.watched.looking.lock().await;
        let watched = Arc::clone(&case.watched);
        let asked: Vec<_> = (0..3)
            .map(|_| {
                let watched = Arc::clone(&watched);
                tokio::spawn(async move { watched.get().await.unwrap().holdings.packages().len() })
            })
            .collect();
        tokio::task::yield_now().await;
        drop(looking);
        for one in asked {
            assert_eq!(one.await.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn a_store_that_is_away_leaves_what_was_read() {
        let case = case();
        publish(&case, "a");
        case.watched.get().await.unwrap();
        std::fs::remove_dir_all(case.folder.path().join("store")).unwrap();
        case.watched.imports.note();
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 1);
        assert_eq!(*case.failures.lock().unwrap(), ["ESTORE"]);
    }

    #[tokio::test]
    async fn what_has_taken_a_stores_place_is_told_and_not_taken_for_it() {
        let case = case();
        publish(&case, "a");
        case.watched.get().await.unwrap();
        let store = case.folder.path().join("store");
        std::fs::rename(&store, case.folder.path().join("away")).unwrap();
        std::fs::create_dir(&store).unwrap();
        case.grow_old();
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 1);
        assert_eq!(std::fs::read_dir(&store).unwrap().count(), 0, "and nothing is made of it");
        std::fs::write(store.join("registry.json"), "{\"format\":\"package-registry\",\"version\":2}").unwrap();
        case.grow_old();
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 1);
        assert_eq!(*case.failures.lock().unwrap(), ["ESTORE"; 2]);
    }

    #[tokio::test]
    async fn another_store_in_its_place_is_read_anew() {
        let case = case();
        publish(&case, "a");
        let store = case.folder.path().join("store");
        let before = case.watched.get().await.unwrap();
        std::fs::rename(&store, case.folder.path().join("away")).unwrap();
        publish(&case, "a");
        std::fs::copy(case.folder.path().join("away/revision"), store.join("revision")).unwrap();
        case.grow_old();
        let after = case.watched.get().await.unwrap();
        let version = |current: &Current| Arc::clone(current.holdings.package("a").unwrap().newest());
        assert!(!Arc::ptr_eq(&version(&before), &version(&after)));
    }

    #[tokio::test]
    async fn what_an_import_added_before_it_was_killed_is_seen() {
        let case = case();
        publish(&case, "a");
        case.watched.get().await.unwrap();
        let revision = std::fs::read(case.folder.path().join("store/revision")).unwrap();
        publish(&case, "b");
        std::fs::write(case.folder.path().join("store/revision"), revision).unwrap();
        case.grow_old();
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 2);
    }

    #[tokio::test]
    async fn a_damaged_version_is_away_until_its_files_are_others() {
        let case = case();
        publish(&case, "a");
        let body = case.folder.path().join("store/packages/a/1.0.0/package.json");
        let from = case.watched.get().await.unwrap();
        std::fs::write(&body, "[]").unwrap();
        let published = Arc::clone(from.holdings.package("a").unwrap().newest());
        let damage = case.watched.store().unwrap().body(&published).unwrap().unwrap_err();
        case.watched.reconsider(from, published, damage).await.unwrap();
        for _ in 0..2 {
            assert!(case.watched.get().await.unwrap().holdings.packages().is_empty());
            case.grow_old();
        }
        std::fs::remove_file(&body).unwrap();
        std::fs::write(&body, "{}").unwrap();
        case.grow_old();
        assert_eq!(case.watched.get().await.unwrap().holdings.packages().len(), 1);
    }

    #[tokio::test]
    async fn a_store_that_was_never_there_to_read_is_a_failure() {
        let case = case();
        std::fs::create_dir_all(case.folder.path().join("store/foreign")).unwrap();
        assert_eq!(case.watched.get().await.unwrap_err().code(), "ESTORE");
        std::fs::remove_dir_all(case.folder.path().join("store/foreign")).unwrap();
        assert!(case.watched.get().await.is_ok());
    }
}
