//! Who may read.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::answer::Problem;

/// The tokens that may read. Only their digests are kept, so that comparing takes the same time for all lengths.
pub(super) enum Access {
    /// Everyone may.
    Public,
    /// Who has one of these.
    Tokens(Vec<[u8; 32]>),
}

impl Access {
    pub(super) fn new(tokens: Option<&[String]>) -> Self {
        tokens.map_or(Self::Public, |tokens| Self::Tokens(tokens.iter().map(|token| digest(token)).collect()))
    }

    pub(super) fn is_public(&self) -> bool {
        matches!(self, Self::Public)
    }

    /// Whether a request with this `Authorization` field may read.
    pub(super) fn check(&self, authorization: Option<&str>) -> Result<(), Problem> {
        let Self::Tokens(known) = self else { return Ok(()) };
        let given = authorization.and_then(bearer).ok_or_else(Problem::unauthorized)?;
        let given = digest(given);
        // All are compared, whichever is the right one.
        let matches = known.iter().fold(Choice::from(0), |found, one| found | one.ct_eq(&given));
        if bool::from(matches) { Ok(()) } else { Err(Problem::forbidden()) }
    }
}

fn bearer(field: &str) -> Option<&str> {
    let (scheme, token) = field.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(access: &Access, field: Option<&str>) -> u16 {
        access.check(field).map_or_else(|problem| problem.status, |()| 200)
    }

    #[test]
    fn no_token_and_a_wrong_one_are_told_apart() {
        let access = Access::new(Some(&["one".to_owned(), "two".to_owned()]));
        for (field, expected) in [
            (None, 401),
            (Some(""), 401),
            (Some("Bearer"), 401),
            (Some("Bearer "), 401),
            (Some("Basic b25l"), 401),
            (Some("Bearer three"), 403),
            (Some("Bearer one two"), 403),
            (Some("Bearer ONE"), 403),
            (Some("Bearer one"), 200),
            (Some("bearer  two "), 200),
        ] {
            assert_eq!(status(&access, field), expected, "{field:?}");
        }
    }

    #[test]
    fn without_tokens_everyone_may_read_and_with_an_empty_list_nobody() {
        assert_eq!(status(&Access::new(None), None), 200);
        assert_eq!(status(&Access::new(Some(&[])), Some("Bearer x")), 403);
    }
}
