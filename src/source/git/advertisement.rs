//! The refs that a repository says it has.
//!
//! They are read here, and libgit2 is told of those alone that are wanted: it compares each ref with each wish, as long as
//! that may take, and its binding panics at a name that is not UTF-8. Such a name is passed over: no setting could choose
//! it.

use git2::{Oid, Repository};

use super::selection::Advertised;

/// Longest line, length included: what four hexadecimal digits can say.
const MAX_LINE: usize = 65_535;

/// What a server says first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Advertisement {
    pub(super) refs: Vec<Advertised>,
    /// What the server is capable of.
    capabilities: Vec<u8>,
    /// Whether it says that it is Git that answers, as it does over HTTP.
    pub(super) is_announced: bool,
    /// Why it says nothing else.
    pub(super) refusal: Option<String>,
}

/// The beginning of a conversation, as far as it has come.
#[derive(Default)]
pub(super) struct Beginning {
    bytes: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    /// Whether the line before that is one that ends something.
    is_ended: bool,
}

impl Beginning {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds what has come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while let Some((line, rest)) = next_line(&self.bytes[self.at..]) {
            self.is_ended = line.is_none();
            self.at = self.bytes.len() - rest.len();
        }
    }

    /// Whether it has come to its end, and nothing behind that.
    pub(super) fn is_whole(&self) -> bool {
        self.is_ended && self.at == self.bytes.len()
    }

    /// Why the other side says nothing else, which it does at once.
    pub(super) fn read_refusal(&self) -> Option<String> {
        if self.at > MAX_LINE { None } else { self.read().refusal }
    }

    /// What it says.
    pub(super) fn read(&self) -> Advertisement {
        Advertisement::read(&self.bytes)
    }
}

impl Advertisement {
    fn read(mut bytes: &[u8]) -> Self {
        let mut found = Self::default();
        while let Some((line, rest)) = next_line(bytes) {
            bytes = rest;
            let Some(line) = line else { continue };
            if let Some(reason) = line.strip_prefix(b"ERR ") {
                found.refusal = Some(String::from_utf8_lossy(reason).trim().to_owned());
                break;
            }
            match Line::of(line) {
                Line::Ref(id, name) => {
                    if let Some(at) = line.iter().position(|byte| *byte == 0) {
                        found.capabilities = line[at + 1..].trim_ascii_end().to_vec();
                    }
                    found.refs.extend(one(id, name));
                }
                Line::Service => found.is_announced = true,
                Line::OfNoUse => {}
                Line::Unknown => {
                    // To pass it over would be to say that there are no refs.
                    found.refusal = Some("it says something else than which refs it has".to_owned());
                    break;
                }
            }
        }
        found
    }

    /// Whether the server is capable of something, or says what it is by that.
    pub(super) fn has(&self, capability: &[u8]) -> bool {
        self.capabilities.split(|byte| *byte == b' ').any(|word| word == capability)
    }

    /// The same in its own form, but for some of the refs.
    pub(super) fn with<'a>(&self, refs: impl Iterator<Item = &'a Advertised>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut line = |id: &str, name: &str| {
            let text = format!("{id} {name}");
            let rest = if bytes.is_empty() { [b"\0", &*self.capabilities, b"\n"].concat() } else { b"\n".to_vec() };
            bytes.extend(format!("{:04x}", text.len() + rest.len() + 4).into_bytes());
            bytes.extend(text.into_bytes());
            bytes.extend(rest);
        };
        let mut is_empty = true;
        for one in refs {
            line(&one.oid.to_string(), &one.name);
            is_empty = false;
        }
        if is_empty {
            line(&Oid::ZERO_SHA1.to_string(), NONE);
        }
        bytes.extend(b"0000");
        bytes
    }
}

/// What stands in the place of a ref where there is none.
const NONE: &str = "capabilities^{}";

/// The next line, which is `None` for one that only separates; nothing where no whole line follows.
fn next_line(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let digits = std::str::from_utf8(bytes.get(..4)?).ok()?;
    let length = usize::from_str_radix(digits, 16).ok().filter(|length| *length <= MAX_LINE)?;
    if length < 4 {
        return Some((None, &bytes[4..]));
    }
    Some((Some(bytes.get(4..length)?), &bytes[length..]))
}

/// What a line is about.
enum Line<'a> {
    /// A ref: its id and its name. The first line has behind it what the server is capable of.
    Ref(&'a [u8], &'a [u8]),
    /// That it is Git that answers.
    Service,
    /// Where the history ends, or in which version of the protocol it speaks.
    OfNoUse,
    Unknown,
}

impl<'a> Line<'a> {
    fn of(line: &'a [u8]) -> Self {
        let end = line.iter().position(|byte| matches!(byte, 0 | b'\n')).unwrap_or(line.len());
        let text = &line[..end];
        if text == b"# service=git-upload-pack" {
            return Self::Service;
        }
        if text == b"version 1" || text.starts_with(b"shallow ") {
            return Self::OfNoUse;
        }
        let space = text.iter().position(|byte| *byte == b' ');
        match space.map(|at| (&text[..at], &text[at + 1..])) {
            // Ids of SHA-256 are longer.
            Some((id, name)) if matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit) => {
                Self::Ref(id, name)
            }
            _ => Self::Unknown,
        }
    }
}

/// A ref whose name can be one and whose id is of SHA-1.
fn one(id: &[u8], name: &[u8]) -> Option<Advertised> {
    let (id, name) = (std::str::from_utf8(id).ok().filter(|id| id.len() == 40)?, std::str::from_utf8(name).ok()?);
    (name != NONE).then_some(Advertised { name: name.to_owned(), oid: Oid::from_str(id).ok()? })
}

/// The refs of a repository in a folder.
pub(super) fn of_folder(repository: &Repository) -> Result<Vec<Advertised>, git2::Error> {
    let mut refs = Vec::new();
    if let Some(oid) = repository.head().ok().and_then(|head| head.target()) {
        refs.push(Advertised { name: "HEAD".to_owned(), oid });
    }
    for reference in repository.references()? {
        let Ok(reference) = reference else { continue };
        let name = std::str::from_utf8(reference.name_bytes()).map(str::to_owned);
        // A symbolic one may lead nowhere.
        if let (Ok(name), Some(oid)) = (name, reference.resolve().ok().and_then(|resolved| resolved.target())) {
            refs.push(Advertised { name, oid });
        }
    }
    Ok(refs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &[u8]) -> Vec<u8> {
        [format!("{:04x}", text.len() + 4).as_bytes(), text].concat()
    }

    fn names(found: &Advertisement) -> Vec<&str> {
        found.refs.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn refs_are_read_and_told_of_in_part() {
        let id = "a".repeat(40);
        let lines = [
            line(b"# service=git-upload-pack\n"),
            b"0000".to_vec(),
            line(format!("{id} HEAD\0multi_ack symref=HEAD:refs/heads/main\n").as_bytes()),
            line(format!("{id} refs/heads/main\n").as_bytes()),
            line(&[id.as_bytes(), b" refs/tags/\xff\n"].concat()),
            line(format!("shallow {id}\n").as_bytes()),
            line(format!("{id} refs/tags/\u{e4}").as_bytes()),
            b"0000".to_vec(),
        ];
        let found = Advertisement::read(&lines.concat());
        assert_eq!(names(&found), ["HEAD", "refs/heads/main", "refs/tags/\u{e4}"]);
        assert!(found.has(b"multi_ack") && !found.has(b"multi"));
        assert!(found.is_announced);
        let told = Advertisement::read(&found.with(found.refs[1..].iter()));
        assert_eq!(names(&told), ["refs/heads/main", "refs/tags/\u{e4}"]);
        assert_eq!(told.capabilities, found.capabilities);
    }

    #[test]
    fn a_repository_without_refs_says_so() {
        let empty = line(format!("{} capabilities^{{}}\0agent=x", "0".repeat(40)).as_bytes());
        let found = Advertisement::read(&empty);
        assert!(found.refs.is_empty() && found.has(b"agent=x"));
        assert_eq!(Advertisement::read(&found.with([].iter())), found);
    }

    #[test]
    fn a_refusal_and_nonsense_have_no_refs() {
        let refused = Advertisement::read(&line(b"ERR access denied: /a\n"));
        assert_eq!((refused.refs.len(), refused.refusal.as_deref()), (0, Some("access denied: /a")));
        for bytes in [&b""[..], b"00", b"zzzz", b"00ffshort", b"<html>"] {
            assert_eq!(Advertisement::read(bytes), Advertisement::default());
        }
        for text in [&b"no id here"[..], b"NAK", b"version 2", b"\x01PACK", b"# service=git-receive-pack"] {
            assert!(Advertisement::read(&line(text)).refusal.is_some(), "{text:?}");
        }
    }

    #[test]
    fn the_end_is_found_whatever_pieces_it_comes_in() {
        let bytes = [line(b"x"), line(b"y"), b"0000".to_vec()].concat();
        for size in 1..=bytes.len() {
            let mut beginning = Beginning::default();
            let mut ends = Vec::new();
            for piece in bytes.chunks(size) {
                beginning.push(piece);
                ends.push(beginning.is_whole());
            }
            assert!(ends.iter().rev().skip(1).all(|end| !end) && ends.last() == Some(&true), "{size}");
        }
    }
}
