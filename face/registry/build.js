/**
 * Registries of the default local folder.
 *
 * @typedef {import('../../index.js').PackageDefinition} PackageDefinition
 * @typedef {import('../../index.js').PackageIndexFileEntry} PackageIndexFileEntry
 * @typedef {import('../../index.js').PackageRegistry} PackageRegistry
 */

const { isObject } = require('../errors.js')
const { setOwn } = require('../own.js')
const { report, reportToConsole } = require('../report.js')
const { DEFAULT_LOCAL_SOURCE } = require('../config.js')
const { access } = require('../sources/native-source.js')
const { LocalPackageSource } = require('../sources/local.js')

/** @returns {Promise<PackageRegistry>} */
async function buildPackageRegistry() {
  /** @type {PackageRegistry} */
  const registry = {}
  for (const text of (await tryReading((handle) => handle.loadAll())) ?? []) {
    const { metadata, ...contents } = JSON.parse(text)
    const exported = isObject(metadata.exports) ? metadata.exports : {}
    const components = Array.isArray(exported.components) ? exported.components : []
    setOwn(registry, metadata.packageId, { ...metadata, exports: { ...exported, components }, ...contents })
  }
  return registry
}

/** @returns {Promise<PackageIndexFileEntry[] | null>} */
async function loadPackageIndex() {
  const text = await tryReading((handle) => handle.indexText())
  return text === undefined || text === null ? null : JSON.parse(text)
}

/**
 * @template T
 * @param {(handle: import('../../binding.js').BindingLocalSource) => Promise<T>} read
 * @returns {Promise<T | undefined>} `undefined` where it fails, which is reported.
 */
async function tryReading(read) {
  try {
    return await read(access.handleOf(new LocalPackageSource()))
  } catch (error) {
    report(reportToConsole, /** @type {any} */ (error), { sourceId: DEFAULT_LOCAL_SOURCE.id, operation: 'fetchIndex' })
    return undefined
  }
}

module.exports = { buildPackageRegistry, loadPackageIndex }
