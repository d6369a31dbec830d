//! Answers to requests, as the face sends them.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi_derive::napi;

use super::settle::{blocking, settle};
use crate::answer::{Body, Coding, Header, Policy, Problem, Representation, names_etag};

/// An answer's parts.
#[napi(object)]
pub struct BindingAnswer {
    /// The status.
    pub status: u32,
    /// The body's number; 0 for one that is not kept.
    pub number: u32,
    /// Names and values of the header fields by turns.
    pub headers: Vec<String>,
    /// Those of the answer that the client has the body already; empty for a body that is not kept.
    pub not_modified: Vec<String>,
    /// The body.
    #[napi(ts_type = "Buffer<ArrayBuffer>")]
    pub body: Buffer,
}

/// As [`BindingAnswer`], for the way from another thread.
pub(super) struct Parts {
    status: u16,
    number: u32,
    headers: Vec<Header>,
    not_modified: Vec<Header>,
    bytes: Vec<u8>,
}

impl Parts {
    /// An answer with a body that has a number.
    pub(super) fn of_body(number: u32, body: &Body, policy: &Policy) -> Self {
        let (headers, not_modified) = (body.headers(policy), body.not_modified(policy));
        Self { status: 200, number, headers, not_modified, bytes: body.bytes().to_vec() }
    }

    /// The answer that the client has the body already.
    pub(super) fn not_modified(self) -> Self {
        Self { status: 304, ..self }
    }

    /// A failure.
    pub(super) fn of_problem(problem: &Problem) -> Self {
        let text = problem.text();
        let headers = problem.headers(&text);
        Self { status: problem.status, number: 0, headers, not_modified: Vec::new(), bytes: text.into() }
    }
}

impl From<Parts> for BindingAnswer {
    fn from(parts: Parts) -> Self {
        let Parts { status, number, headers, not_modified, bytes } = parts;
        let flat =
            |headers: Vec<Header>| headers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        Self {
            status: status.into(),
            number,
            headers: flat(headers),
            not_modified: flat(not_modified),
            body: bytes.into(),
        }
    }
}

/// One body in all its codings.
#[napi]
pub struct BindingRepresentation {
    representation: Arc<Representation>,
    /// Held while a coding is made: all who wait for one get the same.
    making: Arc<tokio::sync::Mutex<()>>,
    policy: Policy,
}

impl BindingRepresentation {
    pub(super) fn new(body: Body, cache_control: String) -> Self {
        let policy = Policy { cache_control, vary: "Accept-Encoding" };
        Self { representation: Arc::new(Representation::new(body)), making: Arc::default(), policy }
    }
}

#[napi]
impl BindingRepresentation {
    /// A failure that the face found, as an answer: `busy` or `methodNotAllowed`.
    #[napi(catch_unwind)]
    pub fn of_problem(problem: String) -> BindingAnswer {
        let problem = match problem.as_str() {
            "busy" => Problem::busy(),
            "methodNotAllowed" => Problem::method_not_allowed(),
            _ => Problem::internal(),
        };
        Parts::of_problem(&problem).into()
    }

    /// The number of the coding that a request gets; negative where the client has that already, 0 where it is not made
    /// yet.
    #[napi(catch_unwind)]
    pub fn lookup(&self, accept_encoding: Option<String>, if_none_match: Option<String>) -> i32 {
        let coding = coding(accept_encoding);
        let Some(body) = self.representation.ready(coding) else { return 0 };
        let is_known = if_none_match.is_some_and(|field| names_etag(&field, body.etag()));
        if is_known { -number(coding) } else { number(coding) }
    }

    /// Makes the coding that a request gets, off the JavaScript thread.
    #[napi(catch_unwind)]
    pub fn make<'env>(&self, env: &'env Env, accept_encoding: Option<String>) -> napi::Result<PromiseRaw<'env, ()>> {
        let (representation, making) = (Arc::clone(&self.representation), Arc::clone(&self.making));
        let coding = coding(accept_encoding);
        let work = async move {
            let _alone = making.lock().await;
            blocking(move || representation.make(coding).map(|_| ())).await
        };
        settle(env, work, |()| ())
    }

    /// The answer with a number that `lookup` gave, without its sign.
    #[napi(catch_unwind)]
    pub fn body(&self, of: i32) -> Option<BindingAnswer> {
        let coding =
            [Coding::Identity, Coding::Gzip, Coding::Brotli].into_iter().find(|coding| number(*coding) == of)?;
        let body = self.representation.ready(coding)?;
        Some(Parts::of_body(of.unsigned_abs(), body, &self.policy).into())
    }
}

fn coding(accept_encoding: Option<String>) -> Coding {
    accept_encoding.as_deref().map_or(Coding::Identity, Coding::preferred)
}

fn number(coding: Coding) -> i32 {
    match coding {
        Coding::Identity => 1,
        Coding::Gzip => 2,
        Coding::Brotli => 3,
    }
}
