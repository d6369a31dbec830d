//! What the disk cache promises, each shown on real files.

mod damage;
mod hammer;
mod space;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{DiskCache, Kept, Record};
use crate::error::ErrorKind;
use crate::source::layer::Validator;

const MIB: u64 = 1024 * 1024;

fn cache_in(folder: &TempDir, max_bytes: u64) -> DiskCache {
    DiskCache::new(folder.path().join("cache"), "https://registry.example/api", max_bytes)
}

fn record(tag: &str, fetched_at: f64) -> Record {
    Record { validator: Some(Validator::ETag(tag.to_owned())), max_age: Some(Duration::from_mins(1)), fetched_at }
}

fn kept(content: &[u8], record: Record) -> Kept {
    Kept { content: content.to_vec(), record }
}

/// All files below a folder whose path from there has this part, in order.
fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap().map(Result::unwrap) {
            let is_folder = entry.file_type().unwrap().is_dir();
            if is_folder { &mut folders } else { &mut found }.push(entry.path());
        }
    }
    found.retain(|path| path.strip_prefix(folder).unwrap().iter().any(|name| name == part));
    found.sort();
    found
}

fn records(folder: &TempDir) -> Vec<PathBuf> {
    files(folder.path(), "records")
}

fn contents(folder: &TempDir) -> Vec<PathBuf> {
    files(folder.path(), "contents")
}

/// Makes a file look as old as this.
fn make_old(path: &Path, age: Duration) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

fn age_of(path: &Path) -> Duration {
    SystemTime::now().duration_since(fs::metadata(path).unwrap().modified().unwrap()).unwrap_or_default()
}

#[test]
fn what_was_written_is_read_by_another_cache_of_the_same_name() {
    let folder = TempDir::new().unwrap();
    let written =
        Record { validator: Some(Validator::LastModified("then".to_owned())), max_age: None, fetched_at: 1.5 };
    cache_in(&folder, MIB).write("index", b"[]", &written).unwrap();
    assert_eq!(cache_in(&folder, MIB).read("index").unwrap(), Some(kept(b"[]", written)));
}

#[test]
fn where_nothing_was_written_nothing_is_read_and_no_file_is_made() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    assert_eq!(cache.read("index").unwrap(), None);
    assert!(!cache.confirm("index", &record("a", 1.0)).unwrap());
    cache.remove("index").unwrap();
    cache.clear().unwrap();
    assert!(!folder.path().join("cache").exists());
}

#[test]
fn a_later_write_takes_the_place_of_an_earlier_one() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    cache.write("a", b"one", &record("1", 1.0)).unwrap();
    cache.write("b", b"other", &record("o", 1.0)).unwrap();
    cache.write("a", b"two", &record("2", 2.0)).unwrap();
    assert_eq!(cache.read("a").unwrap(), Some(kept(b"two", record("2", 2.0))));
    assert_eq!(cache.read("b").unwrap(), Some(kept(b"other", record("o", 1.0))));
}

#[test]
fn any_text_is_a_key_and_an_empty_content_is_one() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    for key in ["", "../../x", "a/b", "\0", "\u{202e}ü\"\\\n", &"long".repeat(5000)] {
        cache.write(key, b"", &record(key.get(..1).unwrap_or(""), 1.0)).unwrap();
        assert_eq!(cache.read(key).unwrap().unwrap().content, b"", "{key:?}");
    }
    assert!(fs::read_dir(folder.path()).unwrap().count() == 1);
}

#[test]
fn the_same_content_under_two_keys_is_one_file_and_outlives_one_of_them() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, 2000);
    cache.write("latest", b"same", &record("1", 1.0)).unwrap();
    cache.write("1.0.0", b"same", &record("1", 1.0)).unwrap();
    assert_eq!(contents(&folder).len(), 1);
    cache.write("latest", b"newer", &record("2", 2.0)).unwrap();
    cache.remove("nothing").unwrap();
    cache.write("more", b"more", &record("3", 3.0)).unwrap();
    assert_eq!(cache.read("1.0.0").unwrap().unwrap().content, b"same");
}

#[test]
fn partitions_see_nothing_of_each_other() {
    let folder = TempDir::new().unwrap();
    let [one, two] = ["one", "two"].map(|name| DiskCache::new(folder.path().to_owned(), name, MIB));
    one.write("key", b"one", &record("1", 1.0)).unwrap();
    assert_eq!(two.read("key").unwrap(), None);
    two.write("key", b"two", &record("2", 2.0)).unwrap();
    one.clear().unwrap();
    assert_eq!(one.read("key").unwrap(), None);
    assert_eq!(two.read("key").unwrap().unwrap().content, b"two");
}

#[test]
fn a_confirmation_changes_the_record_and_keeps_the_content() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    cache.write("key", b"text", &record("1", 1.0)).unwrap();
    assert!(cache.confirm("key", &record("1", 2.0)).unwrap());
    assert_eq!(cache.read("key").unwrap(), Some(kept(b"text", record("1", 2.0))));
}

#[test]
fn a_confirmation_of_another_copy_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    cache.write("key", b"written by another process meanwhile", &record("2", 1.0)).unwrap();
    let unmarked = Record { validator: None, ..record("", 9.0) };
    for other in [record("1", 9.0), unmarked.clone()] {
        assert!(!cache.confirm("key", &other).unwrap());
        assert_eq!(cache.read("key").unwrap().unwrap().record, record("2", 1.0));
    }
    cache.write("key", b"text", &Record { fetched_at: 1.0, ..unmarked.clone() }).unwrap();
    assert!(!cache.confirm("key", &unmarked).unwrap(), "nothing can be known again without a validator");
}

#[test]
fn what_was_removed_is_gone_and_so_is_all_that_was_cleared() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    for key in ["a", "b", "c"] {
        cache.write(key, key.as_bytes(), &record(key, 1.0)).unwrap();
    }
    cache.remove("a").unwrap();
    assert_eq!(cache.read("a").unwrap(), None);
    assert!(!cache.confirm("a", &record("a", 2.0)).unwrap());
    assert!(cache.read("b").unwrap().is_some());
    cache.clear().unwrap();
    assert_eq!(cache.read("b").unwrap(), None);
    assert_eq!(files(folder.path(), "v1"), Vec::<PathBuf>::new());
    cache.write("b", b"again", &record("b", 2.0)).unwrap();
    assert_eq!(cache.read("b").unwrap().unwrap().content, b"again");
}

#[test]
fn a_new_directory_is_tagged_as_a_cache_and_one_with_other_things_is_not() {
    let folder = TempDir::new().unwrap();
    cache_in(&folder, MIB).write("key", b"text", &record("1", 1.0)).unwrap();
    let tag = fs::read_to_string(folder.path().join("cache/CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));

    let home = TempDir::new().unwrap();
    fs::write(home.path().join("letters"), "worth a backup").unwrap();
    DiskCache::new(home.path().to_owned(), "x", MIB).write("key", b"text", &record("1", 1.0)).unwrap();
    assert!(!home.path().join("CACHEDIR.TAG").exists());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_look() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    cache.write("key", b"text", &record("1", 1.0)).unwrap();
    cache.confirm("key", &record("1", 2.0)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let all = files(folder.path(), "cache");
    assert_eq!(all.len(), 3);
    for file in all {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        for above in file.ancestors().skip(1).take_while(|above| *above != folder.path()) {
            assert_eq!(mode(above), 0o700, "{}", above.display());
        }
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_with_its_path() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "not a directory").unwrap();
    let cache = DiskCache::new(path.clone(), "x", MIB);
    let failures = [
        cache.read("key").map(drop),
        cache.write("key", b"text", &record("1", 1.0)),
        cache.confirm("key", &record("1", 1.0)).map(drop),
        cache.remove("key"),
        cache.clear(),
    ];
    for failure in failures.map(Result::unwrap_err) {
        assert_eq!(failure.kind(), ErrorKind::Cache);
        assert_eq!(failure.code(), "ECACHE");
        assert!(failure.message().contains(&*path.to_string_lossy()), "{failure}");
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "not a directory");
}
