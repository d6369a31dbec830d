/** Stand-ins, in a browser, for what needs files, a network and the native addon. */

const { sourcesError } = require('./errors.js')

/** @param {string} name */
function failure(name) {
  return sourcesError(
    'EBROWSER',
    `${name} needs a server: import @metabuilder/package-sources in an API route or server component, and ask that from here`,
  )
}

/**
 * A class that can't be made.
 *
 * @param {string} name
 * @returns {new (...args: unknown[]) => never}
 */
function unavailableClass(name) {
  const made = {
    [name]: class {
      constructor() {
        throw failure(name)
      }
    },
  }
  return /** @type {any} */ (made[name])
}

/**
 * A function that throws.
 *
 * @param {string} name
 * @returns {(...args: unknown[]) => never}
 */
function unavailableFunction(name) {
  return () => {
    throw failure(name)
  }
}

/**
 * An async function that rejects.
 *
 * @param {string} name
 * @returns {(...args: unknown[]) => Promise<never>}
 */
function unavailableAsync(name) {
  return async () => {
    throw failure(name)
  }
}

module.exports = { unavailableAsync, unavailableClass, unavailableFunction }
