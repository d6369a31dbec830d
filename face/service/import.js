/**
 * Filling a registry's store.
 *
 * @typedef {import('../../index.js').ImportOptions} ImportOptions
 * @typedef {import('../../index.js').ImportResult} ImportResult
 */

const { BindingImport } = require('../../binding.js')
const { expectObject, invalid, isObject } = require('../errors.js')
const { workingDirectory } = require('../working-directory.js')
const { expectPath } = require('./options.js')

/**
 * @param {string} directory
 * @param {ImportOptions} options
 * @returns {Promise<ImportResult>}
 */
async function importPackages(directory, options) {
  expectPath(directory, 'directory')
  expectObject(options, 'options')
  const { store, signal } = options
  expectPath(store, 'store')
  if (signal !== undefined && !isSignal(signal)) throw invalid('signal', 'an AbortSignal', signal)
  signal?.throwIfAborted()
  const native = new BindingImport(directory, store, workingDirectory())
  const cancel = () => native.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    const imported = await native.run(new Date().toISOString())
    signal?.throwIfAborted()
    return /** @type {ImportResult} */ (imported)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

/** @param {unknown} value */
function isSignal(value) {
  return isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function'
}

module.exports = { importPackages }
