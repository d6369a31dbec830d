/**
 * Looking into a registry: an object from package id to definition, which belongs to the caller.
 *
 * @typedef {import('../../index.js').PackageDefinition} PackageDefinition
 * @typedef {import('../../index.js').PackageRegistry} PackageRegistry
 */

const { expectObject, expectString, invalid, isObject } = require('../errors.js')
const { getOwn } = require('../own.js')

/**
 * The registry's ids and packages, in its order.
 *
 * @param {PackageRegistry} registry
 * @returns {[string, PackageDefinition][]}
 */
function packagesOf(registry) {
  expectObject(registry, 'registry')
  const entries = Object.entries(registry)
  for (const [id, pkg] of entries) {
    if (!isObject(pkg)) throw invalid(`registry[${JSON.stringify(id.slice(0, 80))}]`, 'a package', pkg)
  }
  return entries
}

/**
 * @param {PackageRegistry} registry
 * @param {string} packageId
 * @returns {PackageDefinition | undefined}
 */
function getPackage(registry, packageId) {
  expectObject(registry, 'registry')
  expectString(packageId, 'packageId')
  return getOwn(registry, packageId)
}

/**
 * @param {PackageRegistry} registry
 * @param {string} category
 */
function getPackagesByCategory(registry, category) {
  expectString(category, 'category')
  return packagesOf(registry).flatMap(([, pkg]) => (pkg.category === category ? [pkg] : []))
}

/** @param {PackageDefinition} pkg */
function getPackageComponents(pkg) {
  expectObject(pkg, 'pkg')
  const components = pkg.components ?? []
  if (!Array.isArray(components)) throw invalid('pkg.components', 'an array', components)
  return components
}

/** @param {PackageDefinition} pkg */
function getPackageScripts(pkg) {
  expectObject(pkg, 'pkg')
  const scripts = pkg.scripts ?? ''
  expectString(scripts, 'pkg.scripts')
  return scripts
}

/** @param {PackageDefinition} pkg */
function getPackageScriptFiles(pkg) {
  expectObject(pkg, 'pkg')
  const files = pkg.scriptFiles ?? []
  if (!Array.isArray(files) || !files.every(isObject))
    throw invalid('pkg.scriptFiles', 'an array of script files', files)
  return files
}

/** @param {PackageDefinition} pkg */
function getAllPackageScripts(pkg) {
  return { legacy: getPackageScripts(pkg), files: getPackageScriptFiles(pkg) }
}

/** @param {PackageDefinition} pkg */
function getPackageExamples(pkg) {
  expectObject(pkg, 'pkg')
  const examples = pkg.examples ?? {}
  if (!isObject(examples) || Array.isArray(examples)) throw invalid('pkg.examples', 'an object', examples)
  return examples
}

module.exports = {
  getAllPackageScripts,
  getPackage,
  getPackageComponents,
  getPackageExamples,
  getPackageScriptFiles,
  getPackageScripts,
  getPackagesByCategory,
  packagesOf,
}
