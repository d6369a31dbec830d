/**
 * What a registry is set up with.
 *
 * @typedef {import('../../index.js').RegistryOptions} RegistryOptions
 */

const { expectCount, expectObject, expectString, invalid, sourcesError } = require('../errors.js')
const { given } = require('../own.js')
const { isWellFormed } = require('../text.js')

/** @type {Required<Omit<RegistryOptions, 'store' | 'readTokens'>>} */
const DEFAULTS = {
  basePath: '/api/v1',
  maxConcurrent: 256,
  maxAgeSeconds: 60,
  staleWhileRevalidateSeconds: 600,
  cacheMaxBytes: 64 * 1024 * 1024,
  onError: reportToConsole,
}

/** Largest number of seconds. */
const MAX_SECONDS = 2 ** 31 - 1

/**
 * @param {RegistryOptions} options
 * @returns {Required<Omit<RegistryOptions, 'readTokens'>> & Pick<RegistryOptions, 'readTokens'>}
 */
function readRegistryOptions(options) {
  expectObject(options, 'options')
  const read = { ...DEFAULTS, .../** @type {RegistryOptions} */ (given(options)) }
  const { store, basePath, readTokens, maxConcurrent, maxAgeSeconds, staleWhileRevalidateSeconds, cacheMaxBytes } = read
  expectPath(store, 'store')
  expectBasePath(basePath)
  if (readTokens !== undefined) expectTokens(readTokens)
  expectCount(maxConcurrent, 'maxConcurrent', 1, 1_000_000)
  expectCount(maxAgeSeconds, 'maxAgeSeconds', 0, MAX_SECONDS)
  expectCount(staleWhileRevalidateSeconds, 'staleWhileRevalidateSeconds', 0, MAX_SECONDS)
  expectCount(cacheMaxBytes, 'cacheMaxBytes', 0, Number.MAX_SAFE_INTEGER)
  if (typeof read.onError !== 'function') throw invalid('onError', 'a function', read.onError)
  return { ...read, basePath: basePath.replace(/\/$/, '') }
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {asserts value is string}
 */
function expectPath(value, name) {
  expectString(value, name)
  if (value === '' || value.includes('\0') || !isWellFormed(value)) throw invalid(name, 'a path', value)
}

/** @param {unknown} value */
function expectBasePath(value) {
  expectString(value, 'basePath')
  if (!/^(\/[\w.~-]+)*\/?$/.test(value)) throw invalid('basePath', 'a path such as /api/v1', value)
}

/**
 * A token is never shown, not even a malformed one.
 *
 * @param {unknown} value
 */
function expectTokens(value) {
  if (!Array.isArray(value)) throw sourcesError('EINVALIDARG', 'readTokens must be an array')
  if (value.length === 0) throw sourcesError('EINVALIDARG', 'readTokens must not be empty: nobody could read')
  for (const [position, token] of value.entries()) {
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      throw sourcesError('EINVALIDARG', `readTokens[${position}] must be a string of visible ASCII characters`)
    }
  }
}

/** @param {import('../../index.js').PackageSourcesError} error */
function reportToConsole(error) {
  console.error(`[package-sources] registry: ${error.message} (${error.code})`)
}

module.exports = { expectPath, readRegistryOptions }
