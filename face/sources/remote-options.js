/**
 * What a remote source is made with, checked.
 *
 * @typedef {import('../../index.js').RemoteSourceOptions} RemoteSourceOptions
 * @typedef {import('../../binding.js').BindingRemoteOptions} BindingRemoteOptions
 */

const { expectCount, invalid } = require('../errors.js')
const { isWellFormed } = require('../text.js')

/** Longest time that can be given, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** Bytes below which nothing of use can be kept or received. */
const LEAST_BYTES = 1024

/**
 * @param {Partial<RemoteSourceOptions>} options
 * @returns {Omit<BindingRemoteOptions, 'id' | 'url' | 'token'>}
 */
function readNetworkOptions(options) {
  const { maxAttempts, breakerFailures, caFile, cacheDir, offline } = options
  expectCount(maxAttempts, 'maxAttempts', 1, 100)
  expectCount(breakerFailures, 'breakerFailures', 1, 1_000_000)
  if (offline !== undefined && typeof offline !== 'boolean') throw invalid('offline', 'a boolean', offline)
  return {
    connectTimeout: readTime(options, 'connectTimeoutMs'),
    readTimeout: readTime(options, 'readTimeoutMs'),
    requestTimeout: readTime(options, 'requestTimeoutMs'),
    maxResponseBytes: readBytes(options, 'maxResponseBytes'),
    attempts: maxAttempts,
    breakerFailures,
    breakerOpen: readTime(options, 'breakerOpenMs'),
    caFile: readPath(caFile, 'caFile'),
    environmentCaFile: process.env.NODE_EXTRA_CA_CERTS || undefined,
    cacheMaxBytes: readBytes(options, 'cacheMaxBytes', 0),
    cacheDir: readPath(cacheDir, 'cacheDir'),
    cacheDirMaxBytes: readBytes(options, 'cacheDirMaxBytes', 0),
    offline,
  }
}

/**
 * How old copies may be.
 *
 * @param {Partial<RemoteSourceOptions>} options
 */
function readAges({ cacheExpiry, maxStaleMs }) {
  return { expiry: readAge(cacheExpiry, 'cacheExpiry'), maxStale: readAge(maxStaleMs, 'maxStaleMs') }
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function readAge(value, name) {
  if (value === undefined) return undefined
  if (!(typeof value === 'number' && value >= 0)) throw invalid(name, 'a number of 0 or more', value)
  return value
}

/**
 * @param {Partial<RemoteSourceOptions>} options
 * @param {'connectTimeoutMs' | 'readTimeoutMs' | 'requestTimeoutMs' | 'breakerOpenMs'} name
 */
function readTime(options, name) {
  const value = options[name]
  if (value === undefined) return undefined
  if (!(typeof value === 'number' && value > 0)) throw invalid(name, 'a number above 0', value)
  return Math.min(value, LONGEST)
}

/**
 * @param {Partial<RemoteSourceOptions>} options
 * @param {'maxResponseBytes' | 'cacheMaxBytes' | 'cacheDirMaxBytes'} name
 * @param {number} [least]
 */
function readBytes(options, name, least = LEAST_BYTES) {
  const value = options[name]
  expectCount(value, name, least, Number.MAX_SAFE_INTEGER)
  return value
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function readPath(value, name) {
  if (value === undefined) return undefined
  const isPath = typeof value === 'string' && value !== '' && !value.includes('\0') && isWellFormed(value)
  if (!isPath) throw invalid(name, 'a path', value)
  return /** @type {string} */ (value)
}

module.exports = { readAges, readNetworkOptions }
