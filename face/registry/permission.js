/**
 * The six levels, over the caller's own objects.
 *
 * @typedef {import('../../index.js').PackageDefinition} PackageDefinition
 * @typedef {import('../../index.js').PackageRegistry} PackageRegistry
 */

const { expectNumber, expectObject } = require('../errors.js')
const { setOwn } = require('../own.js')
const { packagesOf } = require('./packages.js')

/**
 * A package whose level is no number is open to nobody.
 *
 * @param {PackageDefinition} pkg
 * @param {number} userLevel
 */
function opensFor({ minLevel }, userLevel) {
  return typeof minLevel === 'number' && minLevel <= userLevel
}

/**
 * @param {PackageDefinition} pkg
 * @param {number} userLevel
 */
function canAccessPackage(pkg, userLevel) {
  expectObject(pkg, 'pkg')
  expectNumber(userLevel, 'userLevel')
  return opensFor(pkg, userLevel)
}

/**
 * @param {PackageRegistry} registry
 * @param {number} userLevel
 */
function getAccessiblePackages(registry, userLevel) {
  expectNumber(userLevel, 'userLevel')
  /** @type {PackageRegistry} */
  const accessible = {}
  for (const [id, pkg] of packagesOf(registry)) {
    if (opensFor(pkg, userLevel)) setOwn(accessible, id, pkg)
  }
  return accessible
}

/** @param {PackageRegistry} registry */
function getPackagesByLevel(registry) {
  /** @type {Record<number, PackageDefinition[]>} */
  const byLevel = { 1: [], 2: [], 3: [], 4: [], 5: [], 6: [] }
  for (const [, pkg] of packagesOf(registry)) {
    // None, 0, NaN and what is no number count as 1.
    const level = (typeof pkg.minLevel === 'number' && pkg.minLevel) || 1
    byLevel[level] ??= []
    byLevel[level].push(pkg)
  }
  return byLevel
}

module.exports = { canAccessPackage, getAccessiblePackages, getPackagesByLevel }
