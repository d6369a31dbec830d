//! Holding a whole cache directory to its bound, and clearing away what nobody needs.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cap_std::fs::Metadata;

use super::digest::Digest;
use super::folder::{Folder, Found, age, modified};
use super::place::{CONTENTS, DRAFTS, Partition, RECORDS, ROOT};
use super::record::{Entry, MAX_RECORD_BYTES};

/// How long a content may go without a record: a writer may be between the two.
pub(super) const GRACE: Duration = Duration::from_mins(1);

/// How long both may where the directory is over its bound: killed writers may have left much in a minute.
const SHORT_GRACE: Duration = Duration::from_secs(5);

/// How long a draft may go without a change.
const DRAFT_GRACE: Duration = Duration::from_hours(1);

/// A content of some partition.
pub(super) type Content = (Partition, Digest);

/// A file as it was seen.
struct Seen {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

impl Seen {
    fn new(path: PathBuf, metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { path, bytes: metadata.len(), modified: modified(metadata)? })
    }

    /// Removes it, unless it was touched since. How many bytes that freed.
    fn remove(&self, folder: &Folder) -> io::Result<u64> {
        folder.remove_untouched(&self.path, self.modified).map(|is_gone| if is_gone { self.bytes } else { 0 })
    }
}

/// All that is kept in a directory.
#[derive(Default)]
struct Census {
    contents: HashMap<Content, Kept>,
    records: Vec<(Seen, Content)>,
}

struct Kept {
    file: Seen,
    /// How many records name it.
    records: usize,
}

/// Brings the directory to at most `max_bytes`; where it was over, to 90 % of that. `named` says when this process gave
/// contents their records: it is not between the two any more.
pub(super) fn hold(folder: &Folder, max_bytes: u64, named: &HashMap<Content, SystemTime>) -> io::Result<()> {
    let drafts = drafts(folder)?;
    let drafted: u64 = drafts.iter().map(|draft| draft.bytes).sum();
    let mut census = Census::take(folder)?;
    census.sweep(folder, named, GRACE)?;
    let is_short = census.bytes() + drafted > max_bytes;
    let draft_grace = if is_short { SHORT_GRACE } else { DRAFT_GRACE };
    for draft in drafts.iter().filter(|draft| age(draft.modified) > draft_grace) {
        draft.remove(folder)?;
    }
    if is_short {
        census.sweep(folder, named, SHORT_GRACE)?;
    }
    if census.bytes() > max_bytes {
        census.evict(folder, max_bytes - max_bytes / 10)?;
    }
    Ok(())
}

/// What is being written, or was by those who were killed. A folder among it was thrown away, and goes now.
fn drafts(folder: &Folder) -> io::Result<Vec<Seen>> {
    let mut drafts = Vec::new();
    for (name, metadata) in folder.list(Path::new(DRAFTS))? {
        let path = Path::new(DRAFTS).join(name);
        if metadata.is_dir() {
            folder.remove(&path)?;
        } else {
            drafts.push(Seen::new(path, &metadata)?);
        }
    }
    Ok(drafts)
}

impl Census {
    fn take(folder: &Folder) -> io::Result<Self> {
        let mut census = Self::default();
        for (name, metadata) in folder.list(Path::new(ROOT))? {
            if let Some(partition) = Partition::of_folder(&name).filter(|_| metadata.is_dir()) {
                // In this order: what is written meanwhile is a record too many, never a content that seems unnamed.
                census.add_contents(folder, partition)?;
                census.add_records(folder, partition)?;
            }
        }
        Ok(census)
    }

    fn add_contents(&mut self, folder: &Folder, partition: Partition) -> io::Result<()> {
        let contents = partition.folder().join(CONTENTS);
        for (fan, metadata) in folder.list(&contents)? {
            if !metadata.is_dir() {
                continue;
            }
            for (name, metadata) in folder.list(&contents.join(&fan))? {
                let path = contents.join(&fan).join(&name);
                if let Some(digest) = Digest::parse(&name).filter(|digest| partition.content(*digest) == path) {
                    let kept = Kept { file: Seen::new(path, &metadata)?, records: 0 };
                    self.contents.insert((partition, digest), kept);
                }
            }
        }
        Ok(())
    }

    fn add_records(&mut self, folder: &Folder, partition: Partition) -> io::Result<()> {
        let records = partition.folder().join(RECORDS);
        for (name, metadata) in folder.list(&records)? {
            if name.strip_suffix(".json").and_then(Digest::parse).is_none() {
                continue;
            }
            let file = Seen::new(records.join(name), &metadata)?;
            let entry = match folder.read(&file.path, MAX_RECORD_BYTES)? {
                Found::Nothing => continue,
                Found::Bytes(bytes, _) => {
                    Entry::parse(&bytes).filter(|entry| partition.record(&entry.key) == file.path)
                }
                Found::Damage => None,
            };
            let Some(entry) = entry else {
                file.remove(folder)?;
                continue;
            };
            let content = (partition, entry.content);
            if let Some(kept) = self.contents.get_mut(&content) {
                kept.records += 1;
            } else if age(file.modified) > GRACE {
                file.remove(folder)?;
                continue;
            }
            self.records.push((file, content));
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let contents = self.contents.values().map(|kept| kept.file.bytes);
        contents.chain(self.records.iter().map(|(file, _)| file.bytes)).sum()
    }

    /// Removes contents that no record names, except where a writer may be about to.
    fn sweep(&mut self, folder: &Folder, named: &HashMap<Content, SystemTime>, grace: Duration) -> io::Result<()> {
        let mut swept = Ok(());
        self.contents.retain(|content, Kept { file, records }| {
            let was_named = named.get(content).is_some_and(|at| file.modified <= *at);
            let is_needed = *records > 0 || !(was_named || age(file.modified) > grace);
            if is_needed || swept.is_err() {
                return true;
            }
            swept = file.remove(folder).map(|_| ());
            false
        });
        swept
    }

    /// Removes what was least recently used, each record with its content where no other record names that.
    fn evict(&mut self, folder: &Folder, target: u64) -> io::Result<()> {
        let mut bytes = self.bytes();
        self.records.sort_unstable_by_key(|(file, _)| file.modified);
        // The latest fits within the bound by itself.
        self.records.pop();
        for (file, content) in &self.records {
            if bytes <= target {
                break;
            }
            let freed = file.remove(folder)?;
            bytes -= freed;
            if let Some(kept) = self.contents.get_mut(content).filter(|_| freed > 0) {
                kept.records -= 1;
                if kept.records == 0 {
                    bytes -= kept.file.remove(folder)?;
                }
            }
        }
        Ok(())
    }
}
