/**
 * Packages from a registry.
 *
 * @typedef {import('../../index.js').PackageIndexEntry} PackageIndexEntry
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 * @typedef {import('../../index.js').RemoteSearchOptions} RemoteSearchOptions
 * @typedef {import('../../index.js').RemoteSourceOptions} RemoteSourceOptions
 */

const { BindingRemoteSource } = require('../../binding.js')
const { DEFAULT_REMOTE_SOURCE } = require('../config.js')
const { expectCount, expectNumber, expectObject, expectString, sourcesError } = require('../errors.js')
const { Flight, isAbort, readSignal } = require('../flight.js')
const { materialise } = require('../waiting.js')
const { access, NativeSource } = require('./native-source.js')
const { networkObserver } = require('./network-events.js')
const { readAges, readNetworkOptions } = require('./remote-options.js')
const { askForToken } = require('./token.js')

/** Most packages on one page. */
const MAX_PAGE_SIZE = 1000

/** Most packages of one registry that are kept as objects: it may hold more than memory does. */
const MAX_KEPT = 2000

/** Most bytes of their text where nothing else is said. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/** @extends {NativeSource<BindingRemoteSource>} */
class RemotePackageSource extends NativeSource {
  #ages
  /**
   * Kept alive here, for the native side must not do it: the caller's function may hold this source.
   */
  // biome-ignore lint/correctness/noUnusedPrivateClassMembers: as above
  #tokens

  /** @param {Partial<RemoteSourceOptions>} [options] */
  constructor(options = {}) {
    expectObject(options, 'config')
    const { authToken, ...config } = options
    const tokens = typeof authToken === 'function' ? { ask: authToken } : undefined
    const weakTokens = tokens && new WeakRef(tokens)
    const ages = readAges(options)
    const network = readNetworkOptions(options)
    // The native side lives as long as what it calls, so that may not hold the source.
    /** @type {WeakRef<RemotePackageSource> | undefined} */
    let self
    const open = (/** @type {PackageSourceConfig} */ { id, url, authToken: token }) => {
      const onEvent = networkObserver(id, () => {
        const source = self?.deref()
        return source && access.reporter(source)
      })
      const onToken = weakTokens && (() => askForToken(() => weakTokens.deref()?.ask()))
      const handle = new BindingRemoteSource({ id, url, token, ...network }, onEvent, onToken)
      handle.setAges(ages.expiry, ages.maxStale)
      return handle
    }
    super(DEFAULT_REMOTE_SOURCE, tokens ? config : options, {
      open,
      reset: (handle) => {
        handle.clear()
        return handle
      },
      lifetime: ({ maxAge }) => ages.expiry ?? maxAge,
      maxStale: ages.maxStale,
      most: { packages: MAX_KEPT, bytes: network.cacheMaxBytes ?? MAX_KEPT_BYTES },
    })
    self = new WeakRef(this)
    this.#tokens = tokens
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
    const signal = readSignal(options)
    const reporter = access.reporter(this)
    try {
      const wanted = { text: query, category, minLevel, page, pageSize }
      const found = await new Flight((cancel) => access.handleOf(this).search(wanted, cancel)).join(signal)
      if (found.staleBecause) reporter.stale(found.staleBecause, { operation: 'searchPackages' }, undefined)
      return await materialise(found)
    } catch (error) {
      if (isAbort(error, signal)) throw error
      reporter.failed(error, { operation: 'searchPackages' })
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

/** @param {Partial<RemoteSourceOptions>} [options] */
function createRemoteSource(options) {
  return new RemotePackageSource(options)
}

module.exports = { createRemoteSource, RemotePackageSource }
