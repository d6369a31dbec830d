import { matchesEtag } from '@/lib/etag'
import { HttpError, route } from '@/lib/http'
import { encodedIndex } from '@/lib/packages/encoded-index'
import { getManager } from '@/lib/packages/manager'

/** The local packages alone, as other installations and build tools read them: the same for everyone who asks. */
export const GET = route(async (request) => {
  const manager = getManager()
  // The status asks no source anything: this makes it current, and tries a failing source again when its time has come.
  await manager.fetchMergedIndex()
  const status = manager.getSourceStatus().find((source) => source.sourceId === 'local')
  if (status?.state === 'failing') {
    throw new HttpError(503, 'ESOURCE', 'The packages folder cannot be read at the moment.')
  }
  const { body, etag } = encodedIndex((await manager.getSource('local')?.fetchIndex()) ?? [])
  // no-transform: the tag is a strong one, so nobody on the way may compress these bytes into others.
  const headers = { ETag: etag, 'Cache-Control': 'public, no-cache, no-transform' }
  if (matchesEtag(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers })
  return new Response(body, { headers: { ...headers, 'Content-Type': 'application/json' } })
})
