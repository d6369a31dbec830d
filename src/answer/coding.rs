//! Content codings: which one a request prefers, and coding itself.

use std::io::{self, Write};

/// How a body is coded for the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli.
    Brotli,
}

/// Good compression at some 30 MB a second: a body is compressed once and sent often, but someone waits for the first.
const BROTLI_QUALITY: u32 = 5;

/// Logarithm of the window, that of most servers.
const BROTLI_WINDOW: u32 = 22;

impl Coding {
    /// Those that a body can be had in, the preferred one first.
    const OFFERED: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// The name in `Content-Encoding`; `None` for identity.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The one that an `Accept-Encoding` field gives the greatest weight; of equals the one that compresses best. A field
    /// that accepts nothing gets identity, as RFC 9110 suggests.
    #[must_use]
    pub fn preferred(accept_encoding: &str) -> Self {
        let weights: Vec<_> = accept_encoding.split(',').filter_map(weighted).collect();
        let weight_of = |coding: Self| {
            let named = |name: &str| weights.iter().find(|(coding, _)| coding.eq_ignore_ascii_case(name));
            let found = named(coding.name().unwrap_or("identity")).or_else(|| match coding {
                Self::Gzip => named("x-gzip"),
                _ => None,
            });
            found.or_else(|| named("*")).map_or(0, |(_, weight)| *weight)
        };
        // Of equals, `max_by_key` gives the last.
        let best = Self::OFFERED.into_iter().rev().max_by_key(|coding| weight_of(*coding));
        best.filter(|coding| weight_of(*coding) > 0).unwrap_or(Self::Identity)
    }

    /// The bytes in this coding.
    ///
    /// # Errors
    /// Only where the encoder itself fails; writing to memory doesn't.
    pub(super) fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let out = Vec::with_capacity(bytes.len() / 4);
        match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(out, 4096, BROTLI_QUALITY, BROTLI_WINDOW);
                encoder.write_all(bytes)?;
                Ok(encoder.into_inner())
            }
        }
    }
}

/// One element of the field: a coding's name and its weight in thousandths. `None` where it is malformed.
fn weighted(element: &str) -> Option<(&str, u16)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut weight = 1000;
    for part in parts {
        let (key, value) = part.split_once('=')?;
        if key.trim().eq_ignore_ascii_case("q") {
            weight = thousandths(value.trim())?;
        }
    }
    Some((name, weight))
}

/// `0`, `0.5`, `1.000`: at most three digits behind the point, at most 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !is_digits(fraction) {
        return None;
    }
    let weight: u16 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_weight_is_preferred_and_the_best_of_equals() {
        for (field, preferred) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip", Coding::Gzip),
            ("X-GZIP", Coding::Gzip),
            ("br;q=0.5, gzip;q=0.6", Coding::Gzip),
            ("GZIP;Q=1.000,br;q=0.999", Coding::Gzip),
            ("*", Coding::Brotli),
            ("br;q=0, *;q=0.1", Coding::Gzip),
            ("gzip;q=0.5, identity", Coding::Identity),
        ] {
            assert_eq!(Coding::preferred(field), preferred, "{field}");
        }
    }

    #[test]
    fn what_accepts_nothing_here_gets_identity() {
        for field in
            ["", "deflate", "gzip;q=0", "br;q=0,gzip;q=0.000", "*;q=0", "identity;q=0", "gzip;q=2", "br;q=x", ";"]
        {
            assert_eq!(Coding::preferred(field), Coding::Identity, "{field}");
        }
    }
}
