//! What sources over a network share: keeping what was fetched.

mod stale;

pub use stale::{StaleCache, StaleCell, Weigh};
