import type { MergedPackageEntry } from '@/lib/packages/package-glue'

interface Props {
  entry: MergedPackageEntry
  /** Ids that stand on this page, and can be jumped to. */
  listedIds: Set<string>
  /** Ids that any source has. */
  knownIds: Set<string>
}

export function Dependencies({ entry, listedIds, knownIds }: Props) {
  const { dependencies, dependencyRanges = {} } = entry
  if (dependencies.length === 0) return <p className="dependencies">Needs no other package</p>
  return (
    <p className="dependencies">
      Needs{' '}
      {dependencies.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          {listedIds.has(id) ? <a href={`#package-${encodeURIComponent(id)}`}>{id}</a> : id}
          {Object.hasOwn(dependencyRanges, id) && dependencyRanges[id] !== '*' && ` ${dependencyRanges[id]}`}
          {!knownIds.has(id) && <strong className="missing"> (in no source)</strong>}
        </span>
      ))}
    </p>
  )
}
