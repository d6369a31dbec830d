import { levelName } from '@/lib/level'
import type { MergedPackageEntry, PackageExplanation, PackageSourceType } from '@/lib/packages/package-glue'
import { Conflict } from './conflict'
import { Dependencies } from './dependencies'
import { Revision } from './revision'

interface Props {
  entry: MergedPackageEntry
  sourceType: PackageSourceType
  explanation: PackageExplanation | undefined
  /** Versions in the repository that it comes from. */
  versions: string[]
  listedIds: Set<string>
  knownIds: Set<string>
}

export function PackageRow({ entry, sourceType, explanation, versions, listedIds, knownIds }: Props) {
  const { packageId, name, version, description, category, minLevel, revision } = entry
  return (
    <li id={`package-${packageId}`} className="package" data-package={packageId}>
      <div className="package-title">
        <h3>{name}</h3> <span className="version">{version || 'no version'}</span>{' '}
        <a
          className="package-id"
          href={`/api/packages/${encodeURIComponent(packageId)}`}
          title="The whole package as JSON"
        >
          {packageId}
          <span className="visually-hidden"> as JSON</span>
        </a>
      </div>
      <dl className="facts">
        <div>
          <dt>Source</dt>
          <dd>
            <span className="source" data-type={sourceType}>
              {entry.selectedSource}
            </span>
          </dd>
        </div>
        <div>
          <dt>Level</dt>
          <dd>
            <LevelPips level={minLevel} /> {minLevel} {levelName(minLevel)}
          </dd>
        </div>
        <div>
          <dt>Category</dt>
          <dd>{category || 'none'}</dd>
        </div>
      </dl>
      <div className="package-body">
        {description && <p className="description">{description}</p>}
        <Dependencies entry={entry} listedIds={listedIds} knownIds={knownIds} />
        {revision && <Revision revision={revision} versions={versions} />}
        {explanation && <Conflict explanation={explanation} />}
      </div>
    </li>
  )
}

function LevelPips({ level }: { level: number }) {
  return (
    <svg className="pips" viewBox="0 0 34 10" width="34" height="10" aria-hidden="true">
      {[1, 2, 3, 4, 5, 6].map((pip) => (
        <rect key={pip} x={(pip - 1) * 6} y="0" width="4" height="10" rx="1.5" data-on={pip <= level} />
      ))}
    </svg>
  )
}
