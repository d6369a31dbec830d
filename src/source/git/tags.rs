//! Tags that name versions.

use crate::error::{Error, ErrorKind, Result};
use crate::model::{PackageId, Version};

/// Where the parts of a name stand in a pattern.
const ID: &str = "{id}";
const VERSION: &str = "{version}";

/// Patterns of the names of tags, those tried first first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagPatterns(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pattern {
    /// What stands before, between and behind the placeholders.
    head: String,
    middle: String,
    tail: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// A version of all packages.
    Version,
    /// An id, then its version.
    IdVersion,
    /// A version, then the id.
    VersionId,
}

/// What a tag's name may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning<'a> {
    /// The package whose version it is; `None` for all that the tagged tree holds.
    pub(super) id: Option<&'a str>,
    /// The version.
    pub(super) version: &'a str,
}

impl Default for TagPatterns {
    fn default() -> Self {
        let patterns = ["{id}@{version}", "{id}-v{version}", "{id}/v{version}", "v{version}", "{version}"];
        Self(patterns.iter().filter_map(|text| Pattern::parse(text)).collect())
    }
}

impl TagPatterns {
    /// Reads patterns such as `{id}@{version}` and `v{version}`.
    ///
    /// # Errors
    /// `InvalidArgument` where one lacks `{version}` or holds a placeholder twice.
    pub fn parse(texts: &[String]) -> Result<Self> {
        let read = |text: &String| {
            Pattern::parse(text).ok_or_else(|| {
                let message = format!("tagPattern {text:?} must hold {VERSION} once, and {ID} once or not at all, with something between the two");
                Error::new(ErrorKind::InvalidArgument, message)
            })
        };
        Ok(Self(texts.iter().map(read).collect::<Result<_>>()?))
    }

    /// Whether a tag of this name may be a version of anything.
    pub(super) fn may_be_version(&self, name: &str) -> bool {
        self.meanings(name).next().is_some()
    }

    /// What a tag's name may mean, the likeliest first.
    pub(super) fn meanings<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Meaning<'a>> {
        self.0.iter().flat_map(move |pattern| pattern.meanings(name)).filter(|meaning| {
            Version::parse(meaning.version).is_one()
                && meaning.version.starts_with(|first: char| first.is_ascii_digit())
                && meaning.id.is_none_or(|id| PackageId::parse(id).is_ok())
        })
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let once = |part: &str| text.matches(part).count() == 1;
        let at_most_once = |part: &str| text.matches(part).count() <= 1;
        if !once(VERSION) || !at_most_once(ID) {
            return None;
        }
        let (before, after) = text.split_once(VERSION)?;
        let pattern = |head: &str, middle: &str, tail: &str, kind| Self {
            head: head.to_owned(),
            middle: middle.to_owned(),
            tail: tail.to_owned(),
            kind,
        };
        if let Some((head, middle)) = before.split_once(ID) {
            return (!middle.is_empty()).then(|| pattern(head, middle, after, Kind::IdVersion));
        }
        if let Some((middle, tail)) = after.split_once(ID) {
            return (!middle.is_empty()).then(|| pattern(before, middle, tail, Kind::VersionId));
        }
        Some(pattern(before, "", after, Kind::Version))
    }

    /// All ways to read the name by this pattern; of several the one with the longest first part comes first.
    fn meanings<'a>(&'a self, name: &'a str) -> Vec<Meaning<'a>> {
        let Some(inner) = name.strip_prefix(&*self.head).and_then(|rest| rest.strip_suffix(&*self.tail)) else {
            return Vec::new();
        };
        if self.kind == Kind::Version {
            return vec![Meaning { id: None, version: inner }];
        }
        let splits =
            inner.rmatch_indices(&*self.middle).map(|(at, middle)| (&inner[..at], &inner[at + middle.len()..]));
        splits
            .map(|(first, second)| match self.kind {
                Kind::VersionId => Meaning { id: Some(second), version: first },
                Kind::IdVersion | Kind::Version => Meaning { id: Some(first), version: second },
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(patterns: &TagPatterns, name: &str) -> Vec<(Option<String>, String)> {
        patterns.meanings(name).map(|found| (found.id.map(str::to_owned), found.version.to_owned())).collect()
    }

    fn first(name: &str) -> Option<(Option<String>, String)> {
        meanings(&TagPatterns::default(), name).into_iter().next()
    }

    #[test]
    fn the_usual_forms_are_understood() {
        let of = |id: &str, version: &str| Some((Some(id.to_owned()), version.to_owned()));
        assert_eq!(first("a@1.2.3"), of("a", "1.2.3"));
        assert_eq!(first("@b@1.2.3-rc.1"), of("@b", "1.2.3-rc.1"));
        assert_eq!(first("data-v2-v1.0.0"), of("data-v2", "1.0.0"));
        assert_eq!(first("a/v1.0.0+x"), of("a", "1.0.0+x"));
        assert_eq!(first("v1.2.3"), Some((None, "1.2.3".to_owned())));
        assert_eq!(first("1.2"), Some((None, "1.2".to_owned())));
    }

    #[test]
    fn a_name_with_several_readings_has_them_all() {
        let readings = meanings(&TagPatterns::default(), "a-v1.0.0-v2");
        let expected = [("a-v1.0.0", "2"), ("a", "1.0.0-v2")];
        assert_eq!(readings, expected.map(|(id, version)| (Some(id.to_owned()), version.to_owned())));
    }

    #[test]
    fn what_names_no_version_is_none() {
        for name in ["nightly", "a@latest", "vv1.0.0", "v", "", "a/b@1.0.0", "release-2024", "a@v1.0.0"] {
            assert_eq!(first(name), None, "{name}");
        }
    }

    #[test]
    fn patterns_can_be_changed() {
        let parse = |texts: &[&str]| TagPatterns::parse(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let patterns = parse(&["release/{version}/{id}", "r{version}-final"]).unwrap();
        assert_eq!(meanings(&patterns, "release/1.0.0/a"), [(Some("a".to_owned()), "1.0.0".to_owned())]);
        assert_eq!(meanings(&patterns, "r1.0.0-final"), [(None, "1.0.0".to_owned())]);
        assert!(meanings(&patterns, "v1.0.0").is_empty());
        for text in ["", "v", "{id}", "{id}{version}", "{version}{version}", "{id}/{id}@{version}"] {
            assert_eq!(parse(&[text]).unwrap_err().code(), "EINVALIDARG", "{text}");
        }
    }
}
