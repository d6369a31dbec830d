//! Packages from a folder on this machine.
//!
//! Everything is read through a handle on the packages folder that can't be led out of it, whatever ids, manifests and
//! links say. All reading is blocking work on tokio's blocking pool, one task a call.

mod folder;
mod locate;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::model::PackageId;
use crate::source::tree::catalogue::Catalogue;
use crate::source::tree::package;
use crate::source::{BoxFuture, Fetched, LoadedPackage, PublishedVersion, Source, SourceIndex, now_in_ms};

use folder::PackagesFolder;
pub use locate::{Surroundings, path_of};

/// A folder as a source. What was read of its index is kept; to forget it, make a new one.
pub struct LocalSource {
    inner: Arc<Inner>,
}

struct Inner {
    id: Arc<str>,
    url: String,
    surroundings: Surroundings,
    found: OnceLock<Found>,
}

/// Where the folder was found, and the catalogue of what is in it.
struct Found {
    path: PathBuf,
    catalogue: Catalogue,
}

/// The folder while it is read. A handle is held no longer than that, so that sources that are never used again cost
/// no file descriptors.
struct Opened<'a> {
    folder: PackagesFolder,
    catalogue: &'a Catalogue,
}

impl LocalSource {
    /// A source over the folder that `url` means in these surroundings. Touches no file yet.
    #[must_use]
    pub fn new(id: &str, url: &str, surroundings: Surroundings) -> Self {
        let inner = Inner { id: id.into(), url: url.to_owned(), surroundings, found: OnceLock::new() };
        Self { inner: Arc::new(inner) }
    }

    /// All packages of the index, whole, in its order; those that can't be loaded are passed over.
    ///
    /// # Errors
    /// As [`Source::fetch_index`].
    pub async fn load_all(&self) -> Result<Vec<LoadedPackage>> {
        self.blocking(|inner| {
            let opened = inner.open()?;
            let ids = opened.catalogue.index(&opened.folder, &inner.id);
            Ok(ids.entries.iter().filter_map(|entry| opened.load(&entry.id, &inner.id)).collect())
        })
        .await
    }

    /// The entries as they stand in `index.json`, else the scan's, as the text of a JSON array; `None` where there is no
    /// packages folder.
    ///
    /// # Errors
    /// Where the folder is there but can't be read.
    pub async fn index_text(&self) -> Result<Option<String>> {
        self.blocking(|inner| match inner.open() {
            Ok(opened) => Ok(Some(opened.catalogue.text(&opened.folder, &inner.id))),
            Err(error) if error.kind() == ErrorKind::NoPackages => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(fault) => Err(Error::new(ErrorKind::Internal, format!("reading packages ended early: {fault}"))),
        }
    }
}

impl Inner {
    /// The folder, looked for until it is found once.
    fn open(&self) -> Result<Opened<'_>> {
        if let Some(Found { path, catalogue }) = self.found.get() {
            return Ok(Opened { folder: PackagesFolder::open(path)?, catalogue });
        }
        let path = locate::locate(&self.url, &self.surroundings)?;
        tracing::debug!(source = %self.id, path = %path.display(), "opening packages folder");
        let folder = PackagesFolder::open(&path)?;
        let Found { catalogue, .. } = self.found.get_or_init(|| Found { path, catalogue: Catalogue::default() });
        Ok(Opened { folder, catalogue })
    }
}

impl Opened<'_> {
    fn load(&self, id: &PackageId, source_id: &str) -> Option<LoadedPackage> {
        let manifest = self.catalogue.find(&self.folder, id)?;
        Some(package::assemble(&self.folder, &manifest, source_id))
    }
}

impl Source for LocalSource {
    fn fetch_index(&self) -> BoxFuture<'_, Result<Fetched<SourceIndex>>> {
        Box::pin(self.blocking(|inner| {
            let opened = inner.open()?;
            Ok(fetched_now(opened.catalogue.index(&opened.folder, &inner.id)))
        }))
    }

    fn load_package<'a>(
        &'a self,
        id: &'a str,
        version: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Fetched<Option<LoadedPackage>>>> {
        let wanted = version.map(str::to_owned);
        let id = PackageId::parse(id);
        Box::pin(async move {
            let Ok(id) = id else { return Ok(fetched_now(Arc::new(None))) };
            self.blocking(move |inner| {
                let opened = inner.open()?;
                // What an index file says of the version doesn't change what is loaded.
                let version_here =
                    |id: &PackageId| opened.catalogue.find(&opened.folder, id).map(|found| found.entry.version);
                let has_version = wanted.is_none_or(|wanted| version_here(&id).is_some_and(|here| *here == *wanted));
                Ok(fetched_now(Arc::new(if has_version { opened.load(&id, &inner.id) } else { None })))
            })
            .await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Fetched<Vec<PublishedVersion>>>> {
        let id = PackageId::parse(id);
        Box::pin(async move {
            let Ok(id) = id else { return Ok(fetched_now(Arc::new(Vec::new()))) };
            self.blocking(move |inner| {
                let version = inner.open()?.listed_version(&id, &inner.id);
                let listed = version.filter(|version| !version.is_empty());
                Ok(fetched_now(Arc::new(
                    listed.map(|version| PublishedVersion { version, checksum: None }).into_iter().collect(),
                )))
            })
            .await
        })
    }
}

impl Opened<'_> {
    /// The version that the index gives; that of the manifest where the package isn't listed.
    fn listed_version(&self, id: &PackageId, source_id: &Arc<str>) -> Option<String> {
        let index = self.catalogue.index(&self.folder, source_id);
        match index.entries.iter().find(|entry| entry.id == *id) {
            Some(entry) => Some(entry.version.to_string()),
            None => self.catalogue.find(&self.folder, id).map(|manifest| manifest.entry.version.into()),
        }
    }
}

fn fetched_now<T>(value: Arc<T>) -> Fetched<T> {
    Fetched { value, revision: 0, fetched_at: now_in_ms(), max_age: Duration::MAX, stale_because: None, failure: 0 }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A packages folder of these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn source(path: &Path) -> LocalSource {
        let surroundings = Surroundings { working_directory: path.to_owned(), packages_dir: None };
        LocalSource::new("local", path.to_str().unwrap(), surroundings)
    }

    async fn index(path: &Path) -> Arc<SourceIndex> {
        source(path).fetch_index().await.unwrap().value
    }

    fn ids(index: &SourceIndex) -> Vec<&str> {
        index.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[tokio::test]
    async fn a_scan_is_ordered_by_id_and_passes_over_what_is_no_package() {
        let folder = folder(&[
            ("z/package.json", r#"{"packageId":"a"}"#),
            ("b/seed/metadata.json", r#"{"packageId":"b"}"#),
            ("tool/package.json", r#"{"name":"tool"}"#),
            ("broken/package.json", "{"),
        ]);
        let index = index(folder.path()).await;
        assert_eq!(ids(&index), ["a", "b"]);
        assert_eq!(
            index.warnings.iter().map(|warning| warning.path.as_str()).collect::<Vec<_>>(),
            ["broken/package.json"]
        );
    }

    #[tokio::test]
    async fn of_two_folders_with_one_id_the_one_named_so_counts() {
        let folder = folder(&[
            ("a/package.json", r#"{"packageId":"b","version":"1.0.0"}"#),
            ("b/package.json", r#"{"packageId":"b","version":"2.0.0"}"#),
        ]);
        let index = index(folder.path()).await;
        assert_eq!((ids(&index), &*index.entries[0].version), (vec!["b"], "2.0.0"));
        assert_eq!(index.warnings[0].path, "a");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_out_of_the_folder_is_not_followed() {
        let outside = folder(&[("secret/package.json", r#"{"packageId":"secret"}"#)]);
        let folder = folder(&[("a/package.json", r#"{"packageId":"a"}"#)]);
        std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("secret")).unwrap();
        let source = source(folder.path());
        assert_eq!(ids(&source.fetch_index().await.unwrap().value), ["a"]);
        assert!(source.load_package("secret", None).await.unwrap().value.is_none());
    }

    #[tokio::test]
    async fn without_a_folder_it_says_where_it_looked() {
        let error = source(Path::new("/nowhere/at/all")).fetch_index().await.unwrap_err();
        assert_eq!(error.code(), "ENOPACKAGES");
        assert!(error.message().contains("/nowhere/at/all"));
    }
}
