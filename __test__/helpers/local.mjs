/** Shorthands for tests of the local source. */

import { LocalPackageSource, PackageSourceManager } from '../../index.mjs'
import { recordReports } from './reports.mjs'

/** A local source over a packages folder of the builder, with `config` laid over. */
export function localSource(folder, config = {}) {
  return new LocalPackageSource({ url: folder.path, ...config })
}

/** The ids of a source's or manager's index, in its order. */
export async function idsOf(source) {
  const entries = source.fetchMergedIndex ? await source.fetchMergedIndex() : await source.fetchIndex()
  return entries.map((entry) => entry.packageId)
}

/** The index as an object from id to entry. */
export async function indexById(source) {
  return Object.fromEntries((await source.fetchIndex()).map((entry) => [entry.packageId, entry]))
}

/** A source keeps no manager alive, but a test that holds its source wants to be told to the end. */
const alive = new WeakMap()

/**
 * A manager with this source alone: its status is where warnings and failures show.
 * `reports` lists what it reported; `status()` is the source's status.
 */
export function watched(source) {
  const { reports, onError } = recordReports()
  const manager = new PackageSourceManager({ onError })
  manager.addSource(source)
  alive.set(source, manager)
  return { manager, reports, status: () => manager.getSourceStatus()[0] }
}

/** The warnings of a source whose index has been fetched. */
export async function warningsOf(source) {
  const { manager, status } = watched(source)
  await manager.fetchMergedIndex()
  return status().warnings
}
