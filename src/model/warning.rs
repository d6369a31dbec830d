//! What is wrong with a single package, file or entry, without failing the source that holds it.

/// Something malformed that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    /// The file or folder (relative to the packages folder), or the place in an index.
    pub path: String,
    /// What is wrong, as a sentence without a final full stop.
    pub reason: String,
}

impl Warning {
    /// A warning about `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}

/// Warnings of one index, the first of them kept and the others counted: a hostile index is one great fault.
#[derive(Debug, Default)]
pub struct Warnings {
    kept: Vec<Warning>,
    further: usize,
}

impl Warnings {
    /// Most warnings that are kept.
    pub const MOST: usize = 100;

    /// Adds one.
    pub fn push(&mut self, warning: Warning) {
        if self.kept.len() < Self::MOST {
            self.kept.push(warning);
        } else {
            self.further += 1;
        }
    }

    /// Adds those of another list.
    pub fn join(&mut self, other: Self) {
        self.extend(other.kept);
        self.further += other.further;
    }

    /// Those kept, and a last one that tells how many there were beyond them.
    #[must_use]
    pub fn into_list(mut self) -> Vec<Warning> {
        if self.further > 0 {
            self.kept.push(Warning::new("…", format!("and {} further warnings", self.further)));
        }
        self.kept
    }
}

impl Extend<Warning> for Warnings {
    fn extend<I: IntoIterator<Item = Warning>>(&mut self, warnings: I) {
        for warning in warnings {
            self.push(warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_bound_warnings_are_only_counted() {
        let mut warnings = Warnings::default();
        warnings.extend((0..250).map(|number| Warning::new(format!("packages[{number}]"), "is none")));
        let list = warnings.into_list();
        assert_eq!(list.len(), Warnings::MOST + 1);
        assert_eq!(list[Warnings::MOST].reason, "and 150 further warnings");
    }
}
