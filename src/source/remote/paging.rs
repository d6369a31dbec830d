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
/// An index of many pages is current where each of them is: then no page is sent again.
pub(super) async fn all(
    client: &Client,
    source_id: &Arc<str>,
    known: Option<&Validator>,
) -> Result<Reply<SourceIndex>> {
    let paging = async || match known {
        Some(Validator::Pages { size, of_each }) => match changed(client, *size, of_each).await? {
            Changed::No { max_age } => Ok(Reply::NotModified { max_age }),
            Changed::First(first) => from_first(client, source_id, first).await,
            Changed::Later => from_first(client, source_id, client.get(&first_url(client)?, None).await?).await,
        },
        known => from_first(client, source_id, client.get(&first_url(client)?, known).await?).await,
    };
    let whole = tokio::time::timeout(INDEX_TIMEOUT, paging()).await;
    whole.map_err(|_| Error::new(ErrorKind::Timeout, "reading the registry's index took too long"))?
}

/// The URL of the first page, which says how many elements are on a page.
fn first_url(client: &Client) -> Result<Url> {
    client.url(&["packages"])
}

/// The URL of a page behind it.
fn page_url(client: &Client, number: usize, size: usize) -> Result<Url> {
    let mut url = first_url(client)?;
    url.query_pairs_mut().append_pair("page", &number.to_string()).append_pair("pageSize", &size.to_string());
    Ok(url)
}

/// Whether any of the pages has changed.
enum Changed {
    /// All are current.
    No { max_age: Option<Duration> },
    /// The first one has, and here it is.
    First(Answer),
    /// Another one has.
    Later,
}

async fn changed(client: &Client, size: usize, of_each: &[Validator]) -> Result<Changed> {
    let mut shortest = None;
    for (number, known) in (1..).zip(of_each) {
        let url = if number == 1 { first_url(client)? } else { page_url(client, number, size)? };
        match client.get(&url, Some(known)).await? {
            Answer::NotModified { max_age } => shortest = shortest.or(max_age).min(max_age.or(shortest)),
            answer if number == 1 => return Ok(Changed::First(answer)),
            _ => return Ok(Changed::Later),
        }
    }
    Ok(Changed::No { max_age: shortest })
}

/// The index whose first page is there.
async fn from_first(client: &Client, source_id: &Arc<str>, first: Answer) -> Result<Reply<SourceIndex>> {
    let (first, terms) = match first {
        Answer::Body(Body { text, terms }) => (parse(move || protocol::page(&text, 0)).await?, terms),
        Answer::NotModified { max_age } => return Ok(Reply::NotModified { max_age }),
        Answer::NotFound => return Err(not_there(&first_url(client)?)),
    };
    let Some(size) = first.size.filter(|_| first.has_more()) else {
        return Ok(Reply::Value { value: first.bounded()?.into_index(Arc::clone(source_id)), terms });
    };
    let is_numbered_from_one = first.number.is_none_or(|number| number == 1);
    let mut validators = vec![terms.validator];
    let whole = rest(client, first, size, &mut validators).await?;
    // A page says that others have come only where it says how many there are.
    let of_each =
        validators.into_iter().collect::<Option<_>>().filter(|_| is_numbered_from_one && whole.total.is_some());
    let terms = Terms { validator: of_each.map(|of_each| Validator::Pages { size, of_each }), ..terms };
    Ok(Reply::Value { value: whole.into_index(Arc::clone(source_id)), terms })
}

/// The pages behind the first, joined to it.
async fn rest(client: &Client, first: Page, size: usize, validators: &mut Vec<Option<Validator>>) -> Result<Page> {
    let promised = first.total.map_or(MAX_PAGES, |total| total.div_ceil(size).saturating_add(GROWTH)).min(MAX_PAGES);
    let mut number = first.number.unwrap_or(1);
    let mut seen: HashSet<PackageId> = first.entries.iter().map(|entry| entry.id.clone()).collect();
    let mut whole = first;
    for _ in 1..promised {
        number += 1;
        let (next, validator) = page(client, &page_url(client, number, size)?, whole.received).await?;
        if next.received == 0 {
            return Ok(whole);
        }
        let before = seen.len();
        seen.extend(next.entries.iter().map(|entry| entry.id.clone()));
        if seen.len() == before && !next.entries.is_empty() {
            return Err(Error::new(ErrorKind::Protocol, format!("the registry's page {number} repeats earlier ones")));
        }
        validators.push(validator);
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

async fn page(client: &Client, url: &Url, offset: usize) -> Result<(Page, Option<Validator>)> {
    match client.get(url, None).await? {
        Answer::Body(Body { text, terms }) => {
            Ok((parse(move || protocol::page(&text, offset)).await?, terms.validator))
        }
        Answer::NotFound => Err(not_there(url)),
        Answer::NotModified { .. } => {
            let message = format!("{} answers \"not modified\" without being asked for that", Shown(url));
            Err(Error::new(ErrorKind::Protocol, message))
        }
    }
}
