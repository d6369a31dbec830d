import { createHash } from 'node:crypto'

/** A strong entity tag: the same bytes give the same tag, also after a restart and on another machine. */
export function etagOf(body: Uint8Array): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`
}

/** Whether `If-None-Match` names the tag. Its comparison is the weak one, so a `W/` in front does not count. */
export function matchesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false
  return ifNoneMatch.split(',').some((tag) => {
    const candidate = tag.trim()
    return candidate === '*' || candidate.replace(/^W\//, '') === etag
  })
}
