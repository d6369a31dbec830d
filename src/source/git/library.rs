//! What can be read of a snapshot: its index, packages and versions.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering as Memory};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use git2::{Oid, Repository};

use super::snapshot::{Commit, Refs};
use super::tags::{Meaning, TagPatterns};
use super::tree::{Folder, GitTree, NoTree};
use crate::error::{Error, ErrorKind};
use crate::model::{PackageId, Version, Warning, Warnings};
use crate::source::tree::PackageTree;
use crate::source::tree::catalogue::Catalogue;
use crate::source::tree::layout::{self, Manifest};
use crate::source::tree::package::assemble;
use crate::source::{LoadedPackage, PublishedVersion, SourceIndex};

/// Most package folders of which is kept whose they are. Trees of tags share most of theirs.
const MAX_IDENTITIES: usize = 200_000;

/// Most open clones that are kept.
const MAX_IDLE: usize = 2;

/// What was read of one snapshot so far, for whoever asks next.
#[derive(Default)]
pub(super) struct Library {
    index: OnceLock<Arc<SourceIndex>>,
    catalogue: OnceLock<Arc<Catalogue>>,
    releases: OnceLock<Vec<Release>>,
    /// Packages folders, by commit, and how many names they have: large ones take longer to read than a package.
    tops: Mutex<(HashMap<Commit, Arc<Folder>>, usize)>,
    /// The package in each package folder, by the folder's id.
    identities: Mutex<HashMap<Oid, Option<PackageId>>>,
    /// Packages that no tag's tree holds.
    untagged: Mutex<HashSet<PackageId>>,
    /// Clones that are open and that nobody reads from now: to open one takes longer than to read a package.
    idle: Mutex<Vec<Repository>>,
    /// Whether the clone is as the repository was sent, so that what can't be read is the repository's own fault.
    is_as_sent: AtomicBool,
}

impl Library {
    /// An open clone, if there is one.
    pub(super) fn take_clone(&self) -> Option<Repository> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps a clone open for whoever reads next.
    pub(super) fn keep_clone(&self, clone: Repository) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(clone);
        }
    }

    /// The clone was made anew, and is no other than before.
    pub(super) fn believe_clone(&self) {
        self.is_as_sent.store(true, Memory::Relaxed);
    }

    fn keep_top(&self, commit: Commit, top: &Arc<Folder>) {
        let mut kept = self.tops.lock().unwrap_or_else(PoisonError::into_inner);
        let (tops, names) = &mut *kept;
        if *names + top.len() > MAX_IDENTITIES {
            tops.clear();
            *names = 0;
        }
        *names += top.len();
        tops.insert(commit, Arc::clone(top));
    }

    fn top(&self, commit: Commit) -> Option<Arc<Folder>> {
        self.tops.lock().unwrap_or_else(PoisonError::into_inner).0.get(&commit).cloned()
    }

    fn is_as_sent(&self) -> bool {
        self.is_as_sent.load(Memory::Relaxed)
    }
}

/// A version that a tag names.
struct Release {
    /// The package; `None` for all that the tree holds.
    id: Option<Box<str>>,
    version: Box<str>,
    commit: Commit,
    /// Packages that the tag would rather be a version of, should the tree hold one of them.
    rather: Vec<PackageId>,
}

/// How a repository is read.
#[derive(Debug)]
pub(super) struct Reading {
    /// The id of the source.
    pub(super) source_id: Arc<str>,
    /// The folder with the packages.
    pub(super) directory: Option<String>,
    /// What tags mean.
    pub(super) patterns: TagPatterns,
    /// Largest file that is read, in bytes.
    pub(super) max_file_bytes: u64,
}

/// Why something can't be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The clone is damaged, or somebody has just put another one in its place.
    Damaged(String),
    /// It is the repository that is so.
    Of(Error),
}

/// Reads a snapshot from the clone.
pub(super) struct Reader<'a> {
    pub(super) clone: &'a Repository,
    pub(super) refs: &'a Refs,
    pub(super) library: &'a Library,
    pub(super) reading: &'a Reading,
}

impl<'a> Reader<'a> {
    /// The entries of all packages, in order of their ids or as the repository's index file has them.
    pub(super) fn index(&self) -> Result<Arc<SourceIndex>, Fault> {
        if let Some(index) = self.library.index.get() {
            return Ok(Arc::clone(index));
        }
        let mut warnings = Warnings::default();
        warnings.extend(self.refs.warnings());
        let mut entries = Vec::new();
        if let Some(commit) = self.refs.commit {
            let tree = self.tree(commit)?;
            let catalogue = Arc::<Catalogue>::default();
            let found = catalogue.index(&tree, &self.reading.source_id);
            self.whole(&tree)?;
            self.library.catalogue.get_or_init(|| catalogue);
            entries.clone_from(&found.entries);
            let revision = commit.0.to_string();
            for entry in &mut entries {
                entry.set_text("revision", &revision);
            }
            warnings.extend(found.warnings.iter().cloned());
            warnings.extend(tree.damage().map(|reason| Warning::new(".", format!("is not whole: {reason}"))));
        }
        let source_id = Arc::clone(&self.reading.source_id);
        let index = Arc::new(SourceIndex { source_id, entries, warnings: warnings.into_list() });
        Ok(Arc::clone(self.library.index.get_or_init(|| index)))
    }

    /// A whole package: as the chosen commit has it, or in the version that a tag names.
    pub(super) fn package(&self, id: &PackageId, version: Option<&str>) -> Result<Option<LoadedPackage>, Fault> {
        if let Some(version) = version {
            for release in self.releases_of(id).filter(|release| &*release.version == version) {
                if let Some((tree, mut manifest)) = self.released(release, id)? {
                    // What the tag says is what it was published as.
                    manifest.entry.set_text("version", version);
                    return self.assemble(&tree, release.commit, manifest).map(Some);
                }
            }
        }
        let Some(commit) = self.refs.commit else { return Ok(None) };
        let tree = self.tree(commit)?;
        let catalogue = self.library.catalogue.get().cloned().unwrap_or_default();
        let found = catalogue.find(&tree, id);
        self.whole(&tree)?;
        self.library.catalogue.get_or_init(|| catalogue);
        match found.filter(|manifest| version.is_none_or(|version| *manifest.entry.version == *version)) {
            Some(manifest) => self.assemble(&tree, commit, manifest).map(Some),
            None => Ok(None),
        }
    }

    /// All versions of a package, newest first.
    pub(super) fn versions(&self, id: &PackageId) -> Result<Vec<PublishedVersion>, Fault> {
        let mut names = Vec::new();
        if let Some(entry) = self.index()?.entries.iter().find(|entry| entry.id == *id) {
            names.push(entry.version.to_string());
        }
        let is_untagged = self.library.untagged.lock().unwrap_or_else(PoisonError::into_inner).contains(id);
        if !is_untagged {
            let before = names.len();
            let mut holders = HashMap::new();
            for release in self.releases_of(id) {
                if names.iter().any(|name| *name == *release.version) {
                    continue;
                }
                // Many tags may name one commit.
                let key = (release.commit, &release.rather);
                let holds = match holders.get(&key) {
                    Some(holds) => *holds,
                    None => self.released(release, id)?.is_some(),
                };
                holders.insert(key, holds);
                if holds {
                    names.push(release.version.to_string());
                }
            }
            if names.len() == before {
                self.remember_untagged(id);
            }
        }
        let mut seen = HashSet::new();
        let mut versions: Vec<_> = names
            .into_iter()
            .filter(|name| !name.is_empty() && seen.insert(name.clone()))
            .map(|name| (Version::parse(&name), name))
            .collect();
        versions.sort_by(|(one, _), (two, _)| two.partial_cmp(one).unwrap_or(Ordering::Equal));
        Ok(versions.into_iter().map(|(_, version)| PublishedVersion { version, checksum: None }).collect())
    }

    fn remember_untagged(&self, id: &PackageId) {
        let mut untagged = self.library.untagged.lock().unwrap_or_else(PoisonError::into_inner);
        if untagged.len() >= MAX_IDENTITIES {
            untagged.clear();
        }
        untagged.insert(id.clone());
    }

    fn assemble(&self, tree: &GitTree<'_>, commit: Commit, mut manifest: Manifest) -> Result<LoadedPackage, Fault> {
        manifest.entry.set_text("revision", &commit.0.to_string());
        let package = assemble(tree, &manifest, &self.reading.source_id);
        self.whole(tree)?;
        Ok(package)
    }

    /// The package of a release, unless its tree lacks it or the tag rather means another one. A tag whose tree can't be
    /// read, or has its packages elsewhere, is none.
    fn released(&self, release: &Release, id: &PackageId) -> Result<Option<(GitTree<'a>, Manifest)>, Fault> {
        let tree = match self.tree(release.commit) {
            Ok(tree) => tree,
            Err(Fault::Of(_)) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let found = self.find(&tree, id);
        let is_another = found.is_some() && release.rather.iter().any(|other| self.find(&tree, other).is_some());
        self.whole(&tree)?;
        Ok(found.filter(|_| !is_another).map(|manifest| (tree, manifest)))
    }

    /// The manifest of a package in a tagged tree: in the folder of its name, else in the first that has it.
    fn find(&self, tree: &GitTree<'_>, id: &PackageId) -> Option<Manifest> {
        let of = |folder: &str| layout::read(tree, folder).ok().flatten().filter(|manifest| manifest.entry.id == *id);
        if let Some(manifest) = of(id.as_str()) {
            return Some(manifest);
        }
        let folders = tree.folders(&mut Warnings::default());
        let folder = folders.iter().find(|folder| self.identity(tree, folder).as_ref() == Some(id))?;
        of(folder)
    }

    /// The id of the package in a folder.
    fn identity(&self, tree: &GitTree<'_>, folder: &str) -> Option<PackageId> {
        let key = tree.folder_id(folder)?;
        let kept = self.library.identities.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(kept) = kept {
            return kept;
        }
        let id = layout::read(tree, folder).ok().flatten().map(|manifest| manifest.entry.id);
        if tree.damage().is_none() {
            let mut identities = self.library.identities.lock().unwrap_or_else(PoisonError::into_inner);
            if identities.len() >= MAX_IDENTITIES {
                identities.clear();
            }
            identities.insert(key, id.clone());
        }
        id
    }

    /// A commit's packages folder.
    fn tree(&self, commit: Commit) -> Result<GitTree<'a>, Fault> {
        let Reading { directory, max_file_bytes, .. } = self.reading;
        let read = || {
            if let Some(top) = self.library.top(commit) {
                return GitTree::new(self.clone, top, *max_file_bytes);
            }
            let top = Arc::new(Folder::of_commit(self.clone, commit.0, directory.as_deref())?);
            self.library.keep_top(commit, &top);
            GitTree::new(self.clone, top, *max_file_bytes)
        };
        read().map_err(|why| match why {
            NoTree::Damaged(reason) if !self.library.is_as_sent() => Fault::Damaged(reason),
            NoTree::Damaged(reason) => Fault::Of(Error::new(
                ErrorKind::Protocol,
                format!("the commit {} was not sent whole: {reason}", commit.0),
            )),
            NoTree::Absent(reason) => Fault::Of(Error::new(
                ErrorKind::NoPackages,
                format!("the commit {} {reason}: check the source's directory", commit.0),
            )),
        })
    }

    /// Whether all that was read is as it was sent.
    fn whole(&self, tree: &GitTree<'_>) -> Result<(), Fault> {
        match tree.damage() {
            Some(reason) if !self.library.is_as_sent() => Err(Fault::Damaged(reason)),
            _ => Ok(()),
        }
    }

    /// The versions of a package that tags name, its own tags first; whether their trees hold it is still to be seen.
    fn releases_of<'b>(&'b self, id: &'b PackageId) -> impl Iterator<Item = &'b Release> {
        let releases = self.library.releases.get_or_init(|| releases(self.refs, &self.reading.patterns));
        let own = releases.iter().filter(|release| release.id.as_deref() == Some(id.as_str()));
        own.chain(releases.iter().filter(|release| release.id.is_none()))
    }
}

fn releases(refs: &Refs, patterns: &TagPatterns) -> Vec<Release> {
    let mut releases = Vec::new();
    for tag in &refs.tags {
        let mut rather = Vec::new();
        for Meaning { id, version } in patterns.meanings(&tag.name) {
            let (version, commit) = (version.into(), tag.commit);
            releases.push(Release { id: id.map(Box::from), version, commit, rather: rather.clone() });
            match id.map(PackageId::parse) {
                Some(id) => rather.extend(id),
                // All that the tree holds: nothing is left for another reading.
                None => break,
            }
        }
    }
    releases
}
