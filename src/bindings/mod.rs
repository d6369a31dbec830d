//! The only place that knows Node: the core's types as classes, its futures as promises, its errors as JavaScript errors
//! with a `code`. The face (`index.js`) is the only caller; nothing here is public API.
//!
//! What JavaScript gets is made on its own thread, so results cross as JSON text, which V8 reads faster than anything
//! that builds objects from outside, and large ones in slices.

#![expect(
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    reason = "the signatures are those that napi's macros call with values made for the call"
)]

mod answer;
mod callback;
mod cancel;
mod event;
mod git_setup;
mod git_source;
mod local_source;
mod manager;
mod merge;
mod network;
mod registry;
mod remote_source;
mod settle;
mod source;
mod types;
