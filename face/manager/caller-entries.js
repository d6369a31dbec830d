/**
 * Entries of sources that callers wrote. They stay the caller's objects; only ids and versions go to the native side.
 *
 * @typedef {import('../../index.js').MergedPackageEntry} MergedPackageEntry
 * @typedef {import('../../index.js').PackageWarning} PackageWarning
 *
 * @typedef {object} CallerEntries
 * @property {any[]} entries
 * @property {string} rows JSON text of `[ids, versions]`.
 * @property {PackageWarning[]} warnings
 */

const { isObject, shown, sourcesError } = require('../errors.js')
const { isWellFormed, wellFormed } = require('../text.js')
const { nextTurn, SLICE } = require('../waiting.js')

/** Entries that are read in one go: about a millisecond's work. */
const READ_SLICE = 4 * SLICE

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
  const ids = []
  const versions = []
  for (let position = 0; position < value.length; position++) {
    if (position > 0 && position % READ_SLICE === 0) await nextTurn()
    const entry = value[position]
    const { id, version, reason } = readEntry(entry)
    if (reason !== undefined) {
      warnings.push({ path: `entries[${position}]`, reason })
      continue
    }
    entries.push(entry)
    ids.push(id)
    versions.push(version)
  }
  return { entries, rows: JSON.stringify([ids, versions]), warnings }
}

/**
 * @param {unknown} entry
 * @returns {{ id?: string, version?: string, reason?: string }}
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
 * @param {any} entry
 * @param {string[]} availableSources
 * @param {string} selectedSource
 * @returns {MergedPackageEntry}
 */
function mergedOf(entry, availableSources, selectedSource) {
  try {
    return { ...entry, availableSources, selectedSource }
  } catch {
    // A getter throws: what was readable before must do.
    const { packageId, version } = entry
    return /** @type {MergedPackageEntry} */ ({ packageId, version, availableSources, selectedSource })
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
  return [
    position,
    ...texts,
    typeof minLevel === 'number' && Number.isFinite(minLevel) && minLevel !== 0 ? minLevel : 1,
  ]
}

module.exports = { mergedOf, readCallerEntries, searchTextOf }
