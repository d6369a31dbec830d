//! Git's protocol over a program's input and output.
//!
//! Two threads stand between, since a pipe can't be waited for with a bound on every system: a program that hangs is
//! killed, which ends both.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use git2::transport::SmartSubtransportStream;
use tokio::sync::mpsc as channel;

use super::conversation::{Channel, begin};
use crate::error::{Error, ErrorKind};
use crate::source::git::job::Job;
use crate::source::git::ssh;
use crate::source::layer::{Failure, Remedy};

/// Most of what a program says of its failure that is kept, in bytes.
const MAX_COMPLAINT: usize = 4096;

/// How long a program that has ended is waited for to have said all.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Pieces that may lie between the program and libgit2.
const MAX_AHEAD: usize = 16;

/// Bytes of a piece, at most.
const PIECE: usize = 32 * 1024;

/// A running program.
struct Pipe {
    child: Child,
    output: channel::Receiver<io::Result<Vec<u8>>>,
    input: mpsc::Sender<Vec<u8>>,
    complaint: Complaint,
    has_spoken: bool,
}

/// Starts the program.
pub(super) fn open(job: &Job, mut command: Command) -> Result<Box<dyn SmartSubtransportStream>, Failure> {
    job.order().network.tally.request();
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| ssh::unusable(&job.order().place, &error))?;
    let (Some(mut stdin), Some(mut stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(ssh::unusable(&job.order().place, &io::ErrorKind::BrokenPipe.into()));
    };
    let (to_us, output) = channel::channel(MAX_AHEAD);
    let (input, from_us) = mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let outcome = stdout.read(&mut piece).map(|count| {
                piece.truncate(count);
                piece
            });
            let is_end = !matches!(&outcome, Ok(piece) if !piece.is_empty());
            if to_us.blocking_send(outcome).is_err() || is_end {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        // A program that takes nothing more says so on its output.
        while let Ok(bytes) = from_us.recv() {
            if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
                return;
            }
        }
    });
    begin(job, Pipe { child, output, input, complaint: Complaint::of(stderr), has_spoken: false })
}

impl Channel for Pipe {
    fn send(&mut self, _: &Job, bytes: &[u8]) -> Result<(), Failure> {
        // Where the program is gone, the next look at its output tells why.
        self.input.send(bytes.to_vec()).unwrap_or_default();
        Ok(())
    }

    fn receive(&mut self, job: &Job) -> Result<Vec<u8>, Failure> {
        // Until the first byte, the program is still connecting.
        let links = &job.order().links;
        let limit = if self.has_spoken { links.read_timeout } else { links.connect_timeout + links.read_timeout };
        let output = &mut self.output;
        let piece = job.wait(async {
            match tokio::time::timeout(limit, output.recv()).await {
                Ok(piece) => Ok(piece),
                Err(_) => Err(silent(job, limit)),
            }
        })?;
        match piece {
            Some(Ok(piece)) if !piece.is_empty() => {
                self.has_spoken = true;
                Ok(piece)
            }
            // It ended: in the middle of a conversation, or with a complaint.
            _ => Err(ssh::failed(&job.order().place, &self.complaint.text(), self.has_spoken)),
        }
    }
}

/// What a program says of its failure.
struct Complaint {
    said: Arc<Mutex<Vec<u8>>>,
    is_over: mpsc::Receiver<()>,
}

impl Complaint {
    fn of(mut stderr: ChildStderr) -> Self {
        let said = Arc::<Mutex<Vec<u8>>>::default();
        let (over, is_over) = mpsc::channel();
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut piece = [0; 1024];
            // What is beyond the bound is read all the same, so that the program doesn't wait for somebody to do so.
            while let Ok(count @ 1..) = stderr.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = MAX_COMPLAINT.saturating_sub(kept.len());
                kept.extend_from_slice(&piece[..count.min(room)]);
            }
            // Nobody may wait for it any more.
            over.send(()).unwrap_or_default();
        });
        Self { said, is_over }
    }

    /// All of it; where another program that this one has started holds on to it, what was said so far.
    fn text(&self) -> String {
        self.is_over.recv_timeout(LAST_WORDS).unwrap_or_default();
        String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // Either it has ended by itself, or it is to.
        self.child.kill().unwrap_or_default();
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "an ssh program can't be waited for");
        }
    }
}

fn silent(job: &Job, limit: Duration) -> Failure {
    let message = format!("{} took too long: no byte came within {} s", job.order().place, limit.as_secs_f64());
    Failure { error: Error::new(ErrorKind::Timeout, message), remedy: Remedy::Retry { after: None } }
}
