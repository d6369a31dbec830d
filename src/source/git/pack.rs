//! Writing a pack, each object by itself.

use std::io::{self, Write};

use flate2::{Compress, Compression, FlushCompress, Status};
use git2::ObjectType;
use sha1::{Digest, Sha1};

/// Bytes that are compressed to at a time.
const PIECE: usize = 32 * 1024;

/// A pack that is being written.
pub(super) struct PackWriter<W> {
    hash: Sha1,
    /// Bytes written.
    bytes: u64,
    /// Made once: it is large.
    compress: Compress,
    out: W,
}

impl<W: Write> PackWriter<W> {
    /// Begins a pack of so many objects.
    pub(super) fn begin(out: W, count: u32) -> io::Result<Self> {
        let mut pack = Self { hash: Sha1::new(), bytes: 0, compress: Compress::new(Compression::fast(), true), out };
        pack.write(&[&b"PACK\0\0\0\x02"[..], &count.to_be_bytes()].concat())?;
        Ok(pack)
    }

    /// Bytes written.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds an object.
    pub(super) fn object(&mut self, kind: ObjectType, data: &[u8]) -> io::Result<()> {
        self.write(&header(number(kind), data.len()))?;
        self.compress.reset();
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            let taken = usize::try_from(self.compress.total_in()).unwrap_or(data.len());
            let status = self.compress.compress_vec(&data[taken..], &mut piece, FlushCompress::Finish);
            self.write(&piece)?;
            piece.clear();
            if status.map_err(io::Error::other)? == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    /// Ends the pack.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.hash.finalize())?;
        self.out.flush()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// What a pack calls a kind of object.
fn number(kind: ObjectType) -> u8 {
    match kind {
        ObjectType::Commit => 1,
        ObjectType::Tree => 2,
        ObjectType::Tag => 4,
        _ => 3,
    }
}

/// The kind of an object and its size, in seven bits each but for the first four.
fn header(kind: u8, size: usize) -> Vec<u8> {
    let low = |size: usize, bits: usize| u8::try_from(size & bits).unwrap_or_default();
    let mut rest = size >> 4;
    let mut bytes = vec![kind << 4 | low(size, 15)];
    while rest > 0 {
        if let Some(last) = bytes.last_mut() {
            *last |= 0x80;
        }
        bytes.push(low(rest, 127));
        rest >>= 7;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_kind_and_size() {
        assert_eq!(header(3, 0), [0x30]);
        assert_eq!(header(3, 15), [0x3f]);
        assert_eq!(header(1, 16), [0x90, 1]);
        assert_eq!(header(2, 5000), [0xa8, 0xb8, 2]);
    }

    #[test]
    fn libgit2_reads_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(folder.path()).unwrap();
        let odb = repository.odb().unwrap();
        let contents: Vec<Vec<u8>> = [0, 1, 15, 16, 5000, 100_000].map(|size| vec![b'x'; size]).into();
        let mut writer = odb.packwriter().unwrap();
        let mut pack = PackWriter::begin(&mut writer, 6).unwrap();
        for data in &contents {
            pack.object(ObjectType::Blob, data).unwrap();
        }
        pack.finish().unwrap();
        writer.commit().unwrap();
        drop(writer);
        for data in contents {
            let oid = git2::Oid::hash_object(ObjectType::Blob, &data).unwrap();
            assert_eq!(odb.read(oid).unwrap().data(), data);
        }
    }
}
