/**
 * Packages from a folder.
 *
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 */

const { BindingLocalSource } = require('../../binding.js')
const { DEFAULT_LOCAL_SOURCE } = require('../config.js')
const { workingDirectory } = require('../working-directory.js')
const { NativeSource } = require('./native-source.js')

/** @extends {NativeSource<BindingLocalSource>} */
class LocalPackageSource extends NativeSource {
  /** @param {Partial<PackageSourceConfig>} [config] */
  constructor(config = {}) {
    super(DEFAULT_LOCAL_SOURCE, config, {
      open,
      lifetime: null,
      maxKept: Number.POSITIVE_INFINITY,
    })
  }
}

/** @param {PackageSourceConfig} config */
function open({ id, url }) {
  return new BindingLocalSource(id, url, workingDirectory(), process.env.METABUILDER_PACKAGES_DIR)
}

/** @param {Partial<PackageSourceConfig>} [config] */
function createLocalSource(config) {
  return new LocalPackageSource(config)
}

module.exports = { createLocalSource, LocalPackageSource }
