//! Git's smart protocol over HTTP.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use git2::transport::SmartSubtransportStream;
use url::Url;

use super::guard::{Guard, for_whole_pack};
use super::{Arrived, hide};
use crate::error::{Error, ErrorKind};
use crate::source::git::advertisement::{Advertisement, Beginning};
use crate::source::git::job::Job;
use crate::source::http::{Kinds, Shown, Stream, Streams};
use crate::source::layer::{Failure, Remedy};

/// Most bytes that one request carries: what is wanted and what is there already.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

const REFS: &str = "info/refs";
const REFS_KIND: &str = "application/x-git-upload-pack-advertisement";
const PACK: &str = "git-upload-pack";

/// What stands before the refs over HTTP.
const SERVICE: &[u8] = b"001e# service=git-upload-pack\n0000";

const PACK_KINDS: Kinds<'static> =
    Kinds { sent: "application/x-git-upload-pack-request", accepted: "application/x-git-upload-pack-result" };

/// Where the repository was found in the end: the first answer may lead elsewhere, and what follows goes there.
pub(in crate::source::git) type Found = Arc<Mutex<Option<Url>>>;

/// A request and its answer: the refs, which are asked for at once, or a pack, when it is first read and all is written
/// that is wanted of it.
struct Exchange {
    streams: Streams,
    found: Found,
    body: Vec<u8>,
    answer: Option<Stream>,
    arrived: Arrived,
    guard: Guard,
    is_over: bool,
}

pub(super) fn open(job: &Job, asks_for_refs: bool) -> Result<Box<dyn SmartSubtransportStream>, Failure> {
    let streams = job.order().links.http.clone();
    let streams = streams.ok_or_else(|| protocol("the repository is not behind HTTP".to_owned()))?;
    let mut exchange = Exchange {
        streams,
        found: job.found(),
        body: Vec::new(),
        answer: None,
        arrived: Arrived::default(),
        guard: Guard::new(job),
        is_over: asks_for_refs,
    };
    if asks_for_refs {
        let (refs, is_news) = match job.take_known() {
            Some(refs) => (refs, false),
            None => (exchange.refs(job)?, true),
        };
        exchange.arrived.refill(&[SERVICE, &*job.hear(&refs)?].concat());
        if is_news {
            job.keep_known(refs);
        }
    }
    Ok(Box::new(exchange))
}

impl Exchange {
    /// Where the repository is, as far as that is known.
    fn base(&self) -> Url {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone().unwrap_or_else(|| self.streams.base().clone())
    }

    fn refs(&self, job: &Job) -> Result<Advertisement, Failure> {
        let (order, base) = (job.order(), self.base());
        let mut url = below(&base, REFS);
        url.set_query(Some("service=git-upload-pack"));
        let asked = self.streams.get(&url, "*/*", order.attempt, order.deadline);
        let mut answer = job.wait(asked).map_err(not_found(&base))?;
        expect(&answer, REFS_KIND)?;
        let base = base_of(answer.url())?;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(base);
        let mut beginning = Beginning::default();
        while let Some(chunk) = job.wait(answer.chunk())? {
            job.count(chunk.as_ref().len())?;
            beginning.push(chunk.as_ref());
            job.bound_refs(beginning.len())?;
        }
        let refs = beginning.read();
        // Refs that are cut short would be refs that are gone.
        if refs.refusal.is_none() && !refs.is_announced {
            return Err(protocol(format!("{} does not answer as a Git server does", Shown(answer.url()))));
        }
        if refs.refusal.is_none() && !beginning.is_whole() {
            return Err(protocol(format!("{} answers with refs that have no end", Shown(answer.url()))));
        }
        Ok(refs)
    }

    fn pack(&mut self, job: &Job) -> Result<Stream, Failure> {
        let body = std::mem::take(&mut self.body);
        let body = if job.collects() { body } else { for_whole_pack(&body) };
        let (order, url) = (job.order(), below(&self.base(), PACK));
        let answer = job.wait(self.streams.post(&url, PACK_KINDS, body, order.attempt, order.deadline))?;
        expect(&answer, PACK_KINDS.accepted)?;
        Ok(answer)
    }

    fn fill(&mut self, job: &Job) -> Result<(), Failure> {
        if self.answer.is_none() {
            self.answer = Some(self.pack(job)?);
        }
        let Some(answer) = &mut self.answer else { return Ok(()) };
        let chunk = job.wait(answer.chunk())?;
        self.is_over = chunk.is_none();
        let bytes = chunk.as_ref().map_or(&[][..], AsRef::as_ref);
        job.count(bytes.len())?;
        self.arrived.refill(&self.guard.pass(job, bytes)?);
        Ok(())
    }
}

/// Refuses an answer of another type: that of a web page, above all.
fn expect(answer: &Stream, wanted: &str) -> Result<(), Failure> {
    let kind = answer.kind().unwrap_or("no type");
    if kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    // Its own words could repeat the token that it was shown.
    let usual = ["text/html", "text/plain", "application/json", "application/octet-stream"];
    let kind = usual.into_iter().find(|usual| kind.starts_with(usual)).unwrap_or("something else");
    Err(protocol(format!("{} answers with {kind}, not as a Git server does", Shown(answer.url()))))
}

impl Read for Exchange {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.arrived.is_empty() && !self.is_over {
            let job = Job::current().ok_or(io::ErrorKind::NotConnected)?;
            self.fill(&job).map_err(hide)?;
        }
        Ok(self.arrived.take(room))
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.body.len() + bytes.len() > MAX_REQUEST {
            return Err(hide(protocol("the repository has too many refs to ask for".to_owned())));
        }
        self.body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The URL of something of the repository.
fn below(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    let path = format!("{}/{name}", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// The repository's URL, by that of its refs.
fn base_of(refs: &Url) -> Result<Url, Failure> {
    let mut base = refs.clone();
    base.set_query(None);
    let Some(path) = refs.path().strip_suffix("/info/refs") else {
        let message = format!("the repository is redirected to {}, which is none", Shown(refs));
        return Err(Failure { error: Error::new(ErrorKind::Redirect, message), remedy: Remedy::None });
    };
    base.set_path(path);
    Ok(base)
}

/// A server tells with the same status that there is nothing, and that one may not see it.
fn not_found(base: &Url) -> impl Fn(Failure) -> Failure {
    let shown = Shown(base).to_string();
    move |failure| {
        let is_absent = failure.error.kind() == ErrorKind::Http && failure.error.message().contains("status 404");
        if !is_absent {
            return failure;
        }
        let message = format!("there is no repository at {shown}, or the source's authToken may not read it");
        Failure { error: Error::new(ErrorKind::NoRepository, message), remedy: Remedy::None }
    }
}

fn protocol(message: String) -> Failure {
    Failure { error: Error::new(ErrorKind::Protocol, message), remedy: Remedy::None }
}
