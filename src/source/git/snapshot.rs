//! What a repository has at one moment: the commit that packages are served from, and those of the tags.

use std::sync::Arc;

use git2::{ObjectType, Oid, Repository};
use serde::{Deserialize, Serialize};

use super::failure::{of_repository, words};
use super::library::Library;
use super::selection::{MAX_TAGS, Wants};
use crate::error::ErrorKind;
use crate::model::Warning;
use crate::source::layer::{Failure, Persist};

/// Tags that may name tags before one names a commit.
pub(super) const MAX_CHAIN: usize = 16;

/// Largest tag that is read, in bytes.
const MAX_TAG_BYTES: usize = 1024 * 1024;

/// What a repository has at one moment.
pub(super) struct Snapshot {
    pub(super) refs: Refs,
    /// What was read of it so far.
    pub(super) library: Library,
}

/// As it is kept over a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refs {
    /// What packages are served from; `None` where the repository is empty.
    pub(super) commit: Option<Commit>,
    /// The tags that may name versions.
    pub(super) tags: Vec<Tag>,
    /// What was passed over, as path and reason.
    pub(super) faults: Vec<(String, String)>,
}

/// A tag, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) commit: Commit,
}

/// A commit's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Commit(pub(super) Oid);

impl Serialize for Commit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Commit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Oid::from_str(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// What refs lead to.
pub(super) struct Peeled {
    /// `NoRef` where the chosen one leads to no commit.
    pub(super) found: Result<Refs, Failure>,
    /// Whether something can't be read that has to be there.
    pub(super) is_damaged: bool,
}

impl Refs {
    /// What the wanted refs lead to. A tag that leads to no commit is passed over.
    pub(super) fn of(clone: &Repository, wants: &Wants) -> Peeled {
        let mut is_damaged = false;
        let mut peel = |oid| {
            let peeled = peel(clone, oid);
            is_damaged |= matches!(peeled, Err(NoCommit::Unreadable(_)));
            peeled.map_err(|why| match why {
                NoCommit::Unreadable(reason) | NoCommit::Another(reason) => reason,
            })
        };
        let mut refs = Self::default();
        let mut found = Ok(());
        if let Some(tip) = &wants.tip {
            match peel(tip.oid) {
                Ok(commit) => refs.commit = Some(commit),
                Err(reason) => {
                    let name = tip.remote.trim_start_matches("refs/");
                    found = Err(of_repository(ErrorKind::NoRef, format!("{name} {reason}")));
                }
            }
        } else {
            refs.faults.push((".".to_owned(), "is an empty repository".to_owned()));
        }
        for tag in &wants.tags {
            let name = tag.tag().unwrap_or_default().to_owned();
            match peel(tag.oid) {
                Ok(commit) => refs.tags.push(Tag { name, commit }),
                Err(reason) => refs.faults.push((format!("tag {name}"), reason)),
            }
        }
        if wants.has_more_tags {
            refs.faults.push(("tags".to_owned(), format!("beyond the first {MAX_TAGS} by name are passed over")));
        }
        Peeled { found: found.map(|()| refs), is_damaged }
    }

    /// What was passed over.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Warning> {
        self.faults.iter().map(|(path, reason)| Warning::new(path.clone(), reason.clone()))
    }
}

/// Why an object leads to no commit, as words that can follow its name.
enum NoCommit {
    /// It is not there, or not as it was when its id was made.
    Unreadable(String),
    /// It leads to something else.
    Another(String),
}

/// The commit that an object is, or that it leads to as a tag.
fn peel(clone: &Repository, start: Oid) -> Result<Commit, NoCommit> {
    let unreadable = |error: git2::Error| NoCommit::Unreadable(format!("can't be read: {}", words(&error)));
    let another = |reason: &str| Err(NoCommit::Another(reason.to_owned()));
    let odb = clone.odb().map_err(unreadable)?;
    let mut oid = start;
    for _ in 0..MAX_CHAIN {
        match odb.read_header(oid).map_err(unreadable)? {
            (_, ObjectType::Commit) => return Ok(Commit(oid)),
            (size, ObjectType::Tag) if size > MAX_TAG_BYTES => return another("is larger than 1 MiB"),
            (_, ObjectType::Tag) => match clone.find_tag(oid) {
                Ok(tag) => oid = tag.target_id(),
                Err(error) if error.class() == git2::ErrorClass::Tag => return another("is no tag that can be read"),
                Err(error) => return Err(unreadable(error)),
            },
            _ => return another("leads to no commit"),
        }
    }
    another(&format!("leads to a commit over more than {MAX_CHAIN} tags, if at all"))
}

impl Snapshot {
    pub(super) fn new(refs: Refs) -> Self {
        Self { refs, library: Library::default() }
    }
}

impl Persist for Snapshot {
    fn to_bytes(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&self.refs).ok()
    }

    fn from_bytes(bytes: Vec<u8>, _: &Arc<str>) -> Option<Self> {
        serde_json::from_slice(&bytes).ok().map(Self::new)
    }
}
