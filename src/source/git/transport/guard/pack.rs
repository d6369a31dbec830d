//! A pack as it passes by: every object's kind and size, and what it is made of.

use flate2::{Decompress, FlushDecompress, Status};
use git2::Oid;
use sha1::{Digest, Sha1};

use super::collected::{Base, Collected};
use super::{nonsense, too_large};
use crate::source::git::job::Job;
use crate::source::layer::Failure;

/// Largest object that is made of another one, and largest one that others are made of, in bytes.
const MAX_MADE: u64 = 128 * 1024 * 1024;

/// Largest object that is not a file, in bytes.
const MAX_STRUCTURE: u64 = 32 * 1024 * 1024;

/// Bytes that all objects together which are made of others may have, whatever the pack's size; and how many times its
/// size they may have beyond that. libgit2 does not free what it makes a second time.
const MAX_MADE_TOGETHER: u64 = 512 * 1024 * 1024;
const MAX_GROWTH: u64 = 20;

/// Most objects of a pack.
const MAX_OBJECTS: u32 = 2_000_000;

/// Bytes that are decompressed at a time.
const PIECE: usize = 32 * 1024;

/// Bytes of the checksum behind the objects, and of an id.
const HASH: usize = 20;

/// Bytes of what stands before the objects.
const HEADER: usize = 12;

/// Bytes that two numbers take at most.
const SIZES: usize = 20;

const BLOB: u8 = 3;
const BY_OFFSET: u8 = 6;
const BY_ID: u8 = 7;

pub(super) struct Pack {
    state: State,
    /// Bytes looked at.
    offset: u64,
    objects_left: u32,
    /// Bytes of objects that are made of others.
    made: u64,
    inflate: Decompress,
    /// Where what is decompressed goes.
    room: Box<[u8]>,
    /// In their order.
    seen: Vec<Seen>,
    hash: Sha1,
    /// What is in it, where it is to be put together.
    collected: Option<Collected>,
}

/// An object that has passed by.
#[derive(Clone, Copy)]
struct Seen {
    start: u64,
    size: u64,
    is_file: bool,
}

enum State {
    /// So many bytes of `PACK`, version and count.
    Header(Vec<u8>),
    /// Before an object, or in its kind and size.
    Object(Head),
    /// In an object's compressed bytes.
    Body(Body),
    /// So many bytes of the checksum.
    Checksum(Vec<u8>),
    /// All has passed by.
    Over,
}

/// An object's kind and size, and what it is made of.
#[derive(Default)]
struct Head {
    start: u64,
    kind: u8,
    size: u64,
    shift: u32,
    has_size: bool,
    /// By how much before it another one begins that it is made of.
    back: Option<u64>,
    /// So much of the id of the one that it is made of.
    id: Vec<u8>,
}

struct Body {
    start: u64,
    kind: u8,
    size: u64,
    is_file: bool,
    base: Base,
    /// How large the object is that it is made of, where that is one of this pack.
    base_size: Option<u64>,
    is_over: bool,
    /// Its bytes, where they are collected; else its first ones, which, where it is made of another one, say how large both
    /// are.
    bytes: Vec<u8>,
}

impl Pack {
    pub(super) fn new(job: &Job) -> Self {
        Self {
            state: State::Header(Vec::with_capacity(HEADER)),
            offset: 0,
            objects_left: 0,
            made: 0,
            inflate: Decompress::new(true),
            room: vec![0; PIECE].into(),
            seen: Vec::new(),
            hash: Sha1::new(),
            collected: job.collects().then(Collected::default),
        }
    }

    pub(super) fn is_collected(&self) -> bool {
        self.collected.is_some()
    }

    /// Another pack of the same objects, each by itself and once; `None` before its end.
    pub(super) fn put_together(&self, job: &Job) -> Result<Option<Vec<u8>>, Failure> {
        match (&self.state, &self.collected) {
            (State::Over, Some(collected)) => collected.pack(job).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn look(&mut self, job: &Job, mut bytes: &[u8]) -> Result<(), Failure> {
        job.go_on()?;
        while !bytes.is_empty() {
            let is_hashed = !matches!(self.state, State::Checksum(_));
            let taken = self.step(job, bytes)?;
            if is_hashed && self.is_collected() {
                self.hash.update(&bytes[..taken]);
            }
            self.offset += taken as u64;
            bytes = &bytes[taken..];
            self.finish_object(job)?;
        }
        Ok(())
    }

    /// Looks at some of the bytes; how many they were.
    fn step(&mut self, job: &Job, bytes: &[u8]) -> Result<usize, Failure> {
        match &mut self.state {
            State::Header(header) => {
                header.push(bytes[0]);
                if header.len() == HEADER {
                    self.objects_left = count(job, header)?;
                    self.next();
                }
                Ok(1)
            }
            State::Object(head) => {
                if head.shift == 0 && !head.has_size {
                    head.start = self.offset;
                }
                if head.take(job, bytes[0])? {
                    let body = Body::begin(job, head, &self.seen, self.collected.as_ref())?;
                    self.inflate.reset(true);
                    self.state = State::Body(body);
                }
                Ok(1)
            }
            State::Body(body) => body.inflate(job, bytes, &mut self.inflate, &mut self.room, self.collected.as_ref()),
            State::Checksum(sum) => {
                sum.push(bytes[0]);
                if sum.len() == HASH {
                    if self.collected.is_some() && **sum != *self.hash.clone().finalize() {
                        return Err(nonsense(job, "sends a pack that is not what its checksum says"));
                    }
                    self.state = State::Over;
                }
                Ok(1)
            }
            State::Over => Err(nonsense(job, "sends more than a pack")),
        }
    }

    fn finish_object(&mut self, job: &Job) -> Result<(), Failure> {
        let State::Body(body) = &mut self.state else { return Ok(()) };
        if !body.is_over {
            return Ok(());
        }
        job.go_on()?;
        if body.base != Base::None {
            self.made += body.made_size(job)?;
            if self.made > MAX_MADE_TOGETHER.max(self.offset.saturating_mul(MAX_GROWTH)) {
                let what = format!("sends objects that are made to have {} bytes together", self.made);
                return Err(too_large(job, &what));
            }
        }
        let mut seen = Seen { start: body.start, size: body.made_size(job)?, is_file: body.is_file };
        if let Some(collected) = &mut self.collected {
            let bytes = std::mem::take(&mut body.bytes);
            seen.is_file = collected.add(job, body.kind, body.base, bytes)?;
            if !seen.is_file && seen.size > MAX_STRUCTURE {
                return Err(structure(job));
            }
        }
        self.seen.push(seen);
        self.objects_left -= 1;
        self.next();
        Ok(())
    }

    fn next(&mut self) {
        self.state = if self.objects_left > 0 {
            State::Object(Head::default())
        } else {
            State::Checksum(Vec::with_capacity(HASH))
        };
    }
}

fn count(job: &Job, header: &[u8]) -> Result<u32, Failure> {
    let [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, a, b, c, d] = *header else {
        return Err(nonsense(job, "sends what is no pack"));
    };
    let count = u32::from_be_bytes([a, b, c, d]);
    if count > MAX_OBJECTS {
        return Err(too_large(job, &format!("sends {count} objects, more than the {MAX_OBJECTS} that are taken")));
    }
    Ok(count)
}

impl Head {
    /// Takes a byte; whether it was the last one.
    fn take(&mut self, job: &Job, byte: u8) -> Result<bool, Failure> {
        if !self.has_size {
            self.take_size(job, byte)?;
            return match self.kind {
                1..=4 => Ok(self.has_size),
                BY_OFFSET => Ok(false),
                BY_ID if job.collects() => Ok(false),
                BY_ID => Err(nonsense(job, "sends objects that are made of ones named by id, which was not asked for")),
                _ => Err(nonsense(job, "sends an object of no kind")),
            };
        }
        if self.kind == BY_ID {
            self.id.push(byte);
            return Ok(self.id.len() == HASH);
        }
        // Each further byte stands for one more than it says, as Git has it.
        let back = match self.back {
            None => Some(u64::from(byte & 127)),
            Some(back) => {
                back.checked_add(1).and_then(|back| back.checked_mul(128)).map(|back| back | u64::from(byte & 127))
            }
        };
        self.back = Some(back.ok_or_else(|| nonsense(job, "sends an object that is made of none"))?);
        Ok(byte & 128 == 0)
    }

    fn take_size(&mut self, job: &Job, byte: u8) -> Result<(), Failure> {
        let bits = if self.shift == 0 {
            self.kind = byte >> 4 & 7;
            self.size = u64::from(byte & 15);
            4
        } else {
            let more = u64::from(byte & 127).checked_shl(self.shift).filter(|_| self.shift < 57);
            self.size |= more.ok_or_else(|| nonsense(job, "sends an object of no size"))?;
            7
        };
        self.shift += bits;
        self.has_size = byte & 128 == 0;
        Ok(())
    }
}

impl Body {
    fn begin(job: &Job, head: &Head, seen: &[Seen], collected: Option<&Collected>) -> Result<Self, Failure> {
        let base = match (head.back, head.kind) {
            (Some(back), _) => {
                let at = head.start.checked_sub(back).filter(|_| back > 0);
                let found = at.and_then(|at| seen.binary_search_by_key(&at, |one| one.start).ok());
                Base::Earlier(found.ok_or_else(|| nonsense(job, "sends an object that is made of none"))?)
            }
            (None, BY_ID) => Base::Named(
                Oid::from_bytes(&head.id).map_err(|_| nonsense(job, "sends an object that is made of none"))?,
            ),
            _ => Base::None,
        };
        let earlier = if let Base::Earlier(number) = base { seen.get(number) } else { None };
        if earlier.is_some_and(|base| base.size > MAX_MADE) || (base != Base::None && head.size > MAX_MADE) {
            let what = format!("sends objects that are made of ones with more than {MAX_MADE} bytes");
            return Err(too_large(job, &what));
        }
        let is_file = earlier.map_or(head.kind == BLOB || base != Base::None, |base| base.is_file);
        if base == Base::None && !is_file && head.size > MAX_STRUCTURE {
            return Err(structure(job));
        }
        if let Some(collected) = collected {
            collected.make_room(job, head.size)?;
        }
        Ok(Self {
            start: head.start,
            kind: head.kind,
            size: head.size,
            is_file,
            base,
            base_size: earlier.map(|base| base.size),
            is_over: false,
            bytes: Vec::new(),
        })
    }

    fn inflate(
        &mut self,
        job: &Job,
        bytes: &[u8],
        inflate: &mut Decompress,
        room: &mut [u8],
        collected: Option<&Collected>,
    ) -> Result<usize, Failure> {
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(bytes, room, FlushDecompress::None);
        let status = status.map_err(|_| nonsense(job, "sends an object that can't be decompressed"))?;
        let made = usize::try_from(inflate.total_out() - before_out).unwrap_or(room.len());
        let taken = usize::try_from(inflate.total_in() - before_in).unwrap_or(bytes.len());
        self.is_over = status == Status::StreamEnd;
        let total = inflate.total_out();
        if total > self.size || (self.is_over && total < self.size) {
            return Err(nonsense(job, "sends an object of another size than it says"));
        }
        if taken == 0 && made == 0 && !self.is_over {
            return Err(nonsense(job, "sends an object that can't be decompressed"));
        }
        if collected.is_some() {
            self.bytes.extend_from_slice(&room[..made]);
        } else if self.base != Base::None && self.bytes.len() < SIZES {
            self.bytes.extend_from_slice(&room[..made.min(SIZES)]);
        }
        Ok(taken)
    }

    /// How many bytes the object has in the end.
    fn made_size(&self, job: &Job) -> Result<u64, Failure> {
        if self.base == Base::None {
            return Ok(self.size);
        }
        let mut bytes = self.bytes.iter();
        let (Some(of_base), Some(made)) = (number(&mut bytes), number(&mut bytes)) else {
            return Err(nonsense(job, "sends an object that is made in no way"));
        };
        if self.base_size.is_some_and(|size| size != of_base) {
            return Err(nonsense(job, "sends an object that is made of another one than it says"));
        }
        if made > MAX_MADE {
            let what = format!("sends an object that is made to have {made} bytes, more than {MAX_MADE}");
            return Err(too_large(job, &what));
        }
        if !self.is_file && made > MAX_STRUCTURE {
            return Err(structure(job));
        }
        Ok(made)
    }
}

/// A number, seven bits a byte, the lowest first.
pub(super) fn number<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..57).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            return Some(number);
        }
    }
    None
}

fn structure(job: &Job) -> Failure {
    too_large(job, &format!("sends a commit, folder or tag of more than {MAX_STRUCTURE} bytes"))
}
