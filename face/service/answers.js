/**
 * Answers that are ready to be sent, in both forms that they are sent in.
 *
 * @typedef {import('../../binding.js').BindingAnswer} BindingAnswer
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {string[]} headers Names and values by turns.
 * @property {Buffer<ArrayBuffer> | null} body `null`: the status has none.
 *
 * @typedef {object} Kept A body in memory, and the two answers that it is for.
 * @property {Answer} ok
 * @property {Answer} notModified
 */

const { BindingRepresentation } = require('../../binding.js')

/** Largest body that is copied into a response: below it, copying costs less than a stream. */
const MAX_COPIED = 64 * 1024

/**
 * @param {BindingAnswer} answer
 * @returns {Kept}
 */
function kept({ headers, notModified, body }) {
  return {
    ok: { status: 200, headers, body },
    notModified: { status: 304, headers: notModified, body: null },
  }
}

/**
 * The answer to a request that failed before the native side saw it.
 *
 * @param {'busy' | 'internal' | 'methodNotAllowed'} what
 * @returns {Answer}
 */
function problem(what) {
  const { status, headers, body } = BindingRepresentation.ofProblem(what)
  return { status, headers, body }
}

/**
 * Whether a body is still what it was: whoever reads it as a stream is handed the very bytes, and may have transferred
 * them to another thread.
 *
 * @param {Kept | undefined} kept
 * @returns {kept is Kept}
 */
function isWhole(kept) {
  return kept?.ok.body != null && kept.ok.body.length > 0
}

/** @type {WeakMap<string[], Record<string, string>>} */
const records = new WeakMap()

/**
 * An answer as a Web-standard response.
 *
 * @param {Answer} answer
 * @param {string} method
 */
function toResponse({ status, headers, body }, method) {
  let record = records.get(headers)
  if (record === undefined) {
    record = {}
    for (let at = 0; at + 1 < headers.length; at += 2)
      record[/** @type {string} */ (headers[at])] = headers[at + 1] ?? ''
    records.set(headers, record)
  }
  const init = { status, headers: record }
  if (body === null || method === 'HEAD') return new Response(null, init)
  return new Response(body.length > MAX_COPIED ? streamOf(body) : body, init)
}

/**
 * The body in one piece, and not copied.
 *
 * @param {Buffer<ArrayBuffer>} body
 */
function streamOf(body) {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(body)
      controller.close()
    },
  })
}

module.exports = { isWhole, kept, problem, toResponse }
