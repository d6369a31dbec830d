// An index of many pages is revalidated page by page: what has not changed is not sent again.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { idsOf } from './helpers/local.mjs'
import { rawServer, remoteSource } from './helpers/remote.mjs'

const SIZE = 2

/** A registry of these packages, two a page, that gives each page a tag. `statuses` are those of its answers. */
async function taggedRegistry(t, ids, { hasTotal = true } = {}) {
  const registry = { ids, statuses: [] }
  const { url } = await rawServer(t, (request, response) => {
    const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? 1)
    const packages = registry.ids.slice((page - 1) * SIZE, page * SIZE).map((packageId) => ({ packageId }))
    const total = hasTotal ? { totalCount: registry.ids.length } : {}
    const body = JSON.stringify({ packages, ...total, page, pageSize: SIZE })
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
    const status = request.headers['if-none-match'] === etag ? 304 : 200
    registry.statuses.push(status)
    response.writeHead(status, { 'content-type': 'application/json', etag }).end(status === 200 ? body : undefined)
  })
  return { registry, source: remoteSource({ url }, { cacheExpiry: 0 }) }
}

test('pages that have not changed are not sent again', async (t) => {
  const { registry, source } = await taggedRegistry(t, ['a', 'b', 'c', 'd', 'e'])
  const [first] = await source.fetchIndex()
  assert.deepEqual(registry.statuses, [200, 200, 200])
  const again = await source.fetchIndex()
  assert.deepEqual(registry.statuses.slice(3), [304, 304, 304])
  assert.equal(again[0], first, 'the entries are the same objects')
})

for (const [what, ids, statuses] of [
  ['the first page', ['x', 'b', 'c', 'd', 'e'], [200, 200, 200]],
  ['a later page', ['a', 'b', 'c', 'x', 'e'], [304, 200, 200, 200, 200]],
  ['the last page', ['a', 'b', 'c', 'd', 'x'], [304, 304, 200, 200, 200, 200]],
  ['the number of pages', ['a', 'b', 'c', 'd', 'e', 'f', 'g'], [200, 200, 200, 200]],
]) {
  test(`a change of ${what} is seen`, async (t) => {
    const { registry, source } = await taggedRegistry(t, ['a', 'b', 'c', 'd', 'e'])
    await source.fetchIndex()
    registry.ids = ids
    assert.deepEqual(await idsOf(source), ids)
    assert.deepEqual(registry.statuses.slice(3), statuses)
  })
}

test('without a total, all pages are read anew: one more would not be seen', async (t) => {
  const { registry, source } = await taggedRegistry(t, ['a', 'b', 'c', 'd'], { hasTotal: false })
  await source.fetchIndex()
  registry.ids = ['a', 'b', 'c', 'd', 'e']
  assert.deepEqual(await idsOf(source), registry.ids)
})
