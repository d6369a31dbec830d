//! Packages straight from a Git repository.
//!
//! A bare clone lies in the cache directory. What a source asks the network for is one thing: where the repository's
//! refs point now, with all that they lead to. That *snapshot* is kept, shared, refreshed in the background and kept over
//! a restart like any copy of something remote; index, packages and versions are read from the clone as the snapshot
//! says, so that all of them are of the same commit, and reading asks nobody.

mod address;
mod advertisement;
mod failure;
mod folder;
mod job;
mod library;
mod link;
mod lock;
mod options;
mod pack;
mod selection;
mod snapshot;
mod source;
mod ssh;
mod store;
mod sync;
mod tags;
mod transport;
mod tree;

// Only so that it is linked in: the addon needs no zlib of the system.
use libz_sys as _;
use sha2::{Digest, Sha256};

pub use address::Place;
pub use options::{GitOptions, Repository, default_cache_directory};
pub use selection::Selection;
pub use source::GitSource;
pub use ssh::{Agent, SshOptions};
pub use tags::TagPatterns;
pub use transport::{SCHEME, make as make_transport};

/// A short name for a long one.
fn digest(name: &str) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    Sha256::digest(name).iter().take(16).flat_map(digits).collect()
}
