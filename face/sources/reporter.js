/**
 * Telling of what goes wrong with one source: to the managers that it is in, else to the console; each failure and each
 * warning once.
 *
 * @typedef {import('../../binding.js').BindingWarning} BindingWarning
 * @typedef {import('../../index.js').ErrorContext} ErrorContext
 * @typedef {import('../../index.js').ErrorHandler} ErrorHandler
 * @typedef {{ code: string, message: string, number?: number }} Failure
 * @typedef {Omit<ErrorContext, 'sourceId'>} Context
 *
 * @typedef {object} Listener A manager that the source is in.
 * @property {ErrorHandler} onError
 * @property {(failure: Failure) => void} onFailure Something failed, or an old copy was given.
 * @property {(warnings: BindingWarning[]) => void} onWarnings Something is wrong with a package that was loaded.
 */

const { sourcesError } = require('../errors.js')
const { report, reportToConsole } = require('../report.js')

/** Most messages that are remembered as told. */
const MAX_TOLD = 10_000

class Reporter {
  #sourceId
  /** @type {Set<WeakRef<Listener>>} The managers that the source is in. It keeps none of them alive. */
  #listeners = new Set()
  /** How many of them may there be before the forgotten ones are sorted out. */
  #crowded = 16
  /** The number of the latest failure that was reported. */
  #latestFailure = 0
  /** Whether it was told that the breaker refuses requests. */
  #isRefusalTold = false
  /** @type {Set<string>} Messages that are told only once. */
  #told = new Set()

  /** @param {() => string} sourceId */
  constructor(sourceId) {
    this.#sourceId = sourceId
  }

  /** @param {Listener} listener */
  listen(listener) {
    if (this.#listeners.size >= this.#crowded) this.#crowded = Math.max(16, 2 * this.#alive().length)
    this.#listeners.add(new WeakRef(listener))
  }

  /** @param {Listener} listener */
  unlisten(listener) {
    for (const reference of this.#listeners) {
      if (reference.deref() === listener) this.#listeners.delete(reference)
    }
  }

  /** What was told may be told again: it may have been mended. */
  forget() {
    this.#told.clear()
  }

  /**
   * @param {unknown} failure
   * @param {Context} context
   * @param {Listener} [listener] Who asked, and sees to its status itself; without one all who listen are told.
   */
  failed(failure, context, listener) {
    const { code, message } = /** @type {Failure} */ (failure)
    if (!listener) for (const { onFailure } of this.#alive()) onFailure({ code, message })
    if (this.isNews(code))
      this.#tell(
        failure instanceof Error ? failure : sourcesError(/** @type {any} */ (code), message),
        context,
        listener,
      )
  }

  /**
   * An old copy was given, for a reason that comes again and again.
   *
   * @param {Failure} failure
   * @param {Context} context
   * @param {Listener | undefined} listener
   */
  stale(failure, context, listener) {
    if (!this.isNew(failure)) return
    listener?.onFailure(failure)
    // What made the breaker open was told, and the copy goes on serving.
    if (failure.code !== 'EBREAKEROPEN') this.failed(failure, context, listener)
  }

  /** The breaker lets a request through: should it refuse the next one, that is worth telling again. */
  breakerTries() {
    this.#isRefusalTold = false
  }

  /**
   * Whether a failure is to be told: that the breaker refuses a request is, once each time that it opens.
   *
   * @param {string} code
   */
  isNews(code) {
    if (code !== 'EBREAKEROPEN') return true
    const isNews = !this.#isRefusalTold
    this.#isRefusalTold = true
    return isNews
  }

  /**
   * Whether a failure was not seen before: one marks every old copy that is given until a refresh succeeds.
   *
   * @param {Failure} failure
   */
  isNew({ number = 0 }) {
    const isNew = number > this.#latestFailure
    if (isNew) this.#latestFailure = number
    return isNew
  }

  /**
   * A failure that would be told at every write otherwise.
   *
   * @param {Failure} failure
   * @param {Context} context
   */
  once(failure, context) {
    if (this.#isToldFirst(failure.message)) this.failed(failure, context)
  }

  /**
   * @param {BindingWarning[]} warnings
   * @param {Context} context
   * @param {Listener | undefined} listener
   */
  warned(warnings, context, listener) {
    if (warnings.length > 0 && context.operation === 'loadPackage') {
      // Whoever loads it next gets it from memory, so all who listen are to know.
      for (const { onWarnings } of this.#alive()) onWarnings(warnings)
    }
    for (const { path, reason } of warnings) {
      const message = `${path} ${reason}`
      if (this.#isToldFirst(message)) this.#tell(sourcesError('EMALFORMED', message), context, listener)
    }
  }

  /**
   * @param {Error} error
   * @param {Context} context
   * @param {Listener | undefined} listener
   */
  #tell(error, context, listener) {
    const listening = listener ? [listener] : this.#alive()
    const handlers = listening.length > 0 ? listening.map(({ onError }) => onError) : [reportToConsole]
    for (const handler of handlers)
      report(handler, /** @type {any} */ (error), { sourceId: this.#sourceId(), ...context })
  }

  /** @param {string} message */
  #isToldFirst(message) {
    if (this.#told.has(message)) return false
    if (this.#told.size >= MAX_TOLD) this.#told.clear()
    this.#told.add(message)
    return true
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

module.exports = { Reporter }
