// Failures of a registry: never thrown, always reported, never with a secret in them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { RemotePackageSource } from '../index.mjs'
import { inChild } from './helpers/child.mjs'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { ONE_TRY, rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'
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
      const { source, manager, reports, status } = watchedRemote(registry, { ...ONE_TRY, authToken: TOKEN })
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
    const { manager, status } = watchedRemote(registry, { ...ONE_TRY, authToken: TOKEN })
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

test('a body that is packed although nobody asked for that is read', async (t) => {
  const { url } = await rawServer(t, (_, response) =>
    sendJson(response, gzipSync(JSON.stringify(INDEX)), { 'content-encoding': 'gzip' }),
  )
  assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
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
