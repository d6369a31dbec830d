//! Failures as answers: problem documents by RFC 9457.

use std::fmt::Write;

use super::Header;
use crate::json;

/// Why a request can't be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: u16,
    /// A stable, upper-case code.
    pub code: &'static str,
    /// A sentence without a final full stop.
    pub detail: String,
    /// Header fields that belong to the status.
    pub headers: Vec<Header>,
}

impl Problem {
    /// A parameter or a path is malformed.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "EINVALIDARG", detail)
    }

    /// There is no token.
    #[must_use]
    pub fn unauthorized() -> Self {
        let challenge = ("WWW-Authenticate", "Bearer realm=\"packages\"".to_owned());
        Self::new(401, "EUNAUTHORIZED", "this registry asks for a token: send Authorization: Bearer <token>")
            .with(challenge)
    }

    /// The token is not one of those that may read.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(403, "EFORBIDDEN", "this token may not read here")
    }

    /// There is nothing of that name.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "ENOTFOUND", detail)
    }

    /// Only reading is offered.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(405, "EMETHOD", "only GET and HEAD are answered here").with(("Allow", "GET, HEAD".to_owned()))
    }

    /// The request target is longer than its bound.
    #[must_use]
    pub fn uri_too_long(most: usize) -> Self {
        Self::new(414, "EURITOOLONG", format!("the request's path and query have more than {most} bytes"))
    }

    /// A fault on this side, of which the client learns no more.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(500, "EINTERNAL", "the request can't be answered because of a fault on this side")
    }

    /// Too many requests are under way.
    #[must_use]
    pub fn busy() -> Self {
        Self::new(503, "EBUSY", "too many requests are under way, try again").with(("Retry-After", "1".to_owned()))
    }

    /// What is served can't be read at the moment.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = "the packages can't be read at the moment";
        Self::new(503, "EUNAVAILABLE", detail).with(("Retry-After", "5".to_owned()))
    }

    fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), headers: Vec::new() }
    }

    fn with(mut self, header: Header) -> Self {
        self.headers.push(header);
        self
    }

    /// What the status is called.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            414 => "URI Too Long",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }

    /// The document.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::from("{");
        json::push_text_field(&mut out, "type", "about:blank");
        json::push_text_field(&mut out, "title", self.title());
        // Writing to a string can't fail.
        write!(out, ",\"status\":{}", self.status).unwrap_or_default();
        json::push_text_field(&mut out, "detail", &self.detail);
        json::push_text_field(&mut out, "code", self.code);
        out.push('}');
        out
    }

    /// The header fields of the answer.
    #[must_use]
    pub fn headers(&self, text: &str) -> Vec<Header> {
        let mut headers = vec![
            ("Content-Type", "application/problem+json".to_owned()),
            ("Content-Length", text.len().to_string()),
            ("Cache-Control", "no-store".to_owned()),
            ("X-Content-Type-Options", "nosniff".to_owned()),
        ];
        headers.extend(self.headers.iter().cloned());
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_a_document() {
        let text = Problem::bad_request("page is \"x\"").text();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Bad Request", "status": 400, "detail": "page is \"x\"", "code": "EINVALIDARG",
        });
        assert_eq!(document, expected);
    }
}
