import type { PackageCandidate, PackageExplanation } from './package-glue'

/** In half a sentence why the selected source won: `its version 2.0.0 is newer than 1.4.0`. */
export function whySelected({ conflictResolution, candidates }: PackageExplanation): string {
  const winner = candidates.find((candidate) => candidate.selected)
  const loser = candidates.find((candidate) => !candidate.selected && candidate.version !== null)
  if (!winner || !loser) return 'no other source offers it'
  switch (loser.reason) {
    case 'older version':
      return `its version ${winner.version} is newer than ${loser.version}`
    case 'source type':
      return `${conflictResolution} prefers ${winner.type} sources`
    case 'added later':
      return 'it was added first'
    case 'duplicate in source':
      return 'it comes first in its source'
    case 'source failing':
      return 'the other source is failing'
    default:
      return `${sameVersion(winner, loser, conflictResolution)}its priority ${winner.priority} comes before ${loser.priority}`
  }
}

function sameVersion(winner: PackageCandidate, loser: PackageCandidate, strategy: string): string {
  return strategy === 'latest-version' && winner.version === loser.version ? 'the versions are equal and ' : ''
}
