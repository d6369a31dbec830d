//! The objects of a small pack, put together.

use std::collections::HashMap;
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::pack::number;
use super::{nonsense, too_large};
use crate::source::git::failure::of_clone;
use crate::source::git::job::Job;
use crate::source::git::pack::PackWriter;
use crate::source::layer::Failure;

/// Most bytes of objects that are put together.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What an object is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// Of nothing but itself.
    None,
    /// Of an earlier one of the pack, by its number.
    Earlier(usize),
    /// Of one that the clone has.
    Named(Oid),
}

/// Objects, in the pack's order.
#[derive(Default)]
pub(super) struct Collected {
    objects: Vec<Object>,
    by_id: HashMap<Oid, usize>,
    bytes: usize,
    /// The last object that came from the clone: many may be made of it.
    named: Option<(Oid, Object)>,
}

#[derive(Clone)]
struct Object {
    kind: ObjectType,
    data: Arc<[u8]>,
}

impl Collected {
    /// Whether so many bytes more can be held; else the pack is asked for anew, as a whole.
    pub(super) fn make_room(&self, job: &Job, bytes: u64) -> Result<(), Failure> {
        if self.bytes as u64 + bytes <= MAX_BYTES as u64 {
            return Ok(());
        }
        job.want_whole_pack();
        Err(too_large(job, "sends more than can be put together in memory"))
    }

    /// Adds an object, whose bytes are its own or how it is made of another one. Whether it is a file.
    pub(super) fn add(&mut self, job: &Job, kind: u8, base: Base, bytes: Vec<u8>) -> Result<bool, Failure> {
        let base = match base {
            Base::None => None,
            Base::Earlier(number) => self.objects.get(number).cloned(),
            Base::Named(oid) => Some(self.named(job, oid)?),
        };
        let object = match base {
            None => {
                let kind = match kind {
                    1 => ObjectType::Commit,
                    2 => ObjectType::Tree,
                    3 => ObjectType::Blob,
                    4 => ObjectType::Tag,
                    _ => return Err(nonsense(job, "sends an object that is made of none")),
                };
                Object { kind, data: bytes.into() }
            }
            Some(base) => {
                let mut instructions = bytes.iter();
                let sizes = (number(&mut instructions), number(&mut instructions));
                let (Some(_), Some(size)) = sizes else {
                    return Err(nonsense(job, "sends an object that is made in no way"));
                };
                self.make_room(job, size)?;
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                let made = make(&base.data, &bytes, size);
                let data = made.ok_or_else(|| nonsense(job, "sends an object that is made in no way"))?;
                Object { kind: base.kind, data: data.into() }
            }
        };
        let oid = Oid::hash_object(object.kind, &object.data).map_err(|error| of_clone(error.message()))?;
        self.bytes += object.data.len();
        self.by_id.entry(oid).or_insert(self.objects.len());
        let is_file = object.kind == ObjectType::Blob;
        self.objects.push(object);
        Ok(is_file)
    }

    /// An object of the pack so far, or of the clone.
    fn named(&mut self, job: &Job, oid: Oid) -> Result<Object, Failure> {
        if let Some(object) = self.by_id.get(&oid).and_then(|number| self.objects.get(*number)) {
            return Ok(object.clone());
        }
        if let Some((_, object)) = self.named.as_ref().filter(|(named, _)| *named == oid) {
            return Ok(object.clone());
        }
        let read = || {
            let odb = job.clone_odb()?;
            let (size, _) = odb.read_header(oid).ok()?;
            if size > MAX_BYTES {
                return None;
            }
            let object = odb.read(oid).ok()?;
            Some(Object { kind: object.kind(), data: object.data().into() })
        };
        let object = read().ok_or_else(|| {
            job.want_whole_pack();
            nonsense(job, "sends an object that is made of one which is not there")
        })?;
        self.named = Some((oid, object.clone()));
        Ok(object)
    }

    /// A pack of these objects, each by itself and once.
    pub(super) fn pack(&self, job: &Job) -> Result<Vec<u8>, Failure> {
        let write = || {
            let mut bytes = Vec::new();
            let count = u32::try_from(self.by_id.len()).unwrap_or(u32::MAX);
            let mut pack = PackWriter::begin(&mut bytes, count)?;
            let mut numbers: Vec<_> = self.by_id.values().copied().collect();
            numbers.sort_unstable();
            for object in numbers.into_iter().filter_map(|number| self.objects.get(number)) {
                pack.object(object.kind, &object.data)?;
            }
            pack.finish()?;
            Ok::<_, std::io::Error>(bytes)
        };
        job.go_on()?;
        write().map_err(|error| of_clone(&error.to_string()))
    }
}

/// What instructions make of a base: pieces of it, and bytes of their own. The instructions begin with both sizes.
fn make(base: &[u8], instructions: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut rest = instructions.iter();
    if number(&mut rest)? != base.len() as u64 || number(&mut rest)? != size as u64 {
        return None;
    }
    let mut made = Vec::with_capacity(size);
    while let Some(&instruction) = rest.next() {
        if instruction & 128 == 0 {
            let count = usize::from(instruction);
            let own = rest.as_slice().get(..count).filter(|_| count > 0)?;
            made.extend_from_slice(own);
            rest = rest.as_slice()[count..].iter();
        } else {
            let mut value = |first: u8, bytes: u8| {
                let mut value = 0_usize;
                for position in 0..bytes {
                    if instruction & (1 << (first + position)) != 0 {
                        value |= usize::from(*rest.next()?) << (8 * position);
                    }
                }
                Some(value)
            };
            let (start, count) = (value(0, 4)?, value(4, 3)?);
            let count = if count == 0 { 0x1_0000 } else { count };
            made.extend_from_slice(base.get(start..start.checked_add(count)?)?);
        }
        if made.len() > size {
            return None;
        }
    }
    (made.len() == size).then_some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_made_of_pieces_and_of_bytes_of_their_own() {
        let base = b"hello world";
        // The last five, a space, then the first five.
        let instructions = [11, 11, 0x91, 6, 5, 1, b' ', 0x90, 5];
        assert_eq!(make(base, &instructions, 11).unwrap(), b"world hello");
        assert_eq!(make(b"", &[0, 1, 1, b'x'], 1).unwrap(), b"x");
    }

    #[test]
    fn instructions_that_lead_nowhere_make_nothing() {
        let base = b"hello";
        for instructions in [
            &[][..],
            &[5],
            &[4, 1, 1, b'x'],
            &[5, 2, 1, b'x'],
            &[5, 1, 0],
            &[5, 1, 2, b'x'],
            &[5, 1, 0x91, 5, 1],
            &[5, 1, 0x91, 6],
            &[5, 1, 0x90, 5],
            &[5, 1, 0xff, 255, 255, 255, 255, 255, 255, 255],
        ] {
            assert_eq!(make(base, instructions, 1), None, "{instructions:?}");
        }
    }
}
