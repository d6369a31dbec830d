/** Work that several callers wait for, and callers who no longer want to. */

const { setMaxListeners } = require('node:events')
const { BindingCancel } = require('../binding.js')
const { invalid, isObject } = require('./errors.js')

/**
 * Work that is shared. A caller who gives up leaves the others undisturbed; when the last one has given up, the work is
 * cancelled. One who has no signal waits to the end.
 *
 * @template T
 */
class Flight {
  #cancel = new BindingCancel()
  #abort = new AbortController()
  #waiting = 0
  #result

  /** @param {(cancel: BindingCancel, flight: Flight<T>) => Promise<T>} start */
  constructor(start) {
    this.#result = start(this.#cancel, this)
  }

  /**
   * Calls back once the work has ended, well or not: never before whoever made the flight has taken note of it.
   *
   * @param {() => void} callback
   */
  whenEnded(callback) {
    this.#result.then(callback, callback)
  }

  /** Whether nobody wanted it any more: who comes now needs another one. */
  get isCancelled() {
    return this.#abort.signal.aborted
  }

  /** Aborted when nobody wants it any more. */
  get signal() {
    return this.#abort.signal
  }

  /**
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<T>} Rejects with the signal's reason when it is aborted.
   */
  join(signal) {
    this.#waiting += 1
    return signal ? abortable(this.#result, signal, () => this.#leave()) : this.#result
  }

  #leave() {
    this.#waiting -= 1
    if (this.#waiting > 0) return
    this.#cancel.cancel()
    this.#abort.abort()
  }
}

/**
 * A promise that also ends when a signal is aborted, with its reason.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | undefined} signal
 * @param {() => void} [onAbort]
 * @returns {Promise<T>}
 */
function abortable(promise, signal, onAbort) {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => {
      onAbort?.()
      reject(signal.reason)
    }
    // Also where it was aborted before, so that a rejection that comes later is not left unhandled.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
    else listen(signal, abort)
  })
}

/**
 * Any number of calls may have the same signal, which is no leak.
 *
 * @param {AbortSignal} signal
 * @param {() => void} onAbort
 */
function listen(signal, onAbort) {
  setMaxListeners(0, signal)
  signal.addEventListener('abort', onAbort, { once: true })
}

/**
 * The signal among a call's options. What is no object at all is passed over, as when the call is handed to `map()`.
 *
 * @param {unknown} options
 * @returns {AbortSignal | undefined}
 */
function readSignal(options) {
  const signal = isObject(options) ? options.signal : undefined
  if (signal === undefined) return undefined
  if (!(signal instanceof AbortSignal)) throw invalid('signal', 'an AbortSignal', signal)
  signal.throwIfAborted()
  return signal
}

/**
 * Whether something was thrown because the caller gave up, and so is nobody's fault.
 *
 * @param {unknown} thrown
 * @param {AbortSignal | undefined} signal
 */
function isAbort(thrown, signal) {
  return signal?.aborted === true && thrown === signal.reason
}

module.exports = { abortable, Flight, isAbort, readSignal }
