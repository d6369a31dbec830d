import type { Catalogue } from '@/lib/catalogue'
import { PackageRow } from './package-row'

export function PackageList({ catalogue }: { catalogue: Catalogue }) {
  const { packages, totalCount, explanations, versions, knownIds, sources } = catalogue
  if (packages.length === 0) {
    const text = 'No package fits. Try fewer words, another category or a higher level.'
    return <p className="empty">{totalCount === 0 ? text : 'The results end before this page.'}</p>
  }
  const listedIds = new Set(packages.map((entry) => entry.packageId))
  const types = new Map(sources.map((source) => [source.sourceId, source.type]))
  return (
    <div className="packages">
      {/* Every row names its facts itself, for those who do not see columns. */}
      <div className="packages-header" aria-hidden="true">
        <span>Package</span>
        <span>Source</span>
        <span>Level</span>
        <span>Category</span>
      </div>
      <ul>
        {packages.map((entry) => (
          <PackageRow
            key={entry.packageId}
            entry={entry}
            sourceType={types.get(entry.selectedSource) ?? 'local'}
            explanation={explanations.get(entry.packageId)}
            versions={versions.get(entry.packageId) ?? []}
            listedIds={listedIds}
            knownIds={knownIds}
          />
        ))}
      </ul>
    </div>
  )
}
