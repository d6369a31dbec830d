//! Checksums that a registry gives, and whether bytes are what they say.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A digest of bytes that are still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    digest: Box<[u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Checksum {
    /// Reads a bare digest in hexadecimal (`9f86d0…`), one behind its algorithm's name (`sha256:9f86d0…`), or a
    /// subresource integrity string (`sha256-n4bQ…=`). The empty text is no checksum.
    ///
    /// # Errors
    /// The reason, as words that can follow "the checksum".
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let read = || {
            if let Some((name, hex)) = text.split_once(':') {
                return Self::of(Some(Algorithm::named(name)?), from_hex(hex)?);
            }
            match text.split_once('-') {
                Some((name, base64)) => Self::of(Some(Algorithm::named(name)?), STANDARD.decode(base64).ok()?),
                None => Self::of(None, from_hex(text)?),
            }
        };
        read().map(Some).ok_or_else(|| "is in no known form: it must be a SHA-256, -384 or -512 digest".to_owned())
    }

    /// A digest of the algorithm that was named, else of the one whose length it has.
    fn of(named: Option<Algorithm>, digest: Vec<u8>) -> Option<Self> {
        let algorithm = match digest.len() {
            32 => Algorithm::Sha256,
            48 => Algorithm::Sha384,
            64 => Algorithm::Sha512,
            _ => return None,
        };
        named.is_none_or(|named| named == algorithm).then(|| Self { algorithm, digest: digest.into() })
    }

    /// Whether the bytes have this digest.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self.digest == *self.algorithm.digest(bytes)
    }

    /// The same kind of checksum of these bytes, to show beside this one.
    #[must_use]
    pub fn like_this_of(&self, bytes: &[u8]) -> Self {
        Self { algorithm: self.algorithm, digest: self.algorithm.digest(bytes) }
    }
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, bytes: &[u8]) -> Box<[u8]> {
        match self {
            Self::Sha256 => Box::from(Sha256::digest(bytes).as_slice()),
            Self::Sha384 => Box::from(Sha384::digest(bytes).as_slice()),
            Self::Sha512 => Box::from(Sha512::digest(bytes).as_slice()),
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.algorithm {
            Algorithm::Sha256 => "sha256:",
            Algorithm::Sha384 => "sha384:",
            Algorithm::Sha512 => "sha512:",
        })?;
        self.digest.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    (digits.len() % 2 == 0).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const SRI: &str = "sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";

    #[test]
    fn all_forms_of_one_digest_are_the_same_checksum() {
        let bare = Checksum::parse(HEX).unwrap().unwrap();
        for text in [SRI.to_owned(), format!("sha256:{HEX}"), HEX.to_uppercase(), format!(" SHA256:{HEX}\n")] {
            assert_eq!(Checksum::parse(&text).unwrap().as_ref(), Some(&bare), "{text}");
        }
        assert_eq!(bare.to_string(), format!("sha256:{HEX}"));
    }

    #[test]
    fn bytes_match_their_own_digest_alone() {
        let checksum = Checksum::parse(HEX).unwrap().unwrap();
        assert!(checksum.matches(b"test") && !checksum.matches(b"Test") && !checksum.matches(b""));
        assert_eq!(checksum.like_this_of(b"test"), checksum);
        let long = Checksum { algorithm: Algorithm::Sha512, digest: Algorithm::Sha512.digest(b"test") };
        assert_eq!(Checksum::parse(&long.to_string()).unwrap(), Some(long));
    }

    #[test]
    fn no_text_is_no_checksum_and_nonsense_is_refused() {
        assert_eq!(Checksum::parse(" ").unwrap(), None);
        for text in ["abc", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha512:00", &HEX[1..], "sha384-n4bQ", "ä", "sha256-ä"]
        {
            assert!(Checksum::parse(text).is_err(), "{text}");
        }
        assert!(Checksum::parse(&format!("sha512:{HEX}")).is_err());
        assert!(Checksum::parse(&format!("md5:{HEX}")).is_err());
    }
}
