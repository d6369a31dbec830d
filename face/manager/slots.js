/**
 * A manager's sources as they are at one moment.
 *
 * @typedef {import('../../index.js').PackageSourceLike} PackageSourceLike
 *
 * @typedef {object} Slot
 * @property {string} id The id that the source was added under.
 * @property {PackageSourceLike} source
 * @property {string} type
 * @property {number} priority
 */

const { isObject, shown, sourcesError } = require('../errors.js')
const { isSourceId } = require('../text.js')

/** What every source must have. */
const METHODS = ['getConfig', 'fetchIndex', 'loadPackage', 'hasPackage', 'getVersions']

/**
 * Checks an object that is to be a source, and reads its config.
 *
 * @param {unknown} source
 * @returns {{ source: PackageSourceLike, id: string, enabled: boolean }}
 */
function checkSource(source) {
  if (!isObject(source)) throw sourcesError('EINVALIDSOURCE', `a source must be an object, not ${shown(source)}`)
  const missing = METHODS.filter((name) => !hasMethod(source, name))
  if (missing.length > 0) throw sourcesError('EINVALIDSOURCE', `the source has no method ${missing.join(', ')}`)
  const checked = /** @type {PackageSourceLike} */ (/** @type {unknown} */ (source))
  const config = configOf(checked)
  const { id, priority, enabled } = config
  if (!isSourceId(id)) {
    throw sourcesError(
      'EINVALIDSOURCE',
      `getConfig() gives an id that is ${shown(id)}; it must be a string that is not empty`,
    )
  }
  if (typeof priority !== 'number' || Number.isNaN(priority)) {
    throw sourcesError(
      'EINVALIDSOURCE',
      `getConfig() of source ${shown(id)} gives a priority that is ${shown(priority)}; it must be a number`,
    )
  }
  return { source: checked, id, enabled: enabled !== false }
}

/**
 * @param {Record<PropertyKey, unknown>} source
 * @param {string} name
 */
function hasMethod(source, name) {
  try {
    return typeof source[name] === 'function'
  } catch {
    return false
  }
}

/**
 * @param {PackageSourceLike} source
 * @returns {Record<PropertyKey, unknown>}
 */
function configOf(source) {
  let config
  try {
    config = source.getConfig()
  } catch (cause) {
    throw sourcesError('EINVALIDSOURCE', 'getConfig() throws', { cause })
  }
  if (!isObject(config))
    throw sourcesError('EINVALIDSOURCE', `getConfig() gives ${shown(config)}; it must give an object`)
  return config
}

/**
 * Asks a source for its config anew. One that has broken since it was added goes last.
 *
 * @param {string} id
 * @param {PackageSourceLike} source
 * @returns {Slot}
 */
function slotOf(id, source) {
  try {
    const { type, priority } = configOf(source)
    return {
      id,
      source,
      type: typeof type === 'string' ? type : 'unknown',
      priority: typeof priority === 'number' && !Number.isNaN(priority) ? priority : Number.POSITIVE_INFINITY,
    }
  } catch {
    return { id, source, type: 'unknown', priority: Number.POSITIVE_INFINITY }
  }
}

/**
 * The sources by priority; of equals the one added first comes first.
 *
 * @param {Map<string, PackageSourceLike>} sources
 */
function byPriority(sources) {
  const slots = [...sources].map(([id, source]) => slotOf(id, source))
  return slots.sort((one, two) => (one.priority === two.priority ? 0 : one.priority - two.priority))
}

/**
 * The token that a source has, which must not show in reports.
 *
 * @param {PackageSourceLike} source
 */
function tokenOf(source) {
  try {
    const { authToken } = configOf(source)
    return typeof authToken === 'string' && authToken !== '' ? authToken : undefined
  } catch {
    return undefined
  }
}

module.exports = { byPriority, checkSource, slotOf, tokenOf }
