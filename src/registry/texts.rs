//! The bodies of a registry's answers, as text.

use std::fmt::Write;
use std::sync::Arc;

use super::current::Current;
use super::request::{Route, Search};
use super::store::{Package, Published};
use crate::answer::Problem;
use crate::json;
use crate::search::SearchFilter;

/// What a route leads to.
pub(super) enum Found<'a> {
    /// A package, whose bytes are in the store.
    Stored(&'a Arc<Published>),
    /// Something that is written anew for each state of the packages.
    Written,
}

/// What a route leads to; nothing where a name in it is unknown.
pub(super) fn find<'a>(current: &'a Current, route: &Route) -> Result<Found<'a>, Problem> {
    let package =
        |id: &str| current.holdings.package(id).ok_or_else(|| Problem::not_found("there is no package with this id"));
    Ok(match route {
        Route::Index { .. } | Route::Search(_) => Found::Written,
        Route::Versions { id } => package(id).map(|_| Found::Written)?,
        Route::Package { id } => Found::Stored(package(id)?.newest()),
        Route::Version { id, version } => {
            let unknown = || Problem::not_found("there is no such version of this package");
            Found::Stored(package(id)?.version(version).ok_or_else(unknown)?)
        }
    })
}

/// The text that a route leads to where it is written anew.
pub(super) fn write(current: &Current, route: &Route) -> String {
    match route {
        Route::Index { page, page_size } => {
            let packages = current.holdings.packages();
            let start = (page - 1).saturating_mul(*page_size);
            listing(packages.iter().skip(start).take(*page_size), packages.len(), *page, *page_size)
        }
        Route::Search(search) => found(current, search),
        Route::Package { id } | Route::Versions { id } | Route::Version { id, .. } => {
            current.holdings.package(id).map_or_else(String::new, |package| versions(id, package))
        }
    }
}

fn found(current: &Current, search: &Search) -> String {
    let Search { query, category, min_level, page, page_size } = search;
    let filter =
        SearchFilter { category: category.clone(), min_level: min_level.map(f64::from_bits), user_level: None };
    let found = current.search().search(query, &filter, *page, *page_size);
    let packages = current.holdings.packages();
    listing(found.positions.iter().filter_map(|at| packages.get(*at)), found.total, *page, *page_size)
}

fn listing<'a>(packages: impl Iterator<Item = &'a Package>, total: usize, page: usize, page_size: usize) -> String {
    let mut out = String::from("{\"packages\":[");
    for (position, package) in packages.enumerate() {
        if position > 0 {
            out.push(',');
        }
        let newest = package.newest();
        newest.entry.write_checked(&newest.checksum, &mut out);
    }
    // Writing to a string can't fail.
    write!(out, "],\"totalCount\":{total},\"page\":{page},\"pageSize\":{page_size}}}").unwrap_or_default();
    out
}

fn versions(id: &str, package: &Package) -> String {
    let mut out = String::from("{");
    json::push_text_field(&mut out, "packageId", id);
    out.push_str(",\"versions\":[");
    for (position, published) in package.versions().iter().enumerate() {
        out.push_str(if position > 0 { ",{" } else { "{" });
        json::push_text_field(&mut out, "version", &published.entry.version);
        json::push_text_field(&mut out, "publishedAt", &published.published_at);
        json::push_text_field(&mut out, "checksum", &published.checksum);
        out.push('}');
    }
    out.push_str("]}");
    out
}
