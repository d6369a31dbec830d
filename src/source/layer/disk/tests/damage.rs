//! What others, faults and power cuts may leave in a cache directory.

use super::*;

/// A cache with one copy, its record's file and its content's.
fn one_copy(folder: &TempDir) -> (DiskCache, PathBuf, PathBuf) {
    let cache = cache_in(folder, MIB);
    cache.write("key", b"what was fetched", &record("1", 1.0)).unwrap();
    let (record, content) = (records(folder).remove(0), contents(folder).remove(0));
    (cache, record, content)
}

/// The copy is counted as nothing, is gone, and can be written anew.
fn assert_nothing(cache: &DiskCache, gone: &[&Path]) {
    assert_eq!(cache.read("key").unwrap(), None);
    for path in gone {
        assert!(fs::symlink_metadata(path).is_err(), "{} is still there", path.display());
    }
    assert_eq!(cache.read("key").unwrap(), None);
    cache.write("key", b"anew", &record("2", 2.0)).unwrap();
    assert_eq!(cache.read("key").unwrap(), Some(kept(b"anew", record("2", 2.0))));
}

#[test]
fn a_damaged_content_is_nothing_and_gone() {
    let damaged: [&[u8]; 4] = [b"what was fetcheX", b"what was", b"what was fetched and more", b""];
    for bytes in damaged {
        let folder = TempDir::new().unwrap();
        let (cache, record, content) = one_copy(&folder);
        fs::write(&content, bytes).unwrap();
        assert_nothing(&cache, &[&record, &content]);
    }
}

#[test]
fn a_missing_content_is_nothing_and_its_record_gone() {
    let folder = TempDir::new().unwrap();
    let (cache, record, content) = one_copy(&folder);
    fs::remove_file(&content).unwrap();
    assert!(!cache.confirm("key", &super::record("1", 2.0)).unwrap(), "what isn't there is not confirmed");
    assert_nothing(&cache, &[&record]);
}

#[test]
fn a_record_that_is_truncated_or_changed_is_nothing_and_gone() {
    let folder = TempDir::new().unwrap();
    let (cache, record, _) = one_copy(&folder);
    let whole = fs::read_to_string(&record).unwrap();
    let fetched_later = whole.replace("\"fetched_at\":1.0", "\"fetched_at\":9.0");
    assert_ne!(fetched_later, whole);
    for text in [&whole[..whole.len() - 1], "", "null", "{}", &fetched_later] {
        fs::write(&record, text).unwrap();
        assert_eq!(cache.read("key").unwrap(), None, "{text}");
        assert!(!record.exists(), "{text}");
    }
    assert_nothing(&cache, &[&record]);
}

#[test]
fn swapped_contents_are_nothing() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    cache.write("key", b"one of a size", &record("1", 1.0)).unwrap();
    cache.write("other", b"two of a size", &record("2", 1.0)).unwrap();
    let [one, two] = contents(&folder).try_into().unwrap();
    let bytes = fs::read(&one).unwrap();
    fs::copy(&two, &one).unwrap();
    fs::write(&two, bytes).unwrap();
    assert_eq!(cache.read("other").unwrap(), None);
    assert_nothing(&cache, &[&one, &two]);
}

#[test]
fn another_keys_record_is_nothing_and_gone() {
    let folder = TempDir::new().unwrap();
    let (cache, first, _) = one_copy(&folder);
    cache.write("other", b"another's", &record("2", 1.0)).unwrap();
    let other = records(&folder).into_iter().find(|path| *path != first).unwrap();
    fs::copy(&other, &first).unwrap();
    assert!(!cache.confirm("key", &record("2", 2.0)).unwrap());
    assert_nothing(&cache, &[&first]);
    assert_eq!(cache.read("other").unwrap().unwrap().content, b"another's");
}

#[test]
fn what_is_larger_than_it_may_be_is_not_read() {
    let folder = TempDir::new().unwrap();
    let (cache, record, content) = one_copy(&folder);
    // Sparse: reading them would take all memory.
    fs::OpenOptions::new().write(true).open(&content).unwrap().set_len(1 << 40).unwrap();
    assert_nothing(&cache, &[&record, &content]);
    fs::OpenOptions::new().write(true).open(&record).unwrap().set_len(1 << 40).unwrap();
    assert_nothing(&cache, &[&record]);
    assert_eq!(cache_in(&folder, 3).read("key").unwrap(), None, "kept when the bound was larger");
    assert!(!record.exists());
}

#[test]
fn a_record_that_would_be_too_large_is_not_written() {
    let folder = TempDir::new().unwrap();
    let (cache, path, _) = one_copy(&folder);
    cache.write("key", b"text", &record(&"x".repeat(70_000), 2.0)).unwrap();
    assert_eq!(cache.read("key").unwrap(), None);
    assert!(!path.exists());
}

/// Puts something else in the place of a file, and says whether what it was outlived the cache.
#[cfg(unix)]
type Plant = (&'static str, fn(&Path, &Path));

#[cfg(unix)]
const PLANTS: [Plant; 5] = [
    ("a link to a file", |path, aside| std::os::unix::fs::symlink(aside, path).unwrap()),
    ("a link to nothing", |path, _| std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap()),
    ("a link to itself", |path, _| std::os::unix::fs::symlink(path, path).unwrap()),
    ("a folder", |path, _| {
        fs::create_dir(path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
    }),
    ("a named pipe", |path, _| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
];

#[cfg(unix)]
#[test]
fn what_is_planted_in_the_place_of_a_file_is_never_followed_and_gives_way() {
    for (what, plant) in PLANTS {
        for is_record in [true, false] {
            let folder = TempDir::new().unwrap();
            let (cache, record, content) = one_copy(&folder);
            let target = if is_record { &record } else { &content };
            let aside = folder.path().join("aside");
            fs::copy(target, &aside).unwrap();
            let before = fs::read(&aside).unwrap();

            fs::remove_file(target).unwrap();
            plant(target, &aside);
            assert!(!cache.confirm("key", &super::record("1", 2.0)).unwrap(), "{what}");
            assert_eq!(cache.read("key").unwrap(), None, "{what}");
            assert!(fs::symlink_metadata(target).is_err(), "{what} is still there");

            plant(target, &aside);
            cache.write("key", b"what was fetched", &super::record("1", 3.0)).unwrap();
            assert_eq!(cache.read("key").unwrap(), Some(kept(b"what was fetched", super::record("1", 3.0))), "{what}");
            assert_eq!(fs::read(&aside).unwrap(), before, "{what} was followed");
        }
    }
}

#[cfg(unix)]
#[test]
fn no_link_in_the_place_of_a_folder_leads_out_of_the_directory() {
    for depth in 1..=4 {
        let folder = TempDir::new().unwrap();
        let (cache, _, content) = one_copy(&folder);
        // From the fan-out folder up to v1.
        let target = content.ancestors().nth(depth).unwrap();
        let outside = folder.path().join("outside");
        fs::rename(target, &outside).unwrap();
        std::os::unix::fs::symlink(&outside, target).unwrap();
        let before = files(folder.path(), "outside");
        assert_eq!(cache.read("key").unwrap_err().code(), "ECACHE");
        assert_eq!(cache.write("key", b"what was fetched", &record("2", 2.0)).unwrap_err().code(), "ECACHE");
        if depth < 4 {
            cache.clear().unwrap();
        } else {
            assert_eq!(cache.clear().unwrap_err().code(), "ECACHE");
        }
        assert_eq!(files(folder.path(), "outside"), before);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn whichever_byte_is_changed_the_copy_is_whole_or_nothing(in_record: bool, at: proptest::sample::Index, by in 1u8..) {
        let folder = TempDir::new().unwrap();
        let (cache, record, content) = one_copy(&folder);
        let target = if in_record { &record } else { &content };
        let mut bytes = fs::read(target).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        fs::write(target, bytes).unwrap();
        assert_nothing(&cache, &[target]);
    }
}
