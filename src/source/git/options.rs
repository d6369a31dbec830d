//! What a Git source is made with.

use std::path::PathBuf;
use std::time::Duration;

use super::address::Place;
use super::selection::Selection;
use super::ssh::SshOptions;
use super::tags::TagPatterns;
use crate::error::{Error, ErrorKind, Result};
use crate::source::http::HttpOptions;
use crate::source::layer::BreakerOptions;

/// Which repository, and what of it.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Where it is.
    pub place: Place,
    /// Which commit packages are served from.
    pub selection: Selection,
    /// The folder with the packages; without it `packages` where there is one, else all.
    pub directory: Option<String>,
    /// Tags that name versions.
    pub patterns: TagPatterns,
}

/// How a repository is asked, and how much of it is taken.
#[derive(Clone, Debug)]
pub struct GitOptions {
    /// The folder that clones lie in.
    pub cache_directory: PathBuf,
    /// Commits of history that each ref comes with; all of them without it.
    pub depth: Option<u32>,
    /// Requests; `request_timeout` is not used.
    pub http: HttpOptions,
    /// For a whole fetch with all its tries.
    pub fetch_timeout: Duration,
    /// Logging in.
    pub ssh: SshOptions,
    /// When it is left alone.
    pub breaker: BreakerOptions,
    /// Most bytes of a clone.
    pub max_repository_bytes: u64,
    /// Largest file that is read from it, in bytes.
    pub max_file_bytes: u64,
    /// Whether the network is never asked.
    pub is_offline: bool,
}

impl GitOptions {
    /// The defaults, over clones in this folder.
    #[must_use]
    pub fn new(cache_directory: PathBuf) -> Self {
        Self {
            cache_directory,
            depth: Some(1),
            http: HttpOptions::default(),
            fetch_timeout: Duration::from_mins(10),
            ssh: SshOptions::default(),
            breaker: BreakerOptions::default(),
            max_repository_bytes: 1024 * 1024 * 1024,
            max_file_bytes: 16 * 1024 * 1024,
            is_offline: false,
        }
    }
}

/// Where programs of this user keep what they can fetch again.
///
/// # Errors
/// `InvalidArgument` where this user has no home.
pub fn default_cache_directory() -> Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let at_home =
        |path: &str| std::env::home_dir().filter(|home| !home.as_os_str().is_empty()).map(|home| home.join(path));
    let caches = if cfg!(target_os = "macos") {
        at_home("Library/Caches")
    } else if cfg!(windows) {
        named("LOCALAPPDATA").or_else(|| at_home("AppData/Local"))
    } else {
        // One that is not absolute is to be passed over, says its specification.
        named("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| at_home(".cache"))
    };
    let message = "there is no folder for the caches of this user: give the source a cacheDir";
    let caches = caches.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, message))?;
    Ok(caches.join("metabuilder-package-sources"))
}
