/**
 * Packages from a folder.
 *
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 */

const { BindingLocalSource } = require('../../binding.js')
const { DEFAULT_LOCAL_SOURCE } = require('../config.js')
const { NativeSource } = require('./native-source.js')

/** @extends {NativeSource<BindingLocalSource>} */
class LocalPackageSource extends NativeSource {
  /** @param {Partial<PackageSourceConfig>} [config] */
  constructor(config = {}) {
    super(DEFAULT_LOCAL_SOURCE, config, {
      open,
      // What it read is forgotten with it.
      reset: () => null,
      lifetime: null,
      most: { packages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
    })
  }
}

/**
 * Worker threads have an environment of their own, which the native side can't see.
 *
 * @param {PackageSourceConfig} config
 */
function open({ id, url }) {
  return new BindingLocalSource(id, url, workingDirectory(), process.env.METABUILDER_PACKAGES_DIR)
}

function workingDirectory() {
  try {
    return process.cwd()
  } catch {
    // It was deleted. An absolute path still leads somewhere.
    return '/'
  }
}

/** @param {Partial<PackageSourceConfig>} [config] */
function createLocalSource(config) {
  return new LocalPackageSource(config)
}

module.exports = { createLocalSource, LocalPackageSource }
