/**
 * Objects whose keys come from outside. Ids such as `__proto__` or `toString` are keys like any other: only own
 * properties count, and writing one never changes a prototype.
 */

/**
 * @template T
 * @param {Record<string, T>} object
 * @param {string} key
 * @returns {T | undefined}
 */
function getOwn(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/**
 * @template T
 * @param {Record<string, T>} object
 * @param {string} key
 * @param {T} value
 */
function setOwn(object, key, value) {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { configurable: true, enumerable: true, value, writable: true })
  } else {
    object[key] = value
  }
}

/**
 * The fields that are given: a copy without those that are `undefined`.
 *
 * @template {object} T
 * @param {T} options
 * @returns {Partial<T>}
 */
function given(options) {
  return /** @type {Partial<T>} */ (
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  )
}

module.exports = { getOwn, given, setOwn }
