//! What operators should know.

use std::collections::HashSet;

use crate::error::{Error, ErrorKind};
use crate::model::Warning;

/// Something for operators to know.
pub(super) enum Report {
    /// The store, or something else, failed.
    Failed(Error),
    /// A part of the store was passed over.
    Warned(Warning),
    /// The store was read.
    Fine,
}

/// What operators were told, and what they are to be told.
#[derive(Default)]
pub(super) struct Reports {
    /// Warnings, which hold for as long as the store is as it is.
    told: HashSet<String>,
    /// The failure that was told last, unless the store was read since.
    failing: Option<String>,
    pending: Vec<(&'static str, String)>,
}

impl Reports {
    /// Most different warnings that are remembered as told.
    const MOST: usize = 1000;

    pub(super) fn add(&mut self, report: Report) {
        match report {
            Report::Fine => self.failing = None,
            Report::Failed(error) => {
                if self.failing.as_deref() != Some(error.message()) {
                    self.failing = Some(error.message().to_owned());
                    self.pending.push((error.code(), error.message().to_owned()));
                }
            }
            Report::Warned(Warning { path, reason }) => {
                let message = format!("{path} {reason}");
                if self.told.len() < Self::MOST && self.told.insert(message.clone()) {
                    self.pending.push((ErrorKind::Malformed.code(), message));
                }
            }
        }
    }

    /// What was not told yet, as codes and sentences.
    pub(super) fn take(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(reports: &mut Reports) -> Vec<&'static str> {
        reports.take().into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn a_failure_is_told_once_until_the_store_was_read_again() {
        let mut reports = Reports::default();
        let failed = || Report::Failed(Error::new(ErrorKind::Store, "is away"));
        for _ in 0..2 {
            reports.add(failed());
        }
        assert_eq!(codes(&mut reports), ["ESTORE"]);
        reports.add(Report::Fine);
        reports.add(failed());
        assert_eq!(codes(&mut reports), ["ESTORE"]);
    }

    #[test]
    fn a_warning_is_told_once() {
        let mut reports = Reports::default();
        for path in ["a", "b", "a"] {
            reports.add(Report::Warned(Warning::new(path, "is damaged")));
            reports.add(Report::Fine);
        }
        assert_eq!(codes(&mut reports), ["EMALFORMED"; 2]);
    }
}
