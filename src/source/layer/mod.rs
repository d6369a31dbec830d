//! What sources over a network share: keeping what was fetched, in memory and on disk; refreshing it; trying again;
//! leaving a source alone that fails; verifying what arrives; and telling of it all.

mod background;
mod breaker;
mod cache;
mod cached;
mod disk;
mod keep;
mod network;
mod persist;
mod question;
mod reply;
mod retry;
mod shelf;
mod stale;
mod verify;
mod watch;

pub use background::Background;
pub use breaker::{Breaker, BreakerOptions, Health, Permit};
pub use cache::{StaleCache, Weigh};
pub use cached::{Arrived, CacheOptions, Cached, Condition, Origin, Searchable};
pub use disk::{DiskCache, Record};
pub use keep::{Ages, Keep};
pub use network::{Network, Tally};
pub use question::Question;
pub use reply::{Reply, Terms, Validator};
pub use retry::{Failure, Remedy, Trying};
pub use shelf::{Persist, Shelf, Shelved};
pub use stale::StaleCell;
pub use watch::{BreakerState, Event, Phase, Revalidation, Subject, Watch};
