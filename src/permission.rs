//! The six permission levels.
//!
//! 1 public, 2 user, 3 moderator, 4 admin, 5 god, 6 supergod. A user of a level may open what asks for that level or a
//! lower one.

/// The level of a package that names none.
pub const PUBLIC: f64 = 1.0;

/// The level that a manifest's value counts as: missing, 0 and not a number are public.
#[must_use]
pub fn level_of(declared: Option<f64>) -> f64 {
    match declared {
        Some(level) if level != 0.0 && !level.is_nan() => level,
        _ => PUBLIC,
    }
}

/// Whether a user of `user_level` may open a package that asks for `min_level`.
#[must_use]
pub fn may_open(min_level: f64, user_level: f64) -> bool {
    min_level <= user_level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_level_is_public() {
        for declared in [None, Some(0.0), Some(-0.0), Some(f64::NAN)] {
            assert!((level_of(declared) - PUBLIC).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn a_level_beyond_every_user_stays_closed() {
        assert!(!may_open(level_of(Some(f64::INFINITY)), 6.0));
    }
}
