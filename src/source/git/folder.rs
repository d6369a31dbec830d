//! Fetching from a repository in a folder of this machine: its objects are copied, those that are missing and no others,
//! which libgit2's own way would do with the whole history, and by recursion.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use git2::{ErrorCode, ObjectType, Odb, OdbLookupFlags, Oid, Repository, RepositoryOpenFlags};

use super::advertisement;
use super::failure::{of_clone, of_exchange, of_repository, words};
use super::job::Job;
use super::pack::PackWriter;
use super::selection::{Advertised, Want};
use super::snapshot::MAX_CHAIN;
use super::sync::Destination;
use crate::error::ErrorKind;
use crate::source::layer::{Failure, Phase};

/// Most objects that one fetch copies.
const MAX_OBJECTS: usize = 5_000_000;

/// Bytes that libgit2 gets at a time.
const BUFFER: usize = 256 * 1024;

/// Largest object that is copied, in bytes: each is read as a whole.
const MAX_OBJECT: usize = 128 * 1024 * 1024;

/// Folders of refs below each other.
const MAX_DEPTH: usize = 64;

/// Largest file of a repository's own settings and refs, in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Kinds of entries in trees.
const KIND: i32 = 0o170_000;
const SUBMODULE: i32 = 0o160_000;

/// Opens exactly this repository, whatever the environment says.
pub(super) fn open(job: &Job, path: &Path) -> Result<Repository, Failure> {
    job.go_on()?;
    job.tell(Phase::Connecting, 0, 0, 0);
    job.order().network.tally.request();
    check_files(job, path)?;
    let none = std::iter::empty::<&Path>();
    Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, none).map_err(|error| of_exchange(job, &error))
}

/// Looks at the files that libgit2 reads whole, and waits for, as soon as it opens a repository and lists its refs.
fn check_files(job: &Job, path: &Path) -> Result<(), Failure> {
    for folder in [path.to_owned(), path.join(".git")] {
        for name in ["HEAD", "config", "packed-refs", "shallow", "objects/info/alternates"] {
            check_file(job, &folder.join(name))?;
        }
        check_refs(job, &folder.join("refs"), MAX_DEPTH)?;
    }
    Ok(())
}

fn check_refs(job: &Job, folder: &Path, depth: usize) -> Result<(), Failure> {
    job.go_on()?;
    // What can't be listed, libgit2 tells of; what is no file, it passes over.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => check_refs(job, &entry.path(), depth - 1)?,
            Ok(kind) if kind.is_file() || kind.is_symlink() => check_file(job, &entry.path())?,
            _ => {}
        }
    }
    Ok(())
}

fn check_file(job: &Job, path: &Path) -> Result<(), Failure> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let place = &job.order().place;
    if metadata.len() > MAX_FILE {
        let message = format!("{place} has a file of more than {MAX_FILE} bytes at {}", path.display());
        return Err(of_repository(ErrorKind::TooLarge, message));
    }
    if !metadata.is_file() && !metadata.is_dir() {
        let message = format!("{place} has something that is no file at {}", path.display());
        return Err(of_repository(ErrorKind::NoRepository, message));
    }
    Ok(())
}

/// The refs that it has.
pub(super) fn refs(job: &Job, repository: &Repository) -> Result<Vec<Advertised>, Failure> {
    advertisement::of_folder(repository).map_err(|error| of_exchange(job, &error))
}

/// Copies what is wanted, with all that it leads to but earlier commits. Gives the commits that it leads to.
pub(super) fn copy(job: &Job, from: &Repository, to: &Destination<'_>, wants: &[&Want]) -> Result<Vec<Oid>, Failure> {
    let source = from.odb().map_err(|error| of_exchange(job, &error))?;
    let clone = to.repository.odb().map_err(|error| of_clone(&words(&error)))?;
    let mut commits = Vec::new();
    let missing = Missing { job, from, source: &source, clone: &clone, is_new: to.is_new };
    let missing = missing.of(wants, &mut commits)?;
    if missing.is_empty() {
        return Ok(commits);
    }
    let mut writer = clone.packwriter().map_err(|error| of_clone(&words(&error)))?;
    let count = u32::try_from(missing.len()).unwrap_or(u32::MAX);
    // libgit2 maps the file anew for each piece that it gets.
    let buffered = BufWriter::with_capacity(BUFFER, &mut writer);
    let unwritten = |error: io::Error| of_clone(&error.to_string());
    let mut pack = PackWriter::begin(buffered, count).map_err(unwritten)?;
    for (number, oid) in (1..).zip(&missing) {
        job.go_on()?;
        bounded(job, &source, *oid)?;
        let object = source.read(*oid).map_err(|error| of_exchange(job, &error))?;
        pack.object(object.kind(), object.data()).map_err(unwritten)?;
        if pack.bytes() > to.room {
            return Err(job.too_large());
        }
        job.tell(Phase::Receiving, number, u64::from(count), pack.bytes());
    }
    pack.finish().map_err(unwritten)?;
    writer.commit().map_err(|error| of_clone(&words(&error)))?;
    Ok(commits)
}

/// Finds out what the clone lacks.
struct Missing<'a> {
    job: &'a Job,
    from: &'a Repository,
    source: &'a Odb<'a>,
    clone: &'a Odb<'a>,
    /// Whether the clone has nothing.
    is_new: bool,
}

impl Missing<'_> {
    /// What of the wanted things and all that they lead to is not there. A folder that is there is there whole.
    fn of(&self, wants: &[&Want], commits: &mut Vec<Oid>) -> Result<Vec<Oid>, Failure> {
        let (mut found, mut folders) = (Vec::new(), Vec::new());
        for want in wants {
            commits.extend(self.follow(want.oid, &mut found, &mut folders)?);
        }
        let mut seen = HashSet::new();
        found.retain(|oid| seen.insert(*oid));
        while let Some(folder) = folders.pop() {
            if !seen.insert(folder) || self.is_there(folder) {
                continue;
            }
            self.job.go_on()?;
            self.check(folder, ObjectType::Tree)?;
            found.push(folder);
            let tree = self.from.find_tree(folder).map_err(|error| of_exchange(self.job, &error))?;
            for entry in &tree {
                match (entry.filemode() & KIND, entry.kind()) {
                    (SUBMODULE, _) => {}
                    (_, Some(ObjectType::Tree)) => folders.push(entry.id()),
                    _ if !seen.insert(entry.id()) || self.is_there(entry.id()) => {}
                    _ => found.push(entry.id()),
                }
            }
            if found.len() > MAX_OBJECTS {
                return Err(self.job.too_large());
            }
        }
        Ok(found)
    }

    /// Nobody adds to the clone meanwhile, so that it needs no second look.
    fn is_there(&self, oid: Oid) -> bool {
        !self.is_new && self.clone.exists_ext(oid, OdbLookupFlags::NO_REFRESH)
    }

    /// Follows tags to their commit, and that to its folder. What leads to none is left to whoever looks at it.
    fn follow(&self, start: Oid, found: &mut Vec<Oid>, folders: &mut Vec<Oid>) -> Result<Option<Oid>, Failure> {
        let mut oid = start;
        for _ in 0..MAX_CHAIN {
            let kind = match self.source.read_header(oid) {
                // What was chosen and is not there is told of by whoever chose.
                Err(error) if error.code() == ErrorCode::NotFound && oid == start => return Ok(None),
                _ => self.size_and_kind(oid)?.1,
            };
            if !self.is_there(oid) {
                found.push(oid);
            }
            let unreadable = |error: git2::Error| of_exchange(self.job, &error);
            match kind {
                ObjectType::Tag => oid = self.from.find_tag(oid).map_err(unreadable)?.target_id(),
                ObjectType::Commit => {
                    folders.push(self.from.find_commit(oid).map_err(unreadable)?.tree_id());
                    return Ok(Some(oid));
                }
                ObjectType::Tree => {
                    found.pop_if(|last| *last == oid);
                    folders.push(oid);
                    return Ok(None);
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn check(&self, oid: Oid, wanted: ObjectType) -> Result<(), Failure> {
        let kind = self.size_and_kind(oid)?.1;
        if kind == wanted {
            return Ok(());
        }
        let place = &self.job.order().place;
        Err(of_repository(ErrorKind::Protocol, format!("{place} has a {kind} where a {wanted} must be: {oid}")))
    }

    fn size_and_kind(&self, oid: Oid) -> Result<(usize, ObjectType), Failure> {
        bounded(self.job, self.source, oid)
    }
}

/// An object's size and kind, unless it is too large to be copied.
fn bounded(job: &Job, source: &Odb<'_>, oid: Oid) -> Result<(usize, ObjectType), Failure> {
    let header = source.read_header(oid).map_err(|error| of_exchange(job, &error))?;
    if header.0 as u64 > job.order().max_bytes {
        return Err(job.too_large());
    }
    if header.0 > MAX_OBJECT {
        let place = &job.order().place;
        let message = format!("{place} has an object of more than {MAX_OBJECT} bytes ({oid}), which is not copied");
        return Err(of_repository(ErrorKind::TooLarge, message));
    }
    Ok(header)
}
