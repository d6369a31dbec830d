use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::json::Fields;
use crate::model::IndexEntry;

const NOW: &str = "2026-01-02T03:04:05.678Z";

fn entry(id: &str, version: &str) -> IndexEntry {
    let text = format!("{{\"packageId\":{id:?},\"version\":{version:?}}}");
    IndexEntry::from_fields(&Fields::parse(&text).unwrap()).unwrap().0
}

/// A store in a directory of its own.
fn new_store() -> (tempfile::TempDir, Store) {
    let parent = tempfile::tempdir().unwrap();
    let store = Store::open(&parent.path().join("store")).unwrap();
    (parent, store)
}

fn publish(store: &Store, id: &str, version: &str, body: &str) -> Result<Publication> {
    let writer = store.writer()?;
    let publication = writer.publish(&entry(id, version), body.as_bytes(), NOW);
    writer.finish()?;
    publication
}

fn read(store: &Store) -> Holdings {
    store.read(&Holdings::default()).unwrap()
}

/// Every version as `id@version`, in order.
fn versions(holdings: &Holdings) -> Vec<String> {
    let all = holdings.packages().iter().flat_map(Package::versions);
    all.map(|published| format!("{}@{}", published.entry.id, published.entry.version)).collect()
}

fn reasons(holdings: &Holdings) -> Vec<String> {
    holdings.warnings.iter().map(|warning| format!("{} {}", warning.path, warning.reason)).collect()
}

fn place(store: &Store, id: &str, version: &str) -> PathBuf {
    store.path.join(PACKAGES).join(id).join(version)
}

#[test]
fn what_was_published_is_read_back_byte_for_byte() {
    let (_parent, store) = new_store();
    let body = "{\"metadata\":{\"packageId\":\"a\"},\"n\":1e400}";
    let Publication::Added(checksum) = publish(&store, "a", "1.0.0", body).unwrap() else { panic!("not added") };
    let holdings = read(&store);
    let published = holdings.package("a").unwrap().newest();
    assert_eq!(store.body(published).unwrap().unwrap(), body.as_bytes());
    assert_eq!((&*published.checksum, &*published.published_at, published.size), (&*checksum, NOW, body.len() as u64));
    assert_eq!(checksum.len(), 64);
}

#[test]
fn versions_come_newest_first_and_a_pre_release_is_newest_only_where_alone() {
    let (_parent, store) = new_store();
    for version in ["1.9.0", "2.0.0-rc.1", "v1.10", "2.0.0-beta"] {
        publish(&store, "a", version, version).unwrap();
    }
    publish(&store, "b", "1.0.0-alpha", "b").unwrap();
    let holdings = read(&store);
    assert_eq!(versions(&holdings), ["a@2.0.0-rc.1", "a@2.0.0-beta", "a@v1.10", "a@1.9.0", "b@1.0.0-alpha"]);
    let newest = |id: &str| holdings.package(id).unwrap().newest().entry.version.to_string();
    assert_eq!((newest("a"), newest("b")), ("v1.10".to_owned(), "1.0.0-alpha".to_owned()));
}

#[test]
fn a_version_never_changes() {
    let (_parent, store) = new_store();
    publish(&store, "a", "1.0.0", "one").unwrap();
    assert!(matches!(publish(&store, "a", "1.0.0", "one"), Ok(Publication::Unchanged(_))));
    assert_eq!(publish(&store, "a", "1.0.0", "two").unwrap_err().code(), "ECONFLICT");
    let holdings = read(&store);
    assert_eq!(store.body(holdings.package("a").unwrap().newest()).unwrap().unwrap(), b"one");
    assert_eq!(fs::read_dir(store.path.join(INCOMING)).unwrap().count(), 0);
}

#[test]
fn ids_that_differ_only_in_case_or_are_no_file_names_are_kept_apart() {
    let (_parent, store) = new_store();
    let long = "ä".repeat(107);
    let ids = ["A", "CON", "a", "con", "con.x", "x ", "…", &long];
    for id in ids {
        publish(&store, id, "1.0.0", id).unwrap();
    }
    let holdings = read(&store);
    assert_eq!(reasons(&holdings), Vec::<String>::new());
    for id in ids {
        assert_eq!(store.body(holdings.package(id).unwrap().newest()).unwrap().unwrap(), id.as_bytes(), "{id}");
    }
}

#[test]
fn an_import_changes_the_state_even_where_it_adds_nothing() {
    let (_parent, store) = new_store();
    let empty = store.state().unwrap();
    publish(&store, "a", "1.0.0", "one").unwrap();
    let first = store.state().unwrap();
    assert_ne!(first, empty);
    publish(&store, "a", "1.0.0", "one").unwrap();
    assert_ne!(store.state().unwrap(), first);
}

#[test]
fn what_a_killed_writer_left_behind_is_not_seen() {
    let (_parent, store) = new_store();
    publish(&store, "a", "1.0.0", "one").unwrap();
    let half = store.path.join(INCOMING).join("half");
    fs::create_dir(&half).unwrap();
    fs::write(half.join(BODY_FILE), "hal").unwrap();
    fs::create_dir(store.path.join(PACKAGES).join("b")).unwrap();
    fs::write(store.path.join(".revision.half"), "").unwrap();
    let holdings = read(&store);
    assert_eq!((versions(&holdings), reasons(&holdings)), (vec!["a@1.0.0".to_owned()], Vec::new()));
    assert!(half.exists(), "what is young may belong to another writer");
}

#[test]
fn damaged_versions_are_left_out_and_told() {
    let (_parent, store) = new_store();
    for id in ["a", "b", "c", "d", "e", "good"] {
        publish(&store, id, "1.0.0", "body").unwrap();
    }
    fs::write(place(&store, "a", "1.0.0").join(VERSION_FILE), "{\"half").unwrap();
    fs::write(place(&store, "b", "1.0.0").join(BODY_FILE), "bod").unwrap();
    fs::remove_file(place(&store, "c", "1.0.0").join(VERSION_FILE)).unwrap();
    fs::remove_file(place(&store, "d", "1.0.0").join(BODY_FILE)).unwrap();
    fs::rename(place(&store, "e", "1.0.0"), place(&store, "e", "2.0.0")).unwrap();
    let holdings = read(&store);
    assert_eq!(versions(&holdings), ["good@1.0.0"]);
    let reasons = reasons(&holdings);
    for (id, what) in
        [("a", "EOF"), ("b", "not what was published"), ("c", VERSION_FILE), ("d", BODY_FILE), ("e", "place")]
    {
        assert!(
            reasons.iter().any(|reason| reason.contains(&format!("/{id}/")) && reason.contains(what)),
            "{id} {reasons:?}"
        );
    }
    assert_eq!(reasons.len(), 5);
}

#[test]
fn a_body_of_the_right_size_and_wrong_content_is_found_when_it_is_read_and_mended_by_publishing_again() {
    let (_parent, store) = new_store();
    publish(&store, "a", "1.0.0", "body").unwrap();
    fs::write(place(&store, "a", "1.0.0").join(BODY_FILE), "BODY").unwrap();
    let body = |store: &Store| store.body(read(store).package("a").unwrap().newest()).unwrap();
    assert!(body(&store).unwrap_err().reason.contains("checksum"));
    assert!(matches!(publish(&store, "a", "1.0.0", "body"), Ok(Publication::Added(_))));
    assert_eq!(body(&store).unwrap(), b"body");
}

#[cfg(unix)]
#[test]
fn links_are_foreign_wherever_they_lead() {
    let (parent, store) = new_store();
    publish(&store, "a", "1.0.0", "body").unwrap();
    let packages = store.path.join(PACKAGES);
    let outside = parent.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(BODY_FILE), "body").unwrap();
    let link = |to: &Path, at: PathBuf| std::os::unix::fs::symlink(to, at).unwrap();
    link(&packages.join("a"), packages.join("b"));
    link(&outside, packages.join("a/2.0.0"));
    publish(&store, "c", "1.0.0", "body").unwrap();
    fs::remove_file(place(&store, "c", "1.0.0").join(BODY_FILE)).unwrap();
    link(&outside.join(BODY_FILE), place(&store, "c", "1.0.0").join(BODY_FILE));
    let holdings = read(&store);
    assert_eq!(versions(&holdings), ["a@1.0.0"]);
    assert_eq!(holdings.warnings.len(), 3, "{:?}", reasons(&holdings));
}

#[test]
fn versions_that_were_read_before_are_the_same_objects() {
    let (_parent, store) = new_store();
    publish(&store, "a", "1.0.0", "one").unwrap();
    let before = read(&store);
    publish(&store, "a", "2.0.0", "two").unwrap();
    let after = store.read(&before).unwrap();
    let [two, one] = after.package("a").unwrap().versions() else { panic!("{:?}", versions(&after)) };
    assert!(std::sync::Arc::ptr_eq(one, before.package("a").unwrap().newest()));
    fs::write(place(&store, "a", "2.0.0").join(BODY_FILE), "TWO").unwrap();
    let damage = store.body(two).unwrap().unwrap_err();
    let rest = after.without(two, damage);
    assert_eq!(versions(&rest), ["a@1.0.0"]);
    assert_eq!(versions(&store.read(&rest).unwrap()), ["a@1.0.0"], "and is not told anew");
    assert!(!store.is_mended(&rest).unwrap());
    fs::write(place(&store, "a", "2.0.0").join(BODY_FILE), "two, and more").unwrap();
    assert!(store.is_mended(&rest).unwrap());
}

#[test]
fn a_directory_that_holds_other_things_is_no_store() {
    let parent = tempfile::tempdir().unwrap();
    let open = |name: &str| Store::open(&parent.path().join(name)).map_err(|error| error.code());
    for (name, file, text) in [
        ("foreign", "notes.txt", ""),
        ("later", FORMAT_FILE, "{\"format\":\"package-registry\",\"version\":2}"),
        ("other", FORMAT_FILE, "{\"format\":\"something\",\"version\":1}"),
        ("broken", FORMAT_FILE, "{"),
    ] {
        fs::create_dir(parent.path().join(name)).unwrap();
        fs::write(parent.path().join(name).join(file), text).unwrap();
        assert_eq!(open(name).unwrap_err(), "ESTORE", "{name}");
        assert_eq!(fs::read_dir(parent.path().join(name)).unwrap().count(), 1, "{name} is left as it is");
    }
    fs::create_dir_all(parent.path().join("volume/lost+found")).unwrap();
    assert!(open("volume").is_ok());
    fs::write(parent.path().join("file"), "").unwrap();
    assert_eq!(open("file").unwrap_err(), "ESTORE");
}

#[test]
fn a_store_that_several_make_at_once_is_one_for_all() {
    for _ in 0..50 {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("store");
        std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Store::open(&path).unwrap().writer().map(drop))).collect();
            for maker in makers {
                maker.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn several_writers_of_one_version_add_it_once() {
    let (_parent, store) = new_store();
    let publications: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|_| scope.spawn(|| publish(&store, "a", "1.0.0", "body").unwrap())).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let added = publications.iter().filter(|publication| matches!(publication, Publication::Added(_))).count();
    assert_eq!(added, 1);
    assert_eq!(versions(&read(&store)), ["a@1.0.0"]);
}
