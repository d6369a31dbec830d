//! The merged index: many sources' indexes as one.

mod explain;
mod merge;
mod render;
mod strategy;

pub use explain::{CandidateReport, LossReason};
pub use merge::{CallerRow, Candidate, MergedEntry, MergedIndex, Rows, SourceColumn};
pub use render::CallerTexts;
pub use strategy::ConflictResolution;
