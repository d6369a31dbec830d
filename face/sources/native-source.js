/**
 * What the built-in sources have in common: asking the native side, keeping what it gave as objects while it is fresh,
 * and reporting failures instead of throwing them.
 *
 * @typedef {import('../../binding.js').BindingCondition} BindingCondition
 * @typedef {import('../../binding.js').BindingGitSource} BindingGitSource
 * @typedef {import('../../binding.js').BindingIndex} BindingIndex
 * @typedef {import('../../binding.js').BindingLocalSource} BindingLocalSource
 * @typedef {import('../../binding.js').BindingRemoteSource} BindingRemoteSource
 * @typedef {import('../../index.js').CallOptions} CallOptions
 * @typedef {import('../../index.js').PackageData} PackageData
 * @typedef {import('../../index.js').PackageIndexEntry} PackageIndexEntry
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 * @typedef {BindingGitSource | BindingLocalSource | BindingRemoteSource} AnyHandle
 * @typedef {NativeSource<any>} AnyNativeSource
 * @typedef {import('./kept-packages.js').Age} Age
 * @typedef {import('./reporter.js').Context} Context
 * @typedef {import('./reporter.js').Failure} Failure
 * @typedef {import('./reporter.js').Listener} Listener
 */

const { expectString, expectObject } = require('../errors.js')
const { Flight, isAbort, readSignal } = require('../flight.js')
const { given } = require('../own.js')
const { isWellFormed } = require('../text.js')
const { materialise } = require('../waiting.js')
const { checkConfig, hideToken } = require('./config.js')
const { KeptPackages } = require('./kept-packages.js')
const { Reporter } = require('./reporter.js')

/**
 * The way in for the manager and the subclasses, which the classes' users don't see.
 *
 * @typedef {{
 *   asNative(value: unknown): NativeSource | undefined
 *   condition(source: NativeSource): import('./condition.js').Condition | undefined
 *   epoch(source: NativeSource): number
 *   failures(source: NativeSource): number
 *   fetchIndex(source: NativeSource, listener: Listener, signal?: AbortSignal, renew?: boolean): Promise<BindingIndex>
 *   handleOf<H extends AnyHandle>(source: NativeSource<H>): H
 *   load(source: NativeSource, packageId: string, listener: Listener, signal?: AbortSignal): Promise<PackageData | null>
 *   kept(source: NativeSource, packageId: string): import('./kept-packages.js').Kept | undefined
 *   reporter(source: NativeSource<any>): Reporter
 *   staleAt(source: NativeSource, age: Age): number
 *   whenIdle(source: NativeSource): Promise<void>
 *   versions(source: NativeSource, packageId: string, listener: Listener, signal?: AbortSignal): Promise<string[]>
 * }} Access
 *
 * @type {Access}
 */
let access

/**
 * A source whose work is done in Rust.
 *
 * @template {AnyHandle} [Handle=AnyHandle]
 */
class NativeSource {
  #config
  #open
  #reset
  #lifetime
  #maxStale
  #isFresh
  #reporter
  /** @type {Handle | null} */
  #handle = null
  /** @type {{ native: BindingIndex, entries: PackageIndexEntry[] | null, ids: Set<string> | null } | null} */
  #index = null
  /** @type {Flight<BindingIndex> | null} */
  #indexing = null
  /** @type {Flight<BindingIndex> | null} As above, for those who wait until an old copy is refreshed. */
  #renewing = null
  /** Packages as the source serves them, by id. */
  #packages
  /** Packages in a version that was asked for, by {@link keyOf}. */
  #versioned
  /** How often its caches were cleared. */
  #epoch = 0
  /** How often a fetch of its index failed. */
  #failures = 0
  /** Questions that were answered from memory without asking the native side. */
  #hits = 0

  static {
    access = {
      asNative: (value) => {
        const isNative = typeof value === 'object' && value !== null && #handle in value
        return isNative ? /** @type {AnyNativeSource} */ (value) : undefined
      },
      condition: (source) => {
        const handle = source.#handle
        const known = handle && 'condition' in handle ? handle.condition() : undefined
        if (!known) return undefined
        const maxStale = source.#maxStale
        return { ...known, hits: known.hits + source.#hits, staleAt: (age) => source.#staleAt(age), maxStale }
      },
      epoch: (source) => source.#epoch,
      failures: (source) => source.#failures,
      fetchIndex: (source, listener, signal, renew) => source.#fetchIndex(listener, signal, renew),
      handleOf: (source) => {
        source.#handle ??= source.#open()
        return source.#handle
      },
      load: (source, packageId, listener, signal) => source.#load(packageId, undefined, signal, listener),
      kept: (source, packageId) => source.#packages.get(packageId),
      reporter: (source) => source.#reporter,
      staleAt: (source, age) => source.#staleAt(age),
      whenIdle: async (source) => {
        const handle = source.#handle
        if (handle && 'whenIdle' in handle) await handle.whenIdle()
      },
      versions: (source, packageId, listener, signal) => source.#versions(packageId, signal, listener),
    }
  }

  /**
   * @param {PackageSourceConfig} defaults
   * @param {Partial<PackageSourceConfig>} config
   * @param {object} kind
   * @param {(config: PackageSourceConfig) => Handle} kind.open Makes the native side.
   * @param {(handle: Handle) => Handle | null} kind.reset Makes it forget what it keeps; `null`: open another one.
   * @param {((age: Age) => number) | null} kind.lifetime How long something is fresh from `fetchedAt` on, in milliseconds;
   *   `null`: until the caches are cleared.
   * @param {number} [kind.maxStale] How long beyond that it may answer; without it for ever.
   * @param {{ packages: number, bytes: number }} kind.most How much is kept as objects.
   */
  constructor(defaults, config, { open, reset, lifetime, maxStale = Number.POSITIVE_INFINITY, most }) {
    expectObject(config, 'config')
    const settings = /** @type {PackageSourceConfig} */ ({ ...defaults, ...given(config) })
    checkConfig(settings)
    hideToken(settings)
    this.#config = settings
    const { id, url, authToken } = settings
    this.#open = () => open({ ...settings, id, url, authToken })
    this.#reset = reset
    this.#lifetime = lifetime
    this.#maxStale = maxStale
    const isFresh = lifetime ? (/** @type {Age} */ age) => Date.now() < this.#staleAt(age) : () => true
    this.#isFresh = isFresh
    this.#reporter = new Reporter(() => settings.id)
    // They share what there is to be kept.
    const half = { packages: most.packages, bytes: most.bytes / 2, expires: lifetime !== null }
    this.#packages = new KeptPackages(this, half, isFresh)
    this.#versioned = new KeptPackages(this, half, isFresh)
  }

  getConfig() {
    return this.#config
  }

  /**
   * @param {CallOptions} [options]
   * @returns {Promise<PackageIndexEntry[]>}
   */
  async fetchIndex(options) {
    const signal = readSignal(options)
    try {
      return (await this.#entries(signal)).slice()
    } catch (error) {
      this.#failed(error, signal, { operation: 'fetchIndex' })
      return []
    }
  }

  /**
   * @param {string} packageId
   * @param {string} [version]
   * @param {CallOptions} [options]
   * @returns {Promise<PackageData | null>}
   */
  async loadPackage(packageId, version, options) {
    expectString(packageId, 'packageId')
    if (version !== undefined) expectString(version, 'version')
    const signal = readSignal(options)
    try {
      return await this.#load(packageId, version, signal)
    } catch (error) {
      this.#failed(error, signal, { operation: 'loadPackage', packageId })
      return null
    }
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   */
  async hasPackage(packageId, options) {
    expectString(packageId, 'packageId')
    const signal = readSignal(options)
    if (this.fetchIndex !== NativeSource.prototype.fetchIndex) {
      return (await this.fetchIndex(options)).some((entry) => entry.packageId === packageId)
    }
    try {
      const entries = await this.#entries(signal)
      const index = this.#index
      if (index?.entries !== entries) return entries.some((entry) => entry.packageId === packageId)
      index.ids ??= new Set(entries.map((entry) => entry.packageId))
      return index.ids.has(packageId)
    } catch (error) {
      this.#failed(error, signal, { operation: 'fetchIndex' })
      return false
    }
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   * @returns {Promise<string[]>}
   */
  async getVersions(packageId, options) {
    expectString(packageId, 'packageId')
    const signal = readSignal(options)
    try {
      return await this.#versions(packageId, signal)
    } catch (error) {
      this.#failed(error, signal, { operation: 'getVersions', packageId })
      return []
    }
  }

  clearCache() {
    this.#epoch += 1
    this.#handle = this.#handle && this.#reset(this.#handle)
    this.#index = null
    this.#indexing = null
    this.#renewing = null
    this.#packages.clear()
    this.#versioned.clear()
    this.#reporter.forget()
  }

  /**
   * When something is to be asked for anew, in milliseconds since 1970.
   *
   * @param {Age} age
   */
  #staleAt(age) {
    return this.#lifetime ? Math.floor(age.fetchedAt) + this.#lifetime(age) : Number.POSITIVE_INFINITY
  }

  /**
   * The entries as objects: those kept, while they are fresh.
   *
   * @param {AbortSignal | undefined} signal
   */
  async #entries(signal) {
    const kept = this.#index
    if (kept?.entries && this.#isFresh(kept.native)) {
      this.#hits += 1
      return kept.entries
    }
    const native = await this.#fetchIndex(undefined, signal)
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
   * @param {AbortSignal} [signal]
   * @param {boolean} [renew] Whether to wait for the refresh of an old copy.
   */
  #fetchIndex(listener, signal, renew = false) {
    const kept = this.#index
    if (kept && this.#isFresh(kept.native)) {
      this.#hits += 1
      return Promise.resolve(kept.native)
    }
    if (renew) {
      if (!this.#renewing || this.#renewing.isCancelled) this.#renewing = this.#startIndexing(listener, true)
      return this.#renewing.join(signal)
    }
    if (!this.#indexing || this.#indexing.isCancelled) this.#indexing = this.#startIndexing(listener, false)
    return this.#indexing.join(signal)
  }

  /**
   * @param {Listener | undefined} listener
   * @param {boolean} renew
   */
  #startIndexing(listener, renew) {
    const epoch = this.#epoch
    const indexing = new Flight(async (cancel, flight) => {
      const context = /** @type {const} */ ({ operation: 'fetchIndex' })
      try {
        /** @type {AnyHandle} */
        const handle = access.handleOf(this)
        const isRenewed = renew && 'renewIndex' in handle
        const native = await (isRenewed ? handle.renewIndex(cancel) : handle.fetchIndex(cancel))
        if (native.staleBecause) {
          this.#failures += 1
          this.#reporter.stale(native.staleBecause, context, listener)
        }
        this.#reporter.warned(native.warnings, context, listener)
        // A fetch that clearCache() overtook must not bring back what was forgotten.
        if (this.#epoch === epoch) {
          const isOldCopy = this.#index?.native.revision === native.revision
          this.#index = { entries: null, ids: null, ...(isOldCopy && this.#index), native }
        }
        return native
      } catch (error) {
        if (!flight.isCancelled) this.#failures += 1
        throw error
      }
    })
    indexing.whenEnded(() => {
      if (this.#indexing === indexing) this.#indexing = null
      if (this.#renewing === indexing) this.#renewing = null
    })
    return indexing
  }

  /**
   * @param {string} packageId
   * @param {string | undefined} version
   * @param {AbortSignal | undefined} signal
   * @param {Listener} [listener]
   * @returns {Promise<PackageData | null>}
   */
  async #load(packageId, version, signal, listener) {
    if (!isWellFormed(packageId) || !isWellFormed(version ?? '')) return null
    const packages = version === undefined ? this.#packages : this.#versioned
    const key = version === undefined ? packageId : keyOf(packageId, version)
    const inMemory = packages.get(key)?.get()
    if (inMemory || packages.isAbsent(key)) {
      this.#hits += 1
      return inMemory ?? null
    }
    const context = /** @type {const} */ ({ operation: 'loadPackage', packageId })
    return packages.load(key, signal, async (cancel) => {
      const kept = packages.get(key)
      const oldCopy = kept?.stale()
      const loaded = await access.handleOf(this).loadPackage(packageId, version, oldCopy && kept?.revision, cancel)
      const { isThere, text, revision, fetchedAt, maxAge, staleBecause, warnings } = loaded
      if (staleBecause) this.#reporter.stale(staleBecause, context, listener)
      this.#reporter.warned(warnings, context, listener)
      const data = text === undefined ? (oldCopy ?? null) : JSON.parse(text)
      return { data: isThere ? data : null, bytes: text?.length ?? kept?.bytes ?? 0, revision, fetchedAt, maxAge }
    })
  }

  /**
   * @param {string} packageId
   * @param {AbortSignal | undefined} signal
   * @param {Listener} [listener]
   */
  async #versions(packageId, signal, listener) {
    if (!isWellFormed(packageId)) return []
    const flight = new Flight((cancel) => access.handleOf(this).versions(packageId, cancel))
    const { versions, staleBecause } = await flight.join(signal)
    if (staleBecause) this.#reporter.stale(staleBecause, { operation: 'getVersions', packageId }, listener)
    return versions
  }

  /**
   * @param {unknown} error
   * @param {AbortSignal | undefined} signal
   * @param {Context} context
   */
  #failed(error, signal, context) {
    if (isAbort(error, signal)) throw error
    this.#reporter.failed(error, context)
  }
}

/**
 * @param {string} packageId
 * @param {string} version
 */
function keyOf(packageId, version) {
  return `${packageId.length}:${packageId}:${version}`
}

module.exports = { access, NativeSource }
