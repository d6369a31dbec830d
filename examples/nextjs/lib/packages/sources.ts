import { getManager } from './manager'
import type { MergedPackageEntry, PackageSourceStatus } from './package-glue'
import { publicStatus } from './public-status'

/** How a source is doing, with its settings that are for everybody's eyes. */
export interface SourceView extends PackageSourceStatus {
  name: string
  priority: number
  /** The branch of a Git repository, where one was chosen. */
  branch?: string
  /** The commit that a Git repository's packages come from; it is known where one of them was selected. */
  revision?: string
}

/**
 * All sources. None is asked, so that nobody waits for one that hangs.
 * @param index What the manager has merged of them.
 */
export function describeSources(index: MergedPackageEntry[]): SourceView[] {
  const manager = getManager()
  return manager.getSourceStatus().map((status) => {
    const { name, priority, branch } = manager.getSource(status.sourceId)?.getConfig() ?? {}
    const entry = index.find(({ sourceId, revision }) => sourceId === status.sourceId && revision !== undefined)
    return {
      ...publicStatus(status),
      name: name ?? status.sourceId,
      priority: priority ?? 0,
      branch,
      revision: entry?.revision,
    }
  })
}
