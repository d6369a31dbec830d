// The same names and types for code that is compiled to `require`.
import sources = require('@metabuilder/package-sources')

const manager: sources.PackageSourceManager = sources.createPackageSourceManager({ enableRemote: false })
const source: sources.PackageSource = sources.createLocalSource({ url: './packages' })
manager.addSource(source)
manager.addSource(sources.createGitSource({ url: 'git.example:packages', tag: 'v1.0.0' }))

/** A search, and what stands in its results. */
async function search(): Promise<string[]> {
  const { packages, totalCount }: sources.SearchResult = await manager.searchPackages('dash', { userLevel: 2, page: 1 })
  return totalCount > 0 ? packages.map((entry) => `${entry.packageId} from ${entry.selectedSource}`) : []
}

/** Who lost, and why. */
async function losers(packageId: string): Promise<Array<sources.LossReason | null>> {
  const { candidates } = await manager.explain(packageId)
  return candidates.filter((candidate) => !candidate.selected).map((candidate) => candidate.reason)
}

// @ts-expect-error a page is a number
manager.searchPackages('dash', { page: '1' })

// @ts-expect-error `explain` is about a package
manager.explain()

export = { losers, search }
