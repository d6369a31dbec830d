/**
 * Who needs whom, by ids alone. No recursion: a chain of dependencies may be longer than the stack is deep.
 *
 * @typedef {import('../../index.js').PackageRegistry} PackageRegistry
 * @typedef {import('../../index.js').DependencyResolutionResult} DependencyResolutionResult
 */

const { expectString } = require('../errors.js')
const { getPackage, packagesOf } = require('./packages.js')

/**
 * How many circles are listed. Packages that all need each other have as many as there are dependencies, each as long
 * as the registry: a list of all would fill the memory and tell nobody more.
 */
const MOST_CIRCLES = 1000

/**
 * @param {{ dependencies?: unknown } | undefined} pkg
 * @returns {string[]}
 */
function dependenciesOf(pkg) {
  const { dependencies } = pkg ?? {}
  return Array.isArray(dependencies) ? dependencies.filter((id) => typeof id === 'string') : []
}

/**
 * @param {PackageRegistry} registry
 * @param {string} packageId
 */
function checkDependencies(registry, packageId) {
  const pkg = getPackage(registry, packageId)
  if (!pkg) return { satisfied: false, missing: [packageId] }
  const missing = dependenciesOf(pkg).filter((id) => !Object.hasOwn(registry, id))
  return { satisfied: missing.length === 0, missing }
}

/**
 * @param {PackageRegistry} registry
 * @returns {DependencyResolutionResult}
 */
function resolveDependencyOrder(registry) {
  const packages = new Map(packagesOf(registry))
  /** @type {DependencyResolutionResult} */
  const result = { loadOrder: [], unresolvable: [], circular: [] }
  for (const [packageId, pkg] of packages) {
    const missing = dependenciesOf(pkg).filter((id) => !packages.has(id))
    if (missing.length > 0) result.unresolvable.push({ packageId, missing })
  }
  /** @type {Set<string>} */
  const done = new Set()
  for (const start of packages.keys()) visit(start, packages, done, result)
  return result
}

/**
 * Visits one package after its dependencies, depth first.
 *
 * @param {string} start
 * @param {Map<string, { dependencies?: unknown }>} packages
 * @param {Set<string>} done
 * @param {DependencyResolutionResult} result
 */
function visit(start, packages, done, result) {
  if (done.has(start)) return
  /** The way down to the package under visit, and each one's place on it. */
  const path = [start]
  const onPath = new Map([[start, 0]])
  const pending = [dependenciesOf(packages.get(start)).values()]
  for (let current = path.at(-1); current !== undefined; current = path.at(-1)) {
    const next = pending.at(-1)?.next()
    if (!next || next.done) {
      done.add(current)
      result.loadOrder.push(current)
      onPath.delete(current)
      path.pop()
      pending.pop()
      continue
    }
    const id = next.value
    const place = onPath.get(id)
    if (place !== undefined) {
      if (result.circular.length < MOST_CIRCLES) result.circular.push([...path.slice(place), id])
    } else if (packages.has(id) && !done.has(id)) {
      onPath.set(id, path.length)
      path.push(id)
      pending.push(dependenciesOf(packages.get(id)).values())
    }
  }
}

/**
 * @param {PackageRegistry} registry
 * @param {string} packageId
 */
function getAllDependencies(registry, packageId) {
  const found = /** @type {Set<string>} */ (new Set())
  const visited = new Set([packageId])
  const pending = [dependenciesOf(getPackage(registry, packageId)).values()]
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const next = top.next()
    if (next.done) {
      pending.pop()
      continue
    }
    const id = next.value
    if (!Object.hasOwn(registry, id)) continue
    found.add(id)
    if (!visited.has(id)) {
      visited.add(id)
      pending.push(dependenciesOf(registry[id]).values())
    }
  }
  return [...found]
}

/**
 * @param {PackageRegistry} registry
 * @param {string} packageId
 */
function getDependents(registry, packageId) {
  expectString(packageId, 'packageId')
  return packagesOf(registry).flatMap(([id, pkg]) => (dependenciesOf(pkg).includes(packageId) ? [id] : []))
}

module.exports = { checkDependencies, getAllDependencies, getDependents, resolveDependencyOrder }
