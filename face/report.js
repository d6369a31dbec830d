/**
 * Telling operators of failures that callers don't see.
 *
 * @typedef {import('../index.js').ErrorContext} ErrorContext
 * @typedef {import('../index.js').ErrorHandler} ErrorHandler
 * @typedef {import('../index.js').PackageSourcesError} PackageSourcesError
 */

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
  try {
    Promise.resolve(handler(error, context)).catch(() => {})
  } catch {
    // As above.
  }
}

/**
 * What a caller's source threw, as an error of this package: with its own code where it has one, and without the
 * source's token, should the message hold it.
 *
 * @param {unknown} thrown
 * @param {string | undefined} token
 * @returns {PackageSourcesError}
 */
function toSourcesError(thrown, token) {
  const message = textOf(thrown)
  const code = isObject(thrown) && typeof thrown.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(thrown.code)
  const holdsToken =
    Boolean(token) && (message.includes(String(token)) || textOf(stackOf(thrown)).includes(String(token)))
  const error = sourcesError('ESOURCE', holdsToken ? message.replaceAll(String(token), '***') : message, {
    ...(!holdsToken && { cause: thrown }),
  })
  return code ? Object.assign(error, { code: /** @type {{ code: string }} */ (thrown).code }) : error
}

/** @param {unknown} thrown */
function textOf(thrown) {
  try {
    return String(isObject(thrown) && typeof thrown.message === 'string' ? thrown.message : thrown)
  } catch {
    return 'something that has no text was thrown'
  }
}

/** @param {unknown} thrown */
function stackOf(thrown) {
  return thrown instanceof Error ? thrown.stack : ''
}

module.exports = { report, reportToConsole, toSourcesError }
