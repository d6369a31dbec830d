//! What a server said.

use std::time::Duration;

use crate::source::layer::Terms;

/// What a server said.
pub enum Answer {
    /// A successful answer.
    Body(Body),
    /// The copy is still current.
    NotModified {
        /// How long the server says that it is fresh.
        max_age: Option<Duration>,
    },
    /// It doesn't have that.
    NotFound,
}

/// A successful answer.
pub struct Body {
    /// The decoded text; its depth is bounded, its syntax not yet checked.
    pub text: String,
    /// What the server says of keeping it.
    pub terms: Terms,
}
