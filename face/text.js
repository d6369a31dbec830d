/** Text that the native side can hold: without lone surrogates. */

/**
 * Node has these methods since 20; the language's library that the types are of does not.
 *
 * @typedef {{ isWellFormed(): boolean, toWellFormed(): string }} WellFormed
 */

/** @param {string} text */
function isWellFormed(text) {
  return /** @type {WellFormed} */ (/** @type {unknown} */ (text)).isWellFormed()
}

/**
 * With the replacement character for each lone surrogate.
 *
 * @param {string} text
 */
function wellFormed(text) {
  return /** @type {WellFormed} */ (/** @type {unknown} */ (text)).toWellFormed()
}

/**
 * @param {unknown} id
 * @returns {id is string}
 */
function isSourceId(id) {
  return typeof id === 'string' && id !== '' && isWellFormed(id)
}

module.exports = { isSourceId, isWellFormed, wellFormed }
