//! Answers to HTTP requests, made ready once and sent many times. No sockets here: what sends them is elsewhere.

mod body;
mod coding;
mod problem;

pub use body::{Body, Policy, Representation, hex};
pub use coding::Coding;
pub use problem::Problem;

/// One header field of an answer.
pub type Header = (&'static str, String);

/// Whether an `If-None-Match` field names `etag`. Compared weakly, as RFC 9110 asks.
#[must_use]
pub fn names_etag(if_none_match: &str, etag: &str) -> bool {
    if if_none_match.trim() == "*" {
        return true;
    }
    // What stands in quotes may hold commas.
    let mut in_quotes = false;
    let mut tags = if_none_match.split(|character| {
        in_quotes ^= character == '"';
        character == ',' && !in_quotes
    });
    tags.any(|tag| tag.trim().strip_prefix("W/").unwrap_or(tag.trim()) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_found_in_any_form_of_the_field() {
        for field in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\" ", " * ", "\"b, *\" , \"a\""] {
            assert!(names_etag(field, "\"a\""), "{field}");
        }
        for field in ["", "\"b\"", "a", "\"A\"", "w/\"a\"", "\"a", "\"a-br\"", "\"b, *, c\"", "\"b\", *"] {
            assert!(!names_etag(field, "\"a\""), "{field}");
        }
    }
}
