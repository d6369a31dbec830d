//! Reading files that others may have put there.

use std::io::{self, Read};

use cap_std::fs::{Dir, OpenOptions};

/// The bytes of a regular file; `None` where there are more than `limit`. Whatever else bears the name is an error
/// (`InvalidInput`), and no link leads out of `dir`.
///
/// # Errors
/// Where there is no such file or it can't be read.
pub fn read(dir: &Dir, path: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = dir.open_with(path, &reading())?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if metadata.len() > limit {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > limit { None } else { Some(bytes) })
}

/// For reading, and without waiting: a named pipe in place of a file would otherwise hold the thread for ever.
fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options
}
