//! What libgit2 is told once a process, before it is used.

#![expect(unsafe_code, reason = "libgit2's settings are global and not synchronised: see `prepare`")]

use std::sync::OnceLock;

use git2::{ConfigLevel, opts};

use crate::error::{Error, ErrorKind, Result};
use crate::source::git::{SCHEME, make_transport};

/// Most bytes of objects that libgit2 keeps in memory, over all clones. What is read is kept elsewhere.
const OBJECT_CACHE: isize = 16 * 1024 * 1024;

/// Most bytes of packs that libgit2 maps at once.
const MAPPED: usize = 256 * 1024 * 1024;

/// Sets libgit2 up. Nothing else of it may be used before.
///
/// # Errors
/// Where libgit2 refuses, for want of memory.
pub(super) fn prepare() -> Result<()> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    let done = DONE.get_or_init(|| set_up().map_err(|error| error.message().to_owned()));
    done.clone().map_err(|reason| Error::new(ErrorKind::Internal, format!("libgit2 can't be set up: {reason}")))
}

fn set_up() -> std::result::Result<(), git2::Error> {
    // SAFETY: these write libgit2's globals without a lock. `OnceLock` lets one thread in and holds all others back until
    // it is done, and every use of libgit2 in this library comes after: sources are made by `BindingGitSource`, which
    // calls `prepare` first. This copy of libgit2 is linked into this library alone.
    unsafe {
        git2::transport::register(SCHEME, make_transport)?;
        // What a clone is doesn't depend on settings of this machine, such as other URLs in the place of the given ones.
        for level in [ConfigLevel::ProgramData, ConfigLevel::System, ConfigLevel::XDG, ConfigLevel::Global] {
            opts::set_search_path(level, "")?;
        }
        // It guards programs that settings of a repository can make Git run. libgit2 runs none.
        opts::set_verify_owner_validation(false)?;
        opts::set_cache_max_size(OBJECT_CACHE)?;
        opts::set_mwindow_mapped_limit(MAPPED)?;
    }
    opts::strict_hash_verification(true);
    Ok(())
}
