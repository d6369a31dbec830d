/**
 * Packages from a registry.
 *
 * @typedef {import('../../index.js').PackageIndexEntry} PackageIndexEntry
 * @typedef {import('../../index.js').RemoteSearchOptions} RemoteSearchOptions
 * @typedef {import('../../index.js').RemoteSourceOptions} RemoteSourceOptions
 */

const { BindingRemoteSource } = require('../../binding.js')
const { DEFAULT_REMOTE_SOURCE } = require('../config.js')
const { expectCount, expectNumber, expectObject, expectString } = require('../errors.js')
const { Flight, isAbort, readSignal } = require('../flight.js')
const { materialise } = require('../waiting.js')
const { access } = require('./native-source.js')
const { readBytes, readNetworkOptions, readPath, readTime } = require('./network-options.js')
const { NetworkSource } = require('./network-source.js')

/** Most packages on one page. */
const MAX_PAGE_SIZE = 1000

/** @extends {NetworkSource<BindingRemoteSource>} */
class RemotePackageSource extends NetworkSource {
  /** @param {Partial<RemoteSourceOptions>} [options] */
  constructor(options = {}) {
    expectObject(options, 'config')
    const cacheMaxBytes = readBytes(options, 'cacheMaxBytes', 0)
    const native = {
      network: {
        ...readNetworkOptions(options),
        requestTimeout: readTime(options, 'requestTimeoutMs'),
        maxResponseBytes: readBytes(options, 'maxResponseBytes'),
      },
      cacheMaxBytes,
      cacheDir: readPath(options.cacheDir, 'cacheDir'),
      cacheDirMaxBytes: readBytes(options, 'cacheDirMaxBytes', 0),
    }
    super(DEFAULT_REMOTE_SOURCE, options, {
      open: ({ id, url, authToken: token }, onEvent, onToken) =>
        new BindingRemoteSource({ id, url, token, ...native }, onEvent, onToken),
      maxKeptBytes: cacheMaxBytes,
    })
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
}

/** @param {Partial<RemoteSourceOptions>} [options] */
function createRemoteSource(options) {
  return new RemotePackageSource(options)
}

module.exports = { createRemoteSource, RemotePackageSource }
