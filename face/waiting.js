/** Waiting for others: bounded in time and in number. */

const { setImmediate: nextTurn } = require('node:timers/promises')
const { sourcesError } = require('./errors.js')

/** Longest time that timers take, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Elements that are made of text in one go: about a millisecond's work. */
const SLICE = 500

/**
 * What a value settles to, within a time.
 *
 * @template T
 * @param {T | PromiseLike<T>} value
 * @param {number} milliseconds
 * @param {string} what Named in the error, `ETIMEOUT`.
 * @returns {Promise<T>}
 */
async function settleWithin(value, milliseconds, what) {
  if (!isThenable(value)) return value
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const timeout = new Promise((_, reject) => {
    const expire = () => reject(sourcesError('ETIMEOUT', `${what} has not settled within ${milliseconds} ms`))
    timer = setTimeout(expire, Math.min(milliseconds, LONGEST_TIMER))
  })
  try {
    return /** @type {T} */ (await Promise.race([value, timeout]))
  } finally {
    clearTimeout(timer)
  }
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

module.exports = { mapLimited, materialise, settleWithin }
