// Stale while revalidate: an old copy answers at once, and one request in the background refreshes it.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, test } from 'node:test'
import { RemotePackageSource } from '../index.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { deferred, until } from './helpers/until.mjs'

/** A registry of one package whose version and validators the test sets, and that keeps what it was asked. */
async function revalidatingRegistry(t) {
  const registry = { version: '1.0.0', headers: {}, status: 200, requests: [], gate: Promise.resolve() }
  const server = createServer(async (request, response) => {
    const { url, headers } = request
    registry.requests.push({ url, headers })
    await registry.gate
    const { etag, 'last-modified': modified } = registry.headers
    const isCurrent = etag ? headers['if-none-match'] === etag : modified && headers['if-modified-since'] === modified
    if (registry.status !== 200 || isCurrent) {
      response.writeHead(isCurrent && registry.status === 200 ? 304 : registry.status, registry.headers).end()
      return
    }
    const entry = { packageId: 'a', name: 'A', version: registry.version }
    const isList = url === '/packages' || url.startsWith('/packages/search')
    const isVersions = url.endsWith('/versions')
    const body = isList
      ? { packages: [entry] }
      : isVersions
        ? { packageId: 'a', versions: [{ version: registry.version }] }
        : { metadata: entry, components: [], scriptFiles: [] }
    response.writeHead(200, { 'content-type': 'application/json', ...registry.headers }).end(JSON.stringify(body))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  registry.url = `http://127.0.0.1:${server.address().port}`
  return registry
}

const sourceOf = ({ url }, config = {}) => new RemotePackageSource({ id: 'reg', url, enabled: true, ...config })

const WAYS = {
  fetchIndex: async (source) => (await source.fetchIndex())[0]?.version,
  loadPackage: async (source) => (await source.loadPackage('a'))?.metadata.version,
  getVersions: async (source) => (await source.getVersions('a'))[0],
  searchPackages: async (source) => (await source.searchPackages('a'))[0]?.version,
}

for (const [way, ask] of Object.entries(WAYS)) {
  describe(way, () => {
    test('gives the old copy at once while one request refreshes it', async (t) => {
      const registry = await revalidatingRegistry(t)
      const source = sourceOf(registry)
      source.setCacheExpiry(1)
      assert.equal(await ask(source), '1.0.0')
      registry.version = '2.0.0'
      let open
      registry.gate = new Promise((resolve) => {
        open = resolve
      })
      await until(async () => (await ask(source)) && registry.requests.length === 2)
      // The request is held back, so only the copy can have answered.
      for (let n = 0; n < 20; n++) assert.equal(await ask(source), '1.0.0')
      assert.equal(registry.requests.length, 2)
      open()
      await until(async () => (await ask(source)) === '2.0.0')
    })

    for (const [name, headers, asked] of [
      ['entity tag', { etag: '"one"', 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 'if-none-match'],
      ['time of modification', { 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 'if-modified-since'],
    ]) {
      test(`asks by the ${name}, and a 304 makes the copy fresh`, async (t) => {
        const registry = await revalidatingRegistry(t)
        registry.headers = headers
        const source = sourceOf(registry)
        source.setCacheExpiry(0)
        assert.equal(await ask(source), '1.0.0')
        assert.equal(await ask(source), '1.0.0')
        assert.equal(registry.requests[0].headers[asked], undefined)
        assert.equal(registry.requests[1].headers[asked], headers.etag ?? headers['last-modified'])
        source.setCacheExpiry(60_000)
        assert.equal(await ask(source), '1.0.0')
        assert.equal(registry.requests.length, 2)
      })
    }
  })
}

test('a 304 keeps the very objects', async (t) => {
  const registry = await revalidatingRegistry(t)
  registry.headers = { etag: '"one"' }
  const source = sourceOf(registry)
  source.setCacheExpiry(0)
  const [data, [entry]] = [await source.loadPackage('a'), await source.fetchIndex()]
  assert.equal(await source.loadPackage('a'), data)
  assert.equal((await source.fetchIndex())[0], entry)
})

describe('freshness', () => {
  test("is the registry's max-age where the caller says nothing", async (t) => {
    const registry = await revalidatingRegistry(t)
    registry.headers = { 'cache-control': 'max-age=0' }
    const source = sourceOf(registry)
    await source.fetchIndex()
    registry.version = '2.0.0'
    await until(async () => (await source.fetchIndex())[0].version === '2.0.0')
  })

  test("is the caller's where it says something", async (t) => {
    const registry = await revalidatingRegistry(t)
    registry.headers = { 'cache-control': 'no-store' }
    const source = sourceOf(registry)
    source.setCacheExpiry(60_000)
    for (let n = 0; n < 5; n++) await source.fetchIndex()
    assert.equal(registry.requests.length, 1)
  })

  test('ends with maxStaleMs: a copy beyond it answers no more', async (t) => {
    const registry = await revalidatingRegistry(t)
    const source = sourceOf(registry, { maxStaleMs: 0 })
    source.setCacheExpiry(1)
    const { manager } = managerOf([source])
    assert.equal((await source.fetchIndex()).length, 1)
    registry.status = 500
    await until(async () => (await source.fetchIndex()).length === 0)
    assert.equal((await manager.fetchMergedIndex()).length, 0)
    registry.status = 200
    await until(async () => (await manager.fetchMergedIndex()).length === 1, { every: 50 })
  })

  for (const maxStaleMs of [-1, Number.NaN, '5', null]) {
    test(`refuses a maxStaleMs of ${maxStaleMs}`, () => {
      assert.throws(() => sourceOf({ url: 'http://127.0.0.1:9' }, { maxStaleMs }), { code: 'EINVALIDARG' })
    })
  }
})

test('a refresh that fails is reported once, however many old copies it marks', async (t) => {
  const registry = await revalidatingRegistry(t)
  const source = sourceOf(registry)
  source.setCacheExpiry(1)
  const { manager, reports } = managerOf([source])
  await source.loadPackage('a')
  registry.status = 500
  await until(async () => (await source.loadPackage('a')) && reports.length > 0)
  // The next refresh waits a moment after a failure; until then the same failure marks every answer.
  for (let n = 0; n < 50; n++) assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
  const asked = registry.requests.length - 1
  assert.ok(reports.length <= asked, `${reports.length} reports of ${asked} failures`)
  assert.equal(statusOf(manager, 'reg').lastError.code, 'EHTTP')
})

describe('whenIdle', () => {
  test('settles when the refreshes under way are done', async (t) => {
    const registry = await revalidatingRegistry(t)
    const source = sourceOf(registry)
    source.setCacheExpiry(1)
    const { manager } = managerOf([source])
    assert.equal(await source.loadPackage('a').then((data) => data.metadata.version), '1.0.0')
    registry.version = '2.0.0'
    await until(async () => (await source.loadPackage('a')) && registry.requests.length >= 2)
    assert.equal(await manager.whenIdle(), undefined)
    // The refreshed copy, at once, whether or not it has gone stale since.
    assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
  })

  test('waits for nothing that begins later', async (t) => {
    const registry = await revalidatingRegistry(t)
    const source = sourceOf(registry)
    source.setCacheExpiry(1)
    const { manager } = managerOf([source])
    await source.loadPackage('a')
    await source.getVersions('a')
    const [first, second] = [deferred(), deferred()]
    registry.gate = first.promise
    await until(async () => (await source.loadPackage('a')) && registry.requests.length === 3)
    let isIdle = false
    const idle = manager.whenIdle().then(() => {
      isIdle = true
    })
    registry.gate = second.promise
    await until(async () => (await source.getVersions('a')) && registry.requests.length === 4)
    assert.equal(isIdle, false)
    first.resolve()
    await until(() => isIdle, { what: 'whenIdle()', timeout: 10_000 })
    second.resolve()
    await idle
    await manager.whenIdle()
  })

  test('settles at once where nothing is under way, and never rejects', async (t) => {
    const registry = await revalidatingRegistry(t)
    const { manager } = managerOf([sourceOf(registry)])
    assert.equal(await manager.whenIdle(), undefined)
    registry.status = 500
    await manager.fetchMergedIndex()
    assert.equal(await manager.whenIdle(), undefined)
  })
})

describe("mergedIndexRefresh: 'auto'", () => {
  const versionIn = async (manager) => (await manager.fetchMergedIndex())[0]?.version

  test('has stale copies revalidated without waiting, and shows what changed', async (t) => {
    const registry = await revalidatingRegistry(t)
    const source = sourceOf(registry)
    source.setCacheExpiry(1)
    const { manager } = managerOf([source], { mergedIndexRefresh: 'auto' })
    assert.equal(await versionIn(manager), '1.0.0')
    registry.version = '2.0.0'
    let open
    registry.gate = new Promise((resolve) => {
      open = resolve
    })
    await until(async () => (await manager.hasPackage('a')) && registry.requests.length === 2)
    // The revalidation is held back, and no call waits for it.
    assert.equal(await versionIn(manager), '1.0.0')
    open()
    await manager.whenIdle()
    // With copies that are fresh for a millisecond the next look may be the one that sees the change.
    await until(async () => (await versionIn(manager)) === '2.0.0', { every: 20 })
  })

  test('keeps the very entries where nothing changed', async (t) => {
    const registry = await revalidatingRegistry(t)
    registry.headers = { etag: '"one"' }
    const source = sourceOf(registry)
    source.setCacheExpiry(1)
    const { manager } = managerOf([source], { mergedIndexRefresh: 'auto' })
    const [entry] = await manager.fetchMergedIndex()
    await until(async () => (await manager.hasPackage('a')) && registry.requests.length >= 3)
    await manager.whenIdle()
    assert.equal((await manager.fetchMergedIndex())[0], entry)
  })

  test('goes on with the old index while the registry fails, and catches up', async (t) => {
    const registry = await revalidatingRegistry(t)
    const source = sourceOf(registry)
    source.setCacheExpiry(1)
    const { manager } = managerOf([source], { mergedIndexRefresh: 'auto' })
    assert.equal(await versionIn(manager), '1.0.0')
    registry.status = 500
    await until(async () => (await versionIn(manager)) && statusOf(manager, 'reg').state === 'stale', { every: 20 })
    assert.equal(await versionIn(manager), '1.0.0')
    registry.status = 200
    registry.version = '2.0.0'
    await until(async () => (await versionIn(manager)) === '2.0.0', { every: 20 })
    assert.equal(statusOf(manager, 'reg').state, 'ok')
  })

  test('is not what happens where nothing is said: the merged index stays', async (t) => {
    const registry = await revalidatingRegistry(t)
    const source = sourceOf(registry)
    source.setCacheExpiry(1)
    const { manager } = managerOf([source])
    assert.equal(await versionIn(manager), '1.0.0')
    registry.version = '2.0.0'
    await until(async () => (await source.fetchIndex())[0].version === '2.0.0')
    assert.equal(await versionIn(manager), '1.0.0')
    manager.clearAllCaches()
    assert.equal(await versionIn(manager), '2.0.0')
  })

  test('refuses another word', () => {
    assert.throws(() => managerOf([], { mergedIndexRefresh: 'always' }), { code: 'EINVALIDARG' })
  })
})
