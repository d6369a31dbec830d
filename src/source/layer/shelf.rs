//! Copies on disk, so that a restart has them: values as bytes and back, off the threads that serve connections.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::background::Background;
use super::disk::{DiskCache, Kept, Record};
use super::question::Question;
use super::reply::Terms;
use super::watch::{Event, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{BoxFuture, now_in_ms};

/// Something that can be kept as bytes.
pub trait Persist: Sized {
    /// The bytes; `None` for what isn't worth keeping, such as that there is nothing.
    fn to_bytes(&self) -> Option<Vec<u8>>;

    /// Whether it says that there is nothing. That is believed for a short while only: it may be published at any moment.
    fn is_nothing(&self) -> bool {
        false
    }

    /// What the bytes were made of, as the source of this id would give it; `None` where they are none of ours.
    fn from_bytes(bytes: Vec<u8>, source_id: &Arc<str>) -> Option<Self>;
}

/// A copy from disk.
#[derive(Debug)]
pub struct Shelved<T> {
    /// The value.
    pub value: T,
    /// What its origin said of it.
    pub terms: Terms,
    /// When it was fetched or last confirmed, in milliseconds since 1970.
    pub fetched_at: f64,
}

/// Work on disk that nobody's answer waits for.
pub(super) type Work = BoxFuture<'static, ()>;

/// A source's copies on disk, or no place for any.
#[derive(Default)]
pub struct Shelf(Option<Place>);

struct Place {
    disk: Arc<DiskCache>,
    source_id: Arc<str>,
    watch: Watch,
    /// Copies from before count as cleared, in milliseconds since 1970.
    not_before: f64,
    /// Set once the shelf is cleared: what was under way then must not be put back. Held while something is written, so
    /// that nothing is written after it was removed.
    is_closed: Arc<RwLock<bool>>,
}

impl Shelf {
    /// Copies of the source of this id, where there is a disk cache.
    #[must_use]
    pub fn new(disk: Option<DiskCache>, source_id: Arc<str>, watch: Watch) -> Self {
        Self(disk.map(|disk| Place {
            disk: Arc::new(disk),
            source_id,
            watch,
            not_before: f64::NEG_INFINITY,
            is_closed: Arc::default(),
        }))
    }

    /// An empty shelf in the place of this one, which takes nothing more. The files are removed in the background.
    pub(super) fn cleared(&self, background: &Arc<Background>) -> Self {
        let Some(place) = &self.0 else { return Self(None) };
        let is_closed = Arc::clone(&place.is_closed);
        background.spawn(place.work(move |disk| {
            *is_closed.write().unwrap_or_else(PoisonError::into_inner) = true;
            disk.clear()
        }));
        Self(Some(Place {
            disk: Arc::clone(&place.disk),
            source_id: Arc::clone(&place.source_id),
            watch: place.watch.clone(),
            not_before: now_in_ms(),
            is_closed: Arc::default(),
        }))
    }

    pub(super) async fn read<T: Persist + Send + 'static>(&self, question: &Question) -> Option<Shelved<T>> {
        let place = self.place_for(question)?;
        let (disk, key, id) = (Arc::clone(&place.disk), question.key().to_owned(), Arc::clone(&place.source_id));
        let read = move || -> Result<Option<Shelved<T>>> {
            let Some(Kept { content, record }) = disk.read(&key)? else { return Ok(None) };
            let Record { validator, max_age, fetched_at } = record;
            let Some(value) = T::from_bytes(content, &id) else {
                // Whole, but of another version of this package.
                disk.remove(&key)?;
                return Ok(None);
            };
            Ok(Some(Shelved { value, terms: Terms { validator, max_age, no_store: false }, fetched_at }))
        };
        let found = match tokio::task::spawn_blocking(read).await {
            Ok(found) => found,
            Err(fault) => Err(Error::new(ErrorKind::Internal, format!("reading the cache ended early: {fault}"))),
        };
        let found = found.unwrap_or_else(|error| {
            place.watch.tell(Event::CacheFailure(error));
            None
        });
        found.filter(|found| found.fetched_at >= place.not_before)
    }

    /// Keeps a value, where it is to be kept, as work that is still to be done.
    pub(super) fn put<T: Persist + Send + Sync + 'static>(
        &self,
        question: &Question,
        value: Arc<T>,
        terms: Terms,
        fetched_at: f64,
    ) -> Option<Work> {
        let place = self.place_for(question)?;
        let key = question.key().to_owned();
        Some(place.write(move |disk| write(disk, &key, &*value, terms, fetched_at)))
    }

    /// The copy of this value is current still. Where it is gone, it is put there again.
    pub(super) fn confirm<T: Persist + Send + Sync + 'static>(
        &self,
        question: &Question,
        value: Arc<T>,
        terms: Terms,
        fetched_at: f64,
    ) -> Option<Work> {
        let place = self.place_for(question).filter(|_| !terms.no_store)?;
        let key = question.key().to_owned();
        Some(place.write(move |disk| {
            let record = Record { validator: terms.validator.clone(), max_age: terms.max_age, fetched_at };
            if disk.confirm(&key, &record)? {
                return Ok(());
            }
            write(disk, &key, &*value, terms, fetched_at)
        }))
    }

    fn place_for(&self, question: &Question) -> Option<&Place> {
        self.0.as_ref().filter(|_| question.is_shelved())
    }
}

fn write<T: Persist>(disk: &DiskCache, key: &str, value: &T, terms: Terms, fetched_at: f64) -> Result<()> {
    let Terms { validator, max_age, no_store } = terms;
    match value.to_bytes().filter(|_| !no_store) {
        Some(bytes) => disk.write(key, &bytes, &Record { validator, max_age, fetched_at }),
        None => disk.remove(key),
    }
}

impl Place {
    /// Writes, unless the shelf was cleared meanwhile.
    fn write(&self, work: impl FnOnce(&DiskCache) -> Result<()> + Send + 'static) -> Work {
        let is_closed = Arc::clone(&self.is_closed);
        self.work(move |disk| {
            let is_closed = is_closed.read().unwrap_or_else(PoisonError::into_inner);
            if *is_closed { Ok(()) } else { work(disk) }
        })
    }

    /// Does something on disk. That it fails is told, and harms nothing else.
    fn work(&self, work: impl FnOnce(&DiskCache) -> Result<()> + Send + 'static) -> Work {
        let (disk, watch) = (Arc::clone(&self.disk), self.watch.clone());
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || work(&disk)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => watch.tell(Event::CacheFailure(error)),
                Err(fault) => {
                    let message = format!("writing to the cache ended early: {fault}");
                    watch.tell(Event::CacheFailure(Error::new(ErrorKind::Internal, message)));
                }
            }
        })
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Shelf").field(&self.0.is_some()).finish()
    }
}
