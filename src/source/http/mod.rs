//! HTTP as sources use it: bounded, tried again, with credentials that go nowhere else.

mod address;
mod answer;
mod client;
mod connections;
mod credentials;
mod exchange;
mod failure;
mod headers;
mod options;
mod sender;
mod stream;

pub use address::Shown;
pub use answer::{Answer, Body};
pub use client::Client;
pub use credentials::{AskToken, AuthToken, Secret};
pub use options::HttpOptions;
pub use stream::{Kinds, Stream, Streams};
