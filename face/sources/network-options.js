/**
 * What sources over a network are made with, checked.
 *
 * @typedef {import('../../index.js').NetworkSourceOptions} NetworkSourceOptions
 * @typedef {import('../../binding.js').BindingNetworkOptions} BindingNetworkOptions
 */

const { expectCount, invalid } = require('../errors.js')
const { isWellFormed } = require('../text.js')

/** Longest time that can be given, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** Bytes below which nothing of use can be kept or received. */
const LEAST_BYTES = 1024

/**
 * @param {Partial<NetworkSourceOptions>} options
 * @returns {BindingNetworkOptions}
 */
function readNetworkOptions(options) {
  const { maxAttempts, breakerFailures, caFile, offline } = options
  expectCount(maxAttempts, 'maxAttempts', 1, 100)
  expectCount(breakerFailures, 'breakerFailures', 1, 1_000_000)
  if (offline !== undefined && typeof offline !== 'boolean') throw invalid('offline', 'a boolean', offline)
  return {
    connectTimeout: readTime(options, 'connectTimeoutMs'),
    readTimeout: readTime(options, 'readTimeoutMs'),
    attempts: maxAttempts,
    breakerFailures,
    breakerOpen: readTime(options, 'breakerOpenMs'),
    caFile: readPath(caFile, 'caFile'),
    environmentCaFile: process.env.NODE_EXTRA_CA_CERTS || undefined,
    offline,
  }
}

/**
 * How old copies may be.
 *
 * @param {Partial<NetworkSourceOptions>} options
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
 * @template {string} Name
 * @param {{ [name in Name]?: unknown }} options
 * @param {Name} name
 */
function readTime(options, name) {
  const value = options[name]
  if (value === undefined) return undefined
  if (!(typeof value === 'number' && value > 0)) throw invalid(name, 'a number above 0', value)
  return Math.min(value, LONGEST)
}

/**
 * @template {string} Name
 * @param {{ [name in Name]?: unknown }} options
 * @param {Name} name
 * @param {number} [least]
 */
function readBytes(options, name, least = LEAST_BYTES) {
  const value = /** @type {unknown} */ (options[name])
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

module.exports = { readAges, readBytes, readNetworkOptions, readPath, readTime }
