//! The registry service: what was published, kept in a directory and served over HTTP. Request in, answer out; the
//! sockets are elsewhere.

mod access;
mod current;
mod import;
mod imports;
mod making;
mod reports;
mod request;
mod service;
pub mod store;
mod texts;

pub use import::{Added, Failed, Imported, import};
pub use service::{Numbered, Outcome, Request, Service, Settings};
