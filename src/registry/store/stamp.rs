//! What tells a file from another that has taken its place, without reading it.

use std::io;

use cap_std::fs::{Dir, Metadata};

use super::{BODY_FILE, VERSION_FILE};

/// What a file system says of something at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    is_file: bool,
    length: u64,
    /// Device, inode, and when contents and inode changed, in seconds and nanoseconds.
    #[cfg(unix)]
    inode: (u64, u64, [i64; 4]),
    #[cfg(not(unix))]
    times: [Option<cap_std::time::SystemTime>; 2],
}

impl Stamp {
    /// Of what stands at `path` itself: links are not followed.
    pub(super) fn at(dir: &Dir, path: &str) -> io::Result<Self> {
        dir.symlink_metadata(path).map(|metadata| Self::new(&metadata))
    }

    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use cap_std::fs::MetadataExt;
        Self {
            is_file: metadata.is_file(),
            length: metadata.len(),
            #[cfg(unix)]
            inode: (
                metadata.dev(),
                metadata.ino(),
                [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()],
            ),
            #[cfg(not(unix))]
            times: [metadata.created().ok(), metadata.modified().ok()],
        }
    }

    /// Whether it is a regular file of this many bytes.
    pub(super) fn is_file_of(&self, length: u64) -> bool {
        self.is_file && self.length == length
    }
}

/// The two files of a version; `None` for one that isn't there or can't be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamps {
    pub(super) meta: Option<Stamp>,
    pub(super) body: Option<Stamp>,
    /// Their folder, where there is neither.
    folder: Option<Stamp>,
}

impl Stamps {
    pub(super) fn of(dir: &Dir, place: &str) -> Self {
        let stamp = |name: &str| Stamp::at(dir, &format!("{place}/{name}")).ok();
        let (meta, body) = (stamp(VERSION_FILE), stamp(BODY_FILE));
        let folder = if meta.is_none() && body.is_none() { Stamp::at(dir, place).ok() } else { None };
        Self { meta, body, folder }
    }
}
