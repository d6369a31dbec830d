/** Sources as callers write them, and the entries and packages that they give. */

/**
 * A complete index entry.
 * @param {string} packageId
 * @param {Record<string, unknown>} [fields]
 */
export function entry(packageId, fields = {}) {
  return {
    packageId,
    name: packageId,
    version: '1.0.0',
    description: '',
    author: '',
    category: 'ui',
    dependencies: [],
    minLevel: 1,
    ...fields,
  }
}

/** A whole package around an entry. */
export function packageData(metadata, fields = {}) {
  return { metadata, components: [{ id: `${metadata.packageId}_root` }], scriptFiles: [], ...fields }
}

/** A source's config. */
export function sourceConfig(id, fields = {}) {
  return { id, name: `Source ${id}`, type: 'local', url: `memory:${id}`, priority: 0, enabled: true, ...fields }
}

/** Entries of one source from ids and partial entries (`{ packageId, … }`). */
function entriesOf(packages, sourceId) {
  return packages.map((item) =>
    typeof item === 'string' ? entry(item, { sourceId }) : entry(item.packageId, { sourceId, ...item }),
  )
}

/**
 * A plain object with synchronous methods. `config`, `entries` and `packages` (by id) may be changed by the test;
 * `calls` lists what was called, as `[method, ...arguments]`.
 * @param {string} id
 * @param {Array<string | { packageId: string }>} packages Ids or partial entries.
 * @param {Record<string, unknown>} [fields] Over the config.
 */
export function plainSource(id, packages = [], fields = {}) {
  const entries = entriesOf(packages, id)
  const find = (source, packageId) => source.entries.find((one) => one.packageId === packageId)
  return {
    calls: [],
    config: sourceConfig(id, fields),
    entries,
    packages: new Map(entries.map((one) => [one.packageId, packageData(one)])),
    getConfig() {
      return this.config
    },
    fetchIndex() {
      this.calls.push(['fetchIndex'])
      return this.entries
    },
    loadPackage(packageId) {
      this.calls.push(['loadPackage', packageId])
      return this.packages.get(packageId) ?? null
    },
    hasPackage(packageId) {
      this.calls.push(['hasPackage', packageId])
      return find(this, packageId) !== undefined
    },
    getVersions(packageId) {
      this.calls.push(['getVersions', packageId])
      return find(this, packageId) ? [find(this, packageId).version] : []
    },
    clearCache() {
      this.calls.push(['clearCache'])
    },
    /** How often a method was called. */
    count(method) {
      return this.calls.filter(([name]) => name === method).length
    },
  }
}

/** A class with private fields, which breaks as soon as a method runs with another `this`. No `clearCache`. */
export class AsyncSource {
  #config
  #entries
  #reads = 0

  constructor(id, packages = [], fields = {}) {
    this.#config = sourceConfig(id, fields)
    this.#entries = entriesOf(packages, id)
  }

  /** How often the index was read. */
  get reads() {
    return this.#reads
  }

  getConfig() {
    return this.#config
  }

  async fetchIndex() {
    this.#reads++
    await null
    return [...this.#entries]
  }

  async loadPackage(packageId) {
    await null
    const found = this.#entries.find((one) => one.packageId === packageId)
    return found ? packageData(found) : null
  }

  async hasPackage(packageId) {
    return this.#entries.some((one) => one.packageId === packageId)
  }

  async getVersions(packageId) {
    return this.#entries.filter((one) => one.packageId === packageId).map((one) => one.version)
  }
}

/**
 * An instance of a subclass of the native local source that adds one entry to what its folder holds.
 * @param {typeof import('../../index.js').LocalPackageSource} LocalPackageSource
 * @param {object} config The subclass instance's config (with `url`).
 * @param {object} extra The added entry.
 */
export function localSubclass(LocalPackageSource, config, extra) {
  class ExtendedLocalSource extends LocalPackageSource {
    #extra = extra

    async fetchIndex() {
      return [...(await super.fetchIndex()), this.#extra]
    }

    async loadPackage(packageId) {
      return packageId === this.#extra.packageId ? packageData(this.#extra) : super.loadPackage(packageId)
    }
  }
  return new ExtendedLocalSource(config)
}

/**
 * Replaces a method of an instance by a spy that calls the original (or `replacement`) with the same `this`.
 * @returns {Array<{ self: object, args: unknown[] }>} The calls.
 */
export function spyOn(instance, method, replacement) {
  const original = instance[method]
  const calls = []
  instance[method] = function (...args) {
    calls.push({ self: this, args })
    return (replacement ?? original).apply(this, args)
  }
  return calls
}

/** The ways in which {@link brokenSource} goes wrong. */
export const FAULTS = ['throws', 'rejects', 'wrong type', 'never settles']

const WRONG_TYPES = { fetchIndex: 'no list', loadPackage: 42, hasPackage: 'perhaps', getVersions: { version: '1.0.0' } }

/**
 * A plain source whose methods go wrong while `source.fault` is set (`source.fault = null` heals it).
 * @param {string} id
 * @param {'throws' | 'rejects' | 'wrong type' | 'never settles' | null} fault
 * @param {Array<string | { packageId: string }>} [packages]
 * @param {Record<string, unknown>} [fields] Over the config.
 */
export function brokenSource(id, fault, packages = [], fields = {}) {
  const source = plainSource(id, packages, fields)
  source.fault = fault
  /** What is thrown or rejected with. */
  source.error = Object.assign(new Error(`Source ${id} is out of order`), { code: 'EOUTOFORDER' })
  for (const method of Object.keys(WRONG_TYPES)) {
    const healthy = source[method]
    source[method] = function (...args) {
      // The healthy method is run all the same: it keeps the list of calls.
      const value = healthy.apply(this, args)
      if (this.fault === null) return value
      if (this.fault === 'throws') throw this.error
      if (this.fault === 'rejects') return Promise.reject(this.error)
      if (this.fault === 'wrong type') return WRONG_TYPES[method]
      return new Promise(() => {})
    }
  }
  return source
}

/**
 * A plain source whose index waits for the test: `source.waiting` lists the calls under way, each with `release()`
 * (gives the entries as they are then) and `fail(error)`.
 */
export function gatedSource(id, packages = [], fields = {}) {
  const source = plainSource(id, packages, fields)
  source.waiting = []
  const entriesNow = source.fetchIndex
  source.fetchIndex = function () {
    const entries = entriesNow.call(this)
    return new Promise((resolve, reject) => {
      const call = {
        release: () => {
          source.waiting.splice(source.waiting.indexOf(call), 1)
          resolve([...entries])
        },
        fail: (error) => {
          source.waiting.splice(source.waiting.indexOf(call), 1)
          reject(error)
        },
      }
      source.waiting.push(call)
    })
  }
  return source
}
