//! The bound, and what is cleared away.

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// What the bound counts.
fn bytes_in(folder: &TempDir) -> u64 {
    let all = files(folder.path(), "v1");
    all.iter().map(|path| fs::metadata(path).unwrap().len()).sum()
}

/// A content of so many bytes that names its key.
fn content(key: usize, size: usize) -> Vec<u8> {
    format!("{key} ").bytes().cycle().take(size).collect()
}

/// The file of the record that was written last.
fn newest_record(folder: &TempDir) -> PathBuf {
    records(folder).into_iter().min_by_key(|path| age_of(path)).unwrap()
}

#[test]
fn the_bound_holds_over_all_partitions_after_each_write() {
    let folder = TempDir::new().unwrap();
    let max = 100_000;
    let caches = ["one", "two", "three"].map(|name| DiskCache::new(folder.path().to_owned(), name, max));
    for key in 0..200 {
        caches[key % 3].write(&key.to_string(), &content(key, 3000), &record("1", 1.0)).unwrap();
        // Up to a sixteenth is written between two counts.
        assert!(bytes_in(&folder) <= max + max / 16 + 4000, "{}", bytes_in(&folder));
    }
    assert!(bytes_in(&folder) > max / 2, "no more is evicted than must be");
    assert!(caches[199 % 3].read("199").unwrap().is_some());
    assert_eq!(caches[0].read("0").unwrap(), None);
}

#[test]
fn the_bound_holds_where_few_keys_are_written_again_and_again() {
    let folder = TempDir::new().unwrap();
    let max = 100_000;
    let cache = cache_in(&folder, max);
    cache.write("cold", b"not used since", &record("1", 1.0)).unwrap();
    make_old(&newest_record(&folder), HOUR);
    for round in 0..200 {
        cache.write("hot", &content(round, 5000), &record("1", 1.0)).unwrap();
        assert!(bytes_in(&folder) <= max / 4, "{}", bytes_in(&folder));
    }
    assert!(cache.read("cold").unwrap().is_some(), "what was replaced makes room first");
}

#[test]
fn the_least_recently_used_goes_first_down_to_nine_tenths() {
    let folder = TempDir::new().unwrap();
    let roomy = cache_in(&folder, MIB);
    let ages = [5, 9, 2, 7, 3, 8, 1, 6, 4, 10];
    for (key, age) in ages.iter().enumerate() {
        roomy.write(&key.to_string(), &content(key, 1000), &record("1", 1.0)).unwrap();
        make_old(&newest_record(&folder), *age * HOUR);
    }
    let each = bytes_in(&folder) / 10;
    drop(roomy);
    // Eleven are one too many; nine tenths of ten are nine.
    let cache = cache_in(&folder, each * 10 + each / 2);
    cache.write("new", &content(10, 1000), &record("1", 1.0)).unwrap();
    assert_eq!((records(&folder).len(), contents(&folder).len()), (9, 9));
    let left: Vec<_> =
        (0..10).filter(|key| cache.read(&key.to_string()).unwrap().is_some()).map(|key| ages[key]).collect();
    assert_eq!(left, [5, 2, 7, 3, 8, 1, 6, 4]);
    assert!(cache.read("new").unwrap().is_some());
}

#[test]
fn reading_and_confirming_count_as_use_and_reading_does_at_most_once_a_minute() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, MIB);
    cache.write("key", b"text", &record("1", 1.0)).unwrap();
    let (path, half) = (newest_record(&folder), MINUTE / 2);
    make_old(&path, half);
    cache.read("key").unwrap().unwrap();
    assert!(age_of(&path) >= half);
    cache.confirm("key", &record("1", 2.0)).unwrap();
    assert!(age_of(&path) < half);
    make_old(&path, HOUR);
    cache.read("key").unwrap().unwrap();
    assert!(age_of(&path) < half);
}

#[test]
fn what_is_larger_than_the_bound_is_not_kept_and_what_was_there_is_gone() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, 2000);
    cache.write("key", b"small", &record("1", 1.0)).unwrap();
    cache.write("other", b"small", &record("1", 1.0)).unwrap();
    cache.write("key", &content(0, 2000), &record("2", 2.0)).unwrap();
    assert_eq!(cache.read("key").unwrap(), None);
    assert!(cache.read("other").unwrap().is_some());
}

#[test]
fn what_nearly_fills_the_bound_is_kept_alone() {
    let folder = TempDir::new().unwrap();
    let cache = cache_in(&folder, 10_000);
    for key in 0..5 {
        cache.write(&key.to_string(), &content(key, 9500), &record("1", 1.0)).unwrap();
        assert_eq!(cache.read(&key.to_string()).unwrap().unwrap().content, content(key, 9500));
        assert!(bytes_in(&folder) <= 10_000);
    }
}

#[test]
fn an_evicted_copy_leaves_its_content_to_the_key_that_shares_it() {
    let folder = TempDir::new().unwrap();
    let roomy = cache_in(&folder, MIB);
    roomy.write("old", &content(0, 500), &record("1", 1.0)).unwrap();
    make_old(&newest_record(&folder), HOUR);
    roomy.write("young", &content(0, 500), &record("1", 1.0)).unwrap();
    drop(roomy);
    // One record too many, and one record is more than a tenth.
    let cache = cache_in(&folder, bytes_in(&folder) + 200);
    cache.write("new", b"new", &record("1", 1.0)).unwrap();
    assert_eq!(cache.read("old").unwrap(), None);
    assert!(cache.read("young").unwrap().is_some());
}

#[test]
fn contents_that_nothing_names_are_swept_but_not_young_ones() {
    let folder = TempDir::new().unwrap();
    let other = cache_in(&folder, MIB);
    for key in ["old", "young", "named"] {
        other.write(key, key.as_bytes(), &record("1", 1.0)).unwrap();
    }
    let lone = |text: &str| contents(&folder).into_iter().find(|path| fs::read(path).unwrap() == text.as_bytes());
    for key in ["old", "named"] {
        make_old(&lone(key).unwrap(), 2 * MINUTE);
    }
    // As a writer leaves it who was killed before its record.
    for record in records(&folder) {
        let text = fs::read_to_string(&record).unwrap();
        if !text.contains("\"named\"") {
            fs::remove_file(&record).unwrap();
        }
    }
    drop(other);
    let cache = cache_in(&folder, MIB);
    cache.write("new", b"new", &record("1", 1.0)).unwrap();
    assert_eq!([lone("old"), lone("young"), lone("named")].map(|found| found.is_some()), [false, true, true]);
    assert_eq!(cache.read("named").unwrap().unwrap().content, b"named");
}

#[test]
fn records_that_name_nothing_and_damaged_ones_are_swept() {
    let folder = TempDir::new().unwrap();
    let other = cache_in(&folder, MIB);
    other.write("key", b"text", &record("1", 1.0)).unwrap();
    fs::remove_file(contents(&folder).remove(0)).unwrap();
    make_old(&newest_record(&folder), 2 * MINUTE);
    other.write("damaged", b"text 2", &record("1", 1.0)).unwrap();
    fs::write(newest_record(&folder), "{").unwrap();
    drop(other);
    cache_in(&folder, MIB).write("new", b"new", &record("1", 1.0)).unwrap();
    assert_eq!(records(&folder).len(), 1);
}

#[test]
fn drafts_are_swept_after_an_hour_and_within_seconds_where_space_is_short() {
    for (max, left) in [(MIB, vec!["a-minute", "now"]), (3000, vec!["now"])] {
        let folder = TempDir::new().unwrap();
        let drafts = folder.path().join("cache/v1/tmp");
        fs::create_dir_all(&drafts).unwrap();
        for (name, age) in [("an-hour", HOUR + MINUTE), ("a-minute", MINUTE), ("now", Duration::ZERO)] {
            fs::write(drafts.join(name), content(0, 1500)).unwrap();
            make_old(&drafts.join(name), age);
        }
        let cache = cache_in(&folder, max);
        cache.write("key", b"text", &record("1", 1.0)).unwrap();
        assert_eq!(files(folder.path(), "tmp"), left.into_iter().map(|name| drafts.join(name)).collect::<Vec<_>>());
        assert!(cache.read("key").unwrap().is_some());
    }
}

#[test]
fn what_a_killed_process_left_of_a_cleared_partition_is_swept() {
    let folder = TempDir::new().unwrap();
    let thrown_away = folder.path().join("cache/v1/tmp/x");
    fs::create_dir_all(thrown_away.join("records")).unwrap();
    fs::write(thrown_away.join("records/y"), "y").unwrap();
    cache_in(&folder, MIB).write("key", b"text", &record("1", 1.0)).unwrap();
    assert!(!thrown_away.exists());
}

#[test]
fn young_contents_without_records_go_after_seconds_where_space_is_short_before_any_copy_does() {
    let folder = TempDir::new().unwrap();
    let other = cache_in(&folder, MIB);
    for key in ["kept", "left"] {
        other.write(key, &content(key.len(), 1000), &record(key, 1.0)).unwrap();
        make_old(&newest_record(&folder), HOUR);
    }
    other.write("left", b"", &record("left", 2.0)).unwrap();
    for path in contents(&folder) {
        make_old(&path, MINUTE / 2);
    }
    // Another process, which wrote none of them.
    drop(other);
    let cache = cache_in(&folder, 2400);
    cache.write("new", b"new", &record("1", 1.0)).unwrap();
    assert!(cache.read("kept").unwrap().is_some());
    assert!(bytes_in(&folder) <= 2400);
}

#[test]
fn what_is_not_the_caches_own_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("cache");
    let foreign =
        ["notes.txt", "v2/records/x.json", "v1/other/contents/ab/abc", "v1/notes.txt"].map(|name| root.join(name));
    for path in &foreign {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x".repeat(5000)).unwrap();
        make_old(path, 2 * HOUR);
    }
    let cache = cache_in(&folder, 1000);
    cache.write("key", b"text", &record("1", 1.0)).unwrap();
    cache.clear().unwrap();
    assert!(foreign.iter().all(|path| path.exists()));
}
