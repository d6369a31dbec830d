//! What went wrong with a repository, and what may be done about it.

use std::sync::atomic::Ordering;

use git2::{ErrorClass, ErrorCode};

use super::address::Place;
use super::job::Job;
use crate::error::{Error, ErrorKind};
use crate::source::layer::{Failure, Remedy};

/// What libgit2 failed with while it spoke with the other side. What a transport of ours failed with comes first.
pub(super) fn of_exchange(job: &Job, error: &git2::Error) -> Failure {
    if let Some(failure) = job.take_failure() {
        return failure;
    }
    if let Err(failure) = job.go_on() {
        return failure;
    }
    let place = &job.order().place;
    let what = words(error);
    // What libgit2 says of a pack that makes an object again, which it never frees. No server sends that by mistake.
    if what.contains("no REF_DELTA found") {
        job.order().is_hostile.store(true, Ordering::Relaxed);
    }
    let said = job.words_of_theirs(&what);
    match error.class() {
        ErrorClass::Os | ErrorClass::Filesystem if !matches!(place, Place::Folder(_)) => of_clone(&what),
        ErrorClass::Repository | ErrorClass::Os | ErrorClass::Filesystem
            if matches!(place, Place::Folder(_)) && error.code() == ErrorCode::NotFound =>
        {
            of_repository(ErrorKind::NoRepository, format!("there is no Git repository at {place}"))
        }
        ErrorClass::Net if what.contains("EOF") || what.contains("unexpected disconnect") => {
            let message = format!("the connection to {place} broke: {what}");
            Failure { error: Error::new(ErrorKind::Network, message), remedy: Remedy::Retry { after: None } }
        }
        _ => of_repository(ErrorKind::Protocol, format!("{place} can't be read: {said}")),
    }
}

/// The other side says in words that it gives nothing.
pub(super) fn of_refusal(job: &Job, reason: &str) -> Failure {
    let place = &job.order().place;
    let reason: String = reason.trim().chars().filter(|character| !character.is_control()).take(300).collect();
    let is_absent = ["not exported", "repository not found", "no such repository", "does not exist", "access denied"];
    let is_absent = is_absent.iter().any(|words| reason.to_lowercase().contains(words));
    let said = job.words_of_theirs(&reason);
    if is_absent {
        let message = format!("there is no repository at {place}, or it may not be read: {said}");
        return of_repository(ErrorKind::NoRepository, message);
    }
    let failure = of_repository(ErrorKind::Protocol, format!("{place} refuses: {said}"));
    // A ref has moved since it said where it points.
    let has_moved = reason.to_lowercase().contains("not our ref");
    if has_moved { Failure { remedy: Remedy::Retry { after: None }, ..failure } } else { failure }
}

/// The clone itself can't be used. Making it anew may help, asking again does not.
pub(super) fn of_clone(what: &str) -> Failure {
    let message = format!("the clone in the cacheDir can't be used: {what}");
    Failure { error: Error::new(ErrorKind::Cache, message), remedy: Remedy::Unasked }
}

/// The repository is not as it should be, and asking again won't change that.
pub(super) fn of_repository(kind: ErrorKind, message: String) -> Failure {
    Failure { error: Error::new(kind, message), remedy: Remedy::None }
}

/// What libgit2 says, without control characters, for it repeats what the other side sent.
pub(super) fn words(error: &git2::Error) -> String {
    error.message().chars().filter(|character| !character.is_control()).take(300).collect()
}
