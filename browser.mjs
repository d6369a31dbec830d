/**
 * What a browser bundle gets: the functions over the caller's own objects work; what needs a server says so
 * (`EBROWSER`).
 */

import pure from './face/pure.js'
import glue from './face/registry/glue.js'
import unavailable from './face/unavailable.js'

const { unavailableAsync, unavailableClass, unavailableFunction } = unavailable

export const GitPackageSource = unavailableClass('GitPackageSource')
export const LocalPackageSource = unavailableClass('LocalPackageSource')
export const RemotePackageSource = unavailableClass('RemotePackageSource')
export const PackageSourceManager = unavailableClass('PackageSourceManager')

export const createGitSource = unavailableFunction('createGitSource')
export const createLocalSource = unavailableFunction('createLocalSource')
export const createRemoteSource = unavailableFunction('createRemoteSource')
export const createPackageSourceManager = unavailableFunction('createPackageSourceManager')
export const createPackageSourceManagerFromConfig = unavailableFunction('createPackageSourceManagerFromConfig')

export const createRegistryHandlers = unavailableFunction('createRegistryHandlers')
export const createRegistryServer = unavailableAsync('createRegistryServer')
export const importPackages = unavailableAsync('importPackages')

export const buildPackageRegistry = unavailableAsync('buildPackageRegistry')
export const loadPackageIndex = unavailableAsync('loadPackageIndex')

export const {
  DEFAULT_GIT_SOURCE,
  DEFAULT_LOCAL_SOURCE,
  DEFAULT_PACKAGE_REPO_CONFIG,
  DEFAULT_REMOTE_SOURCE,
  DEVELOPMENT_PACKAGE_REPO_CONFIG,
  PRODUCTION_PACKAGE_REPO_CONFIG,
  getPackageRepoConfig,
  validatePackageRepoConfig,
} = pure.config

export const {
  canAccessPackage,
  checkDependencies,
  exportAllPackagesForSeed,
  getAccessiblePackages,
  getAllDependencies,
  getAllPackageScripts,
  getDependents,
  getInstalledPackages,
  getPackage,
  getPackageComponents,
  getPackageExamples,
  getPackageScriptFiles,
  getPackageScripts,
  getPackagesByCategory,
  getPackagesByLevel,
  installPackage,
  installPackageComponents,
  installPackageScripts,
  isPackageInstalled,
  resolveDependencyOrder,
  uninstallPackage,
} = pure.registry

export const { PackageGlue, packageGlue, getPackageGlue } = glue.makeGlue({
  buildPackageRegistry,
  loadPackageIndex,
  ...pure.registry,
})
