/**
 * Ready-made managers.
 *
 * @typedef {import('../../index.js').CreatePackageSourceManagerOptions} CreatePackageSourceManagerOptions
 * @typedef {import('../../index.js').CreateFromConfigOptions} CreateFromConfigOptions
 * @typedef {import('../../index.js').PackageRepoConfig} PackageRepoConfig
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 * @typedef {import('../../index.js').GitSourceOptions} GitSourceOptions
 * @typedef {import('../../index.js').RemoteSourceOptions} RemoteSourceOptions
 */

const { getPackageRepoConfig, validatePackageRepoConfig } = require('../config.js')
const { expectObject, expectString, invalid, shown, sourcesError } = require('../errors.js')
const { given } = require('../own.js')
const { LocalPackageSource } = require('../sources/local.js')
const { GitPackageSource } = require('../sources/git.js')
const { RemotePackageSource } = require('../sources/remote.js')
const { PackageSourceManager } = require('./manager.js')

/** @param {CreatePackageSourceManagerOptions} [options] */
function createPackageSourceManager(options = {}) {
  expectObject(options, 'options')
  const { enableRemote, remoteUrl, remoteAuthToken, remote = {}, git } = options
  const { conflictResolution, mergedIndexRefresh, sourceTimeoutMs, onError } = options
  if (enableRemote !== undefined && typeof enableRemote !== 'boolean')
    throw invalid('enableRemote', 'a boolean', enableRemote)
  if (remoteUrl !== undefined) expectString(remoteUrl, 'remoteUrl')
  if (remoteAuthToken !== undefined && !['string', 'function'].includes(typeof remoteAuthToken)) {
    throw sourcesError('EINVALIDARG', `remoteAuthToken must be a string or a function, not ${typeof remoteAuthToken}`)
  }
  expectObject(remote, 'remote')
  if (git !== undefined) expectObject(git, 'git')
  const manager = new PackageSourceManager({ conflictResolution, mergedIndexRefresh, sourceTimeoutMs, onError })
  manager.addSource(new LocalPackageSource())
  if (enableRemote) {
    const named = given({ url: remoteUrl, authToken: remoteAuthToken })
    manager.addSource(new RemotePackageSource({ ...remote, enabled: true, ...named }))
  }
  if (git && git.enabled !== false) manager.addSource(new GitPackageSource(git))
  return manager
}

/**
 * @param {PackageRepoConfig} [config]
 * @param {CreateFromConfigOptions} [options]
 */
function createPackageSourceManagerFromConfig(config = getPackageRepoConfig(), options = {}) {
  expectObject(options, 'options')
  const { parallelFetch, maxParallelSources, mergedIndexRefresh, sourceTimeoutMs, onError } = options
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
    mergedIndexRefresh,
    sourceTimeoutMs,
    onError,
  })
  for (const source of sources) if (source) manager.addSource(source)
  return manager
}

/**
 * @param {PackageSourceConfig | GitSourceOptions | RemoteSourceOptions} config
 * @param {string[]} messages Faults are added.
 */
function sourceOf(config, messages) {
  if (!config.enabled) return undefined
  try {
    switch (config.type) {
      case 'local':
        return new LocalPackageSource(/** @type {PackageSourceConfig} */ (config))
      case 'remote':
        return new RemotePackageSource(config)
      case 'git':
        return new GitPackageSource(config)
      default:
        messages.push(`Source ${config.id}: Type ${shown(config.type)} is not supported; use local, remote or git`)
    }
  } catch (error) {
    messages.push(`Source ${config.id}: ${error instanceof Error ? error.message : error}`)
  }
  return undefined
}

module.exports = { createPackageSourceManager, createPackageSourceManagerFromConfig }
