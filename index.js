const { buildPackageRegistry, loadPackageIndex } = require('./face/registry/build.js')
const { makeGlue } = require('./face/registry/glue.js')
const { config, registry } = require('./face/pure.js')
const manager = require('./face/manager/create.js')
const { PackageSourceManager } = require('./face/manager/manager.js')
const { createRegistryHandlers } = require('./face/service/handlers.js')
const { importPackages } = require('./face/service/import.js')
const { createRegistryServer } = require('./face/service/server.js')
const git = require('./face/sources/git.js')
const local = require('./face/sources/local.js')
const remote = require('./face/sources/remote.js')

const functions = { loadPackageIndex, buildPackageRegistry, ...registry }

module.exports = {
  ...config,
  ...functions,
  ...git,
  ...local,
  ...makeGlue(functions),
  ...manager,
  ...remote,
  PackageSourceManager,
  createRegistryHandlers,
  createRegistryServer,
  importPackages,
}
