/**
 * What the built-in sources have in common: asking the native side, keeping what it gave as objects while it is fresh,
 * and reporting failures instead of throwing them.
 *
 * @typedef {import('../../binding.js').BindingIndex} BindingIndex
 * @typedef {import('../../binding.js').BindingLocalSource} BindingLocalSource
 * @typedef {import('../../binding.js').BindingRemoteSource} BindingRemoteSource
 * @typedef {import('../../binding.js').BindingWarning} BindingWarning
 * @typedef {import('../../index.js').ErrorContext} ErrorContext
 * @typedef {import('../../index.js').ErrorHandler} ErrorHandler
 * @typedef {import('../../index.js').PackageData} PackageData
 * @typedef {import('../../index.js').PackageIndexEntry} PackageIndexEntry
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 * @typedef {NativeSource<any>} AnyNativeSource
 * @typedef {import('./kept-packages.js').Age} Age
 * @typedef {{ code: string, message: string, number?: number }} Failure
 *
 * @typedef {object} Listener A manager that the source is in.
 * @property {ErrorHandler} onError
 * @property {(failure: Failure) => void} onStale An old copy was given.
 * @property {(warnings: BindingWarning[]) => void} onWarnings Something is wrong with a package that was loaded.
 */

const { expectString, invalid, expectObject, sourcesError } = require('../errors.js')
const { given } = require('../own.js')
const { report, reportToConsole } = require('../report.js')
const { isSourceId, isWellFormed } = require('../text.js')
const { materialise } = require('../waiting.js')
const { KeptPackages } = require('./kept-packages.js')

/**
 * The way in for the manager and the subclasses, which the classes' users don't see.
 *
 * @typedef {{
 *   asNative(value: unknown): NativeSource | undefined
 *   epoch(source: NativeSource): number
 *   failures(source: NativeSource): number
 *   fetchIndex(source: NativeSource, listener: Listener): Promise<BindingIndex>
 *   handleOf<H extends BindingLocalSource | BindingRemoteSource>(source: NativeSource<H>): H
 *   load(source: NativeSource, packageId: string, listener: Listener): Promise<PackageData | null>
 *   kept(source: NativeSource, packageId: string): import('./kept-packages.js').Kept | undefined
 *   report(source: NativeSource<any>, error: unknown, context: Omit<ErrorContext, 'sourceId'>): void
 *   reportStale(source: NativeSource<any>, failure: Failure, context: Omit<ErrorContext, 'sourceId'>): void
 *   staleAt(source: NativeSource, age: Age): number
 *   whenIdle(source: NativeSource): Promise<void>
 *   listen(source: NativeSource, listener: Listener): void
 *   unlisten(source: NativeSource, listener: Listener): void
 *   versions(source: NativeSource, packageId: string, listener: Listener): Promise<string[]>
 * }} Access
 *
 * @type {Access}
 */
let access

/**
 * A source whose work is done in Rust.
 *
 * @template {BindingLocalSource | BindingRemoteSource} [Handle=BindingLocalSource | BindingRemoteSource]
 */
class NativeSource {
  #config
  #open
  #lifetime
  #isFresh
  /** @type {Handle | null} Dropped, and with it all that it keeps, when the caches are cleared. */
  #handle = null
  /** @type {{ native: BindingIndex, entries: PackageIndexEntry[] | null, ids: Set<string> | null } | null} */
  #index = null
  /** @type {Promise<BindingIndex> | null} */
  #indexing = null
  /** Packages as the source serves them, by id. */
  #packages
  /** Packages in a version that was asked for, by {@link keyOf}. */
  #versioned
  /** @type {Set<WeakRef<Listener>>} The managers that it is in. It keeps none of them alive. */
  #listeners = new Set()
  /** How many of them may there be before the forgotten ones are sorted out. */
  #crowded = 16
  /** How often its caches were cleared. */
  #epoch = 0
  /** The number of the latest failure that was reported. */
  #latestFailure = 0
  /** How often a fetch of its index failed. */
  #failures = 0
  /** @type {Set<string>} Warnings that were reported. */
  #reported = new Set()

  static {
    access = {
      asNative: (value) => (typeof value === 'object' && value !== null && #handle in value ? value : undefined),
      epoch: (source) => source.#epoch,
      failures: (source) => source.#failures,
      fetchIndex: (source, listener) => source.#fetchIndex(listener),
      handleOf: (source) => {
        source.#handle ??= source.#open()
        return source.#handle
      },
      load: (source, packageId, listener) => source.#load(packageId, undefined, listener),
      kept: (source, packageId) => source.#packages.get(packageId),
      report: (source, error, context) => source.#report(error, context),
      reportStale: (source, failure, context) => source.#reportStale(failure, context, undefined),
      staleAt: (source, age) => source.#staleAt(age),
      whenIdle: async (source) => {
        const handle = source.#handle
        if (handle && 'whenIdle' in handle) await handle.whenIdle()
      },
      listen: (source, listener) => {
        if (source.#listeners.size >= source.#crowded) source.#crowded = Math.max(16, 2 * source.#alive().length)
        source.#listeners.add(new WeakRef(listener))
      },
      unlisten: (source, listener) => {
        for (const reference of source.#listeners) {
          if (reference.deref() === listener) source.#listeners.delete(reference)
        }
      },
      versions: (source, packageId, listener) => source.#versions(packageId, listener),
    }
  }

  /**
   * @param {PackageSourceConfig} defaults
   * @param {Partial<PackageSourceConfig>} config
   * @param {object} kind
   * @param {(config: PackageSourceConfig) => Handle} kind.open Makes the native side.
   * @param {((age: Age) => number) | null} kind.lifetime How long something is fresh from `fetchedAt` on, in milliseconds;
   *   `null`: until the caches are cleared.
   * @param {number} kind.maxKept Most packages that are kept as objects.
   */
  constructor(defaults, config, { open, lifetime, maxKept }) {
    expectObject(config, 'config')
    this.#config = /** @type {PackageSourceConfig} */ ({ ...defaults, ...given(config) })
    checkConfig(this.#config)
    const { id, url, authToken } = this.#config
    this.#open = () => open({ ...this.#config, id, url, authToken })
    this.#lifetime = lifetime
    const isFresh = lifetime ? (/** @type {Age} */ age) => Date.now() < this.#staleAt(age) : () => true
    this.#isFresh = isFresh
    this.#packages = new KeptPackages(this, maxKept, isFresh)
    this.#versioned = new KeptPackages(this, maxKept, isFresh)
  }

  getConfig() {
    return this.#config
  }

  /** @returns {Promise<PackageIndexEntry[]>} */
  async fetchIndex() {
    try {
      return (await this.#entries()).slice()
    } catch (error) {
      this.#report(error, { operation: 'fetchIndex' })
      return []
    }
  }

  /**
   * @param {string} packageId
   * @param {string} [version]
   * @returns {Promise<PackageData | null>}
   */
  async loadPackage(packageId, version) {
    expectString(packageId, 'packageId')
    if (version !== undefined) expectString(version, 'version')
    try {
      return await this.#load(packageId, version)
    } catch (error) {
      this.#report(error, { operation: 'loadPackage', packageId })
      return null
    }
  }

  /** @param {string} packageId */
  async hasPackage(packageId) {
    expectString(packageId, 'packageId')
    if (this.fetchIndex !== NativeSource.prototype.fetchIndex) {
      return (await this.fetchIndex()).some((entry) => entry.packageId === packageId)
    }
    try {
      const entries = await this.#entries()
      const index = this.#index
      if (index?.entries !== entries) return entries.some((entry) => entry.packageId === packageId)
      index.ids ??= new Set(entries.map((entry) => entry.packageId))
      return index.ids.has(packageId)
    } catch (error) {
      this.#report(error, { operation: 'fetchIndex' })
      return false
    }
  }

  /**
   * @param {string} packageId
   * @returns {Promise<string[]>}
   */
  async getVersions(packageId) {
    expectString(packageId, 'packageId')
    try {
      return await this.#versions(packageId)
    } catch (error) {
      this.#report(error, { operation: 'getVersions', packageId })
      return []
    }
  }

  clearCache() {
    this.#epoch += 1
    this.#handle = null
    this.#index = null
    this.#indexing = null
    this.#packages.clear()
    this.#versioned.clear()
    this.#reported.clear()
  }

  /**
   * When something is to be asked for anew, in milliseconds since 1970.
   *
   * @param {Age} age
   */
  #staleAt(age) {
    return this.#lifetime ? Math.floor(age.fetchedAt) + this.#lifetime(age) : Number.POSITIVE_INFINITY
  }

  /** The entries as objects: those kept, while they are fresh. */
  async #entries() {
    const kept = this.#index
    if (kept?.entries && this.#isFresh(kept.native)) return kept.entries
    const native = await this.#fetchIndex()
    const index = this.#index
    if (index?.native === native && index.entries) return index.entries
    /** @type {PackageIndexEntry[]} */
    const entries = await materialise(native)
    if (index?.native === native) index.entries ??= entries
    return index?.native === native && index.entries ? index.entries : entries
  }

  /**
   * The native index: the one kept while it is fresh. Concurrent callers share one fetch.
   *
   * @param {Listener} [listener] Who asks; without one all who listen are told of what goes wrong.
   */
  #fetchIndex(listener) {
    const kept = this.#index
    if (kept && this.#isFresh(kept.native)) return Promise.resolve(kept.native)
    if (this.#indexing) return this.#indexing
    const handle = access.handleOf(this)
    const fetch = async () => {
      try {
        const native = await handle.fetchIndex()
        if (native.staleBecause) {
          this.#failures += 1
          if (this.#isNew(native.staleBecause)) this.#report(native.staleBecause, { operation: 'fetchIndex' }, listener)
        }
        this.#reportWarnings(native.warnings, { operation: 'fetchIndex' }, listener)
        // A fetch that clearCache() overtook must not bring back what was forgotten.
        if (this.#handle === handle) {
          const isOldCopy = this.#index?.native.revision === native.revision
          this.#index = { entries: null, ids: null, ...(isOldCopy && this.#index), native }
        }
        return native
      } catch (error) {
        this.#failures += 1
        throw error
      } finally {
        if (this.#handle === handle) this.#indexing = null
      }
    }
    this.#indexing = fetch()
    return this.#indexing
  }

  /**
   * @param {string} packageId
   * @param {string | undefined} version
   * @param {Listener} [listener]
   * @returns {Promise<PackageData | null>}
   */
  async #load(packageId, version, listener) {
    if (!isWellFormed(packageId) || !isWellFormed(version ?? '')) return null
    const packages = version === undefined ? this.#packages : this.#versioned
    const key = version === undefined ? packageId : keyOf(packageId, version)
    const inMemory = packages.get(key)?.get()
    if (inMemory) return inMemory
    if (packages.isAbsent(key)) return null
    return packages.load(key, async () => {
      const loaded = await access.handleOf(this).loadPackage(packageId, version)
      const { text, revision, fetchedAt, maxAge, staleBecause, warnings } = loaded
      if (staleBecause) this.#reportStale(staleBecause, { operation: 'loadPackage', packageId }, listener)
      this.#reportWarnings(warnings, { operation: 'loadPackage', packageId }, listener)
      const kept = packages.get(key)
      const oldCopy = kept?.revision === revision ? kept.stale() : undefined
      return { data: text === undefined ? null : (oldCopy ?? JSON.parse(text)), revision, fetchedAt, maxAge }
    })
  }

  /**
   * @param {string} packageId
   * @param {Listener} [listener]
   */
  async #versions(packageId, listener) {
    if (!isWellFormed(packageId)) return []
    const { versions, staleBecause } = await access.handleOf(this).versions(packageId)
    if (staleBecause) this.#reportStale(staleBecause, { operation: 'getVersions', packageId }, listener)
    return versions
  }

  /**
   * @param {Failure} failure
   * @param {Omit<ErrorContext, 'sourceId'>} context
   * @param {Listener | undefined} listener
   */
  #reportStale(failure, context, listener) {
    if (!this.#isNew(failure)) return
    for (const { onStale } of this.#listening(listener)) onStale(failure)
    this.#report(failure, context, listener)
  }

  /**
   * Whether a failure was not seen before: one marks every old copy that is given until a refresh succeeds.
   *
   * @param {Failure} failure
   */
  #isNew({ number = 0 }) {
    const isNew = number > this.#latestFailure
    if (isNew) this.#latestFailure = number
    return isNew
  }

  /**
   * Each warning is reported once.
   *
   * @param {BindingWarning[]} warnings
   * @param {Omit<ErrorContext, 'sourceId'>} context
   * @param {Listener | undefined} listener
   */
  #reportWarnings(warnings, context, listener) {
    if (warnings.length > 0 && context.operation === 'loadPackage') {
      // Whoever loads it next gets it from memory, so all who listen are to know.
      for (const { onWarnings } of this.#alive()) onWarnings(warnings)
    }
    for (const { path, reason } of warnings) {
      const message = `${path} ${reason}`
      if (this.#reported.has(message)) continue
      this.#reported.add(message)
      this.#report(sourcesError('EMALFORMED', message), context, listener)
    }
  }

  /**
   * @param {unknown} failure
   * @param {Omit<ErrorContext, 'sourceId'>} context
   * @param {Listener} [listener]
   */
  #report(failure, context, listener) {
    const { code, message } = /** @type {Failure} */ (failure)
    const error = failure instanceof Error ? failure : sourcesError(/** @type {any} */ (code), message)
    const handlers = this.#listening(listener).map(({ onError }) => onError)
    for (const handler of handlers.length > 0 ? handlers : [reportToConsole]) {
      report(handler, /** @type {any} */ (error), { sourceId: this.#config.id, ...context })
    }
  }

  /**
   * Who is to be told: the one who asked, else all.
   *
   * @param {Listener | undefined} listener
   */
  #listening(listener) {
    return listener ? [listener] : this.#alive()
  }

  /** The managers that are still in use; the others are forgotten. */
  #alive() {
    const alive = []
    for (const reference of this.#listeners) {
      const listener = reference.deref()
      if (listener) alive.push(listener)
      else this.#listeners.delete(reference)
    }
    return alive
  }
}

/**
 * @param {string} packageId
 * @param {string} version
 */
function keyOf(packageId, version) {
  return `${packageId.length}:${packageId}:${version}`
}

/** @param {PackageSourceConfig} config */
function checkConfig(config) {
  const { id, name, type, url, priority, enabled, authToken } = config
  if (!isSourceId(id)) throw invalid('id', 'a string that is not empty', id)
  for (const [key, value] of Object.entries({ name, type, url })) expectString(value, key)
  if (typeof priority !== 'number' || Number.isNaN(priority)) throw invalid('priority', 'a number', priority)
  if (typeof enabled !== 'boolean') throw invalid('enabled', 'a boolean', enabled)
  if (authToken !== undefined && typeof authToken !== 'string') {
    throw sourcesError('EINVALIDARG', `authToken must be a string, not ${typeof authToken}`)
  }
}

module.exports = { access, NativeSource }
