import type { PackageExplanation } from '@/lib/packages/package-glue'
import { whySelected } from '@/lib/packages/why'

/** Which source won a package that several sources have, and why the others lost. */
export function Conflict({ explanation }: { explanation: PackageExplanation }) {
  const { candidates, conflictResolution, packageId, selectedSource } = explanation
  return (
    <details className="conflict">
      <summary>
        In {candidates.length} sources: <strong>{selectedSource}</strong> won because {whySelected(explanation)}
      </summary>
      <table>
        <caption>
          Candidates for {packageId}, decided by {conflictResolution}
        </caption>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col" className="wide-only">
              Type
            </th>
            <th scope="col">Version</th>
            <th scope="col">Priority</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {candidates.map(({ sourceId, type, version, priority, selected, reason }, index) => (
            // A source may list a package twice, so that its id alone is no key.
            // biome-ignore lint/suspicious/noArrayIndexKey: the list is rendered once and never reordered
            <tr key={`${sourceId} ${index}`} data-selected={selected}>
              <th scope="row">{sourceId}</th>
              <td className="wide-only">{type}</td>
              <td>{version ?? 'unknown'}</td>
              <td>{priority}</td>
              <td>{selected ? 'selected' : reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
