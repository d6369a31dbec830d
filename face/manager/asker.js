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
 * @typedef {import('../../index.js').PackageSourcesError} PackageSourcesError
 * @typedef {import('../sources/reporter.js').Listener} Listener
 * @typedef {import('../sources/kept-packages.js').Kept} Kept
 * @typedef {import('./slots.js').Slot} Slot
 */

const { BindingManager } = require('../../binding.js')
const { isObject, shown, sourcesError } = require('../errors.js')
const { abortable, isAbort } = require('../flight.js')
const { report, toSourcesError } = require('../report.js')
const { networkStatus } = require('../sources/condition.js')
const { access, NativeSource } = require('../sources/native-source.js')
const { isThenable, mapLimited, settleWithin } = require('../waiting.js')
const { readCallerEntries } = require('./caller-entries.js')
const { tokenOf } = require('./slots.js')

const BUILT_IN = {
  fetchIndex: NativeSource.prototype.fetchIndex,
  getVersions: NativeSource.prototype.getVersions,
  loadPackage: NativeSource.prototype.loadPackage,
}

class Asker {
  #memory = new BindingManager()
  /** @type {Map<string, { source: PackageSourceLike, listener: Listener }>} */
  #members = new Map()
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
    const isMember = () => this.#members.get(id)?.source === source
    /** @type {Listener} */
    const listener = {
      onError: this.#onError,
      onFailure: (failure) => isMember() && this.#memory.stumbled(id, failure),
      onWarnings: (warnings) => isMember() && this.#memory.warned(id, warnings),
    }
    this.#members.set(id, { source, listener })
    const native = access.asNative(source)
    if (native) access.reporter(native).listen(listener)
  }

  /**
   * Gives that back, and forgets the source.
   *
   * @param {string} id
   */
  dismiss(id) {
    const member = this.#members.get(id)
    const native = access.asNative(member?.source)
    if (member && native) access.reporter(native).unlisten(member.listener)
    this.#members.delete(id)
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
   * @param {{ renew?: boolean, signal?: AbortSignal }} [how] `renew`: wait for the refresh of an old copy.
   * @returns {Promise<Outcome>} Rejects where the signal is aborted, and only then.
   */
  async fetchIndex(id, source, isCurrent, { renew = false, signal } = {}) {
    const native = access.asNative(source)
    const builtIn = this.#builtIn(source, 'fetchIndex')
    const askedAt = Date.now()
    const epoch = native && access.epoch(native)
    const failures = native && access.failures(native)
    try {
      const outcome = builtIn
        ? await this.#nativeIndex(id, builtIn, askedAt, renew, signal)
        : await this.#callerIndex(id, source, signal)
      // Cleared by somebody else meanwhile: what came is no longer to be kept, nor a reason to report anything.
      if (native && access.epoch(native) !== epoch) return { ...outcome, retryAt: Date.now() }
      if (!isCurrent()) return outcome
      // An overridden method that asks the built-in one can't tell its failure from an empty index.
      if (outcome.caller && native && access.failures(native) !== failures) {
        const failure = {
          code: 'ESOURCE',
          message: `the built-in fetchIndex() failed while that of ${shown(id)} asked it`,
        }
        return { ...outcome, retryAt: Date.now() + this.#memory.failed(id, failure) }
      }
      return { ...outcome, ...this.#succeeded(id, outcome) }
    } catch (thrown) {
      if (isAbort(thrown, signal)) throw thrown
      const { code, message } = this.#fail(thrown, source, { sourceId: id, operation: 'fetchIndex' }, builtIn)
      const wait = isCurrent() ? this.#memory.failed(id, { code, message }) : 0
      // A source that doesn't settle costs each try the whole time-out: such tries are to be rarer than that.
      return { retryAt: Date.now() + (code === 'ETIMEOUT' ? Math.max(wait, this.#timeout) : wait) }
    }
  }

  /**
   * @param {string} id
   * @param {NativeSource} source
   * @param {number} askedAt
   * @param {boolean} renew
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<Outcome>}
   */
  async #nativeIndex(id, source, askedAt, renew, signal) {
    const native = await access.fetchIndex(source, this.#listenerOf(id), signal, renew)
    const isOld = native.fetchedAt < askedAt && access.staleAt(source, native) <= askedAt
    return isOld ? { native, isOld } : { native }
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<Outcome>}
   */
  async #callerIndex(id, source, signal) {
    const caller = await readCallerEntries(await this.#settled(source.fetchIndex(), id, 'fetchIndex', signal))
    for (const { path, reason } of caller.warnings) {
      this.#report(sourcesError('EMALFORMED', `${path} ${reason}`), { sourceId: id, operation: 'fetchIndex' })
    }
    return { caller }
  }

  /**
   * @param {string} id
   * @param {Outcome} outcome
   * @returns {Outcome} When to try again, where an old copy was given.
   */
  #succeeded(id, { native, caller }) {
    if (caller) this.#memory.callerSucceeded(id, caller.entries.length, Date.now(), caller.warnings)
    const wait = native && this.#memory.succeeded(id, native)
    return typeof wait === 'number' ? { retryAt: Date.now() + wait } : {}
  }

  /**
   * A package that a built-in source has in memory. To be held for calls to come, and read by {@link held}.
   *
   * @param {PackageSourceLike} source
   * @param {string} packageId
   * @returns {Kept | undefined}
   */
  hold(source, packageId) {
    const builtIn = this.#builtIn(source, 'loadPackage')
    return builtIn && access.kept(builtIn, packageId)
  }

  /**
   * The package that is held, unless it is too old or was dropped, or its source's method was replaced since.
   *
   * @param {Kept} kept
   */
  held(kept) {
    return kept.source.loadPackage === BUILT_IN.loadPackage ? kept.get() : undefined
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {string} packageId
   * @param {AbortSignal} [signal]
   * @returns {Promise<PackageData | null>}
   */
  async load(id, source, packageId, signal) {
    const builtIn = this.#builtIn(source, 'loadPackage')
    try {
      if (builtIn) return await access.load(builtIn, packageId, this.#listenerOf(id), signal)
      const data = await this.#settled(source.loadPackage(packageId), id, 'loadPackage', signal)
      if (data === null || data === undefined) return null
      if (!isObject(data)) {
        throw sourcesError('EBADRESULT', `loadPackage() gave ${shown(data)}; it must give a package or null`)
      }
      return data
    } catch (thrown) {
      if (isAbort(thrown, signal)) throw thrown
      this.#stumble(thrown, source, { sourceId: id, operation: 'loadPackage', packageId }, builtIn)
      return null
    }
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {string} packageId
   * @param {AbortSignal} [signal]
   * @returns {Promise<string[]>}
   */
  async versions(id, source, packageId, signal) {
    const builtIn = this.#builtIn(source, 'getVersions')
    try {
      if (builtIn) return await access.versions(builtIn, packageId, this.#listenerOf(id), signal)
      const versions = await this.#settled(source.getVersions(packageId), id, 'getVersions', signal)
      if (!Array.isArray(versions) || !versions.every((version) => typeof version === 'string')) {
        throw sourcesError('EBADRESULT', 'getVersions() must give an array of strings')
      }
      return versions
    } catch (thrown) {
      if (isAbort(thrown, signal)) throw thrown
      this.#stumble(thrown, source, { sourceId: id, operation: 'getVersions', packageId }, builtIn)
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
   * When the index that a built-in source gave goes stale, in milliseconds since 1970.
   *
   * @param {PackageSourceLike} source
   * @param {Outcome} outcome
   */
  staleAt(source, { native }) {
    const builtIn = this.#builtIn(source, 'fetchIndex')
    return native && builtIn ? access.staleAt(builtIn, native) : Number.POSITIVE_INFINITY
  }

  /**
   * Settles when a source's refreshes under way are done.
   *
   * @param {PackageSourceLike} source
   */
  async whenIdle(source) {
    const native = access.asNative(source)
    if (native) await access.whenIdle(native)
  }

  /**
   * @param {Slot} slot
   * @returns {PackageSourceStatus}
   */
  status({ id, type, source }) {
    const { state, packageCount, lastSuccessAt, lastError, warnings } = this.#memory.health(id)
    const native = access.asNative(source)
    const condition = native && access.condition(native)
    return {
      sourceId: id,
      type: /** @type {PackageSourceStatus['type']} */ (type),
      state,
      packageCount,
      lastSuccessAt: lastSuccessAt === undefined ? null : Math.floor(lastSuccessAt),
      lastError: lastError ?? null,
      warnings,
      ...(condition && networkStatus(condition)),
    }
  }

  /**
   * The source, where this method of it is the built-in one.
   *
   * @param {PackageSourceLike} source
   * @param {keyof typeof BUILT_IN} method
   */
  #builtIn(source, method) {
    try {
      return source[method] === BUILT_IN[method] ? access.asNative(source) : undefined
    } catch {
      // A getter or a proxy throws: it will when the method is called, where that is told.
      return undefined
    }
  }

  /**
   * What a method gave, within the time.
   *
   * @template T
   * @param {T | PromiseLike<T>} given
   * @param {string} id
   * @param {string} method
   * @param {AbortSignal} [signal]
   * @returns {T | Promise<T>}
   */
  #settled(given, id, method, signal) {
    if (!isThenable(given)) return given
    return abortable(
      settleWithin(given, this.#timeout, () => `${method}() of the source ${shown(id)}`, signal),
      signal,
    )
  }

  /**
   * @param {string} id
   * @returns {Listener}
   */
  #listenerOf(id) {
    return this.#members.get(id)?.listener ?? { onError: this.#onError, onFailure() {}, onWarnings() {} }
  }

  /**
   * A failure that doesn't take the source out of the index.
   *
   * @param {unknown} thrown
   * @param {PackageSourceLike} source
   * @param {ErrorContext} context
   * @param {NativeSource} [builtIn]
   */
  #stumble(thrown, source, context, builtIn) {
    const { code, message } = this.#fail(thrown, source, context, builtIn)
    // The failure of a source that was replaced meanwhile is not its successor's.
    if (this.#members.get(context.sourceId)?.source === source) {
      this.#memory.stumbled(context.sourceId, { code, message })
    }
  }

  /**
   * @param {unknown} thrown
   * @param {PackageSourceLike} source
   * @param {ErrorContext} context
   * @param {NativeSource} [builtIn] Where it is given, the error is this package's own, and clean.
   */
  #fail(thrown, source, context, builtIn) {
    const error = builtIn ? /** @type {PackageSourcesError} */ (thrown) : toSourcesError(thrown, tokenOf(source))
    const [code, message] = [String(error.code), String(error.message)]
    if (!builtIn || access.reporter(builtIn).isNews(code)) this.#report(error, context)
    return { code, message }
  }

  /**
   * @param {import('../../index.js').PackageSourcesError} error
   * @param {ErrorContext} context
   */
  #report(error, context) {
    report(this.#onError, error, context)
  }
}

module.exports = { Asker }
