//! What libgit2 speaks Git's protocol over, in the place of its own transports: the same connections, time-outs, proxies,
//! certificates and redirect rules as everywhere in this system, the machine's own ssh program, and no OpenSSL.

mod conversation;
mod guard;
mod http;
mod pipe;
mod tcp;

use std::io;

use git2::Remote;
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};

pub(super) use http::Found;

use super::address::Place;
use super::job::Job;
use super::ssh;
use crate::source::layer::Failure;

/// The scheme that libgit2 knows these transports by. Where they lead to, the job of the thread says.
pub const SCHEME: &str = "package-sources";

/// The URL of whatever the job of the thread leads to.
pub(super) const URL: &str = "package-sources://repository";

/// Makes the transport of the job of this thread, at libgit2's call.
///
/// # Errors
/// Where the thread has no job, or one that needs no transport of ours.
pub fn make(remote: &Remote<'_>) -> Result<Transport, git2::Error> {
    let job = Job::current().ok_or_else(|| git2::Error::from_str("there is no job on this thread"))?;
    let is_stateless = matches!(job.order().place, Place::Http(_));
    Transport::smart(remote, is_stateless, Subtransport)
}

/// What libgit2 is told of a failure: it takes no text with a NUL in it, and hands on what it takes.
const FAILED: &str = "a transport has failed";

/// Opens streams for the job of the thread that asks.
struct Subtransport;

impl SmartSubtransport for Subtransport {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let job = Job::current().ok_or_else(|| git2::Error::from_str("there is no job on this thread"))?;
        if !matches!(service, Service::UploadPackLs | Service::UploadPack) {
            return Err(git2::Error::from_str("repositories are only read"));
        }
        let opened = match &job.order().place {
            Place::Http(_) => http::open(&job, service == Service::UploadPackLs),
            Place::Daemon { host, port, path } => tcp::open(&job, host, *port, path),
            Place::Ssh { user, host, port, path } => {
                ssh::command(&job, user.as_deref(), host, *port, path).and_then(|command| pipe::open(&job, command))
            }
            Place::Folder(_) => return Err(git2::Error::from_str("folders need no transport")),
        };
        opened.map_err(|failure| {
            job.keep(failure);
            git2::Error::from_str(FAILED)
        })
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// A failure as libgit2 takes it; what it was stays with the job.
fn hide(failure: Failure) -> io::Error {
    if let Some(job) = Job::current() {
        job.keep(failure);
    } else {
        tracing::error!(error = %failure.error, "a transport outlived its job");
    }
    io::Error::other(FAILED)
}

/// Bytes that came, of which libgit2 takes as many at a time as it has room for.
#[derive(Default)]
struct Arrived {
    bytes: Vec<u8>,
    taken: usize,
}

impl Arrived {
    fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    fn refill(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.taken = 0;
    }

    fn take(&mut self, room: &mut [u8]) -> usize {
        let rest = &self.bytes[self.taken..];
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        count
    }
}
