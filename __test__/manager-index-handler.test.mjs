// The merged index as a route: one ready body for each level, tagged and coded.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { LocalPackageSource } from '../index.mjs'
import { managerOf } from './helpers/manager.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { assertProblem } from './helpers/registry-service.mjs'
import { AsyncSource, entry, plainSource } from './helpers/sources.mjs'

const request = (headers = {}, method = 'GET') =>
  new Request('http://app.invalid/api/packages/index', { method, headers })
const ids = async (response) => {
  assert.equal(response.status, 200)
  return (await response.json()).packages.map(({ packageId }) => packageId)
}

/** A manager over a folder with packages of the levels 1 to 6, `p1` to `p6`, and these further sources. */
function leveled(t, sources = [], config = {}) {
  const folder = packagesFolder(t)
  for (let level = 1; level <= 6; level++) folder.manifest(`p${level}`, { minLevel: level, extra: [1e21, level] })
  return managerOf([new LocalPackageSource({ id: 'local', url: folder.path }), ...sources], config)
}

describe('The index handler', () => {
  test('sends the merged index, native and own entries alike', async (t) => {
    const own = plainSource(
      'own',
      [{ packageId: 'own', note: 'ä😀\ud800' }, 'p2', { packageId: 'dated', at: new Date(0) }],
      { priority: 5 },
    )
    const { manager, reports } = leveled(t, [own, new AsyncSource('async', ['p9'], { priority: 7 })])
    const response = await manager.createIndexHandler()(request())
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.equal(response.headers.get('cache-control'), 'public, no-cache')
    const sent = await response.json()
    assert.deepEqual(sent, JSON.parse(JSON.stringify({ packages: await manager.fetchMergedIndex() })))
    assert.deepEqual(sent.packages.find(({ packageId }) => packageId === 'p2').availableSources, ['local', 'own'])
    assert.equal(sent.packages.find(({ packageId }) => packageId === 'dated').at, '1970-01-01T00:00:00.000Z')
    assert.deepEqual(reports, [])
  })

  test('sends nothing but an empty list where there is nothing', async () => {
    const response = await managerOf([]).manager.createIndexHandler()(request())
    assert.equal(await response.text(), '{"packages":[]}')
  })

  test('spares a body that the client has', async (t) => {
    const { manager } = leveled(t)
    const handler = manager.createIndexHandler()
    const first = await handler(request())
    const etag = first.headers.get('etag')
    assert.match(etag, /^"[0-9a-f]{32}"$/)
    const again = await handler(request({ 'if-none-match': etag }))
    assert.deepEqual([again.status, again.body, again.headers.get('etag')], [304, null, etag])
    assert.equal((await handler(request({ 'if-none-match': '"other"' }))).status, 200)
  })

  test('is coded as the client likes, once for all who ask', async (t) => {
    const { manager } = leveled(t, [
      plainSource(
        'own',
        Array.from({ length: 500 }, (_, number) => `own_${number}`),
      ),
    ])
    const handler = manager.createIndexHandler()
    const plain = Buffer.from(await (await handler(request())).arrayBuffer())
    const tags = new Set()
    for (const [coding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ]) {
      const responses = await Promise.all(
        Array.from({ length: 50 }, () => handler(request({ 'accept-encoding': coding }))),
      )
      for (const response of responses) {
        assert.equal(response.headers.get('content-encoding'), coding)
        assert.equal(response.headers.get('vary'), 'Accept-Encoding')
        const body = Buffer.from(await response.arrayBuffer())
        assert.equal(response.headers.get('content-length'), String(body.length))
        assert.ok(decode(body).equals(plain))
        tags.add(response.headers.get('etag'))
      }
    }
    assert.equal(tags.size, 2)
  })

  test('answers HEAD without a body, and nothing else', async (t) => {
    const handler = leveled(t).manager.createIndexHandler()
    const [get, head] = [await handler(request()), await handler(request({}, 'HEAD'))]
    assert.deepEqual([...head.headers], [...get.headers])
    assert.equal(head.body, null)
    const response = await handler(request({}, 'POST'))
    assert.equal(response.headers.get('allow'), 'GET, HEAD')
    await assertProblem(response, 405, 'EMETHOD')
  })

  test('is made anew when the merged index is, and only then', async (t) => {
    const own = plainSource('own', ['one'])
    const { manager } = leveled(t, [own])
    const handler = manager.createIndexHandler()
    const first = await handler(request())
    const tagOf = async () => (await handler(request())).headers.get('etag')
    own.entries = [...own.entries, entry('two', { sourceId: 'own' })]
    assert.equal(await tagOf(), first.headers.get('etag'))
    assert.equal(own.count('fetchIndex'), 1)
    manager.clearAllCaches()
    assert.deepEqual((await ids(await handler(request()))).slice(-2), ['one', 'two'])
    const second = await tagOf()
    assert.notEqual(second, first.headers.get('etag'))
    manager.removeSource('own')
    assert.deepEqual(await ids(await handler(request())), ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'])
    manager.addSource(own)
    assert.equal(await tagOf(), second, 'the same contents have the same tag')
  })

  test('leaves out, and reports, what can not be written as JSON', async (t) => {
    const circular = { packageId: 'circular' }
    circular.self = circular
    const own = plainSource('own', [
      'good',
      circular,
      { packageId: 'big', size: 1n },
      { packageId: 'other', toJSON: () => 'text' },
      { packageId: 'none', toJSON: () => undefined },
      { packageId: 'custom', toJSON: () => ({ packageId: 'custom', made: true }) },
    ])
    const { manager, reports } = leveled(t, [own])
    const response = await manager.createIndexHandler({ userLevel: 1 })(request())
    assert.deepEqual(await ids(response), ['p1', 'good', 'custom'])
    assert.deepEqual(
      reports.map(({ error, context }) => [error.code, context.sourceId, context.packageId]),
      ['circular', 'big', 'other', 'none'].map((packageId) => ['EBADRESULT', 'own', packageId]),
    )
    assert.ok(reports.every(({ error }) => error.message.includes('JSON') && error.cause instanceof Error))
  })
})

describe('A level', () => {
  test('sees what it may open', async (t) => {
    const own = plainSource('own', [
      { packageId: 'low', minLevel: 2 },
      { packageId: 'none', minLevel: undefined },
      { packageId: 'high', minLevel: 7 },
    ])
    const { manager } = leveled(t, [own])
    for (const [userLevel, expected] of [
      [0, []],
      [1, ['p1', 'none']],
      [2.5, ['p1', 'p2', 'low', 'none']],
      [6, ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'low', 'none']],
      [Number.POSITIVE_INFINITY, ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'low', 'none', 'high']],
    ]) {
      assert.deepEqual(
        await ids(await manager.createIndexHandler({ userLevel })(request())),
        expected,
        String(userLevel),
      )
    }
  })

  test('may differ from request to request', async (t) => {
    const { manager } = leveled(t)
    const handler = manager.createIndexHandler({
      userLevel: async (request) => {
        const level = request.headers.get('x-level')
        return level === null ? undefined : Number(level)
      },
    })
    const tags = new Map()
    for (let round = 0; round < 2; round++) {
      for (let level = 1; level <= 6; level++) {
        const response = await handler(request({ 'x-level': String(level) }))
        assert.equal(response.headers.get('cache-control'), 'private, no-cache')
        const etag = response.headers.get('etag')
        if (round > 0) assert.equal(etag, tags.get(level))
        tags.set(level, etag)
        assert.equal((await ids(response)).length, level)
        assert.equal((await handler(request({ 'x-level': String(level), 'if-none-match': etag }))).status, 304)
      }
    }
    assert.equal(new Set(tags.values()).size, 6)
    assert.equal(
      (await handler(request({ 'x-level': '2', 'if-none-match': tags.get(1) }))).status,
      200,
      'not what another sees',
    )
    assert.deepEqual(await ids(await handler(request())), ['p1'], 'who is unknown sees what is public')
  })

  test('may be any of many, and few views are kept', async (t) => {
    const { manager } = leveled(t)
    const handler = manager.createIndexHandler({ userLevel: (request) => Number(request.headers.get('x-level')) })
    for (let level = 0; level < 60; level++) {
      const response = await handler(request({ 'x-level': String(level / 10) }))
      assert.equal((await ids(response)).length, Math.floor(level / 10))
    }
  })

  test('that is none, or that fails, rejects with the reason', async (t) => {
    const { manager } = leveled(t)
    for (const level of [Number.NaN, '6', null, {}]) {
      await assert.rejects(manager.createIndexHandler({ userLevel: () => level })(request()), { code: 'EINVALIDARG' })
    }
    const reason = new Error('no session store')
    const throws = () => {
      throw reason
    }
    await assert.rejects(manager.createIndexHandler({ userLevel: throws })(request()), reason)
    await assert.rejects(manager.createIndexHandler({ userLevel: async () => throws() })(request()), reason)
  })
})

test('the caching may be set, and wrong options are refused', async (t) => {
  const { manager } = leveled(t)
  const response = await manager.createIndexHandler({ cacheControl: 'public, max-age=5' })(request())
  assert.equal(response.headers.get('cache-control'), 'public, max-age=5')
  for (const options of [
    null,
    7,
    { userLevel: '6' },
    { userLevel: Number.NaN },
    { cacheControl: 5 },
    { cacheControl: 'a\r\nb: c' },
    { cacheControl: 'ä' },
  ]) {
    assert.throws(() => manager.createIndexHandler(options), { code: 'EINVALIDARG' }, JSON.stringify(options))
  }
})

test('while a source fails, what the others have is sent', async (t) => {
  const failing = plainSource('failing', ['x'])
  failing.fetchIndex = () => Promise.reject(new Error('down'))
  const { manager, reports } = leveled(t, [failing])
  assert.equal((await ids(await manager.createIndexHandler()(request()))).length, 6)
  assert.equal(reports.length, 1)
})
