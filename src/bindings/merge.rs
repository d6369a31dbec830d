//! Merging, and the merged index.

use std::sync::{Arc, OnceLock};

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde_json::value::RawValue;

use super::answer::BindingRepresentation;
use super::settle::{blocking, settle};
use super::source::BindingIndex;
use super::types::{BindingCandidate, BindingFound, BindingSearchFilter};
use crate::answer::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::index::{CallerRow, CallerTexts, ConflictResolution, MergedIndex, Rows, SourceColumn};
use crate::model::{EntryTexts, SourceKind};
use crate::search::{SearchColumn, SearchFilter, SearchIndex};

/// A merge in preparation: sources are added in the order of their priorities, then it is run.
#[napi]
pub struct BindingMerge {
    strategy: ConflictResolution,
    columns: Vec<Column>,
}

/// As [`SourceColumn`], with a caller's rows still text.
struct Column {
    source_id: Arc<str>,
    kind: SourceKind,
    priority: f64,
    rows: ColumnRows,
}

enum ColumnRows {
    Native(BindingRows),
    Caller(String),
}

type BindingRows = Arc<crate::source::SourceIndex>;

#[napi]
impl BindingMerge {
    /// A merge by this strategy; one that is unknown counts as `priority`.
    #[napi(constructor, catch_unwind)]
    pub fn new(strategy: String) -> Self {
        let strategy = ConflictResolution::parse(&strategy).unwrap_or(ConflictResolution::Priority);
        Self { strategy, columns: Vec::new() }
    }

    /// Adds a source of this system.
    #[napi(catch_unwind)]
    pub fn add_native(&mut self, source_id: String, kind: String, priority: f64, index: &BindingIndex) {
        self.add(&source_id, &kind, priority, ColumnRows::Native(Arc::clone(&index.0.value)));
    }

    /// Adds a source that a caller wrote: `rows` is the text of `[ids, versions]`.
    #[napi(catch_unwind)]
    pub fn add_caller(&mut self, source_id: String, kind: String, priority: f64, rows: String) {
        self.add(&source_id, &kind, priority, ColumnRows::Caller(rows));
    }

    fn add(&mut self, source_id: &str, kind: &str, priority: f64, rows: ColumnRows) {
        self.columns.push(Column { source_id: source_id.into(), kind: kind.into(), priority, rows });
    }

    /// Merges, off the JavaScript thread.
    #[napi(catch_unwind)]
    pub fn run<'env>(&mut self, env: &'env Env) -> napi::Result<PromiseRaw<'env, BindingMergedIndex>> {
        let (strategy, columns) = (self.strategy, std::mem::take(&mut self.columns));
        let work = blocking(move || {
            let columns = columns.into_iter().map(Column::read).collect::<Result<Vec<_>>>()?;
            Ok(MergedIndex::merge(strategy, columns))
        });
        settle(env, work, |merged| BindingMergedIndex { merged: Arc::new(merged), search: Arc::default() })
    }
}

impl Column {
    fn read(self) -> Result<SourceColumn> {
        let rows = match self.rows {
            ColumnRows::Native(index) => Rows::Native(index),
            ColumnRows::Caller(text) => {
                let (ids, versions): (Vec<Box<str>>, Vec<Box<str>>) = read(&text)?;
                Rows::Caller(ids.into_iter().zip(versions).map(|(id, version)| CallerRow { id, version }).collect())
            }
        };
        Ok(SourceColumn { source_id: self.source_id, kind: self.kind, priority: self.priority, rows })
    }
}

/// The merged index.
#[napi]
pub struct BindingMergedIndex {
    merged: Arc<MergedIndex>,
    search: Arc<OnceLock<SearchIndex>>,
}

#[napi]
impl BindingMergedIndex {
    /// How many packages it has.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> u32 {
        u32::try_from(self.merged.entries().len()).unwrap_or(u32::MAX)
    }

    /// The packages `from..to`, as [`MergedIndex::write`] has them.
    #[napi(catch_unwind)]
    pub fn slice(&self, from: u32, to: u32) -> String {
        let mut out = String::new();
        self.merged.write(from as usize, to as usize, &mut out);
        out
    }

    /// Every candidate of a package.
    #[napi(catch_unwind)]
    pub fn explain(&self, id: String) -> Vec<BindingCandidate> {
        let report = |report: crate::index::CandidateReport| BindingCandidate {
            column: u32::try_from(report.column).unwrap_or(u32::MAX),
            version: report.version,
            reason: report.reason.map(|reason| reason.words().to_owned()),
        };
        self.merged.explain(&id).into_iter().map(report).collect()
    }

    /// Whether a search can do without the texts of callers' packages.
    #[napi(getter, catch_unwind)]
    pub fn is_searchable(&self) -> bool {
        self.search.get().is_some()
    }

    /// Searches, off the JavaScript thread. `texts` is needed while `isSearchable` is false: the text of an array of
    /// `[position, id, name, description, author, category, minLevel]`, one for each package whose winner is a caller's.
    #[napi(catch_unwind)]
    pub fn search<'env>(
        &self,
        env: &'env Env,
        query: String,
        filter: BindingSearchFilter,
        page: u32,
        page_size: u32,
        texts: Option<String>,
    ) -> napi::Result<PromiseRaw<'env, BindingFound>> {
        let (merged, search) = (Arc::clone(&self.merged), Arc::clone(&self.search));
        let filter =
            SearchFilter { category: filter.category, min_level: filter.min_level, user_level: filter.user_level };
        let work = blocking(move || {
            let index = if let Some(index) = search.get() {
                index
            } else {
                let mut columns = merged.native_search_columns();
                columns.extend(caller_columns(texts.as_deref().unwrap_or("[]"))?);
                search.get_or_init(|| SearchIndex::new(columns))
            };
            Ok(index.search(&query, &filter, page.max(1) as usize, page_size as usize))
        });
        settle(env, work, |found| {
            let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
            BindingFound { positions: found.positions.into_iter().map(narrow).collect(), total: narrow(found.total) }
        })
    }
}

#[napi]
impl BindingMergedIndex {
    /// What a user of `level` may open, or everything, as a body that is ready to be sent. `callers` is the text of an
    /// array of `[position, minLevel, entry]`, one for each package whose winner is a caller's.
    #[napi(catch_unwind)]
    pub fn render<'env>(
        &self,
        env: &'env Env,
        level: Option<f64>,
        callers: String,
        cache_control: String,
    ) -> napi::Result<PromiseRaw<'env, BindingRepresentation>> {
        let merged = Arc::clone(&self.merged);
        let work = blocking(move || {
            let rows: Vec<(usize, f64, Box<RawValue>)> = read(&callers)?;
            let callers: CallerTexts = rows.into_iter().map(|(at, level, text)| (at, (level, text))).collect();
            Ok(Body::new(merged.render(level, &callers)))
        });
        settle(env, work, |body| BindingRepresentation::new(body, cache_control))
    }
}

/// A caller's package, as the face sends it.
type CallerSearchTexts = (usize, String, String, String, String, String, f64);

fn caller_columns(texts: &str) -> Result<impl Iterator<Item = SearchColumn> + use<>> {
    let rows: Vec<CallerSearchTexts> = read(texts)?;
    Ok(rows.into_iter().map(|(position, id, name, description, author, category, min_level)| SearchColumn {
        position,
        id,
        texts: EntryTexts { name, description, author, category, min_level },
    }))
}

fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the face sent what is no row: {error}")))
}
