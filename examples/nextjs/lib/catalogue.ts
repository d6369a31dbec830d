import { getManager } from './packages/manager'
import type { MergedPackageEntry, PackageExplanation, PackageSourceStatus } from './packages/package-glue'
import { publicStatus } from './packages/public-status'
import type { View } from './view'

export const PAGE_SIZE = 50

/** A source with its name and how it is doing. */
export interface SourceView extends PackageSourceStatus {
  name: string
  priority: number
}

/** All that the page shows. */
export interface Catalogue {
  packages: MergedPackageEntry[]
  totalCount: number
  /** Why the selected source won, for those of `packages` that several sources have. */
  explanations: Map<string, PackageExplanation>
  /** Categories of the packages that the level may open. */
  categories: string[]
  /** Ids of all packages there are, whatever the level. */
  knownIds: Set<string>
  conflictCount: number
  sources: SourceView[]
}

export async function readCatalogue({ q, category, level, page }: View): Promise<Catalogue> {
  const manager = getManager()
  const index = await manager.fetchMergedIndex()
  const visible = level === undefined ? index : index.filter((entry) => entry.minLevel <= level)
  const { packages, totalCount } = await manager.searchPackages(q, {
    category: category || undefined,
    userLevel: level,
    page,
    pageSize: PAGE_SIZE,
  })
  const explanations = await Promise.all(
    packages.filter(isConflict).map(async ({ packageId }) => [packageId, await manager.explain(packageId)] as const),
  )
  return {
    packages,
    totalCount,
    explanations: new Map(explanations),
    categories: [...new Set(visible.map((entry) => entry.category))].filter((name) => name !== '').sort(),
    knownIds: new Set(index.map((entry) => entry.packageId)),
    conflictCount: visible.filter(isConflict).length,
    sources: readSources(),
  }
}

function isConflict(entry: MergedPackageEntry): boolean {
  return entry.availableSources.length > 1
}

function readSources(): SourceView[] {
  const manager = getManager()
  return manager.getSourceStatus().map((status) => {
    const config = manager.getSource(status.sourceId)?.getConfig()
    return { ...publicStatus(status), name: config?.name ?? status.sourceId, priority: config?.priority ?? 0 }
  })
}
