/**
 * Packages from a registry.
 *
 * @typedef {import('../../index.js').PackageIndexEntry} PackageIndexEntry
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 * @typedef {import('../../index.js').RemoteSearchOptions} RemoteSearchOptions
 * @typedef {import('../../index.js').RemoteSourceConfig} RemoteSourceConfig
 */

const { BindingRemoteSource } = require('../../binding.js')
const { DEFAULT_REMOTE_SOURCE } = require('../config.js')
const { expectCount, expectNumber, expectObject, expectString, invalid, sourcesError } = require('../errors.js')
const { materialise } = require('../waiting.js')
const { access, NativeSource } = require('./native-source.js')

/** Most packages on one page. */
const MAX_PAGE_SIZE = 1000

/** Most packages of one registry that are kept as objects: it may hold more than memory does. */
const MAX_KEPT = 2000

/** @extends {NativeSource<BindingRemoteSource>} */
class RemotePackageSource extends NativeSource {
  #ages

  /** @param {Partial<RemoteSourceConfig>} [config] */
  constructor(config = {}) {
    const maxStale = readMaxStale(config)
    /** @type {{ expiry: number | undefined, maxStale: number | undefined }} */
    const ages = { expiry: undefined, maxStale }
    const open = (/** @type {PackageSourceConfig} */ { id, url, authToken }) => {
      const handle = new BindingRemoteSource(id, url, authToken)
      handle.setAges(ages.expiry, ages.maxStale)
      return handle
    }
    const lifetime = (/** @type {import('./kept-packages.js').Age} */ { maxAge }) => ages.expiry ?? maxAge
    super(DEFAULT_REMOTE_SOURCE, config, { open, lifetime, maxKept: MAX_KEPT })
    this.#ages = ages
    // Opened at once, so that a url or token that can't be used is told here and not at the first call.
    access.handleOf(this)
  }

  /**
   * @param {string} query
   * @param {RemoteSearchOptions} [options]
   * @returns {Promise<PackageIndexEntry[]>}
   */
  async searchPackages(query, options = {}) {
    expectString(query, 'query')
    expectObject(options, 'options')
    const { category, minLevel, page, pageSize } = options
    if (category !== undefined) expectString(category, 'category')
    if (minLevel !== undefined) expectNumber(minLevel, 'minLevel')
    expectCount(page, 'page', 1, 2 ** 31)
    expectCount(pageSize, 'pageSize', 1, MAX_PAGE_SIZE)
    try {
      const found = await access.handleOf(this).search({ text: query, category, minLevel, page, pageSize })
      if (found.staleBecause) access.reportStale(this, found.staleBecause, { operation: 'searchPackages' })
      return await materialise(found)
    } catch (error) {
      access.report(this, error, { operation: 'searchPackages' })
      return []
    }
  }

  /** @param {number} ms */
  setCacheExpiry(ms) {
    expectNumber(ms, 'ms')
    if (!(ms >= 0)) throw sourcesError('EINVALIDARG', `ms must be 0 or more, not ${ms}`)
    this.#ages.expiry = ms
    access.handleOf(this).setAges(ms, this.#ages.maxStale)
  }
}

/**
 * @param {Partial<RemoteSourceConfig>} config
 * @returns {number | undefined}
 */
function readMaxStale(config) {
  expectObject(config, 'config')
  const { maxStaleMs } = config
  if (maxStaleMs !== undefined && !(typeof maxStaleMs === 'number' && maxStaleMs >= 0)) {
    throw invalid('maxStaleMs', 'a number of 0 or more', maxStaleMs)
  }
  return maxStaleMs
}

/** @param {Partial<RemoteSourceConfig>} [config] */
function createRemoteSource(config) {
  return new RemotePackageSource(config)
}

module.exports = { createRemoteSource, RemotePackageSource }
