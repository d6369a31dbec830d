import type { SourceView } from '@/lib/packages/sources'
import { Commit } from './revision'

const STATE_TEXT = {
  ok: 'Healthy',
  stale: 'Stale: an earlier copy serves',
  failing: 'Failing',
  unknown: 'Not asked yet',
} as const

// The state has a shape of its own, so that it does not hang on colour alone.
const STATE_SHAPE = {
  ok: 'm2.5 6.5 2.5 2.5 4.5-5.5',
  stale: 'M6 2.5V6l2.5 1.5',
  failing: 'm3 3 6 6m0-6-6 6',
  unknown: 'M3 6h6',
} as const

export function SourcePanel({ sources, conflictCount }: { sources: SourceView[]; conflictCount: number }) {
  return (
    <aside className="sources" aria-labelledby="sources-heading">
      <h2 id="sources-heading">Sources</h2>
      <ul>
        {sources.map((source) => (
          <Source key={source.sourceId} source={source} />
        ))}
      </ul>
      <p className="conflict-count">
        {conflictCount === 0
          ? 'No package is offered by more than one source.'
          : `${conflictCount} ${conflictCount === 1 ? 'package is' : 'packages are'} offered by more than one source.`}
      </p>
    </aside>
  )
}

function Source({ source }: { source: SourceView }) {
  const { sourceId, name, type, state, packageCount, priority, branch, revision } = source
  const { lastSuccessAt, lastError, warnings } = source
  return (
    <li className="source-card" data-source={sourceId} data-state={state}>
      <h3>
        {name}{' '}
        <span className="source" data-type={type}>
          {sourceId}
        </span>
      </h3>
      <p className="state">
        <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
          <path d={STATE_SHAPE[state]} />
        </svg>
        {STATE_TEXT[state]}
      </p>
      <dl>
        <dt>Packages</dt>
        <dd>{packageCount}</dd>
        <dt>Type</dt>
        <dd>{type}</dd>
        <dt>Priority</dt>
        <dd>{priority}</dd>
        {branch && (
          <>
            <dt>Branch</dt>
            <dd>{branch}</dd>
          </>
        )}
        {revision && (
          <>
            <dt>Commit</dt>
            <dd>
              <Commit id={revision} />
            </dd>
          </>
        )}
        <dt>Last read</dt>
        <dd>{lastSuccessAt === null ? 'never' : <Moment at={lastSuccessAt} />}</dd>
      </dl>
      {lastError && (
        <p className="last-error">
          <code>{lastError.code}</code> {lastError.message}
        </p>
      )}
      {warnings.length > 0 && (
        <details className="warnings">
          <summary>
            {warnings.length} {warnings.length === 1 ? 'warning' : 'warnings'}
          </summary>
          <ul>
            {warnings.map(({ path, reason }) => (
              <li key={`${path} ${reason}`}>
                <code>{path}</code> {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

function Moment({ at }: { at: number }) {
  const iso = new Date(at).toISOString()
  return <time dateTime={iso}>{`${iso.slice(11, 19)} UTC`}</time>
}
