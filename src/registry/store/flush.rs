//! Making what was written outlive the machine's power, for many writers at the price of one.

use std::io;
use std::sync::{Condvar, Mutex, PoisonError};

use cap_std::fs::Dir;

/// Whether a whole file system can be flushed; else each file and folder is, where it is written.
pub(super) const COLLECTIVE: bool = cfg!(target_os = "linux");

/// Flushes that are shared by all who wait for one.
#[derive(Default)]
pub(super) struct Flush {
    rounds: Mutex<Rounds>,
    ended: Condvar,
}

#[derive(Default)]
struct Rounds {
    begun: u64,
    ended: u64,
    is_running: bool,
}

impl Flush {
    /// Returns once all that the caller has written is safe.
    pub(super) fn wait(&self, dir: &Dir) -> io::Result<()> {
        if !COLLECTIVE {
            return Ok(());
        }
        let lock = || self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rounds = lock();
        // One that runs already may have passed over what was written last.
        let wanted = rounds.begun + 1;
        while rounds.ended < wanted {
            if rounds.is_running {
                rounds = self.ended.wait(rounds).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            rounds.is_running = true;
            rounds.begun += 1;
            let this = rounds.begun;
            drop(rounds);
            let outcome = sync(dir);
            rounds = lock();
            rounds.is_running = false;
            if outcome.is_ok() {
                rounds.ended = this;
            }
            self.ended.notify_all();
            outcome?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn sync(dir: &Dir) -> io::Result<()> {
    Ok(rustix::fs::syncfs(dir.open(".")?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync(_: &Dir) -> io::Result<()> {
    Ok(())
}

/// Makes a file last, where that isn't done collectively.
pub(super) fn file(file: &cap_std::fs::File) -> io::Result<()> {
    if COLLECTIVE { Ok(()) } else { file.sync_all() }
}

/// Makes the names in a folder last, where that isn't done collectively. Windows has no such thing.
pub(super) fn names(dir: &Dir, path: &str) -> io::Result<()> {
    if COLLECTIVE || cfg!(not(unix)) { Ok(()) } else { dir.open(path)?.sync_all() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_who_waits_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
        let flush = Flush::default();
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..20).map(|_| scope.spawn(|| flush.wait(&dir).is_ok())).collect();
            assert!(waiting.into_iter().all(|one| one.join().unwrap()));
        });
        let rounds = flush.rounds.lock().unwrap();
        assert_eq!((rounds.ended, rounds.is_running), (if COLLECTIVE { rounds.begun } else { 0 }, false));
        assert!(rounds.begun <= 20);
    }
}
