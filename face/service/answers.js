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

/** Largest body that is copied into a response at once, and the size of the pieces of larger ones, in bytes. */
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

/** @typedef {Record<string, string>} Fields */

/** @type {{ whole: WeakMap<string[], Fields>, onItsWay: WeakMap<string[], Fields> }} */
const records = { whole: new WeakMap(), onItsWay: new WeakMap() }

/**
 * An answer as a Web-standard response.
 *
 * @param {Answer} answer
 * @param {import('./question.js').Question} question
 */
function toResponse({ status, headers, body }, { method, isCodedOnItsWay }) {
  const known = isCodedOnItsWay ? records.onItsWay : records.whole
  let fields = known.get(headers)
  if (fields === undefined) {
    fields = toFields(headers)
    // A strong tag is of just these bytes; what is compressed on its way has others.
    if (isCodedOnItsWay && fields.ETag) fields.ETag = `W/${fields.ETag}`
    known.set(headers, fields)
  }
  const init = { status, headers: fields }
  if (body === null || method === 'HEAD') return new Response(null, init)
  return new Response(body.length > MAX_COPIED ? streamOf(body) : body, init)
}

/** @param {string[]} headers */
function toFields(headers) {
  /** @type {Fields} */
  const fields = {}
  for (let at = 0; at + 1 < headers.length; at += 2) fields[/** @type {string} */ (headers[at])] = headers[at + 1] ?? ''
  return fields
}

/**
 * The body in pieces, each copied when it is asked for: whoever reads them may write into them or transfer them away, and
 * the body is others' too.
 *
 * @param {Buffer<ArrayBuffer>} body
 */
function streamOf(body) {
  let at = 0
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(new Uint8Array(body.subarray(at, at + MAX_COPIED)))
        at += MAX_COPIED
        if (at >= body.length) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

module.exports = { kept, problem, toResponse }
