//! Permission levels as manifests declare them.

/// The level of a package that names none.
const PUBLIC: f64 = 1.0;

/// The level that a manifest's value counts as: missing, 0 and not a number are public.
pub(super) fn level_of(declared: Option<f64>) -> f64 {
    match declared {
        Some(level) if level != 0.0 && !level.is_nan() => level,
        _ => PUBLIC,
    }
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
}
