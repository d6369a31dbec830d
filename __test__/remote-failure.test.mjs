// Failures of a registry: never thrown, always reported, never with a secret in them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib'
import { RemotePackageSource } from '../index.mjs'
import { inChild } from './helpers/child.mjs'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'
import { captureConsoleError } from './helpers/reports.mjs'

const TOKEN = 'very-secret-token'
const INDEX = { packages: [{ packageId: 'a', version: '1.0.0' }] }

describe('a fault', () => {
  const FAULTS = {
    'status 400': [{ status: 400 }, 'EHTTP'],
    'status 401': [{ status: 401 }, 'EHTTP'],
    'status 403': [{ status: 403 }, 'EHTTP'],
    'status 429': [{ status: 429 }, 'EHTTP'],
    'status 500': [{ status: 500 }, 'EHTTP'],
    'status 503': [{ status: 503, body: INDEX }, 'EHTTP'],
    'a closed connection': [{ reset: true }, 'ENETWORK'],
    'a body that breaks off': [{ truncate: true }, 'ENETWORK'],
    'no JSON': [{ body: 'oops' }, 'EPROTOCOL'],
  }

  for (const [name, [fault, code]] of Object.entries(FAULTS)) {
    test(`is reported and not thrown: ${name}`, async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a' }).fault(fault)
      const { source, manager, reports, status } = watchedRemote(registry, { authToken: TOKEN })
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(status().state, 'failing')
      assert.equal(status().lastError.code, code)
      assert.deepEqual(reports[0].context, { sourceId: 'remote', operation: 'fetchIndex' })
      reports.length = 0
      assert.equal(await source.loadPackage('a'), null)
      assert.deepEqual(await source.getVersions('a'), [])
      assert.deepEqual(await source.searchPackages('a'), [])
      assert.equal(await source.hasPackage('a'), false)
      assert.deepEqual(
        reports.slice(0, 3).map(({ error, context }) => [error.code, context.operation, context.packageId]),
        [
          [code, 'loadPackage', 'a'],
          [code, 'getVersions', 'a'],
          [code, 'searchPackages', undefined],
        ],
      )
      for (const { error } of reports) {
        assert.ok(error instanceof Error)
        assert.ok(!error.message.includes(TOKEN))
        assert.ok(!error.stack.includes(TOKEN))
      }
    })
  }

  test('a registry that is not there', async (t) => {
    const registry = await startRegistry(t)
    await registry.close()
    const { manager, status } = watchedRemote(registry, { authToken: TOKEN })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ENETWORK')
    assert.ok(!status().lastError.message.includes(TOKEN))
  })

  test('a 404 of the whole index', async (t) => {
    const registry = await startRegistry(t)
    registry.fault({ status: 404 })
    const { manager, status } = watchedRemote(registry)
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EHTTP')
  })

  test('goes to console.error by default, without secrets', async (t) => {
    const lines = captureConsoleError(t)
    const registry = await startRegistry(t)
    registry.fault({ status: 401, body: { error: TOKEN } })
    const url = registry.url.replace('//', '//user:url-password@')
    const source = new RemotePackageSource({ url, authToken: TOKEN })
    await source.fetchIndex()
    await source.loadPackage('a')
    await source.getVersions('a')
    await source.searchPackages('a')
    assert.equal(lines.length, 4)
    const text = lines
      .flat()
      .map((part) => (part instanceof Error ? `${part.stack}${JSON.stringify(part)}` : String(part)))
    assert.ok(!text.join('\n').includes(TOKEN))
    assert.ok(!text.join('\n').includes('url-password'))
  })
})

describe('a redirect', () => {
  test('is followed', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const { url } = await rawServer(t, (request, response) => {
      response.writeHead(302, { location: registry.url + request.url }).end()
    })
    assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
  })

  test('to another port drops the token', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const { url, requests } = await rawServer(t, (request, response) => {
      response.writeHead(307, { location: registry.url + request.url }).end()
    })
    const source = remoteSource({ url }, { authToken: TOKEN })
    assert.deepEqual(await idsOf(source), ['a'])
    assert.notEqual(await source.loadPackage('a'), null)
    for (const { headers } of requests) assert.equal(headers.authorization, `Bearer ${TOKEN}`)
    assert.equal(registry.requests.length, 2)
    for (const { headers } of registry.requests) assert.ok(!JSON.stringify(headers).includes(TOKEN))
  })

  test('on the same host and port keeps the token', async (t) => {
    const { url, requests } = await rawServer(t, (request, response) => {
      if (request.url.startsWith('/new')) sendJson(response, INDEX)
      else response.writeHead(301, { location: `/new${request.url}` }).end()
    })
    assert.deepEqual(await idsOf(remoteSource({ url }, { authToken: TOKEN })), ['a'])
    assert.deepEqual(
      requests.map(({ headers }) => headers.authorization),
      [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`],
    )
  })

  test('in a circle is a failure', async (t) => {
    const { url, requests } = await rawServer(t, (request, response) => {
      response.writeHead(302, { location: request.url }).end()
    })
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EREDIRECT')
    assert.ok(requests.length <= 20, `${requests.length} requests`)
  })

  for (const location of ['file:///etc/hostname', 'ftp://127.0.0.1/', 'data:application/json,{}', 'http://']) {
    test(`to ${location} is a failure`, async (t) => {
      const { url } = await rawServer(t, (_, response) => response.writeHead(302, { location }).end())
      const { manager, status } = watchedRemote({ url })
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(status().lastError.code, 'EREDIRECT')
    })
  }
})

describe('a body', () => {
  const compressed = (encoding, compress) =>
    test(`compressed with ${encoding} is read where it was asked for`, async (t) => {
      const { url } = await rawServer(t, (request, response) => {
        const accepts = (request.headers['accept-encoding'] ?? '').includes(encoding)
        if (accepts) sendJson(response, compress(JSON.stringify(INDEX)), { 'content-encoding': encoding })
        else sendJson(response, INDEX)
      })
      assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
    })
  compressed('gzip', gzipSync)
  compressed('br', brotliCompressSync)

  test('compressed with gzip is read even where the registry sends it unasked', async (t) => {
    const { url } = await rawServer(t, (_, response) =>
      sendJson(response, gzipSync(JSON.stringify(INDEX)), { 'content-encoding': 'gzip' }),
    )
    assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
  })

  test('that is no gzip although it says so is a failure', async (t) => {
    const { url } = await rawServer(t, (_, response) =>
      sendJson(response, deflateRawSync('{}'), { 'content-encoding': 'gzip' }),
    )
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.match(status().lastError.code, /^E(NETWORK|PROTOCOL)$/)
  })

  test('over the limit is refused before it ends', async (t) => {
    let sent = 0
    const { url } = await rawServer(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const block = Buffer.alloc(1 << 20, ' ')
      const more = () => {
        while (!response.destroyed) {
          sent += block.length
          if (!response.write(block)) return response.once('drain', more)
        }
      }
      more()
    })
    const { manager, reports, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ETOOLARGE')
    assert.equal(reports[0].error.code, 'ETOOLARGE')
    assert.ok(sent < 1 << 29, `${sent} bytes sent`)
  })

  test('that is small packed and over the limit unpacked is refused', async (t) => {
    const bomb = gzipSync(Buffer.alloc(200 << 20, ' '))
    const { url } = await rawServer(t, (_, response) => sendJson(response, bomb, { 'content-encoding': 'gzip' }))
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ETOOLARGE')
  })
})

describe('one failing registry', () => {
  test("doesn't take another one down", async (t) => {
    const [good, bad] = [await startRegistry(t), await startRegistry(t)]
    good.publish({ packageId: 'a' })
    bad.publish({ packageId: 'b' }).fault({ status: 500 })
    const { manager, reports } = watchedRemote(good, { id: 'good' })
    manager.addSource(remoteSource(bad, { id: 'bad' }))
    assert.deepEqual(await idsOf(manager), ['a'])
    assert.deepEqual(
      manager.getSourceStatus().map(({ sourceId, state }) => [sourceId, state]),
      [
        ['good', 'ok'],
        ['bad', 'failing'],
      ],
    )
    assert.deepEqual(
      reports.map(({ context }) => context.sourceId),
      ['bad'],
    )
    assert.equal((await manager.loadPackage('a')).metadata.sourceId, 'good')
  })
})

test('a registry on this machine is asked directly, whatever proxies the environment names', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' })
  // Nothing listens there: a request that went to this proxy would fail.
  const proxy = 'http://127.0.0.1:9'
  const { answer } = await inChild(
    `const source = new addon.RemotePackageSource({ url: ${JSON.stringify(registry.url)}, authToken: 'token' })
    answer((await source.fetchIndex()).map((entry) => entry.packageId))`,
    {
      env: {
        HTTP_PROXY: proxy,
        http_proxy: proxy,
        HTTPS_PROXY: proxy,
        ALL_PROXY: proxy,
        NO_PROXY: undefined,
        no_proxy: undefined,
      },
    },
  )
  assert.deepEqual(answer, ['a'])
})
