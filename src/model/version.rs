//! Versions and their order.

use std::cmp::Ordering;

/// A package's version, for comparing.
///
/// By semantic versioning: a pre-release is lower than its release, build metadata is ignored. Missing parts count as 0
/// (`1.2` = `1.2.0`), a leading `v` is ignored. What is no version is lower than any that is one, and equal to its kind.
#[derive(Clone, Debug)]
pub struct Version(Option<semver::Version>);

impl Version {
    /// Reads a version; never fails, see the type.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        Self(semver::Version::parse(text).or_else(|_| semver::Version::parse(&pad(text))).ok())
    }

    /// Whether it is a version at all.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it is one that comes before its release.
    #[must_use]
    pub fn is_pre_release(&self) -> bool {
        self.0.as_ref().is_some_and(|version| !version.pre.is_empty())
    }
}

/// Fills up `1` and `1.2`, also before a pre-release or build metadata.
fn pad(text: &str) -> String {
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(core_end);
    let missing = 2usize.saturating_sub(core.matches('.').count());
    format!("{core}{}{rest}", ".0".repeat(missing))
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Some(one), Some(two)) => one.cmp_precedence(two),
            (one, two) => one.is_some().cmp(&two.is_some()),
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(one: &str, two: &str) -> Ordering {
        Version::parse(one).cmp(&Version::parse(two))
    }

    #[test]
    fn versions_ascend() {
        let ascending =
            ["latest", "0.0.1-alpha", "0.0.1", "1-rc.1", "1", "1.2", "v1.2.1", "1.10.0", "2.0.0-1", "2.0.0"];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_order_is_total(one in VERSION, two in VERSION, three in VERSION) {
            proptest::prop_assert_eq!(compare(&one, &two), compare(&two, &one).reverse());
            if compare(&one, &two) != Ordering::Greater && compare(&two, &three) != Ordering::Greater {
                proptest::prop_assert_ne!(compare(&one, &three), Ordering::Greater);
            }
        }
    }

    /// Versions, short ones, and what is none.
    const VERSION: &str = "v?[0-3](\\.[0-3]){0,3}(-[a-b1-2](\\.[0-2])?)?(\\+x)?";

    #[test]
    fn versions_tell_what_they_are() {
        for (text, is_one, is_pre_release) in [
            ("1.0.0", true, false),
            ("v2", true, false),
            ("1.2-rc.1+x", true, true),
            ("1.0.0+a-b", true, false),
            ("", false, false),
            ("latest", false, false),
        ] {
            let version = Version::parse(text);
            assert_eq!((version.is_one(), version.is_pre_release()), (is_one, is_pre_release), "{text}");
        }
    }

    #[test]
    fn equal_versions_are_equal() {
        for (one, two) in
            [("1.2", "1.2.0"), ("v1", "1.0.0"), ("1.0.0+a", "1.0.0+b"), ("junk", ""), ("1.2.3.4", "01.0.0")]
        {
            assert_eq!(compare(one, two), Ordering::Equal, "{one} {two}");
        }
    }
}
