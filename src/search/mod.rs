//! Searching an index: the merged one, or a registry's own.
//!
//! Every word of the query must occur in a package's id, name, description or author; case, accents and the `_`, `-`
//! and `.` between an id's words don't count. Matches in the id come first, then those in the name, then those in
//! description and author; in each of these whole fields before beginnings before the middle, then by id.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::model::EntryTexts;
use crate::permission;

/// What a search looks at of one package.
#[derive(Debug)]
pub struct SearchColumn {
    /// Position in the index.
    pub position: usize,
    /// The package's id.
    pub id: String,
    /// Its texts.
    pub texts: EntryTexts,
}

/// What packages must have beyond the words.
#[derive(Clone, Debug, Default)]
pub struct SearchFilter {
    /// Exactly this category.
    pub category: Option<String>,
    /// Exactly this level.
    pub min_level: Option<f64>,
    /// A level that this user may open.
    pub user_level: Option<f64>,
}

/// One page of what was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Positions in the index, best first.
    pub positions: Vec<usize>,
    /// How many were found in all.
    pub total: usize,
}

/// How many different words a query has.
#[must_use]
pub fn words(query: &str) -> usize {
    fold(query).split_whitespace().collect::<BTreeSet<_>>().len()
}

/// The packages of an index, folded for searching.
#[derive(Debug)]
pub struct SearchIndex(Vec<Folded>);

#[derive(Debug)]
struct Folded {
    column: SearchColumn,
    /// Id; name; description and author.
    fields: [String; 3],
}

/// How well a package matches; greater is better.
type Score = (Reverse<usize>, Fit);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Inside,
    WordStart,
    Start,
    Whole,
}

impl SearchIndex {
    /// Folds the packages.
    #[must_use]
    pub fn new(columns: Vec<SearchColumn>) -> Self {
        let fold_column = |column: SearchColumn| {
            let rest = format!("{} {}", column.texts.description, column.texts.author);
            let fields = [fold(&column.id), fold(&column.texts.name), fold(&rest)];
            Folded { column, fields }
        };
        let mut folded: Vec<_> = columns.into_iter().map(fold_column).collect();
        folded.sort_unstable_by(|one, two| one.column.id.cmp(&two.column.id));
        Self(folded)
    }

    /// The page `page` (from 1) of `page_size` packages.
    #[must_use]
    pub fn search(&self, query: &str, filter: &SearchFilter, page: usize, page_size: usize) -> Found {
        let query = fold(query);
        let phrase = query.split_whitespace().collect::<Vec<_>>().join(" ");
        let words: BTreeSet<&str> = query.split_whitespace().collect();
        let mut found: Vec<(Score, usize)> = self
            .0
            .iter()
            .filter(|package| filter.admits(&package.column.texts))
            .filter_map(|package| Some((package.score(&phrase, &words)?, package.column.position)))
            .collect();
        // Stable: equals stay ordered by id.
        found.sort_by_key(|(score, _)| Reverse(*score));
        let start = (page - 1).saturating_mul(page_size);
        let positions = found.iter().skip(start).take(page_size).map(|(_, position)| *position).collect();
        Found { positions, total: found.len() }
    }
}

impl SearchFilter {
    fn admits(&self, texts: &EntryTexts) -> bool {
        self.category.as_ref().is_none_or(|category| *category == texts.category)
            && self.min_level.is_none_or(|level| texts.min_level.total_cmp(&level).is_eq())
            && self.user_level.is_none_or(|level| permission::may_open(texts.min_level, level))
    }
}

impl Folded {
    /// The best field that holds the phrase, else the worst of the words' best fields; `None` where a word is nowhere.
    fn score(&self, phrase: &str, words: &BTreeSet<&str>) -> Option<Score> {
        self.score_of(phrase).or_else(|| words.iter().map(|word| self.score_of(word)).min()?)
    }

    fn score_of(&self, text: &str) -> Option<Score> {
        self.fields.iter().enumerate().find_map(|(rank, field)| Some((Reverse(rank), fit(field, text)?)))
    }
}

fn fit(field: &str, text: &str) -> Option<Fit> {
    // Preparing to look for a long text costs more than looking.
    if text.len() > field.len() {
        return None;
    }
    let at = field.find(text)?;
    Some(match at {
        0 if field.len() == text.len() => Fit::Whole,
        0 => Fit::Start,
        _ if field.match_indices(text).any(|(at, _)| field[..at].ends_with(' ')) => Fit::WordStart,
        _ => Fit::Inside,
    })
}

/// Without case and accents, and with a space for what separates words in ids. By way of capitals, so that `ß` is `ss`
/// and all forms of sigma are one.
fn fold(text: &str) -> String {
    let separator = |character| if matches!(character, '_' | '-' | '.') { ' ' } else { character };
    text.nfkd()
        .filter(|character| !is_combining_mark(*character))
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .map(separator)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(packages: &[(&str, &str, &str)]) -> SearchIndex {
        let column = |(position, (id, name, description)): (usize, &(&str, &str, &str))| SearchColumn {
            position,
            id: (*id).to_owned(),
            texts: EntryTexts {
                name: (*name).to_owned(),
                description: (*description).to_owned(),
                author: "Zoë".to_owned(),
                category: if position % 2 == 0 { "even" } else { "odd" }.to_owned(),
                min_level: f64::from(u32::try_from(position).unwrap()) + 1.0,
            },
        };
        SearchIndex::new(packages.iter().enumerate().map(column).collect())
    }

    fn positions(index: &SearchIndex, query: &str) -> Vec<usize> {
        index.search(query, &SearchFilter::default(), 1, 100).positions
    }

    #[test]
    fn id_comes_before_name_before_description() {
        let index =
            index(&[("a", "x", "Table of things"), ("b", "Table", ""), ("data_table", "y", ""), ("table", "z", "")]);
        assert_eq!(positions(&index, "table"), [3, 2, 1, 0]);
    }

    #[test]
    fn case_accents_and_separators_do_not_count() {
        let index = index(&[("café_menu", "Menü", ""), ("b", "ＦＵＬＬ", "")]);
        for query in ["CAFE", "cafe menu", "café-menu", "MENU", "zoe"] {
            assert!(positions(&index, query).contains(&0), "{query}");
        }
        assert_eq!(positions(&index, "full"), [1]);
        let index = self::index(&[("a", "Straße", ""), ("b", "Οδός", "")]);
        assert_eq!((positions(&index, "STRASSE"), positions(&index, "ΟΔΟΣ")), (vec![0], vec![1]));
    }

    #[test]
    fn every_word_must_match_somewhere() {
        let index = index(&[("forum", "Forum", "threads and lanes"), ("feed", "Feed", "threads")]);
        assert_eq!(positions(&index, "threads forum"), [0]);
        assert_eq!(positions(&index, "threads nowhere"), Vec::<usize>::new());
    }

    #[test]
    fn a_word_counts_once_however_it_is_written() {
        assert_eq!((words("Data data_TABLE  table"), words(" "), words("a.b-c")), (2, 0, 3));
    }

    #[test]
    fn nothing_asked_finds_everything_by_id() {
        let index = index(&[("b", "", ""), ("c", "", ""), ("a", "", "")]);
        assert_eq!(positions(&index, "  "), [2, 0, 1]);
    }

    #[test]
    fn filters_narrow_what_is_found() {
        let index = index(&[("a", "", ""), ("b", "", ""), ("c", "", "")]);
        let total = |filter: SearchFilter| index.search("", &filter, 1, 10).total;
        assert_eq!(total(SearchFilter { category: Some("even".to_owned()), ..SearchFilter::default() }), 2);
        assert_eq!(total(SearchFilter { min_level: Some(2.0), ..SearchFilter::default() }), 1);
        assert_eq!(total(SearchFilter { user_level: Some(2.0), ..SearchFilter::default() }), 2);
    }

    #[test]
    fn pages_cover_everything_once() {
        let names: Vec<String> = (0..25).map(|number| format!("p{number:02}")).collect();
        let index = index(&names.iter().map(|name| (name.as_str(), "", "")).collect::<Vec<_>>());
        let mut seen = Vec::new();
        for page in 1..=4 {
            let found = index.search("p", &SearchFilter::default(), page, 10);
            assert_eq!(found.total, 25);
            seen.extend(found.positions);
        }
        assert_eq!(seen, (0..25).collect::<Vec<_>>());
    }
}
