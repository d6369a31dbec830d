import { getManager } from './packages/manager'
import type { MergedPackageEntry, PackageExplanation } from './packages/package-glue'
import { describeSources, type SourceView } from './packages/sources'
import type { View } from './view'

export const PAGE_SIZE = 50

/** All that the page shows. */
export interface Catalogue {
  packages: MergedPackageEntry[]
  totalCount: number
  /** Why the selected source won, for those of `packages` that several sources have. */
  explanations: Map<string, PackageExplanation>
  /** The versions in its repository, newest first, for those of `packages` that come from one. */
  versions: Map<string, string[]>
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
  // Out of a clone that is there already: no repository is asked for it.
  const versions = await Promise.all(
    packages
      .filter((entry) => entry.revision !== undefined)
      .map(async (entry) => [entry.packageId, await versionsOf(entry)] as const),
  )
  return {
    packages,
    totalCount,
    explanations: new Map(explanations),
    versions: new Map(versions),
    categories: [...new Set(visible.map((entry) => entry.category))].filter((name) => name !== '').sort(),
    knownIds: new Set(index.map((entry) => entry.packageId)),
    conflictCount: visible.filter(isConflict).length,
    sources: describeSources(index),
  }
}

function isConflict(entry: MergedPackageEntry): boolean {
  return entry.availableSources.length > 1
}

async function versionsOf({ packageId, selectedSource }: MergedPackageEntry): Promise<string[]> {
  return (await getManager().getSource(selectedSource)?.getVersions(packageId)) ?? []
}
