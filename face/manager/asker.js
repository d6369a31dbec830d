/**
 * Asking sources, whoever wrote them: never rejects, bounded in time, and every failure told to the operator and kept
 * for the status.
 *
 * A source's method is looked up at each call, so a replaced one counts. Where it is the built-in one, the native side
 * is asked without the detour through objects.
 *
 * @typedef {import('../../index.js').ErrorContext} ErrorContext
 * @typedef {import('../../index.js').PackageData} PackageData
 * @typedef {import('../../index.js').PackageSourceLike} PackageSourceLike
 * @typedef {import('../../index.js').PackageSourceManagerConfig} PackageSourceManagerConfig
 * @typedef {import('../../index.js').PackageSourceStatus} PackageSourceStatus
 * @typedef {import('./merged.js').Outcome} Outcome
 * @typedef {import('./slots.js').Slot} Slot
 */

const { BindingManager } = require('../../binding.js')
const { isObject, shown, sourcesError } = require('../errors.js')
const { report, toSourcesError } = require('../report.js')
const { access, NativeSource } = require('../sources/native-source.js')
const { isThenable, mapLimited, settleWithin } = require('../waiting.js')
const { readCallerEntries } = require('./caller-entries.js')
const { tokenOf } = require('./slots.js')

const BUILT_IN = {
  fetchIndex: NativeSource.prototype.fetchIndex,
  getVersions: NativeSource.prototype.getVersions,
  loadPackage: NativeSource.prototype.loadPackage,
}

/** A package in the memory of a source whose `loadPackage` is the built-in one. */
class InMemory {
  #source
  #kept

  /**
   * @param {PackageSourceLike} source
   * @param {import('../sources/kept-packages.js').Kept} kept
   */
  constructor(source, kept) {
    this.#source = source
    this.#kept = kept
  }

  /** The package, unless it is too old or was dropped, or the method was replaced since. */
  get() {
    return this.#source.loadPackage === BUILT_IN.loadPackage ? this.#kept.get() : undefined
  }
}

class Asker {
  #memory = new BindingManager()
  #onError
  #timeout
  #atOnce

  /** @param {Required<PackageSourceManagerConfig>} config */
  constructor({ onError, sourceTimeoutMs, parallelFetch, maxParallelSources }) {
    this.#onError = onError
    this.#timeout = sourceTimeoutMs
    this.#atOnce = parallelFetch ? maxParallelSources : 1
  }

  /**
   * Takes over what a source reports by itself.
   *
   * @param {string} id
   * @param {PackageSourceLike} source
   */
  adopt(id, source) {
    const native = access.asNative(source)
    if (!native) return
    const onWarnings = (/** @type {import('../../binding.js').BindingWarning[]} */ warnings) =>
      this.#memory.warned(id, warnings)
    access.listen(native, this, { onError: this.#onError, onWarnings })
  }

  /**
   * Gives that back, and forgets the source.
   *
   * @param {string} id
   * @param {PackageSourceLike} source
   */
  dismiss(id, source) {
    const native = access.asNative(source)
    if (native) access.unlisten(native, this)
    this.#memory.forget(id)
  }

  /**
   * Some at a time.
   *
   * @template T, R
   * @param {readonly T[]} items
   * @param {(item: T) => Promise<R>} task
   */
  each(items, task) {
    return mapLimited(items, this.#atOnce, task)
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {() => boolean} isCurrent Whether the outcome still counts: one that was overtaken is not kept for the status.
   * @returns {Promise<Outcome>}
   */
  async fetchIndex(id, source, isCurrent) {
    try {
      const builtIn = this.#builtIn(source, 'fetchIndex')
      if (builtIn) {
        const native = await access.fetchIndex(builtIn)
        if (isCurrent()) this.#memory.succeeded(id, native)
        return { native }
      }
      const caller = await readCallerEntries(await this.#settled(source.fetchIndex(), source, 'fetchIndex'))
      if (isCurrent()) this.#memory.callerSucceeded(id, caller.entries.length, Date.now(), caller.warnings)
      for (const { path, reason } of caller.warnings) {
        this.#report(sourcesError('EMALFORMED', `${path} ${reason}`), { sourceId: id, operation: 'fetchIndex' })
      }
      return { caller }
    } catch (thrown) {
      const { code, message } = this.#fail(thrown, source, { sourceId: id, operation: 'fetchIndex' })
      const wait = isCurrent() ? this.#memory.failed(id, { code, message }) : 0
      // A source that doesn't settle costs each try the whole time-out: such tries are to be rarer than that.
      return { retryAt: Date.now() + (code === 'ETIMEOUT' ? Math.max(wait, this.#timeout) : wait) }
    }
  }

  /**
   * A package that a built-in source has in memory. To be held for calls to come; it knows itself when it no longer serves.
   *
   * @param {PackageSourceLike} source
   * @param {string} packageId
   * @returns {InMemory | undefined}
   */
  inMemory(source, packageId) {
    const builtIn = this.#builtIn(source, 'loadPackage')
    const kept = builtIn && access.kept(builtIn, packageId)
    return kept && new InMemory(source, kept)
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {string} packageId
   * @returns {Promise<PackageData | null>}
   */
  async load(id, source, packageId) {
    try {
      const builtIn = this.#builtIn(source, 'loadPackage')
      if (builtIn) return await access.load(builtIn, packageId)
      const data = await this.#settled(source.loadPackage(packageId), source, 'loadPackage')
      if (data === null || data === undefined) return null
      if (!isObject(data)) {
        throw sourcesError('EBADRESULT', `loadPackage() gave ${shown(data)}; it must give a package or null`)
      }
      return data
    } catch (thrown) {
      this.#stumble(thrown, source, { sourceId: id, operation: 'loadPackage', packageId })
      return null
    }
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {string} packageId
   * @returns {Promise<string[]>}
   */
  async versions(id, source, packageId) {
    const context = /** @type {const} */ ({ sourceId: id, operation: 'getVersions', packageId })
    try {
      const builtIn = this.#builtIn(source, 'getVersions')
      if (builtIn) return await access.versions(builtIn, packageId)
      const versions = await this.#settled(source.getVersions(packageId), source, 'getVersions')
      if (!Array.isArray(versions) || !versions.every((version) => typeof version === 'string')) {
        throw sourcesError('EBADRESULT', 'getVersions() must give an array of strings')
      }
      return versions
    } catch (thrown) {
      this.#stumble(thrown, source, context)
      return []
    }
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   */
  clearCache(id, source) {
    const fail = (/** @type {unknown} */ thrown) =>
      this.#stumble(thrown, source, { sourceId: id, operation: 'clearCache' })
    this.#memory.cleared(id)
    try {
      if (typeof source.clearCache === 'function') Promise.resolve(source.clearCache()).catch(fail)
    } catch (thrown) {
      fail(thrown)
    }
  }

  /**
   * @param {Slot} slot
   * @returns {PackageSourceStatus}
   */
  status({ id, type }) {
    const { state, packageCount, lastSuccessAt, lastError, warnings } = this.#memory.health(id)
    return {
      sourceId: id,
      type: /** @type {PackageSourceStatus['type']} */ (type),
      state,
      packageCount,
      lastSuccessAt: lastSuccessAt === undefined ? null : Math.floor(lastSuccessAt),
      lastError: lastError ?? null,
      warnings,
    }
  }

  /**
   * The source, where this method of it is the built-in one.
   *
   * @param {PackageSourceLike} source
   * @param {keyof typeof BUILT_IN} method
   */
  #builtIn(source, method) {
    return source[method] === BUILT_IN[method] ? access.asNative(source) : undefined
  }

  /**
   * What a method gave, within the time.
   *
   * @template T
   * @param {T | PromiseLike<T>} given
   * @param {PackageSourceLike} source
   * @param {string} method
   * @returns {T | Promise<T>}
   */
  #settled(given, source, method) {
    if (!isThenable(given)) return given
    const describe = () => `${method}() of a source of type ${source.constructor?.name ?? 'Object'}`
    return settleWithin(given, this.#timeout, describe)
  }

  /**
   * A failure that doesn't take the source out of the index.
   *
   * @param {unknown} thrown
   * @param {PackageSourceLike} source
   * @param {ErrorContext} context
   */
  #stumble(thrown, source, context) {
    const { code, message } = this.#fail(thrown, source, context)
    this.#memory.stumbled(context.sourceId, { code, message })
  }

  /**
   * @param {unknown} thrown
   * @param {PackageSourceLike} source
   * @param {ErrorContext} context
   */
  #fail(thrown, source, context) {
    const isOwn = thrown instanceof Error && typeof (/** @type {any} */ (thrown).code) === 'string' && !thrown.cause
    const error =
      isOwn && access.asNative(source) ? /** @type {any} */ (thrown) : toSourcesError(thrown, tokenOf(source))
    this.#report(error, context)
    return { code: String(error.code), message: String(error.message) }
  }

  /**
   * @param {import('../../index.js').PackageSourcesError} error
   * @param {ErrorContext} context
   */
  #report(error, context) {
    report(this.#onError, error, context)
  }
}

module.exports = { Asker, InMemory }
