/**
 * The merged index as a Web-standard handler: one body that is ready to be sent, for each level that asks.
 *
 * @typedef {import('../../binding.js').BindingRepresentation} BindingRepresentation
 * @typedef {import('../../index.js').IndexHandlerOptions} IndexHandlerOptions
 * @typedef {import('../manager/merged.js').Merged} Merged
 * @typedef {import('./answers.js').Kept} Kept
 *
 * @typedef {object} Rendered The index as one level sees it.
 * @property {BindingRepresentation} native
 * @property {Map<number, Kept>} kept Its bodies, by the number of their coding.
 *
 * @typedef {object} Manager What is needed of the manager.
 * @property {() => Merged | Promise<Merged>} merged
 * @property {(error: import('../../index.js').PackageSourcesError, context: import('../../index.js').ErrorContext) => void} report
 */

const { expectObject, expectString, invalid, sourcesError } = require('../errors.js')
const { levelOf } = require('../manager/caller-entries.js')
const { nextTurn, SLICE } = require('../waiting.js')
const { kept, problem, toResponse } = require('./answers.js')
const { questionOf } = require('./question.js')

/** Most levels whose view of an index is kept. */
const MAX_LEVELS = 8

/** The level of those of whom nothing is known. */
const PUBLIC = 1

/**
 * @param {IndexHandlerOptions} options
 * @param {Manager} manager
 * @returns {(request: Request) => Promise<Response>}
 */
function createIndexHandler(options, manager) {
  const { userLevel, cacheControl } = readOptions(options)
  /** @type {WeakMap<Merged, Map<number | undefined, Promise<Rendered>>>} */
  const views = new WeakMap()

  const view = (/** @type {Merged} */ merged, /** @type {number | undefined} */ level) => {
    let levels = views.get(merged)
    if (levels === undefined) {
      levels = new Map()
      views.set(merged, levels)
    }
    const known = levels.get(level)
    if (known) return known
    const rendering = render(merged, level, cacheControl, manager.report)
    const ofThese = levels
    ofThese.set(level, rendering)
    rendering.catch(() => ofThese.delete(level))
    const [first] = ofThese.keys()
    if (ofThese.size > MAX_LEVELS) ofThese.delete(first)
    return rendering
  }

  return async (request) => {
    const question = questionOf(request)
    const { method, acceptEncoding, ifNoneMatch } = question
    if (method !== 'GET' && method !== 'HEAD') return toResponse(problem('methodNotAllowed'), question)
    const level = typeof userLevel === 'function' ? readLevel(await userLevel(request)) : userLevel
    const rendered = await view(await manager.merged(), level)
    return toResponse(await answer(rendered, acceptEncoding, ifNoneMatch), question)
  }
}

/**
 * @param {Rendered} rendered
 * @param {string | undefined} acceptEncoding
 * @param {string | undefined} ifNoneMatch
 */
async function answer({ native, kept: bodies }, acceptEncoding, ifNoneMatch) {
  let number = native.lookup(acceptEncoding, ifNoneMatch)
  if (number === 0) {
    await native.make(acceptEncoding)
    number = native.lookup(acceptEncoding, ifNoneMatch)
  }
  const coding = Math.abs(number)
  let body = bodies.get(coding)
  if (body === undefined) {
    body = kept(/** @type {import('../../binding.js').BindingAnswer} */ (native.body(coding)))
    bodies.set(coding, body)
  }
  return number > 0 ? body.ok : body.notModified
}

/**
 * @param {Merged} merged
 * @param {number | undefined} level
 * @param {string} cacheControl
 * @param {Manager['report']} report
 * @returns {Promise<Rendered>}
 */
async function render({ entries, callerOwned, native }, level, cacheControl, report) {
  const texts = []
  for (const position of callerOwned) {
    if (texts.length > 0 && texts.length % SLICE === 0) await nextTurn()
    const entry = /** @type {import('../../index.js').MergedPackageEntry} */ (entries[position])
    const text = textOf(entry, report)
    if (text !== undefined) texts.push(`[${position},${levelOf(entry.minLevel)},${text}]`)
  }
  return { native: await native.render(level, `[${texts.join()}]`, cacheControl), kept: new Map() }
}

/**
 * A caller's entry as JSON; one that can't be written so is left out.
 *
 * @param {import('../../index.js').MergedPackageEntry} entry
 * @param {Manager['report']} report
 */
function textOf(entry, report) {
  try {
    const text = JSON.stringify(entry)
    if (text?.startsWith('{')) return text
    throw new TypeError('it is no object then')
  } catch (cause) {
    const message = `the entry of ${entry.packageId} can't be written as JSON, and is left out of the index route`
    const { packageId, selectedSource: sourceId } = entry
    report(sourcesError('EBADRESULT', message, { cause }), { sourceId, operation: 'fetchIndex', packageId })
    return undefined
  }
}

/**
 * @param {IndexHandlerOptions} options
 */
function readOptions(options) {
  expectObject(options, 'options')
  const { userLevel, cacheControl } = options
  if (userLevel !== undefined && typeof userLevel !== 'function' && !isLevel(userLevel)) {
    throw invalid('userLevel', 'a number or a function', userLevel)
  }
  if (cacheControl !== undefined) {
    expectString(cacheControl, 'cacheControl')
    if (!/^[\x20-\x7e]+$/.test(cacheControl)) throw invalid('cacheControl', 'the text of a header field', cacheControl)
  }
  const scope = typeof userLevel === 'function' ? 'private' : 'public'
  return { userLevel, cacheControl: cacheControl ?? `${scope}, no-cache` }
}

/**
 * What the caller's function says of a request.
 *
 * @param {unknown} level
 */
function readLevel(level) {
  if (level === undefined) return PUBLIC
  if (!isLevel(level)) throw invalid('userLevel()', 'a number or undefined', level)
  return level
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isLevel(value) {
  return typeof value === 'number' && !Number.isNaN(value)
}

module.exports = { createIndexHandler }
