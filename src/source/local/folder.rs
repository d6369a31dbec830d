//! Reading inside one packages folder, and nowhere else.

use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry};

use crate::error::{Error, ErrorKind, Result};
use crate::files;
use crate::model::{Warning, Warnings};
use crate::source::tree::{INDEX_FILE, PackageTree, Part};

/// A handle on a packages folder. Paths are relative to it, with `/` between names; no link leads out of it.
pub(super) struct PackagesFolder(Dir);

impl PackagesFolder {
    /// Opens the folder.
    pub(super) fn open(path: &Path) -> Result<Self> {
        // A folder that may not be listed opens all the same.
        let open = || Dir::open_ambient_dir(path, ambient_authority()).and_then(|dir| dir.entries().map(|_| dir));
        open().map(Self).map_err(|error| {
            let shown = path.display();
            match error.kind() {
                io::ErrorKind::NotFound => Error::new(
                    ErrorKind::NoPackages,
                    format!("there is no packages folder at {shown}: create it, set METABUILDER_PACKAGES_DIR, or give the source's url"),
                ),
                io::ErrorKind::NotADirectory => Error::new(ErrorKind::Read, format!("{shown} is not a directory")),
                _ => Error::new(ErrorKind::Read, format!("the packages folder {shown} can't be opened: {error}")),
            }
        })
    }

    fn folder_name(&self, entry: io::Result<DirEntry>, warnings: &mut Warnings) -> Option<String> {
        let mut warn = |path: &str, reason: String| warnings.push(Warning::new(path, reason));
        let entry = entry.map_err(|error| warn(".", format!("can't be listed: {error}"))).ok()?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if shown.starts_with('.') || shown == INDEX_FILE {
            return None;
        }
        let is_folder = entry.file_type().and_then(|kind| {
            if kind.is_symlink() { self.0.metadata(&name).map(|target| target.is_dir()) } else { Ok(kind.is_dir()) }
        });
        match is_folder {
            Ok(true) if name.to_str().is_some() => return Some(shown.into_owned()),
            Ok(true) => warn(&shown, "has a name that is not UTF-8".to_owned()),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => warn(&shown, fault(&error)),
        }
        None
    }
}

impl PackageTree for PackagesFolder {
    /// Links to some of its own folders are listed as well; those that lead elsewhere are warned of.
    fn folders(&self, warnings: &mut Warnings) -> Vec<String> {
        let mut names = Vec::new();
        match self.0.entries() {
            Ok(entries) => names.extend(entries.filter_map(|entry| self.folder_name(entry, warnings))),
            Err(error) => warnings.push(Warning::new(".", format!("can't be listed: {error}"))),
        }
        names.sort_unstable();
        names
    }

    fn bytes(&self, path: &str, limit: u64) -> Part<Vec<u8>> {
        match files::read(&self.0, path, limit) {
            Ok(Some(bytes)) => Part::Here(bytes),
            Ok(None) => Part::larger_than(limit),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Part::Absent,
                io::ErrorKind::InvalidInput => Part::Faulty("is not a regular file".to_owned()),
                _ => Part::Faulty(fault(&error)),
            },
        }
    }
}

/// Why something can't be read. The sandbox's own refusals have no error number of the system.
fn fault(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        "leads out of the packages folder".to_owned()
    } else {
        format!("can't be read: {error}")
    }
}
