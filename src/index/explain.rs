//! Why a candidate won or lost.

use std::cmp::Ordering;

use super::{Candidate, ConflictResolution, MergedIndex};
use crate::model::{SourceKind, Version};

/// Why a candidate was not selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// The winner's source has the lower priority number.
    ShadowedByPriority,
    /// Same priority, but the winner's source was added first.
    AddedLater,
    /// The winner has a higher version.
    OlderVersion,
    /// The winner's source is of the kind that the strategy prefers.
    SourceType,
    /// The winner stands in the same source.
    DuplicateInSource,
}

impl LossReason {
    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ShadowedByPriority => "shadowed by priority",
            Self::AddedLater => "added later",
            Self::OlderVersion => "older version",
            Self::SourceType => "source type",
            Self::DuplicateInSource => "duplicate in source",
        }
    }
}

/// One candidate, and how it fared.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateReport {
    /// Position of its source among the columns.
    pub column: usize,
    /// Its version as its source writes it.
    pub version: String,
    /// Why it lost; `None` for the winner.
    pub reason: Option<LossReason>,
}

impl MergedIndex {
    /// Every candidate of a package in the order met; empty where no source has it.
    #[must_use]
    pub fn explain(&self, id: &str) -> Vec<CandidateReport> {
        let Some(entry) = self.find(id) else { return Vec::new() };
        let winner = entry.candidates[entry.selected];
        entry
            .candidates
            .iter()
            .map(|&candidate| CandidateReport {
                column: candidate.column,
                version: self.version(candidate).to_owned(),
                reason: (candidate != winner).then(|| self.why_lost(candidate, winner)),
            })
            .collect()
    }

    fn why_lost(&self, loser: Candidate, winner: Candidate) -> LossReason {
        let is_older = || Version::parse(self.version(loser)) < Version::parse(self.version(winner));
        if self.strategy == ConflictResolution::LatestVersion && is_older() {
            return LossReason::OlderVersion;
        }
        if loser.column == winner.column {
            return LossReason::DuplicateInSource;
        }
        let (lost, won) = (&self.columns[loser.column], &self.columns[winner.column]);
        let preferred = self.strategy.preferred_kind();
        let is_preferred = |kind: SourceKind| preferred == Some(kind);
        if is_preferred(won.kind) && !is_preferred(lost.kind) {
            return LossReason::SourceType;
        }
        match won.priority.total_cmp(&lost.priority) {
            Ordering::Less => LossReason::ShadowedByPriority,
            Ordering::Equal | Ordering::Greater => LossReason::AddedLater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SourceColumn;
    use super::super::merge::tests::column;
    use super::*;

    fn reasons(strategy: ConflictResolution, columns: Vec<SourceColumn>) -> Vec<Option<LossReason>> {
        let merged = MergedIndex::merge(strategy, columns);
        merged.explain("a").into_iter().map(|report| report.reason).collect()
    }

    #[test]
    fn each_way_to_lose_has_its_reason() {
        let sources = || {
            vec![
                column("one", SourceKind::Local, 0.0, &["a@1.0.0", "a@0.9.0"]),
                column("two", SourceKind::Local, 0.0, &["a@1.0.0"]),
                column("three", SourceKind::Remote, 5.0, &["a@2.0.0"]),
            ]
        };
        assert_eq!(
            reasons(ConflictResolution::Priority, sources()),
            [
                None,
                Some(LossReason::DuplicateInSource),
                Some(LossReason::AddedLater),
                Some(LossReason::ShadowedByPriority)
            ]
        );
        assert_eq!(
            reasons(ConflictResolution::LatestVersion, sources()),
            [Some(LossReason::OlderVersion), Some(LossReason::OlderVersion), Some(LossReason::OlderVersion), None]
        );
        assert_eq!(
            reasons(ConflictResolution::RemoteFirst, sources()),
            [Some(LossReason::SourceType), Some(LossReason::SourceType), Some(LossReason::SourceType), None]
        );
    }

    #[test]
    fn a_package_that_nobody_has_has_no_candidates() {
        let merged = MergedIndex::merge(ConflictResolution::Priority, Vec::new());
        assert!(merged.explain("a").is_empty());
    }
}
