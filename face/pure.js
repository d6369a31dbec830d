/** What needs neither files nor network, and so runs in a browser too. */

const config = require('./config.js')
const dependencies = require('./registry/dependencies.js')
const install = require('./registry/install.js')
const packages = require('./registry/packages.js')
const permission = require('./registry/permission.js')
const { exportAllPackagesForSeed } = require('./registry/seed.js')

const { CONFLICT_RESOLUTIONS: _internal, ...publicConfig } = config
const { packagesOf: _alsoInternal, ...publicPackages } = packages

module.exports = {
  config: publicConfig,
  /** The members of `PackageGlue` that are pure. */
  registry: { ...publicPackages, exportAllPackagesForSeed, ...permission, ...dependencies, ...install },
}
