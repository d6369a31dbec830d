/**
 * Packages as rows of a database.
 *
 * @typedef {import('../../index.js').PackageDefinition} PackageDefinition
 * @typedef {import('../../index.js').PackageRegistry} PackageRegistry
 * @typedef {import('../../index.js').PackageScriptSeed} PackageScriptSeed
 * @typedef {import('../../index.js').PackageSeedData} PackageSeedData
 */

const { expectString } = require('../errors.js')
const { getPackageComponents, getPackageScriptFiles, getPackageScripts, packagesOf } = require('./packages.js')

/** The icon of a package that names none. */
const DEFAULT_ICON = 'static_content/icon.svg'

/**
 * The rows of a package's scripts: the single one, then its files.
 *
 * @param {PackageDefinition} pkg
 * @returns {PackageScriptSeed[]}
 */
function scriptRows(pkg) {
  const code = getPackageScripts(pkg)
  const { name, packageId } = pkg
  expectString(packageId, 'pkg.packageId')
  /** @type {PackageScriptSeed[]} */
  const rows = []
  if (code) rows.push({ id: `package_${packageId}`, name: `${name} Scripts`, code, category: 'package', packageId })
  for (const file of getPackageScriptFiles(pkg)) {
    expectString(file.name, 'the name of a script file')
    rows.push({
      id: `package_${packageId}_${file.name}`,
      name: `${name} - ${file.name}`,
      code: file.code,
      category: file.category || 'package',
      packageId,
      path: file.path,
      ...(file.description !== undefined && { description: file.description }),
    })
  }
  return rows
}

/**
 * @param {PackageRegistry} registry
 * @returns {PackageSeedData}
 */
function exportAllPackagesForSeed(registry) {
  const packages = packagesOf(registry).map(([, pkg]) => pkg)
  return {
    components: packages.flatMap(getPackageComponents),
    scripts: packages.flatMap(scriptRows),
    packages: packages.map((pkg) => ({
      packageId: pkg.packageId,
      name: pkg.name,
      version: pkg.version,
      description: pkg.description,
      author: pkg.author,
      category: pkg.category,
      minLevel: pkg.minLevel ?? 1,
      dependencies: pkg.dependencies ?? [],
      icon: /** @type {{ icon?: string }} */ (pkg).icon ?? DEFAULT_ICON,
    })),
  }
}

module.exports = { exportAllPackagesForSeed, scriptRows }
