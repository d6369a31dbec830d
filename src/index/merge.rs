//! Merging: which source's entry stands for a package, and in which order.
//!
//! Decided on ids, versions, priorities and kinds alone. Entries of sources that callers wrote never come here, only
//! their ids and versions do.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use super::ConflictResolution;
use crate::json;
use crate::model::{SourceKind, Version};
use crate::search::SearchColumn;
use crate::source::SourceIndex;

/// One source's part in a merge.
#[derive(Debug)]
pub struct SourceColumn {
    /// The source's id.
    pub source_id: Arc<str>,
    /// Its kind now.
    pub kind: SourceKind,
    /// Its priority now; lower wins.
    pub priority: f64,
    /// Its entries.
    pub rows: Rows,
}

/// A source's entries.
#[derive(Debug)]
pub enum Rows {
    /// Of a source of this system.
    Native(Arc<SourceIndex>),
    /// Of a source that a caller wrote; the entries themselves stay with the caller.
    Caller(Vec<CallerRow>),
}

/// What a merge needs to know of a caller's entry.
#[derive(Debug)]
pub struct CallerRow {
    /// The package's id.
    pub id: Box<str>,
    /// Its version.
    pub version: Box<str>,
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Native(index) => index.entries.len(),
            Self::Caller(rows) => rows.len(),
        }
    }

    fn id(&self, row: usize) -> &str {
        match self {
            Self::Native(index) => index.entries[row].id.as_str(),
            Self::Caller(rows) => &rows[row].id,
        }
    }

    fn version(&self, row: usize) -> &str {
        match self {
            Self::Native(index) => &index.entries[row].version,
            Self::Caller(rows) => &rows[row].version,
        }
    }
}

/// One entry of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Position of the source among the columns.
    pub column: usize,
    /// Position of the entry in the source.
    pub row: usize,
}

/// One package of the merged index.
#[derive(Debug)]
pub struct MergedEntry {
    /// Every entry with its id, in the order met.
    pub candidates: Vec<Candidate>,
    /// Position of the winner among the candidates.
    pub selected: usize,
}

/// Several sources' packages as one list, in the order of first occurrence.
#[derive(Debug)]
pub struct MergedIndex {
    pub(super) strategy: ConflictResolution,
    pub(super) columns: Vec<SourceColumn>,
    entries: Vec<MergedEntry>,
    /// Made when first asked for: a merge itself looks ids up by borrowed text.
    by_id: OnceLock<HashMap<Box<str>, usize>>,
}

impl MergedIndex {
    /// Merges columns given in the order of their priorities.
    #[must_use]
    pub fn merge(strategy: ConflictResolution, columns: Vec<SourceColumn>) -> Self {
        let entries = merge_columns(strategy, &columns);
        Self { strategy, columns, entries, by_id: OnceLock::new() }
    }

    /// The packages in order.
    #[must_use]
    pub fn entries(&self) -> &[MergedEntry] {
        &self.entries
    }

    /// The sources in the order given.
    #[must_use]
    pub fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    /// A package by id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&MergedEntry> {
        let by_id = self.by_id.get_or_init(|| {
            self.entries.iter().enumerate().map(|(at, entry)| (self.id(entry.candidates[0]).into(), at)).collect()
        });
        by_id.get(id).map(|at| &self.entries[*at])
    }

    /// A candidate's version as its source writes it.
    #[must_use]
    pub fn version(&self, candidate: Candidate) -> &str {
        self.columns[candidate.column].rows.version(candidate.row)
    }

    fn id(&self, candidate: Candidate) -> &str {
        self.columns[candidate.column].rows.id(candidate.row)
    }

    /// What a search looks at, of the packages whose winner is not a caller's.
    #[must_use]
    pub fn native_search_columns(&self) -> Vec<SearchColumn> {
        let column = |(position, entry): (usize, &MergedEntry)| {
            let winner = entry.candidates[entry.selected];
            let Rows::Native(index) = &self.columns[winner.column].rows else { return None };
            let entry = &index.entries[winner.row];
            Some(SearchColumn { position, id: entry.id.as_str().to_owned(), texts: entry.texts() })
        };
        self.entries.iter().enumerate().filter_map(column).collect()
    }

    /// Appends the packages `from..to` as a JSON array. A package whose winner is a caller's is not an object there but
    /// `[column, row, availableSources, selectedSource]`, of which the caller's side makes the object.
    pub fn write(&self, from: usize, to: usize, out: &mut String) {
        out.push('[');
        for (position, entry) in self.entries.iter().take(to).skip(from).enumerate() {
            if position > 0 {
                out.push(',');
            }
            self.write_entry(entry, out);
        }
        out.push(']');
    }

    pub(super) fn write_entry(&self, entry: &MergedEntry, out: &mut String) {
        let winner = entry.candidates[entry.selected];
        let column = &self.columns[winner.column];
        match &column.rows {
            Rows::Native(index) => {
                index.entries[winner.row].write_open(&index.source_id, out);
                out.push_str(",\"availableSources\":");
                self.write_available(entry, out);
                out.push_str(",\"selectedSource\":");
                json::push_string(out, &column.source_id);
                out.push('}');
            }
            Rows::Caller(_) => {
                // Writing to a string can't fail.
                write!(out, "[{},{},", winner.column, winner.row).unwrap_or_default();
                self.write_available(entry, out);
                out.push(',');
                json::push_string(out, &column.source_id);
                out.push(']');
            }
        }
    }

    /// The ids of the sources that have the package, each once.
    fn write_available(&self, entry: &MergedEntry, out: &mut String) {
        let mut last = None;
        out.push('[');
        // A source's entries come one after the other, so a repeated source is the one before.
        for candidate in &entry.candidates {
            if last == Some(candidate.column) {
                continue;
            }
            if last.is_some() {
                out.push(',');
            }
            json::push_string(out, &self.columns[candidate.column].source_id);
            last = Some(candidate.column);
        }
        out.push(']');
    }
}

fn merge_columns(strategy: ConflictResolution, columns: &[SourceColumn]) -> Vec<MergedEntry> {
    let most = columns.iter().map(|column| column.rows.len()).max().unwrap_or(0);
    let mut at = HashMap::<&str, usize>::with_capacity(most);
    let mut entries = Vec::<MergedEntry>::with_capacity(most);
    for (column, source) in columns.iter().enumerate() {
        for row in 0..source.rows.len() {
            let candidate = Candidate { column, row };
            match at.get(source.rows.id(row)) {
                None => {
                    at.insert(source.rows.id(row), entries.len());
                    entries.push(MergedEntry { candidates: vec![candidate], selected: 0 });
                }
                Some(&found) => {
                    let entry = &mut entries[found];
                    let holder = entry.candidates[entry.selected];
                    entry.candidates.push(candidate);
                    if takes_over(strategy, columns, candidate, holder) {
                        entry.selected = entry.candidates.len() - 1;
                    }
                }
            }
        }
    }
    entries
}

/// Whether a later candidate takes the package over from the one that holds it.
fn takes_over(strategy: ConflictResolution, columns: &[SourceColumn], later: Candidate, holder: Candidate) -> bool {
    let (new, old) = (&columns[later.column], &columns[holder.column]);
    let by_priority = new.priority < old.priority;
    if let Some(kind) = strategy.preferred_kind() {
        return match (new.kind == kind, old.kind == kind) {
            (true, false) => true,
            (false, true) => false,
            _ => by_priority,
        };
    }
    if strategy == ConflictResolution::LatestVersion {
        let version = |column: &SourceColumn, row| Version::parse(column.rows.version(row));
        return version(new, later.row) > version(old, holder.row);
    }
    by_priority
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A caller's source with `id@version` rows.
    pub(in crate::index) fn column(id: &str, kind: SourceKind, priority: f64, rows: &[&str]) -> SourceColumn {
        let row = |text: &&str| {
            let (id, version) = text.split_once('@').unwrap();
            CallerRow { id: id.into(), version: version.into() }
        };
        SourceColumn { source_id: id.into(), kind, priority, rows: Rows::Caller(rows.iter().map(row).collect()) }
    }

    fn merged(strategy: ConflictResolution, columns: Vec<SourceColumn>) -> String {
        let merged = MergedIndex::merge(strategy, columns);
        let mut out = String::new();
        merged.write(0, usize::MAX, &mut out);
        out
    }

    fn local_and_remote() -> Vec<SourceColumn> {
        vec![
            column("l", SourceKind::Local, 0.0, &["a@1.0.0", "b@2.0.0"]),
            column("r", SourceKind::Remote, 10.0, &["b@2.0.0+x", "a@1.10.0", "c@1"]),
        ]
    }

    #[test]
    fn the_lower_priority_number_wins_and_order_is_of_first_occurrence() {
        assert_eq!(
            merged(ConflictResolution::Priority, local_and_remote()),
            r#"[[0,0,["l","r"],"l"],[0,1,["l","r"],"l"],[1,2,["r"],"r"]]"#
        );
    }

    #[test]
    fn the_higher_version_wins_and_a_tie_stays_with_the_priority() {
        assert_eq!(
            merged(ConflictResolution::LatestVersion, local_and_remote()),
            r#"[[1,1,["l","r"],"r"],[0,1,["l","r"],"l"],[1,2,["r"],"r"]]"#
        );
    }

    #[test]
    fn a_preferred_kind_wins_over_priority() {
        assert_eq!(
            merged(ConflictResolution::RemoteFirst, local_and_remote()),
            r#"[[1,1,["l","r"],"r"],[1,0,["l","r"],"r"],[1,2,["r"],"r"]]"#
        );
        let mut columns = local_and_remote();
        columns.reverse();
        (columns[0].priority, columns[1].priority) = (0.0, 10.0);
        assert_eq!(
            merged(ConflictResolution::LocalFirst, columns),
            r#"[[1,1,["r","l"],"l"],[1,0,["r","l"],"l"],[0,2,["r"],"r"]]"#
        );
    }

    #[test]
    fn a_source_that_lists_an_id_twice_is_available_once() {
        let columns = vec![column("l", SourceKind::Local, 0.0, &["a@1.0.0", "b@1", "a@3.0.0", "a@2.0.0"])];
        assert_eq!(merged(ConflictResolution::LatestVersion, columns), r#"[[0,2,["l"],"l"],[0,1,["l"],"l"]]"#);
    }

    #[test]
    fn packages_are_found_by_id() {
        let merged = MergedIndex::merge(ConflictResolution::Priority, local_and_remote());
        assert_eq!(merged.find("a").unwrap().candidates.len(), 2);
        assert!(merged.find("d").is_none());
    }
}
