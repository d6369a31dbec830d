import type { MergedPackageEntry } from '@/lib/packages/package-glue'

interface Props {
  entry: MergedPackageEntry
  /** Ids that stand on this page, and can be jumped to. */
  listedIds: Set<string>
  /** Ids that any source has. */
  knownIds: Set<string>
}

export function Dependencies({ entry, listedIds, knownIds }: Props) {
  const { dependencies, dependencyRanges } = entry
  if (dependencies.length === 0) return <p className="dependencies">Needs no other package</p>
  return (
    <p className="dependencies">
      Needs{' '}
      {dependencies.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          {listedIds.has(id) ? <a href={`#package-${encodeURIComponent(id)}`}>{id}</a> : id}
          {rangeText(dependencyRanges, id)}
          {!knownIds.has(id) && <strong className="missing"> (in no source)</strong>}
        </span>
      ))}
    </p>
  )
}

// Beside an array of ids the field is whatever its source wrote there.
function rangeText(ranges: unknown, id: string): string {
  if (typeof ranges !== 'object' || ranges === null || !Object.hasOwn(ranges, id)) return ''
  const range = (ranges as Record<string, unknown>)[id]
  return typeof range === 'string' && range !== '*' ? ` ${range}` : ''
}
