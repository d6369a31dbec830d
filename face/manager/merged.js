/**
 * The merged index in memory: the native one, which decided, and its packages as objects.
 *
 * @typedef {import('../../binding.js').BindingIndex} BindingIndex
 * @typedef {import('../../binding.js').BindingMergedIndex} BindingMergedIndex
 * @typedef {import('../../index.js').ConflictResolution} ConflictResolution
 * @typedef {import('../../index.js').MergedPackageEntry} MergedPackageEntry
 * @typedef {import('./caller-entries.js').CallerEntries} CallerEntries
 * @typedef {import('./slots.js').Slot} Slot
 *
 * @typedef {object} Outcome What came of asking a source for its index: one of the first two, unless it failed.
 * @property {BindingIndex} [native]
 * @property {CallerEntries} [caller]
 * @property {boolean} [isOld] It is a copy that was stale already when it was asked for.
 * @property {number} [retryAt] It failed or gave an old copy, and is to be tried again then.
 *
 * @typedef {object} Merged
 * @property {MergedPackageEntry[]} entries
 * @property {Map<string, MergedPackageEntry>} byId
 * @property {Map<string, import('../sources/kept-packages.js').Kept>} inMemory Packages that were loaded from their selected source.
 * @property {Set<number>} callerOwned Positions of entries that are the caller's.
 * @property {BindingMergedIndex} native
 * @property {Slot[]} slots All sources, by priority.
 * @property {Slot[]} columns The sources that were merged.
 * @property {number} staleAt When to look for changes of its sources' indexes; `Infinity` where that is left to the caller.
 * @property {number} retryAt When to try the failing sources again; `Infinity` where none fails.
 */

const { BindingMerge } = require('../../binding.js')
const { materialise, nextTurn, SLICE } = require('../waiting.js')
const { mergedOf } = require('./caller-entries.js')

/**
 * @param {ConflictResolution} strategy
 * @param {Slot[]} slots By priority.
 * @param {Outcome[]} outcomes In the order of the slots.
 * @returns {Promise<Merged>}
 */
async function mergeOutcomes(strategy, slots, outcomes) {
  const merge = new BindingMerge(strategy)
  /** @type {Slot[]} */
  const columns = []
  /** @type {(CallerEntries | undefined)[]} Per column, the caller's entries. */
  const owned = []
  let retryAt = Number.POSITIVE_INFINITY
  for (const [position, slot] of slots.entries()) {
    const { native, caller, retryAt: retry } = /** @type {Outcome} */ (outcomes[position])
    if (retry !== undefined) retryAt = Math.min(retryAt, retry)
    if (native) merge.addNative(slot.id, slot.type, slot.priority, native)
    else if (caller) merge.addCaller(slot.id, slot.type, slot.priority, JSON.stringify([caller.ids, caller.versions]))
    else continue
    columns.push(slot)
    owned.push(caller)
  }
  const native = await merge.run()
  const elements = await materialise(native)
  /** @type {Set<number>} */
  const callerOwned = new Set()
  /** @type {Map<string, MergedPackageEntry>} */
  const byId = new Map()
  for (let position = 0; position < elements.length; position++) {
    if (position > 0 && position % SLICE === 0) await nextTurn()
    const element = elements[position]
    if (Array.isArray(element)) {
      const [column, row, available, selected] = element
      elements[position] = mergedOf(/** @type {CallerEntries} */ (owned[column]), row, available, selected)
      callerOwned.add(position)
    }
    byId.set(elements[position].packageId, elements[position])
  }
  return {
    entries: elements,
    byId,
    inMemory: new Map(),
    callerOwned,
    native,
    slots,
    columns,
    staleAt: Number.POSITIVE_INFINITY,
    retryAt,
  }
}

module.exports = { mergeOutcomes }
