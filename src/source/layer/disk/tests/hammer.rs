//! Many threads over one directory, each with a cache of its own as if it were another process.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::*;

/// A little generator of a number below a bound.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// What is written says of itself under which key, and how manieth it is; its validator says the same.
fn copy(key: &str, number: u64, size: u64) -> (Vec<u8>, Record) {
    let name = format!("{key}:{number}:{size};");
    let content = name.bytes().cycle().take(usize::try_from(size).unwrap() + name.len()).collect();
    (content, record(&name, 0.0))
}

/// Whether content and validator are those of one write under this key.
fn assert_whole(key: &str, kept: &Kept) {
    let Some(Validator::ETag(name)) = &kept.record.validator else { panic!("the record has lost its validator") };
    let parts: Vec<_> = name.trim_end_matches(';').split(':').collect();
    assert_eq!(parts[0], key);
    let (content, _) = copy(key, parts[1].parse().unwrap(), parts[2].parse().unwrap());
    assert!(kept.content == content, "{key} gave another's content: {name}");
}

#[test]
fn threads_that_do_everything_at_once_only_ever_read_whole_copies() {
    let folder = TempDir::new().unwrap();
    let seed = RandomState::new().build_hasher().finish() | 1;
    let reads = AtomicUsize::new(0);
    let end = Instant::now() + Duration::from_secs(3);
    thread::scope(|scope| {
        for worker in 0..8 {
            let (folder, reads) = (&folder, &reads);
            scope.spawn(move || {
                let mut dice = Dice(seed.wrapping_mul(worker * 2 + 1));
                // Small enough that writes evict.
                let cache = DiskCache::new(folder.path().to_owned(), &(worker % 2).to_string(), 60_000);
                let mut number = worker << 32;
                while Instant::now() < end {
                    let key = format!("key{}", dice.roll(6));
                    match dice.roll(1000) {
                        0..5 => cache.clear().unwrap(),
                        5..40 => cache.remove(&key).unwrap(),
                        40..350 => {
                            number += 1;
                            let (content, record) = copy(&key, number, dice.roll(8000));
                            cache.write(&key, &content, &record).unwrap();
                        }
                        350..500 => {
                            // Of what was read a moment ago: another may have written since.
                            if let Some(kept) = cache.read(&key).unwrap() {
                                cache.confirm(&key, &Record { fetched_at: 1.0, ..kept.record }).unwrap();
                            }
                        }
                        _ => {
                            if let Some(kept) = cache.read(&key).unwrap() {
                                assert_whole(&key, &kept);
                                reads.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }
                }
            });
        }
    });
    assert!(reads.load(Ordering::Relaxed) > 100, "hardly anything was read");
    assert_eq!(files(folder.path(), "tmp"), Vec::<PathBuf>::new(), "drafts were left");
    let cache = DiskCache::new(folder.path().to_owned(), "0", 60_000);
    cache.write("key0", b"after", &record("after", 1.0)).unwrap();
    assert_eq!(cache.read("key0").unwrap().unwrap().content, b"after");
}
