//! Reading a registry's whole index, page by page.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::protocol::{self, Page};
use super::{not_there, parse};
use crate::error::{Error, ErrorKind, Result};
use crate::model::PackageId;
use crate::source::SourceIndex;
use crate::source::http::{Answer, Body, Client, Shown};
use crate::source::layer::{Reply, Terms, Validator};

/// Most pages that are read.
const MAX_PAGES: usize = 10_000;

/// For all pages together.
const INDEX_TIMEOUT: Duration = Duration::from_mins(5);

/// Pages beyond those that the first one promised: packages may be published while we read.
const GROWTH: usize = 10;

/// All pages as one index. A registry that answers without paging fields has one page; one that repeats a page, or
/// goes on for ever, is an error.
///
/// Only an index of one page is asked for by its validator: that of the first page says nothing of the others.
pub(super) async fn all(
    client: &Client,
    source_id: &Arc<str>,
    validator: Option<&Validator>,
) -> Result<Reply<SourceIndex>> {
    let start = client.url(&["packages"])?;
    let (first, terms) = match client.get(&start, validator).await? {
        Answer::Body(Body { text, terms }) => (parse(move || protocol::page(&text, 0)).await?, terms),
        Answer::NotModified { max_age } => return Ok(Reply::NotModified { max_age }),
        Answer::NotFound => return Err(not_there(&start)),
    };
    let Some(size) = first.size.filter(|_| first.has_more()) else {
        return Ok(Reply::Value { value: first.bounded()?.into_index(Arc::clone(source_id)), terms });
    };
    let whole = tokio::time::timeout(INDEX_TIMEOUT, rest(client, &start, first, size)).await;
    let whole = whole.map_err(|_| Error::new(ErrorKind::Timeout, "reading the registry's index took too long"))??;
    let terms = Terms { validator: None, ..terms };
    Ok(Reply::Value { value: whole.into_index(Arc::clone(source_id)), terms })
}

/// The pages behind the first, joined to it.
async fn rest(client: &Client, start: &Url, first: Page, size: usize) -> Result<Page> {
    let promised = first.total.map_or(MAX_PAGES, |total| total.div_ceil(size).saturating_add(GROWTH)).min(MAX_PAGES);
    let mut number = first.number.unwrap_or(1);
    let mut seen: HashSet<PackageId> = first.entries.iter().map(|entry| entry.id.clone()).collect();
    let mut whole = first;
    for _ in 1..promised {
        number += 1;
        let mut url = start.clone();
        url.query_pairs_mut().append_pair("page", &number.to_string()).append_pair("pageSize", &size.to_string());
        let next = page(client, &url, whole.received).await?;
        if next.received == 0 {
            return Ok(whole);
        }
        let before = seen.len();
        seen.extend(next.entries.iter().map(|entry| entry.id.clone()));
        if seen.len() == before && !next.entries.is_empty() {
            return Err(Error::new(ErrorKind::Protocol, format!("the registry's page {number} repeats earlier ones")));
        }
        let is_last = !whole.join(next);
        whole = whole.bounded()?;
        if is_last {
            return Ok(whole);
        }
    }
    Err(Error::new(
        ErrorKind::Protocol,
        format!("the registry's index goes on beyond the {promised} pages that it promised"),
    ))
}

async fn page(client: &Client, url: &Url, offset: usize) -> Result<Page> {
    match client.get(url, None).await? {
        Answer::Body(Body { text, .. }) => parse(move || protocol::page(&text, offset)).await,
        Answer::NotFound => Err(not_there(url)),
        Answer::NotModified { .. } => {
            let message = format!("{} answers \"not modified\" without being asked for that", Shown(url));
            Err(Error::new(ErrorKind::Protocol, message))
        }
    }
}
