//! Git's protocol over a connection that stands until the end: what goes back and forth, however it does.

use std::io::{self, Read, Write};

use git2::transport::SmartSubtransportStream;

use super::guard::{Guard, for_whole_pack};
use super::{Arrived, hide};
use crate::error::{Error, ErrorKind};
use crate::source::git::advertisement::Beginning;
use crate::source::git::job::Job;
use crate::source::layer::{Failure, Remedy};

/// How bytes go back and forth.
pub(super) trait Channel: Send + 'static {
    /// Sends all of them.
    fn send(&mut self, job: &Job, bytes: &[u8]) -> Result<(), Failure>;

    /// The next ones; none at the end.
    fn receive(&mut self, job: &Job) -> Result<Vec<u8>, Failure>;
}

struct Conversation<C> {
    channel: C,
    arrived: Arrived,
    guard: Guard,
}

/// Hears what the other side says first, which is which refs it has. From then on libgit2 speaks.
pub(super) fn begin(job: &Job, mut channel: impl Channel) -> Result<Box<dyn SmartSubtransportStream>, Failure> {
    let mut beginning = Beginning::default();
    loop {
        let bytes = channel.receive(job)?;
        if bytes.is_empty() {
            let message = format!("{} ended the connection before it said which refs it has", job.order().place);
            return Err(Failure {
                error: Error::new(ErrorKind::Network, message),
                remedy: Remedy::Retry { after: None },
            });
        }
        job.count(bytes.len())?;
        beginning.push(&bytes);
        if beginning.is_whole() {
            break;
        }
        job.bound_refs(beginning.len())?;
        // Who refuses says so and ends the connection.
        if beginning.read_refusal().is_some() {
            break;
        }
    }
    let mut arrived = Arrived::default();
    arrived.refill(&job.hear(&beginning.read())?);
    Ok(Box::new(Conversation { channel, arrived, guard: Guard::new(job) }))
}

impl<C: Channel> Read for Conversation<C> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.arrived.is_empty() {
            let job = Job::current().ok_or(io::ErrorKind::NotConnected)?;
            let bytes = self.channel.receive(&job).map_err(hide)?;
            if bytes.is_empty() {
                return Ok(0);
            }
            let passed = job.count(bytes.len()).and_then(|()| self.guard.pass(&job, &bytes)).map_err(hide)?;
            self.arrived.refill(&passed);
        }
        Ok(self.arrived.take(room))
    }
}

impl<C: Channel> Write for Conversation<C> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let job = Job::current().ok_or(io::ErrorKind::NotConnected)?;
        let sent = if job.collects() {
            self.channel.send(&job, bytes)
        } else {
            self.channel.send(&job, &for_whole_pack(bytes))
        };
        sent.map_err(hide)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
