//! A look at each pack before libgit2 gets it, which would do whatever a pack asks for: take gigabytes of memory for a
//! few bytes (an object made of another one that is huge), or go round for ever (an object that is made of one named by
//! its id, and is there already).
//!
//! So what objects are made of, and what is made of them, may have so many bytes and no more; and so may all that is read
//! as a whole. Files that come by themselves may be of any size: they are not held in memory. Objects named by their id
//! come where a clone is added to, and are what makes that cheap. Such a pack is put together here, where it is small
//! enough for that, and handed on as one without any of that; where it isn't, a whole one is asked for instead.

mod collected;
mod pack;
mod request;

use self::pack::Pack;
use crate::error::{Error, ErrorKind};
use crate::source::git::failure::of_refusal;
use crate::source::git::job::Job;
use crate::source::layer::{Failure, Remedy};

pub(super) use request::for_whole_pack;

/// Bytes that a server may say around a pack: which commits it cuts the history at, and how far it is.
const MAX_TALK: usize = 4 * 1024 * 1024;

/// Longest line, length included.
const MAX_LINE: usize = 65_524;

/// What a line is about, in its first byte.
const DATA: u8 = 1;
const PROGRESS: u8 = 2;
const FAILURE: u8 = 3;

/// Watches what a server answers. What it says of itself is not looked at.
pub(super) struct Guard {
    line: Vec<u8>,
    pack: Pack,
    /// Bytes that were not of a pack.
    talk: usize,
    stage: Stage,
}

/// How far the other side is. libgit2 passes over what comes too early, and what it hears must be what was looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It still says what both have.
    Negotiating,
    /// It has said the last of that.
    Agreed,
    /// It sends the pack.
    Sending,
}

impl Guard {
    /// For the answers to this job.
    pub(super) fn new(job: &Job) -> Self {
        Self { line: Vec::new(), pack: Pack::new(job), talk: 0, stage: Stage::Negotiating }
    }

    /// Looks at the next bytes. What libgit2 is to get of them.
    ///
    /// # Errors
    /// `Protocol` or `TooLarge` where they are nothing for libgit2.
    pub(super) fn pass(&mut self, job: &Job, mut bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut passed = Vec::with_capacity(bytes.len());
        while !bytes.is_empty() {
            let wanted = if self.line.len() < 4 { 4 } else { length(job, &self.line)? };
            let (more, rest) = bytes.split_at((wanted - self.line.len()).min(bytes.len()));
            self.line.extend_from_slice(more);
            bytes = rest;
            if self.line.len() >= 4 && self.line.len() == length(job, &self.line)? {
                let line = std::mem::take(&mut self.line);
                self.whole_line(job, &line, &mut passed)?;
            }
        }
        Ok(passed)
    }

    fn whole_line(&mut self, job: &Job, line: &[u8], passed: &mut Vec<u8>) -> Result<(), Failure> {
        let said = &line[4..];
        match said.first() {
            Some(&DATA) if self.stage == Stage::Negotiating => {
                return Err(nonsense(job, "sends a pack before it has said what it is made for"));
            }
            Some(&DATA) => {
                self.stage = Stage::Sending;
                self.pack.look(job, &said[1..])?;
                if !self.pack.is_collected() {
                    passed.extend_from_slice(line);
                } else if let Some(whole) = self.pack.put_together(job)? {
                    for piece in whole.chunks(MAX_LINE - 5) {
                        passed.extend(format!("{:04x}", piece.len() + 5).into_bytes());
                        passed.push(DATA);
                        passed.extend_from_slice(piece);
                    }
                }
                return Ok(());
            }
            Some(&FAILURE) => return Err(of_refusal(job, &String::from_utf8_lossy(&said[1..]))),
            _ => {}
        }
        if let Some(reason) = said.strip_prefix(b"ERR ") {
            return Err(of_refusal(job, &String::from_utf8_lossy(reason)));
        }
        if self.stage == Stage::Sending && !said.is_empty() && said.first() != Some(&PROGRESS) {
            return Err(nonsense(job, "says something else in the middle of a pack"));
        }
        if is_last_word(said) {
            self.stage = Stage::Agreed;
        }
        self.talk += line.len();
        if self.talk > MAX_TALK {
            return Err(too_large(job, "goes on talking without sending a pack"));
        }
        passed.extend_from_slice(line);
        Ok(())
    }
}

/// Whether a line ends what is said of what both have: `NAK`, or an `ACK` with nothing behind its id.
fn is_last_word(said: &[u8]) -> bool {
    let said = said.trim_ascii_end();
    said == b"NAK" || said.strip_prefix(b"ACK ").is_some_and(|rest| !rest.contains(&b' '))
}

/// The length of a line, its digits included, of which there are four.
fn length(job: &Job, line: &[u8]) -> Result<usize, Failure> {
    let digits = line.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    match digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()) {
        Some(length) if length <= MAX_LINE => Ok(length.max(4)),
        _ => Err(nonsense(job, "answers with what is no line")),
    }
}

fn too_large(job: &Job, what: &str) -> Failure {
    refused(ErrorKind::TooLarge, job, what)
}

fn nonsense(job: &Job, what: &str) -> Failure {
    refused(ErrorKind::Protocol, job, what)
}

fn refused(kind: ErrorKind, job: &Job, what: &str) -> Failure {
    let message = format!("{} {what}", job.order().place);
    Failure { error: Error::new(kind, message), remedy: Remedy::None }
}
