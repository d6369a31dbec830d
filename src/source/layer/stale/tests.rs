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
