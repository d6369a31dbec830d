//! The merged index as the text that a route sends.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::{MergedIndex, Rows};
use crate::permission;

/// Packages whose winner is a caller's, by position: their level, and their JSON text.
pub type CallerTexts = HashMap<usize, (f64, Box<RawValue>)>;

impl MergedIndex {
    /// `{"packages":[…]}` with what a user of `level` may open; with everything where there is none. A package whose
    /// winner is a caller's is there only with its text.
    #[must_use]
    pub fn render(&self, level: Option<f64>, callers: &CallerTexts) -> String {
        let is_open = |min_level: f64| level.is_none_or(|level| permission::may_open(min_level, level));
        let mut out = String::from("{\"packages\":[");
        let start = out.len();
        for (position, entry) in self.entries().iter().enumerate() {
            let winner = entry.candidates[entry.selected];
            let before = out.len();
            if before > start {
                out.push(',');
            }
            match &self.columns()[winner.column].rows {
                Rows::Native(index) if level.is_none() || is_open(index.entries[winner.row].min_level()) => {
                    self.write_entry(entry, &mut out);
                }
                Rows::Caller(_) if callers.get(&position).is_some_and(|(min_level, _)| is_open(*min_level)) => {
                    out.push_str(callers[&position].1.get());
                }
                _ => out.truncate(before),
            }
        }
        out.push_str("]}");
        out
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::index::merge::tests::column;
    use crate::index::{ConflictResolution, SourceColumn};
    use crate::json::{self, Fields};
    use crate::model::{IndexEntry, SourceKind};
    use crate::source::SourceIndex;

    fn native(entries: &[&str]) -> SourceColumn {
        let entry = |text: &&str| IndexEntry::from_fields(&Fields::parse(text).unwrap()).unwrap().0;
        let entries = entries.iter().map(entry).collect();
        let index = SourceIndex { source_id: "n".into(), entries, warnings: Vec::new() };
        SourceColumn {
            source_id: "n".into(),
            kind: SourceKind::Local,
            priority: 0.0,
            rows: Rows::Native(Arc::new(index)),
        }
    }

    fn ids(text: &str) -> Vec<String> {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["packages"].as_array().unwrap().iter().map(|one| one["packageId"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_level_sees_what_it_may_open_in_the_index_order() {
        let columns = vec![
            native(&[r#"{"packageId":"a","minLevel":6}"#, r#"{"packageId":"b","minLevel":2}"#, r#"{"packageId":"c"}"#]),
            column("caller", SourceKind::Other, 1.0, &["d@1", "e@1", "f@1"]),
        ];
        let merged = MergedIndex::merge(ConflictResolution::Priority, columns);
        let text = |text: &str| json::value(text).unwrap();
        let callers: CallerTexts =
            [(3, (1.0, text(r#"{"packageId":"d"}"#))), (4, (3.0, text(r#"{"packageId":"e"}"#)))].into();
        assert_eq!(ids(&merged.render(None, &callers)), ["a", "b", "c", "d", "e"]);
        assert_eq!(ids(&merged.render(Some(2.0), &callers)), ["b", "c", "d"]);
        assert_eq!(ids(&merged.render(Some(0.0), &callers)), Vec::<String>::new());
        assert_eq!(ids(&merged.render(Some(6.0), &CallerTexts::new())), ["a", "b", "c"]);
    }

    #[test]
    fn an_entry_is_written_whole() {
        let merged = MergedIndex::merge(
            ConflictResolution::Priority,
            vec![native(&[
                r#"{"packageId":"a","version":"1.0.0","name":"A","description":"","author":"","category":"","dependencies":[],"minLevel":1,"own":[1e400]}"#,
            ])],
        );
        assert_eq!(
            merged.render(Some(1.0), &CallerTexts::new()),
            r#"{"packages":[{"packageId":"a","version":"1.0.0","name":"A","description":"","author":"","category":"","dependencies":[],"minLevel":1,"own":[1e400],"sourceId":"n","availableSources":["n"],"selectedSource":"n"}]}"#
        );
    }
}
