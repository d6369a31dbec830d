/**
 * Telling operators of failures that callers don't see.
 *
 * @typedef {import('../index.js').ErrorContext} ErrorContext
 * @typedef {import('../index.js').ErrorHandler} ErrorHandler
 * @typedef {import('../index.js').PackageSourcesError} PackageSourcesError
 */

const { inspect } = require('node:util')
const { publish } = require('./channels.js')
const { isObject, shown, sourcesError } = require('./errors.js')

/** @type {ErrorHandler} */
function reportToConsole(error, { sourceId, operation, packageId }) {
  const what = packageId === undefined ? operation : `${operation}(${shown(packageId)})`
  console.error(`[package-sources] source ${shown(sourceId)}, ${what}: ${error.message} (${error.code})`)
}

/**
 * Reports a failure. What a caller's handler throws or rejects with is ignored: a report must not fail what it reports.
 *
 * @param {ErrorHandler} handler
 * @param {PackageSourcesError} error
 * @param {ErrorContext} context
 */
function report(handler, error, context) {
  publish('package-sources:error', () => ({ ...context, error }))
  try {
    Promise.resolve(handler(error, context)).catch(() => {})
  } catch {
    // As above.
  }
}

/**
 * What a caller's source threw, as an error of this package: with its own code where it has one, and without the
 * source's token, should it hold it. Never throws, whatever was thrown.
 *
 * @param {unknown} thrown
 * @param {string | undefined} token
 * @returns {PackageSourcesError}
 */
function toSourcesError(thrown, token) {
  const message = read(thrown, 'message') ?? shownWhole(thrown)
  const code = read(thrown, 'code')
  const isClean = token === undefined || !inspected(thrown).includes(token)
  const error = sourcesError('ESOURCE', token === undefined ? message : message.replaceAll(token, '***'), {
    ...(isClean && { cause: thrown }),
  })
  return code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code) ? Object.assign(error, { code }) : error
}

/**
 * A property that is a text.
 *
 * @param {unknown} thrown
 * @param {string} name
 * @returns {string | undefined}
 */
function read(thrown, name) {
  try {
    const value = isObject(thrown) ? thrown[name] : undefined
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** @param {unknown} thrown */
function shownWhole(thrown) {
  try {
    return String(thrown)
  } catch {
    return 'something that has no text was thrown'
  }
}

/**
 * All that a look at it shows, and more than a log would. What can't be looked at may hold anything, so it shows
 * everything.
 *
 * @param {unknown} thrown
 */
function inspected(thrown) {
  try {
    return inspect(thrown, { depth: 8, maxArrayLength: 1000, maxStringLength: 100_000, showHidden: true })
  } catch {
    return { includes: () => true }
  }
}

module.exports = { report, reportToConsole, toSourcesError }
