//! `MetaBuilder`'s package source system: the core behind the Node.js package `@metabuilder/package-sources`.
//!
//! Three floors, imports run downwards only: the JavaScript face (`index.js`), [`bindings`] (the only place that knows
//! Node), and the core, which is plain Rust:
//!
//! `bindings → manager → {index, registry} → {source, search} → {permission, model} → answer → {files, json} → error`

pub mod answer;
pub mod bindings;
pub mod error;
pub mod files;
pub mod index;
pub mod json;
pub mod manager;
pub mod model;
pub mod permission;
pub mod registry;
pub mod search;
pub mod source;
