//! URLs: how they are shown, and what they have in common.

use std::fmt;

use url::{Host, Url};

/// A URL as it may be shown: without user, password, query and fragment.
pub struct Shown<'a>(pub &'a Url);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(url) = self;
        write!(formatter, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(url.path())
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Whether scheme, host and port are the same, so that credentials for one are for the other.
pub(super) fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Whether it is this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let url = url("https://user:secret@example.test:8443/a?token=secret#secret");
        assert_eq!(Shown(&url).to_string(), "https://example.test:8443/a");
    }

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        let of = |text: &str| is_loopback(&url(text));
        assert!(
            ["http://localhost:1/", "http://127.0.0.9", "http://[::1]:80/", "http://a.localhost"].into_iter().all(of)
        );
        assert!(!["http://example.test", "http://10.0.0.1", "http://localhost.example.test"].into_iter().any(of));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let base = url("https://example.test/api");
        assert!(is_same_origin(&base, &url("https://EXAMPLE.test:443/elsewhere")));
        for other in ["http://example.test/api", "https://example.test:8443/api", "https://www.example.test/api"] {
            assert!(!is_same_origin(&base, &url(other)), "{other}");
        }
    }
}
