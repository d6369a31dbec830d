//! Which directory a local source's `url` means.

use std::path::{Path, PathBuf};

use url::Url;

use super::folder::PackagesFolder;
use crate::error::{Error, ErrorKind, Result};
use crate::source::tree::catalogue;

/// The default `url`, which stands for the application's own packages folder.
const DEFAULT_URL: &str = "/packages";

/// What of the process a relative or default `url` depends on. Given by the caller, so that worker threads with an
/// environment of their own are served right.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The working directory.
    pub working_directory: PathBuf,
    /// `METABUILDER_PACKAGES_DIR`; empty counts as not set.
    pub packages_dir: Option<String>,
}

/// Finds the directory. It need not exist.
pub(super) fn locate(url: &str, surroundings: &Surroundings) -> Result<PathBuf> {
    if url == DEFAULT_URL {
        return own_packages(surroundings);
    }
    path_of(url, surroundings)
}

fn own_packages(surroundings: &Surroundings) -> Result<PathBuf> {
    if let Some(given) = surroundings.packages_dir.as_deref().filter(|given| !given.is_empty()) {
        return path_of(given, surroundings);
    }
    let found = surroundings
        .working_directory
        .ancestors()
        .map(|directory| directory.join("packages"))
        .find(|candidate| PackagesFolder::open(candidate).is_ok_and(|folder| catalogue::holds_packages(&folder)));
    Ok(found.unwrap_or_else(|| PathBuf::from(DEFAULT_URL)))
}

/// The path that a path, or a `file:` URL, means in these surroundings.
///
/// # Errors
/// Where it is a `file:` URL of another machine or none at all.
pub fn path_of(url: &str, surroundings: &Surroundings) -> Result<PathBuf> {
    if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:")) {
        return Url::parse(url).ok().and_then(|url| url.to_file_path().ok()).ok_or_else(|| {
            Error::new(
                ErrorKind::Read,
                format!("{url:?} is no file URL of this machine; write it as file:///path/to/packages"),
            )
        });
    }
    Ok(surroundings.working_directory.join(Path::new(url)))
}
