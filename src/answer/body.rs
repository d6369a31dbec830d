//! Bodies as bytes, with the tag of their content.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::{Coding, Header};
use crate::error::{Error, ErrorKind, Result};

/// Bodies below this many bytes are sent as they are: the way costs the same.
const LEAST_CODED: usize = 1024;

/// Hexadecimal digits of a tag: 128 bits, which no two bodies share by chance.
const TAG_DIGITS: usize = 32;

/// The bytes of one answer in one coding.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    coding: Coding,
    etag: String,
}

/// What answers say beyond their bodies.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `Cache-Control`.
    pub cache_control: String,
    /// `Vary`.
    pub vary: &'static str,
}

impl Body {
    /// JSON text. Its tag is of its content alone: the same in every process.
    #[must_use]
    pub fn new(text: impl Into<Vec<u8>>) -> Self {
        let bytes = text.into();
        let etag = etag(&hex(&Sha256::digest(&bytes)), Coding::Identity);
        Self { bytes, coding: Coding::Identity, etag }
    }

    /// This body, which is not coded, in `coding`; `None` where it gains nothing by it. Takes a while.
    ///
    /// # Errors
    /// Only where the encoder itself fails.
    pub fn coded(&self, coding: Coding) -> Result<Option<Self>> {
        if coding == Coding::Identity || self.bytes.len() < LEAST_CODED {
            return Ok(None);
        }
        let bytes = coding
            .encode(&self.bytes)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("a body can't be compressed: {error}")))?;
        if bytes.len() >= self.bytes.len() {
            return Ok(None);
        }
        let digest = self.etag.trim_matches('"');
        Ok(Some(Self { bytes, coding, etag: etag(digest, coding) }))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The entity tag, a strong one: of these bytes in this coding.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The header fields of an answer with this body.
    #[must_use]
    pub fn headers(&self, policy: &Policy) -> Vec<Header> {
        let mut headers =
            vec![("Content-Type", "application/json".to_owned()), ("Content-Length", self.bytes.len().to_string())];
        headers.extend(self.coding.name().map(|name| ("Content-Encoding", name.to_owned())));
        headers.extend(self.not_modified(policy));
        headers.push(("X-Content-Type-Options", "nosniff".to_owned()));
        headers
    }

    /// The header fields of the answer that the body is what the client has already.
    #[must_use]
    pub fn not_modified(&self, policy: &Policy) -> Vec<Header> {
        vec![
            ("ETag", self.etag.clone()),
            ("Cache-Control", policy.cache_control.clone()),
            ("Vary", policy.vary.to_owned()),
        ]
    }
}

fn etag(digest: &str, coding: Coding) -> String {
    let suffix = coding.name().map_or_else(String::new, |name| format!("-{name}"));
    format!("\"{}{suffix}\"", &digest[..TAG_DIGITS.min(digest.len())])
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A body in all its codings, each made when it is first asked for.
#[derive(Debug)]
pub struct Representation {
    identity: Arc<Body>,
    gzip: OnceLock<Arc<Body>>,
    brotli: OnceLock<Arc<Body>>,
}

impl Representation {
    /// A body that is not coded yet.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self { identity: Arc::new(body), gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    /// The body in a coding, where it was made before.
    #[must_use]
    pub fn ready(&self, coding: Coding) -> Option<&Arc<Body>> {
        self.slot(coding).map_or(Some(&self.identity), OnceLock::get)
    }

    /// The body in a coding. Takes a while the first time.
    ///
    /// # Errors
    /// As [`Body::coded`].
    pub fn make(&self, coding: Coding) -> Result<&Arc<Body>> {
        let Some(slot) = self.slot(coding) else { return Ok(&self.identity) };
        if let Some(body) = slot.get() {
            return Ok(body);
        }
        let body = self.identity.coded(coding)?.map_or_else(|| Arc::clone(&self.identity), Arc::new);
        Ok(slot.get_or_init(|| body))
    }

    fn slot(&self, coding: Coding) -> Option<&OnceLock<Arc<Body>>> {
        match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(&self.gzip),
            Coding::Brotli => Some(&self.brotli),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_contents_and_codings_apart() {
        let one = Body::new("[1]".repeat(1000));
        let coded = [Coding::Gzip, Coding::Brotli].map(|coding| one.coded(coding).unwrap().unwrap());
        let tags = [one.etag(), coded[0].etag(), coded[1].etag(), Body::new("[2]").etag()].map(str::to_owned);
        for (position, tag) in tags.iter().enumerate() {
            assert!(tag.starts_with('"') && tag.ends_with('"') && !tags[..position].contains(tag), "{tag}");
        }
        assert_eq!(Body::new("[1]".repeat(1000)).etag(), one.etag());
    }

    #[test]
    fn what_gains_nothing_is_not_coded() {
        assert!(Body::new("{}").coded(Coding::Gzip).unwrap().is_none());
        let noise: Vec<u8> = (0u8..64).flat_map(|number| Sha256::digest([number])).collect();
        assert!(Body::new(noise).coded(Coding::Brotli).unwrap().is_none());
    }

    #[test]
    fn a_coding_is_made_once() {
        let representation = Representation::new(Body::new("[1]".repeat(1000)));
        assert!(representation.ready(Coding::Gzip).is_none());
        let made = Arc::clone(representation.make(Coding::Gzip).unwrap());
        assert!(Arc::ptr_eq(representation.ready(Coding::Gzip).unwrap(), &made));
        assert!(made.bytes().len() < 1000);
    }
}
