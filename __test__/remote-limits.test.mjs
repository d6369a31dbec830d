// What a registry sends is bounded before it costs: bytes, depth, pages; and connections and copies are used again.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'

const MIB = 1 << 20

describe('An answer', () => {
  /** A package of exactly so many bytes. */
  function packageOf(bytes) {
    const data = { metadata: { packageId: 'a', version: '1.0.0' }, components: [], scriptFiles: [], scripts: '' }
    data.scripts = 'x'.repeat(bytes - JSON.stringify(data).length)
    return JSON.stringify(data)
  }

  test('may be as large as maxResponseBytes, and no byte larger', async (t) => {
    let body = packageOf(MIB)
    const { url } = await rawServer(t, (_, response) => sendJson(response, body))
    const { source, reports } = watchedRemote({ url }, { maxResponseBytes: MIB })
    assert.notEqual(await source.loadPackage('a'), null)
    source.clearCache()
    body = packageOf(MIB + 1)
    assert.equal(await source.loadPackage('a'), null)
    assert.equal(reports[0].error.code, 'ETOOLARGE')
  })

  for (const [encoding, compress] of Object.entries({ gzip: gzipSync, br: brotliCompressSync })) {
    test(`is counted unpacked where it is packed with ${encoding}`, async (t) => {
      let body = packageOf(MIB)
      const { url } = await rawServer(t, (_, response) =>
        sendJson(response, compress(body), { 'content-encoding': encoding }),
      )
      const { source, reports } = watchedRemote({ url }, { maxResponseBytes: MIB })
      assert.notEqual(await source.loadPackage('a'), null)
      source.clearCache()
      body = packageOf(MIB + 1)
      assert.equal(await source.loadPackage('a'), null)
      assert.equal(reports[0].error.code, 'ETOOLARGE')
    })
  }

  test('that goes on for ever is broken off', async (t) => {
    let sent = 0
    const { url, requests } = await rawServer(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const block = Buffer.alloc(1 << 16, ' ')
      const more = () => {
        while (!response.destroyed) {
          sent += block.length
          if (!response.write(block)) return response.once('drain', more)
        }
      }
      more()
    })
    const { source, reports } = watchedRemote({ url }, { maxResponseBytes: MIB })
    assert.equal(await source.loadPackage('a'), null)
    assert.equal(reports[0].error.code, 'ETOOLARGE')
    assert.equal(requests.length, 1)
    // What the system's buffers take besides is far below this.
    assert.ok(sent < 64 * MIB, `${sent} bytes sent`)
  })

  for (const [name, body] of Object.entries({
    arrays: '['.repeat(1_000_000),
    objects: '{"a":'.repeat(1_000_000),
    'arrays within a package': `{"metadata":{"packageId":"a","version":"1.0.0"},"components":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  })) {
    test(`that nests too deep is refused: ${name}`, async (t) => {
      const { url } = await rawServer(t, (_, response) => sendJson(response, body))
      const { source, reports } = watchedRemote({ url })
      assert.equal(await source.loadPackage('a'), null)
      assert.deepEqual(await source.fetchIndex(), [])
      assert.deepEqual(
        reports.map(({ error }) => error.code),
        ['EPROTOCOL', 'EPROTOCOL'],
      )
    })
  }

  for (const encoding of ['gzip', 'br', 'zstd']) {
    test(`packed with ${encoding} is asked for and read`, async (t) => {
      const registry = await startRegistry(t, { encodings: [encoding] })
      registry.publish({ packageId: 'a', description: 'long '.repeat(100_000) })
      const source = remoteSource(registry)
      assert.deepEqual(await idsOf(source), ['a'])
      assert.equal((await source.loadPackage('a')).metadata.description.length, 500_000)
      for (const { headers } of registry.requests) assert.ok(headers['accept-encoding'].includes(encoding))
    })
  }
})

describe('An index', () => {
  /** A server of pages, each made from its number. */
  const paged = (t, page) =>
    rawServer(t, (request, response) => {
      const number = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? 1)
      sendJson(response, page(number))
    })

  test('ends where its count says, whatever more there would be', async (t) => {
    const { url, requests } = await paged(t, (page) => ({
      packages: [{ packageId: `p${page}`, version: '1.0.0' }],
      totalCount: 3,
      page,
      pageSize: 1,
    }))
    assert.deepEqual(await idsOf(remoteSource({ url })), ['p1', 'p2', 'p3'])
    assert.equal(requests.length, 3)
  })

  test('that goes on for ever is an error', async (t) => {
    const { url, requests } = await paged(t, (page) => ({
      packages: [{ packageId: `p${page}`, version: '1.0.0' }],
      totalCount: page + 5,
      page,
      pageSize: 1,
    }))
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EPROTOCOL')
    assert.ok(requests.length < 50, `${requests.length} requests`)
  })

  test('that goes on for ever without a count is an error', async (t) => {
    const { url, requests } = await paged(t, (page) => ({
      packages: [{ packageId: `p${page}`, version: '1.0.0' }],
      page,
      pageSize: 1,
    }))
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EPROTOCOL')
    assert.ok(requests.length <= 10_000, `${requests.length} requests`)
  })

  test('that repeats a page is an error', async (t) => {
    const { url, requests } = await paged(t, (page) => ({
      packages: [{ packageId: 'a', version: '1.0.0' }],
      totalCount: 100,
      page,
      pageSize: 1,
    }))
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EPROTOCOL')
    assert.ok(requests.length <= 3, `${requests.length} requests`)
  })

  test('half of which failed is not kept as if it were whole', async (t) => {
    const registry = await startRegistry(t, { maxPageSize: 1 })
    registry.publish({ packageId: 'a' }).publish({ packageId: 'b' }).publish({ packageId: 'c' })
    const { source } = watchedRemote(registry, { maxAttempts: 1 })
    let asked = 0
    registry.fault({ status: 500 }, { path: { test: () => ++asked === 2 } })
    assert.deepEqual(await source.fetchIndex(), [])
    registry.heal()
    assert.deepEqual(await idsOf(source), ['a', 'b', 'c'])
  })
})

describe('Copies', () => {
  test('are bounded by cacheMaxBytes: the registry is asked anew for what had to go', async (t) => {
    const registry = await startRegistry(t)
    const ids = Array.from({ length: 20 }, (_, n) => `p${n}`)
    for (const packageId of ids) registry.publish({ packageId, description: 'x'.repeat(100_000) })
    const [bounded, roomy] = [remoteSource(registry, { cacheMaxBytes: 300_000 }), remoteSource(registry)]
    for (const [source, least, most] of [
      [bounded, 30, 40],
      [roomy, 20, 20],
    ]) {
      registry.requests.length = 0
      for (let round = 0; round < 2; round++) {
        // What has to go goes a moment later.
        await new Promise((resolve) => setTimeout(resolve, 600))
        for (const packageId of ids) {
          const { metadata } = await source.loadPackage(packageId, '1.0.0')
          assert.equal(metadata.packageId, packageId)
          assert.equal(metadata.description.length, 100_000)
        }
      }
      assert.ok(registry.requests.length >= least, `${registry.requests.length} requests`)
      assert.ok(registry.requests.length <= most, `${registry.requests.length} requests`)
    }
  })

  test('are none where cacheMaxBytes is 0, and everything works', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const source = remoteSource(registry, { cacheMaxBytes: 0 })
    for (let n = 0; n < 3; n++) {
      assert.notEqual(await source.loadPackage('a'), null)
      assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
      assert.equal((await source.searchPackages('a')).length, 1)
    }
  })
})

describe('Connections', () => {
  test('are kept and used again', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const source = remoteSource(registry)
    for (let n = 0; n < 30; n++) await source.searchPackages(`${n}`)
    assert.equal(registry.requests.length, 30)
    assert.equal(registry.connections, 1)
  })

  test('that the registry closed in the meantime are no failure', async (t) => {
    const registry = await startRegistry(t, { headers: { connection: 'close' } })
    registry.publish({ packageId: 'a' })
    const { source, reports } = watchedRemote(registry, { maxAttempts: 1 })
    for (let n = 0; n < 10; n++) assert.equal((await source.searchPackages('', { page: 1, pageSize: n + 1 })).length, 1)
    assert.equal(registry.connections, 10)
    assert.deepEqual(reports, [])
  })
})

test('A source has at most 64 requests under way, and the others wait their turn', async (t) => {
  const registry = await startRegistry(t)
  const ids = Array.from({ length: 200 }, (_, n) => `p${n}`)
  for (const packageId of ids) registry.publish({ packageId })
  let [now, most] = [0, 0]
  const { url } = await rawServer(t, (request, response) => {
    most = Math.max(most, ++now)
    setTimeout(() => {
      now--
      sendJson(response, registry.packages.get(request.url.split('/').at(-1))[0])
    }, 100)
  })
  const { source, reports } = watchedRemote({ url })
  const loaded = await Promise.all(ids.map((id) => source.loadPackage(id)))
  assert.deepEqual(
    loaded.map(({ metadata }) => metadata.packageId),
    ids,
  )
  assert.ok(most > 1 && most <= 64, `${most} requests at a time`)
  assert.deepEqual(reports, [])
})

describe('A bound that is none is refused', () => {
  const NAMES = [
    'cacheMaxBytes',
    'maxResponseBytes',
    'connectTimeoutMs',
    'readTimeoutMs',
    'requestTimeoutMs',
    'maxAttempts',
    'breakerFailures',
    'breakerOpenMs',
    'cacheDirMaxBytes',
    'cacheExpiry',
    'maxStaleMs',
  ]
  for (const name of NAMES) {
    test(name, () => {
      for (const value of [-1, Number.NaN, '5', null, {}, 5n]) {
        assert.throws(() => remoteSource({ url: 'http://127.0.0.1:9' }, { [name]: value }), { code: 'EINVALIDARG' })
      }
    })
  }
})
