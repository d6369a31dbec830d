//! The files of a commit, read from the object database: nothing is ever checked out.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use git2::{ErrorClass, ErrorCode, ObjectType, Odb, Oid, Repository};

use super::failure::words;
use crate::model::{PackageId, Warning, Warnings};
use crate::source::tree::{INDEX_FILE, PackageTree, Part};

/// Largest commit that is read, in bytes.
const MAX_COMMIT_BYTES: usize = 4 * 1024 * 1024;

/// Largest folder that is read, in bytes: some 200,000 names.
const MAX_TREE_BYTES: usize = 8 * 1024 * 1024;

/// Most folders that may be packages; of more, the last are passed over.
const MAX_FOLDERS: usize = 100_000;

/// Most folders that are kept for the next path, and most names in them: more than the largest folder has.
const MAX_KEPT: usize = 4096;
const MAX_KEPT_NAMES: usize = 400_000;

/// Links that are followed on the way to one file.
const MAX_LINKS: usize = 8;

/// Longest target of a link, in bytes.
const MAX_TARGET: u64 = 4096;

/// Where packages are looked for if nothing is said.
const DEFAULT_DIRECTORY: &str = "packages";

const FOLDER: i32 = 0o040_000;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;
const KIND: i32 = 0o170_000;

/// The packages folder of a commit.
pub(super) struct GitTree<'r> {
    repository: &'r Repository,
    odb: Odb<'r>,
    top: Arc<Folder>,
    max_file_bytes: u64,
    /// Folders that were read, by id: paths share the most of their way.
    kept: RefCell<HashMap<Oid, Rc<Folder>>>,
    kept_names: Cell<usize>,
    /// The first object that the clone lacks or has damaged.
    damage: RefCell<Option<String>>,
}

/// What is in a folder, by name: nothing is said of the order that it comes in.
pub(super) struct Folder(HashMap<Box<[u8]>, (Oid, i32)>);

/// Why a commit has no packages folder.
#[derive(Debug)]
pub(super) enum NoTree {
    /// Something is not in the clone, or not as it was when its id was made.
    Damaged(String),
    /// The repository has it so; why, as words that can follow "the commit".
    Absent(String),
}

impl From<git2::Error> for NoTree {
    fn from(error: git2::Error) -> Self {
        let is_damage = error.code() == ErrorCode::NotFound
            || matches!(error.class(), ErrorClass::Odb | ErrorClass::Zlib | ErrorClass::Os | ErrorClass::Filesystem);
        if is_damage { Self::Damaged(words(&error)) } else { Self::Absent(format!("can't be read: {}", words(&error))) }
    }
}

impl<'r> GitTree<'r> {
    /// What is below this folder.
    pub(super) fn new(repository: &'r Repository, top: Arc<Folder>, max_file_bytes: u64) -> Result<Self, NoTree> {
        Ok(Self {
            repository,
            odb: repository.odb()?,
            top,
            max_file_bytes,
            kept: RefCell::default(),
            kept_names: Cell::default(),
            damage: RefCell::default(),
        })
    }

    /// What is damaged, if anything that was read is.
    pub(super) fn damage(&self) -> Option<String> {
        self.damage.borrow().clone()
    }

    /// The id of a folder on top.
    pub(super) fn folder_id(&self, name: &str) -> Option<Oid> {
        self.top.get(name).filter(|(_, mode)| mode & KIND == FOLDER).map(|(id, _)| id)
    }

    /// The file that a path leads to, links within the package followed.
    fn find(&self, path: &str) -> Result<Oid, Part<Vec<u8>>> {
        let mut folders: Vec<Rc<Folder>> = Vec::new();
        let mut names: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut links = 0;
        while let Some(name) = names.pop() {
            match &*name {
                "" | "." => continue,
                ".." if folders.len() > 1 => {
                    folders.pop();
                    continue;
                }
                ".." => return Err(faulty("leads out of the package")),
                _ => {}
            }
            let folder = folders.last().map_or(&*self.top, |folder| &**folder);
            let Some((id, mode)) = folder.get(&name) else { return Err(Part::Absent) };
            match mode & KIND {
                FOLDER => folders.push(self.folder(id)?),
                // The package folder itself is none where it is a link.
                LINK if folders.is_empty() => return Err(Part::Absent),
                LINK => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(faulty("is a link over too many links"));
                    }
                    names.extend(self.target(id)?.split('/').rev().map(str::to_owned));
                }
                SUBMODULE => return Err(faulty("is in a submodule, which is not fetched")),
                _ if names.is_empty() => return Ok(id),
                // A file where a folder would have to be.
                _ => return Err(Part::Absent),
            }
        }
        Err(faulty("is not a regular file"))
    }

    /// Where a link leads, which may be within its package.
    fn target(&self, id: Oid) -> Result<String, Part<Vec<u8>>> {
        let target = match self.blob(id, MAX_TARGET) {
            Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            Err(Part::Faulty(_)) if self.damage.borrow().is_none() => String::new(),
            Err(part) => return Err(part),
        };
        let leads_out = target.is_empty() || target.starts_with('/') || target.contains(['\\', '\0']);
        if leads_out { Err(faulty("leads out of the package")) } else { Ok(target) }
    }

    fn folder(&self, id: Oid) -> Result<Rc<Folder>, Part<Vec<u8>>> {
        if let Some(kept) = self.kept.borrow().get(&id) {
            return Ok(Rc::clone(kept));
        }
        let folder = Folder::read(self.repository, &self.odb, id).map_err(|fault| self.unreadable(fault))?;
        let (folder, mut kept) = (Rc::new(folder), self.kept.borrow_mut());
        self.kept_names.set(self.kept_names.get() + folder.len());
        if self.kept_names.get() > MAX_KEPT_NAMES || kept.len() >= MAX_KEPT {
            kept.clear();
            self.kept_names.set(folder.len());
        }
        kept.insert(id, Rc::clone(&folder));
        Ok(folder)
    }

    fn blob(&self, id: Oid, limit: u64) -> Result<Vec<u8>, Part<Vec<u8>>> {
        let (size, kind) = self.odb.read_header(id).map_err(|error| self.unreadable(error.into()))?;
        if kind != ObjectType::Blob {
            return Err(faulty("is not a regular file"));
        }
        if size as u64 > self.max_file_bytes {
            return Err(faulty(&format!("is larger than {} bytes (maxFileBytes)", self.max_file_bytes)));
        }
        if size as u64 > limit {
            return Err(Part::larger_than(limit));
        }
        let object = self.odb.read(id).map_err(|error| self.unreadable(error.into()))?;
        Ok(object.data().to_vec())
    }

    fn unreadable(&self, fault: NoTree) -> Part<Vec<u8>> {
        match fault {
            NoTree::Absent(reason) => Part::Faulty(reason),
            NoTree::Damaged(reason) => {
                self.damage.borrow_mut().get_or_insert_with(|| reason.clone());
                Part::Faulty(format!("can't be read: {reason}"))
            }
        }
    }
}

impl PackageTree for GitTree<'_> {
    fn folders(&self, warnings: &mut Warnings) -> Vec<String> {
        let mut names = Vec::new();
        let mut faults = Vec::new();
        for (name, (_, mode)) in &self.top.0 {
            let shown = String::from_utf8_lossy(name);
            let mut warn = |reason: &str| faults.push(Warning::new(printable(&shown), reason));
            match (mode & KIND, std::str::from_utf8(name)) {
                (FOLDER, Ok(name)) if PackageId::parse(name).is_err() => warn("has a name that no folder can have"),
                _ if shown.starts_with('.') || shown == INDEX_FILE => {}
                (FOLDER, Ok(name)) => names.push(name.to_owned()),
                (FOLDER, Err(_)) => warn("has a name that is not UTF-8"),
                (LINK, _) => warn("is a link, which is not followed here"),
                (SUBMODULE, _) => warn("is a submodule, which is not fetched"),
                _ => {}
            }
        }
        faults.sort_by(|one, two| one.path.cmp(&two.path));
        warnings.extend(faults);
        names.sort_unstable();
        let further = names.len().saturating_sub(MAX_FOLDERS);
        if further > 0 {
            warnings.push(Warning::new("…", format!("and {further} further folders are passed over")));
        }
        names.truncate(MAX_FOLDERS);
        names
    }

    fn bytes(&self, path: &str, limit: u64) -> Part<Vec<u8>> {
        match self.find(path).and_then(|id| self.blob(id, limit)) {
            Ok(bytes) => Part::Here(bytes),
            Err(part) => part,
        }
    }
}

impl Folder {
    /// The folder of that name in the commit; without a name its `packages`, else all of it.
    pub(super) fn of_commit(repository: &Repository, commit: Oid, directory: Option<&str>) -> Result<Self, NoTree> {
        let odb = repository.odb()?;
        bounded(&odb, commit, ObjectType::Commit, MAX_COMMIT_BYTES)?;
        let root = repository.find_commit(commit)?.tree_id();
        let mut top = Self::read(repository, &odb, root)?;
        let names = directory.unwrap_or(DEFAULT_DIRECTORY).split('/').filter(|name| !name.is_empty() && *name != ".");
        for name in names {
            let below = top.get(name).filter(|(_, mode)| mode & KIND == FOLDER).map(|(id, _)| id);
            match (below, directory) {
                (Some(below), _) => top = Self::read(repository, &odb, below)?,
                (None, None) => break,
                (None, Some(directory)) => return Err(NoTree::Absent(format!("has no folder {directory:?}"))),
            }
        }
        Ok(top)
    }

    /// How many names it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn read(repository: &Repository, odb: &Odb<'_>, id: Oid) -> Result<Self, NoTree> {
        bounded(odb, id, ObjectType::Tree, MAX_TREE_BYTES)?;
        let tree = repository.find_tree(id)?;
        let mut found = HashMap::with_capacity(tree.len());
        for entry in &tree {
            // Of two that bear one name the first counts.
            found.entry(entry.name_bytes().into()).or_insert((entry.id(), entry.filemode()));
        }
        Ok(Self(found))
    }

    fn get(&self, name: &str) -> Option<(Oid, i32)> {
        self.0.get(name.as_bytes()).copied()
    }
}

/// Looks at an object's kind and size before it is read as a whole.
fn bounded(odb: &Odb<'_>, id: Oid, wanted: ObjectType, limit: usize) -> Result<(), NoTree> {
    let (size, kind) = odb.read_header(id)?;
    if kind != wanted {
        return Err(NoTree::Absent(format!("has a {} where a {} must be", kind.str(), wanted.str())));
    }
    if size > limit {
        return Err(NoTree::Absent(format!("has a {} of more than {} MiB", kind.str(), limit / 1024 / 1024)));
    }
    Ok(())
}

fn faulty(reason: &str) -> Part<Vec<u8>> {
    Part::Faulty(reason.to_owned())
}

/// A name from outside, fit to be shown.
fn printable(name: &str) -> String {
    name.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).take(100).collect()
}
