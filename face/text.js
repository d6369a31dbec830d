/** Text that the native side can hold: without lone surrogates. */

/** @param {string} text */
function isWellFormed(text) {
  return wellFormed(text) === text
}

/**
 * With the replacement character for each lone surrogate.
 *
 * @param {string} text
 */
function wellFormed(text) {
  // Node has it since 20; the language's library that the types are of does not.
  return /** @type {{ toWellFormed(): string }} */ (/** @type {unknown} */ (text)).toWellFormed()
}

/**
 * @param {unknown} id
 * @returns {id is string}
 */
function isSourceId(id) {
  return typeof id === 'string' && id !== '' && isWellFormed(id)
}

module.exports = { isSourceId, isWellFormed, wellFormed }
