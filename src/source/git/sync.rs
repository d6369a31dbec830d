//! Bringing a clone up to what its repository has now.

use std::collections::BTreeSet;
use std::fs;

use git2::{
    AutotagOption, Direction, FetchOptions, Oid, Progress, Remote, RemoteCallbacks, RemoteConnection, Repository,
};

use super::address::Place;
use super::failure::{of_clone, of_exchange, of_repository, words};
use super::job::{Choice, Job};
use super::selection::{Advertised, Selection, Want, Wants};
use super::store::{Store, Writing};
use super::tags::TagPatterns;
use super::{folder, transport};
use crate::error::ErrorKind;
use crate::source::layer::{Failure, Phase, Remedy};

/// Packs from which on a clone is made anew rather than added to: each fetch brings one, and none goes by itself.
const MANY_PACKS: usize = 50;

/// All branches and tags.
const EVERYTHING: [&str; 2] = ["+refs/heads/*:refs/sources/heads/*", "+refs/tags/*:refs/sources/tags/*"];

/// What of a repository is to be in its clone.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) selection: Selection,
    pub(super) patterns: TagPatterns,
    /// Commits of history that each ref comes with; all of them without it.
    pub(super) depth: Option<i32>,
}

type Outcome<T> = Result<T, Failure>;

/// A clone that is fetched into.
pub(super) struct Destination<'r> {
    pub(super) repository: &'r Repository,
    /// Whether it has nothing yet.
    pub(super) is_new: bool,
    /// Bytes that may come.
    pub(super) room: u64,
}

/// Brings the clone up to date. Nothing is written where no ref has moved.
pub(super) fn sync(job: &Job, store: &Store, plan: &Plan) -> Outcome<Wants> {
    if let Some(clone) = store.open() {
        let wants = wants(job, plan)?;
        if missing(&clone, &wants).is_empty() {
            job.tell_done();
            return Ok(wants);
        }
    }
    let writing = store.write(job)?;
    let wants = add_to_clone(job, &writing, plan).unwrap_or_else(|| make_clone(job, &writing, plan))?;
    job.tell_done();
    Ok(wants)
}

/// Throws the clone away: it lacks what it says that it has.
pub(super) fn distrust(job: &Job, store: &Store) -> Outcome<()> {
    store.write(job)?.remove_clone().map_err(|error| of_clone(&error.to_string()))
}

/// Fetches what has changed; `None` where there is no clone, or one that is better made anew.
fn add_to_clone(job: &Job, writing: &Writing<'_>, plan: &Plan) -> Option<Outcome<Wants>> {
    let clone = writing.open()?;
    let (bytes, packs) = writing.size();
    if packs >= MANY_PACKS {
        return None;
    }
    let room = job.order().max_bytes.saturating_sub(bytes);
    let outcome = fetch(job, &Destination { repository: &clone, is_new: false, room }, plan);
    match &outcome {
        Err(failure) if may_be_of_clone(failure) => {
            tracing::warn!(error = %failure.error, place = %job.order().place, "the clone is made anew");
            None
        }
        _ => Some(outcome),
    }
}

/// Whether making the clone anew could help: it is in the way itself, or has grown with what was fetched over time.
fn may_be_of_clone(failure: &Failure) -> bool {
    matches!(failure.error.kind(), ErrorKind::Cache | ErrorKind::TooLarge | ErrorKind::Protocol)
}

fn make_clone(job: &Job, writing: &Writing<'_>, plan: &Plan) -> Outcome<Wants> {
    let draft = writing.draft()?;
    if let (Some(old), Some(_)) = (writing.open(), plan.depth)
        && let Err(failure) = fill(job, &old, draft.repository()?)
    {
        tracing::debug!(error = %failure.error, "the old clone gives nothing to the new one");
    }
    let is_new = draft.repository()?.is_empty().unwrap_or(false);
    let clone = Destination { repository: draft.repository()?, is_new, room: job.order().max_bytes };
    let wants = fetch(job, &clone, plan)?;
    writing.keep(draft)?;
    Ok(wants)
}

/// Gives a new clone what others may have in the old one: all its refs, without what nobody leads to any more.
fn fill(job: &Job, old: &Repository, new: &Repository) -> Outcome<()> {
    let unreadable = |error: git2::Error| of_clone(&words(&error));
    let mut refs = Vec::new();
    for reference in old.references_glob("refs/sources/*").map_err(unreadable)? {
        let reference = reference.map_err(unreadable)?;
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        refs.extend(reference.target().map(|oid| (name, oid)));
    }
    let wants: Vec<_> = refs.iter().map(|(name, oid)| Want { remote: name.clone(), oid: *oid }).collect();
    let clone = Destination { repository: new, is_new: true, room: job.order().max_bytes };
    let commits = folder::copy(job, old, &clone, &wants.iter().collect::<Vec<_>>())?;
    end_history_with(new, &commits)?;
    for (name, oid) in refs {
        new.reference(&name, oid, true, "kept").map_err(unreadable)?;
    }
    Ok(())
}

/// Commits were copied without those before them, which the clone says as Git has it.
fn end_history_with(clone: &Repository, commits: &[Oid]) -> Outcome<()> {
    let path = clone.path().join("shallow");
    let said = fs::read_to_string(&path).unwrap_or_default();
    let mut lines: BTreeSet<_> = said.lines().map(str::to_owned).collect();
    lines.extend(commits.iter().map(ToString::to_string));
    let text: Vec<_> = lines.iter().map(|line| format!("{line}\n")).collect();
    let draft = clone.path().join("shallow.lock");
    let write = || {
        fs::write(&draft, text.concat())?;
        fs::rename(&draft, &path)
    };
    write().map_err(|error| of_clone(&error.to_string()))
}

/// What is wanted of the repository as it is now.
fn wants(job: &Job, plan: &Plan) -> Outcome<Wants> {
    if let Place::Folder(path) = &job.order().place {
        return chosen(&job.order().place, plan, &folder::refs(job, &folder::open(job, path)?)?);
    }
    let mut remote = Remote::create_detached(transport::URL).map_err(|error| of_exchange(job, &error))?;
    let (_, wants) = connect(job, &mut remote, plan, false)?;
    Ok(wants)
}

fn chosen(place: &Place, plan: &Plan, advertised: &[Advertised]) -> Outcome<Wants> {
    let wants = Wants::of(&plan.selection, advertised, &plan.patterns, place);
    wants.map_err(|error| Failure { error, remedy: Remedy::None })
}

/// Connects, and reads the refs. libgit2 hears of those that it is to fetch, or of all branches and tags.
fn connect<'a, 'b>(
    job: &Job,
    remote: &'a mut Remote<'b>,
    plan: &Plan,
    hears_all: bool,
) -> Outcome<(RemoteConnection<'b, 'a, 'static>, Wants)> {
    job.go_on()?;
    job.tell(Phase::Connecting, 0, 0, 0);
    let (place, plan) = (job.order().place.clone(), plan.clone());
    job.choose_by(move |refs| {
        let wants = chosen(&place, &plan, refs)?;
        let told: Vec<_> = if hears_all { refs.to_vec() } else { wants.all().map(Want::advertised).collect() };
        let is_name = |one: &Advertised| git2::Reference::is_valid_name(&one.name);
        Ok(Choice { wants, told: told.into_iter().filter(is_name).collect() })
    });
    let connection = remote.connect_auth(Direction::Fetch, None, None).map_err(|error| of_exchange(job, &error))?;
    let wants = job.take_wants().ok_or_else(|| of_repository(ErrorKind::Internal, "no refs were chosen".to_owned()))?;
    Ok((connection, wants))
}

/// Fetches what is missing in the clone.
fn fetch(job: &Job, clone: &Destination<'_>, plan: &Plan) -> Outcome<Wants> {
    let wants = match &job.order().place {
        Place::Folder(path) => {
            let repository = folder::open(job, path)?;
            let wants = chosen(&job.order().place, plan, &folder::refs(job, &repository)?)?;
            let commits = folder::copy(job, &repository, clone, &missing(clone.repository, &wants))?;
            end_history_with(clone.repository, &commits)?;
            wants
        }
        _ => fetch_over_network(job, clone, plan)?,
    };
    for want in missing(clone.repository, &wants) {
        if !clone.repository.odb().is_ok_and(|odb| odb.exists(want.oid)) {
            if wants.tip.as_ref() == Some(want) {
                return Err(not_sent(job, &plan.selection, want.oid));
            }
            // A tag that is not sent is told of by whoever follows it.
            continue;
        }
        let made = clone.repository.reference(&want.local(), want.oid, true, "fetched");
        made.map_err(|error| of_clone(&words(&error)))?;
    }
    Ok(wants)
}

fn fetch_over_network(job: &Job, clone: &Destination<'_>, plan: &Plan) -> Outcome<Wants> {
    job.collect_for((!clone.is_new).then(|| clone.repository.path()));
    let outcome = fetch_pack(job, clone, plan);
    if job.wants_whole_pack() {
        // What would have been cheaper is more than can be put together, or of what is not there.
        job.collect_for(None);
        drop(job.take_failure());
        return fetch_pack(job, clone, plan);
    }
    outcome
}

fn fetch_pack(job: &Job, clone: &Destination<'_>, plan: &Plan) -> Outcome<Wants> {
    let remote = clone.repository.remote_anonymous(transport::URL);
    let mut remote = remote.map_err(|error| of_clone(&words(&error)))?;
    let (mut connection, wants) = connect(job, &mut remote, plan, false)?;
    let missing = missing(clone.repository, &wants);
    if missing.is_empty() {
        return Ok(wants);
    }
    let refspecs: Vec<_> = missing.iter().map(|want| want.refspec()).collect();
    let is_unnamed = missing.iter().any(|want| want.remote == want.oid.to_string());
    match download(job, connection.remote(), &refspecs, plan.depth, clone.room) {
        Err(failure) if is_unnamed && failure.error.kind() == ErrorKind::Protocol => {
            // Where a server gives no commits but those that it names, its branches have to be looked through.
            drop(connection);
            let (mut connection, wants) = connect(job, &mut remote, plan, true)?;
            download(job, connection.remote(), &EVERYTHING.map(str::to_owned), None, clone.room)?;
            Ok(wants)
        }
        outcome => outcome.map(|()| wants),
    }
}

fn missing<'a>(clone: &Repository, wants: &'a Wants) -> Vec<&'a Want> {
    wants.all().filter(|want| !has(clone, want)).collect()
}

fn download(job: &Job, remote: &mut Remote<'_>, refspecs: &[String], depth: Option<i32>, room: u64) -> Outcome<()> {
    let mut callbacks = RemoteCallbacks::new();
    callbacks.transfer_progress(|progress| {
        told(job, &progress);
        let goes_on = if progress.received_bytes() as u64 > room { Err(job.too_large()) } else { job.go_on() };
        goes_on.map_err(|failure| job.keep(failure)).is_ok()
    });
    callbacks.sideband_progress(|_| job.go_on().map_err(|failure| job.keep(failure)).is_ok());
    callbacks.pack_progress(|_, _, _| {});
    let mut options = FetchOptions::new();
    options.remote_callbacks(callbacks).download_tags(AutotagOption::None).update_fetchhead(false);
    if let Some(depth) = depth {
        options.depth(depth);
    }
    remote.download(refspecs, Some(&mut options)).map_err(|error| of_exchange(job, &error))
}

fn told(job: &Job, progress: &Progress<'_>) {
    let bytes = progress.received_bytes() as u64;
    if progress.received_objects() < progress.total_objects() {
        job.tell(Phase::Receiving, progress.received_objects() as u64, progress.total_objects() as u64, bytes);
    } else if progress.total_deltas() > 0 {
        job.tell(Phase::Resolving, progress.indexed_deltas() as u64, progress.total_deltas() as u64, bytes);
    }
}

/// Whether the clone has a ref, which is made once all that it leads to is there.
fn has(clone: &Repository, want: &Want) -> bool {
    clone.refname_to_id(&want.local()).is_ok_and(|there| there == want.oid)
}

fn not_sent(job: &Job, selection: &Selection, oid: Oid) -> Failure {
    let place = &job.order().place;
    if matches!(selection, Selection::Commit(commit) if *commit == oid) {
        return of_repository(ErrorKind::NoRef, format!("{place} has no commit {oid}, or gives it to nobody"));
    }
    of_repository(ErrorKind::Protocol, format!("{place} did not send {oid}, which it says that it has"))
}
