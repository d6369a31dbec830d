//! What sources over a network share: keeping what was fetched, and refreshing it.

mod background;
mod cache;
mod disk;
mod stale;

pub use background::Background;
pub use cache::{StaleCache, Weigh};
pub use disk::{DiskCache, Kept, Record};
pub use stale::{Ages, Reply, StaleCell, Validator};
