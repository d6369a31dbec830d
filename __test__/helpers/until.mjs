/**
 * Waits for what happens sooner or later, without a fixed sleep: asks again and again until the answer is truthy.
 * @template T
 * @param {() => T | Promise<T>} predicate
 * @param {{ what?: string, timeout?: number, every?: number }} [options] `what` names the event in the failure; the
 * timeout (milliseconds) only bounds a test that fails.
 * @returns {Promise<T>} The truthy answer.
 */
export async function until(predicate, { what = 'the condition', timeout = 60_000, every = 10 } = {}) {
  const deadline = Date.now() + timeout
  for (;;) {
    const answer = await predicate()
    if (answer) return answer
    if (Date.now() > deadline) throw new Error(`${what} didn't come about within ${timeout} ms`)
    await new Promise((resolve) => setTimeout(resolve, every))
  }
}

/** A promise that the test settles itself: `{ promise, resolve, reject }`. */
export function deferred() {
  let resolve
  let reject
  const promise = new Promise((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** Lets everything that is ready to run do so: promise reactions, immediates and a turn of the event loop. */
export async function settle(turns = 5) {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
