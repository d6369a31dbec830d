/**
 * Searching the merged index. The matching and ranking is done natively; packages whose entry is a caller's send their
 * texts along once for each build.
 *
 * @typedef {import('../../index.js').MergedPackageEntry} MergedPackageEntry
 * @typedef {import('../../index.js').SearchOptions} SearchOptions
 * @typedef {import('../../index.js').SearchResult} SearchResult
 * @typedef {import('./merged.js').Merged} Merged
 */

const { expectCount, expectNumber, expectObject, expectString, sourcesError } = require('../errors.js')
const { readSignal } = require('../flight.js')
const { searchTextOf } = require('./caller-entries.js')

const DEFAULT_PAGE_SIZE = 20
const MAX_PAGE_SIZE = 1000

/** Longest query, in UTF-16 units. */
const MAX_QUERY = 1024

/**
 * @param {string} query
 * @param {SearchOptions} options
 * @param {(signal: AbortSignal | undefined) => Promise<Merged>} getMerged
 * @returns {Promise<SearchResult>}
 */
async function searchMerged(query, options = {}, getMerged) {
  expectString(query, 'query')
  if (query.length > MAX_QUERY) {
    throw sourcesError('EINVALIDARG', `query must have at most ${MAX_QUERY} characters, not ${query.length}`)
  }
  expectObject(options, 'options')
  const { category, minLevel, userLevel, page = 1, pageSize = DEFAULT_PAGE_SIZE } = options
  if (category !== undefined) expectString(category, 'category')
  if (minLevel !== undefined) expectNumber(minLevel, 'minLevel')
  if (userLevel !== undefined) expectNumber(userLevel, 'userLevel')
  expectCount(page, 'page', 1, 2 ** 31)
  expectCount(pageSize, 'pageSize', 1, MAX_PAGE_SIZE)
  const signal = readSignal(options)

  const { native, entries, callerOwned } = await getMerged(signal)
  const texts = native.isSearchable
    ? undefined
    : JSON.stringify([...callerOwned].map((at) => searchTextOf(at, /** @type {any} */ (entries[at]))))
  const { positions, total } = await native.search(query, { category, minLevel, userLevel }, page, pageSize, texts)
  const packages = positions.map((position) => /** @type {MergedPackageEntry} */ (entries[position]))
  return { packages, totalCount: total, page, pageSize }
}

module.exports = { searchMerged }
