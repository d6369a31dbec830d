//! What a source is asked for.

use std::fmt;

use super::watch::Subject;

/// One thing that a source is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    subject: Subject,
    key: String,
}

impl Question {
    /// `key` differs for questions that differ.
    #[must_use]
    pub fn new(subject: Subject, key: String) -> Self {
        Self { subject, key }
    }

    /// Under what its answer is kept.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether its answer is kept on disk. There is no end of searches, so theirs are not.
    #[must_use]
    pub fn is_shelved(&self) -> bool {
        self.subject != Subject::Search
    }

    pub(super) fn into_subject(self) -> Subject {
        self.subject
    }
}

impl fmt::Display for Question {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Index => formatter.write_str("the index"),
            Subject::Package { id, version: None } => write!(formatter, "package {id}"),
            Subject::Package { id, version: Some(version) } => write!(formatter, "package {id} {version}"),
            Subject::Versions(id) => write!(formatter, "the list of versions of {id}"),
            Subject::Search => formatter.write_str("this search"),
        }
    }
}
