import { PackageSourceManager } from '../../index.mjs'
import { recordReports } from './reports.mjs'

/**
 * A manager with these sources; what it reports is kept in `reports` instead of being printed.
 * @param {object[]} sources
 * @param {object} [config]
 */
export function managerOf(sources, config = {}) {
  const { reports, onError } = recordReports()
  const manager = new PackageSourceManager({ onError, ...config })
  for (const source of sources) manager.addSource(source)
  return { manager, reports }
}

/** The packages' ids, in order. */
export const idsOf = (entries) => entries.map((one) => one.packageId)

/** A manager's status of one source. */
export const statusOf = (manager, sourceId) => manager.getSourceStatus().find((one) => one.sourceId === sourceId)
