/**
 * Ready-made managers.
 *
 * @typedef {import('../../index.js').CreatePackageSourceManagerOptions} CreatePackageSourceManagerOptions
 * @typedef {import('../../index.js').CreateFromConfigOptions} CreateFromConfigOptions
 * @typedef {import('../../index.js').PackageRepoConfig} PackageRepoConfig
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 */

const { getPackageRepoConfig, validatePackageRepoConfig } = require('../config.js')
const { expectObject, expectString, invalid, shown, sourcesError } = require('../errors.js')
const { LocalPackageSource } = require('../sources/local.js')
const { RemotePackageSource } = require('../sources/remote.js')
const { PackageSourceManager } = require('./manager.js')

/** @param {CreatePackageSourceManagerOptions} [options] */
function createPackageSourceManager(options = {}) {
  expectObject(options, 'options')
  const { enableRemote, remoteUrl, remoteAuthToken, conflictResolution, sourceTimeoutMs, onError } = options
  if (enableRemote !== undefined && typeof enableRemote !== 'boolean')
    throw invalid('enableRemote', 'a boolean', enableRemote)
  if (remoteUrl !== undefined) expectString(remoteUrl, 'remoteUrl')
  if (remoteAuthToken !== undefined && typeof remoteAuthToken !== 'string') {
    throw sourcesError('EINVALIDARG', `remoteAuthToken must be a string, not ${typeof remoteAuthToken}`)
  }
  const manager = new PackageSourceManager({ conflictResolution, sourceTimeoutMs, onError })
  manager.addSource(new LocalPackageSource())
  if (enableRemote)
    manager.addSource(new RemotePackageSource({ enabled: true, url: remoteUrl, authToken: remoteAuthToken }))
  return manager
}

/**
 * @param {PackageRepoConfig} [config]
 * @param {CreateFromConfigOptions} [options]
 */
function createPackageSourceManagerFromConfig(config = getPackageRepoConfig(), options = {}) {
  expectObject(options, 'options')
  const { parallelFetch, maxParallelSources, sourceTimeoutMs, onError } = options
  const messages = validatePackageRepoConfig(config)
  const sources = messages.length > 0 ? [] : config.sources.map((source) => sourceOf(source, messages))
  if (messages.length > 0) {
    throw sourcesError('EINVALIDCONFIG', `the package repository configuration is invalid: ${messages.join('; ')}`, {
      messages,
    })
  }
  const manager = new PackageSourceManager({
    conflictResolution: config.conflictResolution,
    parallelFetch,
    maxParallelSources,
    sourceTimeoutMs,
    onError,
  })
  for (const source of sources) if (source) manager.addSource(source)
  return manager
}

/**
 * @param {PackageSourceConfig} config
 * @param {string[]} messages Faults are added.
 */
function sourceOf(config, messages) {
  if (!config.enabled) return undefined
  try {
    switch (config.type) {
      case 'local':
        return new LocalPackageSource(config)
      case 'remote':
        return new RemotePackageSource(config)
      default:
        messages.push(`Source ${config.id}: Type ${shown(config.type)} is not supported; use local or remote`)
    }
  } catch (error) {
    messages.push(`Source ${config.id}: ${error instanceof Error ? error.message : error}`)
  }
  return undefined
}

module.exports = { createPackageSourceManager, createPackageSourceManagerFromConfig }
