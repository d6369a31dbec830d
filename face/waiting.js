/** Waiting for others: bounded in time and in number. */

const { setImmediate: nextTurn } = require('node:timers/promises')
const { sourcesError } = require('./errors.js')

/** Longest time that timers take, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Elements that are made of text in one go: about a millisecond's work. */
const SLICE = 500

/**
 * A promise of what a thenable settles to, within a time.
 *
 * @template T
 * @param {PromiseLike<T>} thenable
 * @param {number} milliseconds
 * @param {() => string} describe Names it in the error, `ETIMEOUT`.
 * @param {AbortSignal} [signal] Whoever waits may give up, and is told by others: then no timer runs on.
 * @returns {Promise<T>}
 */
function settleWithin(thenable, milliseconds, describe, signal) {
  return new Promise((resolve, reject) => {
    const expire = () => {
      signal?.removeEventListener('abort', giveUp)
      reject(sourcesError('ETIMEOUT', `${describe()} has not settled within ${milliseconds} ms`))
    }
    const wait = new Wait(expire, Math.min(milliseconds, LONGEST_TIMER))
    const giveUp = () => wait.end()
    signal?.addEventListener('abort', giveUp, { once: true })
    // By way of a promise of our own kind, for a thenable may settle to another one, or throw.
    const end = () => {
      wait.end()
      // A signal may outlive any number of calls.
      signal?.removeEventListener('abort', giveUp)
    }
    Promise.resolve(thenable).then(
      (value) => {
        end()
        resolve(value)
      },
      (reason) => {
        end()
        reject(reason)
      },
    )
  })
}

/**
 * Something that is waited for. It gets its timer only at the end of the event loop's turn: what is in a source's memory
 * has settled by then, and a timer would cost several times what the call does.
 */
class Wait {
  /** @type {Wait[]} Those that began in this turn. */
  static #begun = []
  /** How many there may be before those that have ended are sorted out. */
  static #most = 1024

  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #ended = false
  #expire
  #milliseconds

  /**
   * @param {() => void} expire
   * @param {number} milliseconds
   */
  constructor(expire, milliseconds) {
    this.#expire = expire
    this.#milliseconds = milliseconds
    if (Wait.#begun.length === 0) setImmediate(Wait.#startTimers)
    Wait.#begun.push(this)
    // A loop of awaits that are all in memory may keep this turn from ever ending.
    if (Wait.#begun.length > Wait.#most) {
      Wait.#begun = Wait.#begun.filter((wait) => !wait.#ended)
      Wait.#most = Math.max(1024, 2 * Wait.#begun.length)
    }
  }

  end() {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  static #startTimers() {
    const begun = Wait.#begun
    Wait.#begun = []
    for (const wait of begun) {
      if (!wait.#ended) wait.#timer = setTimeout(wait.#expire, wait.#milliseconds)
    }
  }
}

/**
 * What a promise settles to, if it does so soon; else `undefined`. A rejection counts as not settling.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {number} milliseconds
 * @returns {Promise<T | undefined>}
 */
function settledSoon(promise, milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, undefined)
    const end = (/** @type {T | undefined} */ value) => {
      clearTimeout(timer)
      resolve(value)
    }
    promise.then(end, () => end(undefined))
  })
}

/**
 * @param {unknown} value
 * @returns {value is PromiseLike<unknown>}
 */
function isThenable(value) {
  return typeof (/** @type {{ then?: unknown } | null | undefined} */ (value)?.then) === 'function'
}

/**
 * Runs a task for each item, some at a time. Tasks must not reject.
 *
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} atOnce
 * @param {(item: T) => Promise<R>} task
 * @returns {Promise<R[]>} In the items' order.
 */
async function mapLimited(items, atOnce, task) {
  const results = /** @type {R[]} */ (new Array(items.length))
  const pending = items.entries()
  const work = async () => {
    for (const [position, item] of pending) results[position] = await task(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return results
}

/**
 * Makes objects of JSON text, slice by slice with a turn of the event loop between, so that a large index never blocks
 * it for long.
 *
 * @param {{ length: number, slice(from: number, to: number): string }} texts
 * @returns {Promise<any[]>}
 */
async function materialise(texts) {
  const { length } = texts
  const all = []
  for (let from = 0; from < length; from += SLICE) {
    if (from > 0) await nextTurn()
    for (const element of JSON.parse(texts.slice(from, from + SLICE))) all.push(element)
  }
  return all
}

module.exports = { isThenable, mapLimited, materialise, nextTurn, settledSoon, settleWithin, SLICE }
