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
    if_none_match.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_found_in_any_form_of_the_field() {
        for field in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\" ", "*"] {
            assert!(names_etag(field, "\"a\""), "{field}");
        }
        for field in ["", "\"b\"", "a", "\"A\"", "w/\"a\"", "\"a", "\"a-br\""] {
            assert!(!names_etag(field, "\"a\""), "{field}");
        }
    }
}
