//! What a request asks for, read strictly.

use percent_encoding::percent_decode_str;

use crate::answer::Problem;
use crate::search;

/// Longest request target that is read, in bytes.
pub(super) const MAX_TARGET: usize = 8192;

/// Largest page.
const MAX_PAGE_SIZE: usize = 1000;

/// Page size of the index where none is given.
const PAGE_SIZE: usize = 1000;

/// Page size of search results where none is given.
const SEARCH_PAGE_SIZE: usize = 20;

/// Largest page number.
const MAX_PAGE: usize = 1 << 31;

/// Longest query, in characters.
const MAX_QUERY: usize = 1024;

/// Most different words of a query: every package is searched for each.
const MAX_WORDS: usize = 16;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// `/packages`
    Index { page: usize, page_size: usize },
    /// `/packages/search`
    Search(Search),
    /// `/packages/:id`
    Package { id: String },
    /// `/packages/:id/versions`
    Versions { id: String },
    /// `/packages/:id/versions/:version`
    Version { id: String, version: String },
}

/// A search and the part of its results that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Search {
    pub(super) query: String,
    pub(super) category: Option<String>,
    /// The bits of a double, so that searches can be compared.
    pub(super) min_level: Option<u64>,
    pub(super) page: usize,
    pub(super) page_size: usize,
}

impl Route {
    /// Reads a request target: what stands behind the first `base` in its path.
    pub(super) fn parse(target: &str, base: &str) -> Result<Self, Problem> {
        if target.len() > MAX_TARGET {
            return Err(Problem::uri_too_long(MAX_TARGET));
        }
        let target = origin_form(target.split('#').next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let unknown = || Problem::not_found("there is nothing at this path");
        let below = below(path, base).ok_or_else(unknown)?;
        let segments =
            below.split('/').skip(1).map(|segment| decode(segment, "the path")).collect::<Result<Vec<_>, _>>()?;
        let route = match segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["packages"] => Parameters::parse(query)?.index()?,
            ["packages", "search"] => Parameters::parse(query)?.search()?,
            ["packages", id] => Self::Package { id: name(id)? },
            ["packages", id, "versions"] => Self::Versions { id: name(id)? },
            ["packages", id, "versions", version] => Self::Version { id: name(id)?, version: name(version)? },
            _ => return Err(unknown()),
        };
        Ok(route)
    }
}

/// A target without the scheme and the host that it may begin with.
fn origin_form(target: &str) -> &str {
    if target.starts_with('/') {
        return target;
    }
    let behind = target.split_once("://").map(|(_, rest)| rest.find(['/', '?']).map_or("", |at| &rest[at..]));
    behind.unwrap_or(target)
}

/// The path below `base`, wherever that begins: an application may itself be mounted somewhere.
fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.match_indices(base).map(|(at, _)| &path[at + base.len()..]).find(|rest| rest.starts_with('/'))
}

fn name(segment: &str) -> Result<String, Problem> {
    if segment.is_empty() { Err(Problem::not_found("there is nothing at this path")) } else { Ok(segment.to_owned()) }
}

/// Decodes percent-encoded text, which must be well-formed and UTF-8.
fn decode(text: &str, what: &str) -> Result<String, Problem> {
    let is_hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    if text.bytes().enumerate().any(|(at, byte)| byte == b'%' && !(is_hex(at + 1) && is_hex(at + 2))) {
        return Err(Problem::bad_request(format!("{what} holds a % that two hexadecimal digits don't follow")));
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| Problem::bad_request(format!("{what} is not UTF-8 when it is decoded")))
}

/// The parameters that the protocol knows; others are ignored.
#[derive(Default)]
struct Parameters {
    q: Option<String>,
    category: Option<String>,
    min_level: Option<String>,
    page: Option<String>,
    page_size: Option<String>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters = Self::default();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode(&name.replace('+', " "), "a parameter's name")?;
            let slot = match name.as_str() {
                "q" => &mut parameters.q,
                "category" => &mut parameters.category,
                "minLevel" => &mut parameters.min_level,
                "page" => &mut parameters.page,
                "pageSize" => &mut parameters.page_size,
                _ => continue,
            };
            if slot.is_some() {
                return Err(Problem::bad_request(format!("{name} is given twice")));
            }
            *slot = Some(decode(&value.replace('+', " "), &name)?);
        }
        Ok(parameters)
    }

    fn index(self) -> Result<Route, Problem> {
        let (page, page_size) = self.part(PAGE_SIZE)?;
        Ok(Route::Index { page, page_size })
    }

    fn search(self) -> Result<Route, Problem> {
        let (page, page_size) = self.part(SEARCH_PAGE_SIZE)?;
        let query = self.q.unwrap_or_default();
        if query.chars().count() > MAX_QUERY {
            return Err(Problem::bad_request(format!("q has more than {MAX_QUERY} characters")));
        }
        if search::words(&query) > MAX_WORDS {
            return Err(Problem::bad_request(format!("q has more than {MAX_WORDS} different words")));
        }
        let min_level = self.min_level.as_deref().map(level).transpose()?;
        Ok(Route::Search(Search { query, category: self.category, min_level, page, page_size }))
    }

    fn part(&self, page_size: usize) -> Result<(usize, usize), Problem> {
        let page = count("page", self.page.as_deref(), MAX_PAGE)?.unwrap_or(1);
        let page_size = count("pageSize", self.page_size.as_deref(), MAX_PAGE_SIZE)?.unwrap_or(page_size);
        Ok((page, page_size))
    }
}

fn count(name: &str, text: Option<&str>, most: usize) -> Result<Option<usize>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_digits && (1..=most).contains(number));
    number.map(Some).ok_or_else(|| Problem::bad_request(format!("{name} must be a whole number from 1 to {most}")))
}

fn level(text: &str) -> Result<u64, Problem> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'e' | b'E' | b'+'));
    let number = text.parse::<f64>().ok().filter(|number| is_plain && number.is_finite());
    // -0 is 0.
    let number = number.ok_or_else(|| Problem::bad_request("minLevel must be a number"))? + 0.0;
    Ok(number.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "/api/v1";

    fn status(target: &str) -> u16 {
        Route::parse(target, BASE).map_or_else(|problem| problem.status, |_| 200)
    }

    #[test]
    fn every_route_is_read() {
        let id = || "data_table".to_owned();
        for (target, route) in [
            ("/api/v1/packages", Route::Index { page: 1, page_size: PAGE_SIZE }),
            ("/api/v1/packages?pageSize=1000&page=3&x=y", Route::Index { page: 3, page_size: 1000 }),
            ("/app/api/v1/packages/data_table#x", Route::Package { id: id() }),
            ("/api/v1/packages/data%5Ftable/versions", Route::Versions { id: id() }),
            (
                "/api/v1/packages/data_table/versions/1.0.0%2Bx",
                Route::Version { id: id(), version: "1.0.0+x".to_owned() },
            ),
            ("/api/v1/packages/a%2Fb%00", Route::Package { id: "a/b\0".to_owned() }),
            ("/api/v1/packages/search/versions", Route::Versions { id: "search".to_owned() }),
        ] {
            assert_eq!(Route::parse(target, BASE), Ok(route), "{target}");
        }
    }

    #[test]
    fn a_target_may_name_its_host() {
        let package = Ok(Route::Package { id: "a".to_owned() });
        assert_eq!(Route::parse("http://host/api/v1/packages/a", BASE), package);
        for target in ["/packages/a", "http://host/packages/a", "https://[::1]:80/packages/a?x=//y"] {
            assert_eq!(Route::parse(target, ""), package, "{target}");
        }
        for target in ["http://host", "http://host?/packages/a", "packages/a", "*"] {
            assert!(Route::parse(target, "").is_err(), "{target}");
        }
    }

    #[test]
    fn a_search_is_read_whole() {
        let search = Search {
            query: "data table".to_owned(),
            category: Some("ü".to_owned()),
            min_level: Some(2f64.to_bits()),
            page: 2,
            page_size: 5,
        };
        let target = "/api/v1/packages/search?q=data+table&category=%C3%BC&minLevel=2.0&page=2&pageSize=5";
        assert_eq!(Route::parse(target, BASE), Ok(Route::Search(search)));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for target in [
            "/packages/%",
            "/packages/%f",
            "/packages/%zz",
            "/packages/%ff",
            "/packages/x/versions/%c3",
            "/packages?page=0",
            "/packages?page=-1",
            "/packages?page=+1",
            "/packages?page=",
            "/packages?page=1.5",
            "/packages?page=2147483649",
            "/packages?page=99999999999999999999999",
            "/packages?pageSize=1001",
            "/packages?page=1&page=1",
            "/packages?page=%zz",
            "/packages/search?minLevel=x",
            "/packages/search?minLevel=NaN",
            "/packages/search?minLevel=inf",
            "/packages/search?minLevel=1e999",
            "/packages/search?q=%ff",
        ] {
            assert_eq!(status(&format!("{BASE}{target}")), 400, "{target}");
        }
        assert_eq!(status(&format!("{BASE}/packages/search?q={}", "x".repeat(MAX_QUERY + 1))), 400);
        let words = |count: usize| (0..count).map(|number| format!("+w{number}")).collect::<Vec<_>>().concat();
        let search = |words: &str| status(&format!("{BASE}/packages/search?q={words}"));
        assert_eq!(
            (search(&words(MAX_WORDS)), search(&words(MAX_WORDS + 1)), search(&"+a".repeat(500))),
            (200, 400, 200)
        );
    }

    #[test]
    fn what_is_no_route_is_not_found() {
        for target in [
            "",
            "/",
            "/packages",
            "/api/v1",
            "/api/v1/",
            "/api/v1packages",
            "*",
            "/api/v1/packages/",
            "/api/v1/packages//versions",
        ] {
            assert_eq!(status(target), 404, "{target:?}");
        }
        for path in ["/Packages", "/packages/a/b", "/packages/a/versions/", "/packages/a/versions/1/x", "//packages"] {
            assert_eq!(status(&format!("{BASE}{path}")), 404, "{path}");
        }
    }

    #[test]
    fn a_target_beyond_the_bound_is_not_even_read() {
        let target = |length: usize| format!("{BASE}/packages/{}", "x".repeat(length - BASE.len() - 10));
        assert_eq!((status(&target(MAX_TARGET)), status(&target(MAX_TARGET + 1))), (200, 414));
    }

    proptest::proptest! {
        #[test]
        fn no_target_makes_it_panic(target in "\\PC{0,60}", query in "[%&=+a-z0-9]{0,40}") {
            drop(Route::parse(&format!("{BASE}/packages/{target}?{query}"), BASE));
        }
    }
}
