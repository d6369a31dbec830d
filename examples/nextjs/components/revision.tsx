/** Versions that are shown; the others are counted. */
const SHOWN = 8

interface Props {
  revision: string
  versions: string[]
}

/** From which commit a package comes, and which versions its repository has. */
export function Revision({ revision, versions }: Props) {
  const more = versions.length - SHOWN
  return (
    <p className="revision">
      From commit <Commit id={revision} />
      {versions.length > 0 && `, versions ${versions.slice(0, SHOWN).join(', ')}`}
      {more > 0 && ` and ${more} more`}
    </p>
  )
}

/** A commit in short; the whole id shows where one points at it. */
export function Commit({ id }: { id: string }) {
  return <code title={id}>{id.slice(0, 7)}</code>
}
