/**
 * Errors of this package: an `Error` with a stable `code`.
 *
 * @typedef {import('../index.js').PackageSourcesError} PackageSourcesError
 * @typedef {import('../index.js').ErrorCode} ErrorCode
 */

/** Longest part of a caller's value that a message shows. */
const SHOWN = 80

/**
 * @param {ErrorCode} code
 * @param {string} message
 * @param {{ cause?: unknown, messages?: string[] }} [details]
 * @returns {PackageSourcesError}
 */
function sourcesError(code, message, details = {}) {
  const { cause, messages } = details
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, { code }, messages && { messages })
}

/**
 * A caller's value in a few words, for messages.
 *
 * @param {unknown} value
 */
function shown(value) {
  if (value === null) return 'null'
  if (typeof value !== 'string') return typeof value
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value)
}

/**
 * @param {unknown} value
 * @returns {value is Record<PropertyKey, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null
}

/**
 * @param {string} name
 * @param {string} wanted
 * @param {unknown} value
 */
function invalid(name, wanted, value) {
  return sourcesError('EINVALIDARG', `${name} must be ${wanted}, not ${shown(value)}`)
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {asserts value is string}
 */
function expectString(value, name) {
  if (typeof value !== 'string') throw invalid(name, 'a string', value)
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {asserts value is Record<PropertyKey, any>}
 */
function expectObject(value, name) {
  if (!isObject(value)) throw invalid(name, 'an object', value)
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {asserts value is number}
 */
function expectNumber(value, name) {
  if (typeof value !== 'number') throw invalid(name, 'a number', value)
}

/**
 * A whole number between bounds, where it is given at all.
 *
 * @param {unknown} value
 * @param {string} name
 * @param {number} least
 * @param {number} most
 * @returns {asserts value is number | undefined}
 */
function expectCount(value, name, least, most) {
  if (value === undefined) return
  if (!Number.isInteger(value) || Number(value) < least || Number(value) > most) {
    const given = typeof value === 'number' ? String(value) : shown(value)
    throw sourcesError('EINVALIDARG', `${name} must be a whole number from ${least} to ${most}, not ${given}`)
  }
}

module.exports = {
  expectCount,
  expectNumber,
  expectObject,
  expectString,
  invalid,
  isObject,
  shown,
  sourcesError,
}
