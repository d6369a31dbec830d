//! What of a repository is wanted: the chosen branch, tag or commit, and the tags that name versions.

use git2::Oid;

use super::address::Place;
use super::digest;
use super::tags::TagPatterns;
use crate::error::{Error, ErrorKind, Result};

/// Most tags that name versions; of more, the last by name are passed over.
pub(super) const MAX_TAGS: usize = 5000;

/// Longest name of a ref, in bytes.
const MAX_NAME: usize = 1024;

/// Which commit packages are served from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// What the repository itself puts forward.
    #[default]
    Head,
    /// The tip of a branch.
    Branch(String),
    /// What a tag names.
    Tag(String),
    /// A commit, by its whole id.
    Commit(Oid),
}

impl Selection {
    /// Reads the three settings, of which there may be one.
    ///
    /// # Errors
    /// `InvalidArgument` where there are more, or one is no name or id.
    pub fn new(branch: Option<String>, tag: Option<String>, commit: Option<&str>) -> Result<Self> {
        let invalid = |message: &str| Error::new(ErrorKind::InvalidArgument, message);
        match (branch, tag, commit) {
            (None, None, None) => Ok(Self::Head),
            (Some(name), None, None) if is_name(&format!("refs/heads/{name}")) => Ok(Self::Branch(name)),
            (None, Some(name), None) if is_name(&format!("refs/tags/{name}")) => Ok(Self::Tag(name)),
            (None, None, Some(id)) => {
                let oid = (id.len() == 40).then(|| Oid::from_str(id).ok()).flatten().filter(|oid| !oid.is_zero());
                oid.map(Self::Commit)
                    .ok_or_else(|| invalid("commit must be the whole id of a commit, 40 hexadecimal digits"))
            }
            (Some(_), None, None) => Err(invalid("branch must be the name of a branch, such as main")),
            (None, Some(_), None) => Err(invalid("tag must be the name of a tag, such as v1.0.0")),
            _ => Err(invalid("only one of branch, tag and commit can be given")),
        }
    }

    /// In words.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Head => "HEAD".to_owned(),
            Self::Branch(name) => format!("the branch {name:?}"),
            Self::Tag(name) => format!("the tag {name:?}"),
            Self::Commit(oid) => format!("the commit {oid}"),
        }
    }

    /// The name that the repository has for it; a commit has none.
    fn remote_name(&self) -> Option<String> {
        match self {
            Self::Head => Some("HEAD".to_owned()),
            Self::Branch(name) => Some(format!("refs/heads/{name}")),
            Self::Tag(name) => Some(format!("refs/tags/{name}")),
            Self::Commit(_) => None,
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME && git2::Reference::is_valid_name(name)
}

/// A ref of the repository, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advertised {
    pub(super) name: String,
    pub(super) oid: Oid,
}

/// A ref that is to be in the clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// What the repository calls it, or a commit's id.
    pub(super) remote: String,
    /// What it points to: a commit, or a tag that names one.
    pub(super) oid: Oid,
}

impl Want {
    /// Its name in the clone. Names of refs are paths, which may get in each other's way (`a` was a tag and is a folder of
    /// tags now, or another's in other letters); digests of them don't.
    pub(super) fn local(&self) -> String {
        format!("refs/sources/{}", digest(&self.remote))
    }

    /// As the repository says it.
    pub(super) fn advertised(&self) -> Advertised {
        Advertised { name: self.remote.clone(), oid: self.oid }
    }

    /// How to ask for it.
    pub(super) fn refspec(&self) -> String {
        format!("+{}:{}", self.remote, self.local())
    }

    /// The name of the tag, where it is one.
    pub(super) fn tag(&self) -> Option<&str> {
        self.remote.strip_prefix("refs/tags/")
    }
}

/// All that is to be in the clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// What packages are served from; `None` where the repository is empty.
    pub(super) tip: Option<Want>,
    /// The tags that name versions, by name.
    pub(super) tags: Vec<Want>,
    /// Whether there are more of them than are taken.
    pub(super) has_more_tags: bool,
}

impl Wants {
    /// What is wanted of a repository that says it has these refs.
    ///
    /// # Errors
    /// `NoRef` where what was chosen is not there.
    pub(super) fn of(
        selection: &Selection,
        advertised: &[Advertised],
        patterns: &TagPatterns,
        place: &Place,
    ) -> Result<Self> {
        let of_name = |name: &str| advertised.iter().find(|one| one.name == name);
        let tip = match selection {
            Selection::Commit(oid) => {
                // A ref that names it can be asked for everywhere, the commit itself only where the server lets one.
                let named = advertised.iter().find(|one| one.oid == *oid && is_name(&one.name));
                Some(Want { remote: named.map_or_else(|| oid.to_string(), |one| one.name.clone()), oid: *oid })
            }
            chosen => {
                let name = chosen.remote_name().unwrap_or_default();
                match of_name(&name) {
                    Some(found) => Some(Want { remote: name, oid: found.oid }),
                    None if advertised.is_empty() && *chosen == Selection::Head => None,
                    None => return Err(absent(chosen, advertised, place)),
                }
            }
        };
        let is_version = |name: &str| patterns.may_be_version(name);
        let mut tags: Vec<Want> = advertised
            .iter()
            .filter(|one| one.name.strip_prefix("refs/tags/").is_some_and(is_version) && is_name(&one.name))
            .map(|one| Want { remote: one.name.clone(), oid: one.oid })
            .collect();
        tags.sort_by(|one, two| one.remote.cmp(&two.remote));
        tags.dedup_by(|one, two| one.remote == two.remote);
        let has_more_tags = tags.len() > MAX_TAGS;
        tags.truncate(MAX_TAGS);
        Ok(Self { tip, tags, has_more_tags })
    }

    /// Each of them once.
    pub(super) fn all(&self) -> impl Iterator<Item = &Want> {
        let is_no_tag = |tip: &&Want| !self.tags.contains(tip);
        self.tip.iter().filter(is_no_tag).chain(&self.tags)
    }

    /// The same for the same refs with the same ids.
    pub(super) fn fingerprint(&self) -> String {
        let lines: Vec<_> = self.all().map(|want| format!("{} {}\n", want.oid, want.remote)).collect();
        digest(&format!("{}\n{}", self.tip.as_ref().map_or("", |tip| &tip.remote), lines.concat()))
    }
}

/// What was chosen is not there.
fn absent(selection: &Selection, advertised: &[Advertised], place: &Place) -> Error {
    let message = match selection {
        _ if advertised.is_empty() => {
            format!("{place} has no {}: it is empty", selection.shown().trim_start_matches("the "))
        }
        Selection::Head => format!("the HEAD of {place} names no commit: choose a branch, tag or commit"),
        _ => format!("{place} has no {}", selection.shown().trim_start_matches("the ")),
    };
    Error::new(ErrorKind::NoRef, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: char) -> Oid {
        Oid::from_str(&digit.to_string().repeat(40)).unwrap()
    }

    fn advertised(refs: &[(&str, char)]) -> Vec<Advertised> {
        refs.iter().map(|(name, digit)| Advertised { name: (*name).to_owned(), oid: oid(*digit) }).collect()
    }

    fn wants(selection: &Selection, refs: &[(&str, char)]) -> Result<Wants> {
        let place = Place::Folder("/srv/a".into());
        Wants::of(selection, &advertised(refs), &TagPatterns::default(), &place)
    }

    #[test]
    fn one_of_the_three_may_be_chosen() {
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(Selection::new(None, None, None).unwrap(), Selection::Head);
        assert_eq!(Selection::new(name("a/b"), None, None).unwrap(), Selection::Branch("a/b".to_owned()));
        assert!(matches!(Selection::new(None, None, Some(&"a".repeat(40))).unwrap(), Selection::Commit(_)));
        for (branch, tag, commit) in [
            (name("a"), name("b"), None),
            (name(""), None, None),
            (name("../x"), None, None),
            (name("a b"), None, None),
            (None, name("x.lock"), None),
            (None, None, Some("abc")),
            (None, None, Some(&*"0".repeat(40))),
            (None, None, Some(&*"g".repeat(40))),
        ] {
            assert_eq!(Selection::new(branch, tag, commit).unwrap_err().code(), "EINVALIDARG");
        }
    }

    #[test]
    fn the_tip_and_the_tags_of_versions_are_wanted() {
        let refs = [("HEAD", 'a'), ("refs/heads/main", 'a'), ("refs/tags/nightly", 'b'), ("refs/tags/v1.0.0", 'c')];
        let wants = wants(&Selection::Head, &refs).unwrap();
        let names: Vec<_> = wants.all().map(|want| want.remote.as_str()).collect();
        assert_eq!(names, ["HEAD", "refs/tags/v1.0.0"]);
        let locals: std::collections::HashSet<_> = wants.all().map(Want::local).collect();
        assert!(locals.len() == 2 && locals.iter().all(|name| git2::Reference::is_valid_name(name)));
    }

    #[test]
    fn a_commit_is_asked_for_by_a_name_where_it_has_one() {
        let named = wants(&Selection::Commit(oid('a')), &[("refs/heads/main", 'a')]).unwrap();
        assert_eq!(named.tip.unwrap().remote, "refs/heads/main");
        let unnamed = wants(&Selection::Commit(oid('b')), &[("refs/heads/main", 'a')]).unwrap();
        assert_eq!(unnamed.tip.unwrap().remote, "b".repeat(40));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let code = |selection: &Selection, refs: &[(&str, char)]| wants(selection, refs).unwrap_err().code();
        assert_eq!(code(&Selection::Branch("x".to_owned()), &[("HEAD", 'a')]), "ENOREF");
        assert_eq!(code(&Selection::Branch("x".to_owned()), &[]), "ENOREF");
        assert_eq!(code(&Selection::Head, &[("refs/heads/x", 'a')]), "ENOREF");
        assert_eq!(wants(&Selection::Head, &[]).unwrap(), Wants::default());
    }
}
