//! Plain objects that cross to JavaScript.

use napi_derive::napi;

use crate::manager::{Failure, Health};
use crate::model::Warning;
use crate::source::{Fetched, LoadedPackage, PublishedVersion};

/// A failure: its code and its sentence.
#[napi(object)]
pub struct BindingFailure {
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub message: String,
    /// Which failure of the process it was, where that is known.
    pub number: Option<f64>,
}

/// Why something is an old copy.
pub(super) fn staleness<T>(fetched: &Fetched<T>) -> Option<BindingFailure> {
    let error = fetched.stale_because.as_ref()?;
    let number = Some(number_for_js(fetched.failure));
    Some(BindingFailure { code: error.code().to_owned(), message: error.message().to_owned(), number })
}

impl From<Failure> for BindingFailure {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, message: failure.message, number: None }
    }
}

/// Something malformed that was passed over.
#[napi(object)]
pub struct BindingWarning {
    /// Where.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

impl From<&Warning> for BindingWarning {
    fn from(warning: &Warning) -> Self {
        Self { path: warning.path.clone(), reason: warning.reason.clone() }
    }
}

/// A loaded package.
#[napi(object)]
pub struct BindingLoaded {
    /// Whether the source has the package.
    pub is_there: bool,
    /// The text of a `PackageData` object; absent where the source doesn't have it, or the caller does.
    pub text: Option<String>,
    /// The same for the same package, however often it was confirmed since.
    pub revision: f64,
    /// When it was fetched or last confirmed, in milliseconds since 1970.
    pub fetched_at: f64,
    /// How long from then on it is fresh, in milliseconds, where the caller says nothing else.
    pub max_age: f64,
    /// Why it is an old copy.
    pub stale_because: Option<BindingFailure>,
    /// Parts that were passed over.
    pub warnings: Vec<BindingWarning>,
}

impl BindingLoaded {
    /// What was fetched; without its text where it is of this revision. Revisions of 0 are not told apart.
    pub(super) fn new(fetched: &Fetched<Option<LoadedPackage>>, known_revision: Option<f64>) -> Self {
        let package = fetched.value.as_ref().as_ref();
        let revision = number_for_js(fetched.revision);
        let is_known = fetched.revision > 0 && known_revision.is_some_and(|known| known.to_bits() == revision.to_bits());
        Self {
            is_there: package.is_some(),
            text: package.filter(|_| !is_known).map(|package| package.text.clone()),
            revision,
            fetched_at: fetched.fetched_at,
            max_age: fetched.max_age.as_secs_f64() * 1000.0,
            stale_because: staleness(fetched),
            warnings: package
                .map_or_else(Vec::new, |package| package.warnings.iter().map(BindingWarning::from).collect()),
        }
    }
}

/// A count as JavaScript compares it: exact up to 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "no process counts that far")]
pub(super) fn number_for_js(count: u64) -> f64 {
    count as f64
}

/// A list of versions.
#[napi(object)]
pub struct BindingVersions {
    /// The versions.
    pub versions: Vec<String>,
    /// Why it is an old copy.
    pub stale_because: Option<BindingFailure>,
}

impl From<Fetched<Vec<PublishedVersion>>> for BindingVersions {
    fn from(fetched: Fetched<Vec<PublishedVersion>>) -> Self {
        let versions = fetched.value.iter().map(|published| published.version.clone()).collect();
        Self { versions, stale_because: staleness(&fetched) }
    }
}

/// How a source is doing.
#[napi(object)]
pub struct BindingHealth {
    /// `unknown`, `ok`, `stale` or `failing`.
    #[napi(ts_type = "'unknown' | 'ok' | 'stale' | 'failing'")]
    pub state: String,
    /// Packages in its last index.
    pub package_count: u32,
    /// In milliseconds since 1970.
    pub last_success_at: Option<f64>,
    /// Its last failure.
    pub last_error: Option<BindingFailure>,
    /// What is wrong with single packages.
    pub warnings: Vec<BindingWarning>,
}

impl From<Health> for BindingHealth {
    fn from(health: Health) -> Self {
        Self {
            state: health.state.word().to_owned(),
            package_count: u32::try_from(health.package_count).unwrap_or(u32::MAX),
            last_success_at: health.last_success_at,
            last_error: health.last_error.map(BindingFailure::from),
            warnings: health.warnings.iter().map(BindingWarning::from).collect(),
        }
    }
}

/// One candidate for a package, and how it fared.
#[napi(object)]
pub struct BindingCandidate {
    /// Position of its source in the merge.
    pub column: u32,
    /// Its version.
    pub version: String,
    /// Why it lost; absent for the winner.
    pub reason: Option<String>,
}

/// One page of what a search found.
#[napi(object)]
pub struct BindingFound {
    /// Positions in the merged index, best first.
    pub positions: Vec<u32>,
    /// How many were found in all.
    pub total: u32,
}

/// What packages must have beyond a query's words.
#[napi(object)]
pub struct BindingSearchFilter {
    /// Exactly this category.
    pub category: Option<String>,
    /// Exactly this level.
    pub min_level: Option<f64>,
    /// A level that this user may open.
    pub user_level: Option<f64>,
}
