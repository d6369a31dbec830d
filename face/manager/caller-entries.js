/**
 * Entries of sources that callers wrote. They stay the caller's objects; only ids and versions go to the native side.
 *
 * @typedef {import('../../index.js').MergedPackageEntry} MergedPackageEntry
 * @typedef {import('../../index.js').PackageWarning} PackageWarning
 *
 * @typedef {object} CallerEntries
 * @property {any[]} entries
 * @property {string[]} ids
 * @property {string[]} versions
 * @property {PackageWarning[]} warnings
 */

const { isObject, shown, sourcesError } = require('../errors.js')
const { isWellFormed, wellFormed } = require('../text.js')
const { nextTurn, SLICE } = require('../waiting.js')

/** Entries that are read in one go: about a millisecond's work. */
const READ_SLICE = 4 * SLICE

/** Most malformed entries that are named; of more, only the number is. */
const MAX_WARNINGS = 100

/** What every entry has. */
const KNOWN = /** @type {const} */ ([
  'name',
  'description',
  'author',
  'category',
  'dependencies',
  'minLevel',
  'icon',
  'sourceId',
  'checksum',
])

/** Longest id, in UTF-16 units. */
const MAX_ID = 1024

/**
 * @param {unknown} value What `fetchIndex` gave.
 * @returns {Promise<CallerEntries>}
 */
async function readCallerEntries(value) {
  if (!Array.isArray(value))
    throw sourcesError('EBADRESULT', `fetchIndex() gave ${shown(value)}; it must give an array`)
  /** @type {CallerEntries['warnings']} */
  const warnings = []
  const entries = []
  /** @type {string[]} */
  const ids = []
  /** @type {string[]} */
  const versions = []
  let further = 0
  for (let position = 0; position < value.length; position++) {
    if (position > 0 && position % READ_SLICE === 0) await nextTurn()
    const entry = value[position]
    const { id, version, reason } = readEntry(entry)
    if (reason !== undefined) {
      if (warnings.length < MAX_WARNINGS) warnings.push({ path: `entries[${position}]`, reason })
      else further += 1
      continue
    }
    entries.push(entry)
    ids.push(id)
    versions.push(version)
  }
  if (further > 0) warnings.push({ path: '…', reason: `and ${further} further warnings` })
  return { entries, ids, versions, warnings }
}

/**
 * @param {unknown} entry
 * @returns {{ id: string, version: string, reason?: undefined } | { id?: undefined, version?: undefined, reason: string }}
 */
function readEntry(entry) {
  if (!isObject(entry)) return { reason: `is ${shown(entry)}, not an object` }
  try {
    const { packageId, version } = entry
    if (typeof packageId !== 'string' || packageId === '') return { reason: 'has no packageId' }
    if (packageId.length > MAX_ID) return { reason: `has a packageId of more than ${MAX_ID} characters` }
    if (!isWellFormed(packageId)) return { reason: 'has a packageId with a lone surrogate' }
    return { id: packageId, version: typeof version === 'string' && isWellFormed(version) ? version : '' }
  } catch {
    return { reason: 'throws when it is read' }
  }
}

/**
 * The merged entry of a caller's one.
 *
 * @param {CallerEntries} caller
 * @param {number} row
 * @param {string[]} availableSources
 * @param {string} selectedSource
 * @returns {MergedPackageEntry}
 */
function mergedOf({ entries, ids, versions }, row, availableSources, selectedSource) {
  const packageId = /** @type {string} */ (ids[row])
  const merged = { availableSources, selectedSource }
  const entry = entries[row]
  try {
    if (Object.hasOwn(entry, 'packageId')) return { ...entry, packageId, ...merged }
    // An instance of a class whose fields are getters: nothing of it is its own.
    const fields = KNOWN.map((name) => [name, entry[name]]).filter(([, value]) => value !== undefined)
    return { packageId, version: versions[row], ...Object.fromEntries(fields), ...entry, ...merged }
  } catch {
    // A getter throws: what was readable before must do.
    return /** @type {MergedPackageEntry} */ (/** @type {unknown} */ ({ packageId, version: versions[row], ...merged }))
  }
}

/**
 * What a search looks at, for an entry at a position of the merged index.
 *
 * @param {number} position
 * @param {Record<string, unknown>} entry
 */
function searchTextOf(position, { packageId, name, description, author, category, minLevel }) {
  const texts = [packageId, name, description, author, category].map((text) =>
    typeof text === 'string' ? wellFormed(text) : '',
  )
  return [position, ...texts, levelOf(minLevel)]
}

/**
 * What counts as an entry's level: public where it has none.
 *
 * @param {unknown} minLevel
 */
function levelOf(minLevel) {
  return typeof minLevel === 'number' && Number.isFinite(minLevel) && minLevel !== 0 ? minLevel : 1
}

module.exports = { levelOf, mergedOf, readCallerEntries, searchTextOf }
