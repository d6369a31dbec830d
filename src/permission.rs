//! The six permission levels.
//!
//! 1 public, 2 user, 3 moderator, 4 admin, 5 god, 6 supergod. A user of a level may open what asks for that level or a
//! lower one.

/// Whether a user of `user_level` may open a package that asks for `min_level`.
#[must_use]
pub fn may_open(min_level: f64, user_level: f64) -> bool {
    min_level <= user_level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_opens_itself_and_what_is_below() {
        assert_eq!([1.0, 2.0, 3.0].map(|min_level| may_open(min_level, 2.0)), [true, true, false]);
    }

    #[test]
    fn what_asks_for_more_than_every_user_has_stays_closed() {
        assert!(!may_open(f64::INFINITY, 6.0));
    }
}
