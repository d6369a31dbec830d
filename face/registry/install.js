/**
 * Installing packages into the caller's store.
 *
 * @typedef {import('../../index.js').InstallResult} InstallResult
 * @typedef {import('../../index.js').PackageDatabase} PackageDatabase
 * @typedef {import('../../index.js').PackageDefinition} PackageDefinition
 * @typedef {import('../../index.js').PackageRegistry} PackageRegistry
 */

const { expectString, invalid, isObject, sourcesError } = require('../errors.js')
const { checkDependencies } = require('./dependencies.js')
const { getPackage, getPackageComponents } = require('./packages.js')
const { scriptRows } = require('./seed.js')

const COMPONENTS = 'components'
const SCRIPTS = 'lua_scripts'
const INSTALLED = 'installed_packages'

/**
 * @param {PackageRegistry} registry
 * @param {string} packageId
 * @param {PackageDatabase} db
 * @returns {Promise<InstallResult>}
 */
async function installPackage(registry, packageId, db) {
  const pkg = getPackage(registry, packageId)
  expectStore(db)
  if (!pkg) return { success: false, error: `Package ${packageId} not found` }
  const { missing } = checkDependencies(registry, packageId)
  if (missing.length > 0) return { success: false, error: `Missing dependencies: ${missing.join(', ')}` }

  const journal = new Journal(db)
  try {
    await writeComponents(pkg, journal)
    await writeScripts(pkg, journal)
    await journal.set(INSTALLED, packageId, {
      packageId,
      name: pkg.name,
      version: pkg.version,
      installedAt: Date.now(),
    })
    return { success: true }
  } catch (error) {
    const left = await journal.takeBack()
    const rest = left > 0 ? `; ${left} of the rows written could not be taken back` : ''
    return { success: false, error: `Installation failed: ${reasonOf(error)}${rest}` }
  }
}

/**
 * @param {PackageDefinition} pkg
 * @param {PackageDatabase} db
 */
async function installPackageComponents(pkg, db) {
  expectStore(db)
  await writeComponents(pkg, db)
}

/**
 * @param {PackageDefinition} pkg
 * @param {PackageDatabase} db
 */
async function installPackageScripts(pkg, db) {
  expectStore(db)
  await writeScripts(pkg, db)
}

/**
 * @param {PackageDefinition} pkg
 * @param {Pick<PackageDatabase, 'set'>} db
 */
async function writeComponents(pkg, db) {
  for (const component of storable(pkg)) await db.set(COMPONENTS, component.id, component)
}

/**
 * @param {PackageDefinition} pkg
 * @param {Pick<PackageDatabase, 'set'>} db
 */
async function writeScripts(pkg, db) {
  for (const row of scriptRows(pkg)) await db.set(SCRIPTS, row.id, row)
}

/**
 * The components, each of which has an id to be stored under.
 *
 * @param {PackageDefinition} pkg
 */
function storable(pkg) {
  const components = getPackageComponents(pkg)
  const at = components.findIndex((component) => typeof component?.id !== 'string')
  if (at >= 0) throw sourcesError('EINVALIDARG', `pkg.components[${at}] has no id to be stored under`)
  return components
}

/**
 * @param {PackageRegistry} registry
 * @param {string} packageId
 * @param {PackageDatabase} db
 * @returns {Promise<InstallResult>}
 */
async function uninstallPackage(registry, packageId, db) {
  const pkg = getPackage(registry, packageId)
  expectStore(db)
  if (!pkg) return { success: false, error: `Package ${packageId} not found` }
  try {
    for (const { id } of storable(pkg)) await db.delete(COMPONENTS, id)
    for (const id of await installedScripts(pkg, db)) await db.delete(SCRIPTS, id)
    // Last, so that a removal that fails half-way can be tried again.
    await db.delete(INSTALLED, packageId)
    return { success: true }
  } catch (error) {
    return { success: false, error: `Uninstallation failed: ${reasonOf(error)}` }
  }
}

/**
 * The scripts that the package has now, and those that an earlier version of it left in the store; without rows that
 * belong to another package, for the script `b` of a package `a` and the single script of a package `a_b` share an id.
 *
 * @param {PackageDefinition} pkg
 * @param {PackageDatabase} db
 */
async function installedScripts(pkg, db) {
  const ids = new Set([`package_${pkg.packageId}`, ...scriptRows(pkg).map((row) => row.id)])
  const stored = (await db.getAll(SCRIPTS)) ?? {}
  for (const [id, row] of Object.entries(stored)) {
    const owner = /** @type {{ packageId?: unknown } | null | undefined} */ (row)?.packageId ?? undefined
    if (owner === pkg.packageId && id.startsWith(`package_${pkg.packageId}_`)) ids.add(id)
    else if (owner !== pkg.packageId && owner !== undefined) ids.delete(id)
  }
  return ids
}

/**
 * @param {string} packageId
 * @param {PackageDatabase} db
 */
async function isPackageInstalled(packageId, db) {
  expectString(packageId, 'packageId')
  expectStore(db)
  try {
    return Boolean(await db.get(INSTALLED, packageId))
  } catch {
    return false
  }
}

/** @param {PackageDatabase} db */
async function getInstalledPackages(db) {
  expectStore(db)
  try {
    return Object.keys((await db.getAll(INSTALLED)) ?? {})
  } catch {
    return []
  }
}

/** Writes through to a store and remembers what stood there before. */
class Journal {
  /** @type {{ table: string, id: string, before: unknown }[]} */
  #written = []
  #db

  /** @param {PackageDatabase} db */
  constructor(db) {
    this.#db = db
  }

  /**
   * @param {string} table
   * @param {string} id
   * @param {unknown} value
   */
  async set(table, id, value) {
    // One that can't be read isn't written either: what stood there could not be put back.
    const before = await this.#db.get(table, id)
    // Noted before the write: one that fails may have been done all the same.
    this.#written.push({ table, id, before })
    await this.#db.set(table, id, value)
  }

  /** Restores every row, the latest first. Returns how many could not be restored. */
  async takeBack() {
    let left = 0
    for (const { table, id, before } of this.#written.reverse()) {
      try {
        if (before === undefined || before === null) await this.#db.delete(table, id)
        else await this.#db.set(table, id, before)
      } catch {
        left += 1
      }
    }
    return left
  }
}

/**
 * @param {unknown} db
 * @returns {asserts db is PackageDatabase}
 */
function expectStore(db) {
  if (!isObject(db)) throw invalid('db', 'a store', db)
  const missing = ['set', 'get', 'getAll', 'delete'].filter((name) => typeof db[name] !== 'function')
  if (missing.length > 0) throw sourcesError('EINVALIDARG', `db has no method ${missing.join(', ')}`)
}

/**
 * What a store threw, in words. That may be anything, also what throws where it is looked at.
 *
 * @param {unknown} error
 */
function reasonOf(error) {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'the store gave no readable reason'
  }
}

module.exports = {
  getInstalledPackages,
  installPackage,
  installPackageComponents,
  installPackageScripts,
  isPackageInstalled,
  uninstallPackage,
}
