//! What an answer's headers say.

use std::time::{Duration, SystemTime};

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, RETRY_AFTER};

use crate::source::layer::{Terms, Validator};

/// Longest time that an answer may say it is fresh.
const LONGEST_MAX_AGE: Duration = Duration::from_hours(24);

/// What a server says of keeping its answer.
pub(super) fn terms(headers: &HeaderMap) -> Terms {
    let directives = directives(headers);
    let no_store = directives.iter().any(|directive| directive == "no-store");
    Terms { validator: validator(headers), max_age: max_age(&directives), no_store }
}

/// The entity tag, else the time of last modification.
fn validator(headers: &HeaderMap) -> Option<Validator> {
    let owned = |name| text(headers, &name).map(str::to_owned);
    owned(ETAG).map(Validator::ETag).or_else(|| owned(LAST_MODIFIED).map(Validator::LastModified))
}

/// The directives of `Cache-Control`, in lower case.
fn directives(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|directive| directive.trim().to_ascii_lowercase()).collect()
}

/// What they say of freshness. `no-cache` and `no-store` mean none.
fn max_age(directives: &[String]) -> Option<Duration> {
    let mut found = None;
    for directive in directives {
        match directive.split_once('=') {
            Some(("max-age", seconds)) => {
                let seconds = seconds.trim_matches('"').parse().unwrap_or(0);
                found = found.or(Some(Duration::from_secs(seconds).min(LONGEST_MAX_AGE)));
            }
            None if directive == "no-cache" || directive == "no-store" => return Some(Duration::ZERO),
            _ => {}
        }
    }
    found
}

/// How long the server asks to be left alone: `Retry-After`, in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()),
    }
}

/// The type of an answer that can be no JSON. JSON is often sent as plain text or bytes, or without a type.
pub(super) fn foreign_type(headers: &HeaderMap) -> Option<&str> {
    let kind = text(headers, &CONTENT_TYPE)?.split(';').next().unwrap_or_default().trim();
    let lower = kind.to_ascii_lowercase();
    let may_be_json = matches!(lower.as_str(), "" | "text/plain" | "application/octet-stream")
        || lower.ends_with("/json")
        || lower.ends_with("+json");
    (!may_be_json).then_some(kind)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn of(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn freshness_is_what_cache_control_says() {
        let of = |value| terms(&of(CACHE_CONTROL, value)).max_age;
        assert_eq!(of("public, Max-Age=60, stale-while-revalidate=5"), Some(Duration::from_mins(1)));
        assert_eq!(of("max-age=60, no-cache"), Some(Duration::ZERO));
        assert_eq!(of("max-age=99999999999"), Some(LONGEST_MAX_AGE));
        assert_eq!(of("max-age=soon"), Some(Duration::ZERO));
        assert_eq!(of("private"), None);
        assert_eq!(terms(&HeaderMap::new()), Terms::default());
    }

    #[test]
    fn what_is_not_to_be_stored_says_so() {
        assert!(terms(&of(CACHE_CONTROL, "private, No-Store")).no_store);
        assert!(!terms(&of(CACHE_CONTROL, "private, no-cache")).no_store);
    }

    #[test]
    fn an_entity_tag_is_preferred_to_a_time() {
        let mut headers = of(LAST_MODIFIED, "Mon, 01 Jan 2024 00:00:00 GMT");
        assert!(matches!(validator(&headers), Some(Validator::LastModified(_))));
        headers.insert(ETAG, HeaderValue::from_static("\"x\""));
        assert_eq!(validator(&headers), Some(Validator::ETag("\"x\"".to_owned())));
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date() {
        let now = httpdate::parse_http_date("Mon, 01 Jan 2024 00:00:00 GMT").unwrap();
        let of = |value| retry_after(&of(RETRY_AFTER, value), now);
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of("Mon, 01 Jan 2024 00:01:00 GMT"), Some(Duration::from_mins(1)));
        assert_eq!(of("Sun, 31 Dec 2023 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(of("soon"), None);
    }

    #[test]
    fn what_is_no_json_is_known_by_its_type() {
        for json in ["application/json; charset=utf-8", "application/vnd.registry+json", "text/plain", "Text/JSON", ""]
        {
            assert_eq!(foreign_type(&of(CONTENT_TYPE, json)), None, "{json}");
        }
        assert_eq!(foreign_type(&of(CONTENT_TYPE, "text/html; charset=utf-8")), Some("text/html"));
        assert_eq!(foreign_type(&HeaderMap::new()), None);
    }
}
