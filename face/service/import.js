/**
 * Filling a registry's store.
 *
 * @typedef {import('../../index.js').ImportOptions} ImportOptions
 * @typedef {import('../../index.js').ImportResult} ImportResult
 */

const { BindingImport } = require('../../binding.js')
const { expectObject } = require('../errors.js')
const { readSignal } = require('../flight.js')
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
  const { store } = options
  expectPath(store, 'store')
  const signal = readSignal(options)
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

module.exports = { importPackages }
