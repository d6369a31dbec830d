// What can be seen of a source from outside: the diagnostics channels, and the numbers in its status.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordChannel } from './helpers/channels.mjs'
import { inChild } from './helpers/child.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { managerOf } from './helpers/manager.mjs'
import { ONE_TRY, watchedRemote } from './helpers/remote.mjs'
import { brokenSource } from './helpers/sources.mjs'
import { until } from './helpers/until.mjs'

async function registryWithPackage(t, options = { etags: true }) {
  const registry = await startRegistry(t, options)
  registry.publish({ packageId: 'a', version: '1.0.0' })
  return registry
}

/** Without what differs from run to run, which is looked at by itself. */
const withoutTime = ({ durationMs, ...message }) => {
  assert.ok(durationMs >= 0 && durationMs < 60_000, `${durationMs} ms`)
  return message
}

describe('package-sources:request', () => {
  test('tells of every try: what was asked, what came', async (t) => {
    const registry = await registryWithPackage(t)
    const requests = recordChannel(t, 'package-sources:request')
    const { source } = watchedRemote(registry, { authToken: 'token' })
    registry.fault({ status: 503, body: 'busy' }, { times: 1 })
    await source.loadPackage('a')
    await source.loadPackage('b')
    await until(() => requests.length === 3)
    const [failed, found, notFound] = requests.map(withoutTime)
    const common = { sourceId: 'remote', url: `${registry.url}/packages/a` }
    const { error, ...answered } = failed
    assert.deepEqual(answered, { ...common, attempt: 1, status: 503, bytes: 0 })
    assert.equal(error.code, 'EHTTP')
    const bytes = JSON.stringify(registry.packages.get('a')[0]).length
    assert.deepEqual(found, { ...common, attempt: 2, status: 200, bytes, error: null })
    assert.deepEqual(notFound, {
      sourceId: 'remote',
      url: `${registry.url}/packages/b`,
      attempt: 1,
      status: 404,
      bytes: 0,
      error: null,
    })
  })

  test('tells of one that got no answer', async (t) => {
    const registry = await registryWithPackage(t)
    await registry.close()
    const requests = recordChannel(t, 'package-sources:request')
    await watchedRemote(registry, ONE_TRY).source.loadPackage('a')
    await until(() => requests.length === 1)
    assert.equal(requests[0].status, null)
    assert.equal(requests[0].error.code, 'ENETWORK')
  })

  test('shows no user, password or query of the URL', async (t) => {
    const registry = await registryWithPackage(t)
    const requests = recordChannel(t, 'package-sources:request')
    const url = `${registry.url.replace('//', '//user:url-password@')}`
    const { source } = watchedRemote({ url })
    await source.loadPackage('a')
    await source.searchPackages('secret-word')
    await until(() => requests.length === 2)
    assert.ok(!/user|url-password|secret/.test(JSON.stringify(requests)))
  })
})

describe('package-sources:revalidate', () => {
  for (const [outcome, change] of Object.entries({
    changed: (registry) => registry.publish({ packageId: 'a', version: '2.0.0' }),
    unchanged: () => {},
    failed: (registry) => registry.fault({ status: 400 }),
  })) {
    test(`tells that a copy was found ${outcome}`, async (t) => {
      const registry = await registryWithPackage(t)
      const revalidations = recordChannel(t, 'package-sources:revalidate')
      const { source, manager } = watchedRemote(registry, ONE_TRY)
      source.setCacheExpiry(1)
      const ways = [
        () => source.fetchIndex(),
        () => source.loadPackage('a'),
        () => source.loadPackage('a', '1.0.0'),
        () => source.getVersions('a'),
        () => source.searchPackages('a'),
      ]
      for (const ask of ways) await ask()
      await manager.whenIdle()
      await new Promise((resolve) => setTimeout(resolve, 10))
      revalidations.length = 0
      change(registry)
      for (const ask of ways) await ask()
      await manager.whenIdle()
      await until(() => revalidations.length >= 5)
      const ofVersion = outcome === 'changed' ? 'unchanged' : outcome
      const told = revalidations.slice(0, 5).map(({ error, ...message }) => {
        assert.equal(error?.code ?? null, outcome === 'failed' ? 'EHTTP' : null)
        return message
      })
      const bySubject = (message) => `${message.subject} ${message.version ?? ''}`
      assert.deepEqual(
        told.sort((one, other) => bySubject(one).localeCompare(bySubject(other))),
        [
          { sourceId: 'remote', subject: 'index', outcome },
          { sourceId: 'remote', subject: 'package', packageId: 'a', outcome },
          { sourceId: 'remote', subject: 'package', packageId: 'a', version: '1.0.0', outcome: ofVersion },
          { sourceId: 'remote', subject: 'search', outcome },
          { sourceId: 'remote', subject: 'versions', packageId: 'a', outcome },
        ],
      )
    })
  }
})

describe('package-sources:error', () => {
  test('tells what is reported to onError', async (t) => {
    const registry = await registryWithPackage(t)
    registry.fault({ status: 400 })
    const errors = recordChannel(t, 'package-sources:error')
    const { manager, reports } = watchedRemote(registry)
    await manager.fetchMergedIndex()
    await manager.loadPackageFromSource('a', 'remote')
    assert.equal(errors.length, 2)
    assert.deepEqual(
      errors.map(({ error, ...context }) => ({ error, context })),
      reports,
    )
    assert.equal(errors[0].error, reports[0].error)
  })

  test("tells of callers' own sources too", async (t) => {
    const errors = recordChannel(t, 'package-sources:error')
    const source = brokenSource('own', 'throws')
    const { manager } = managerOf([source])
    await manager.fetchMergedIndex()
    assert.deepEqual(errors, [{ sourceId: 'own', operation: 'fetchIndex', error: errors[0].error }])
    assert.ok(errors[0].error === source.error || errors[0].error.cause === source.error)
  })

  test('whose subscribers throw harms no call', async (t) => {
    const registry = await registryWithPackage(t)
    registry.fault({ status: 400 }, { times: 1 })
    // Node hands what a subscriber throws to the process, which here goes on.
    const { answer } = await inChild(`
      import { subscribe } from 'node:diagnostics_channel'
      const thrown = new Set()
      process.on('uncaughtException', (error) => thrown.add(error.message))
      for (const name of ['request', 'retry', 'revalidate', 'breaker', 'error']) {
        subscribe('package-sources:' + name, () => { throw new Error(name) })
      }
      const source = new addon.RemotePackageSource({ url: ${JSON.stringify(registry.url)}, enabled: true })
      const first = await source.loadPackage('a')
      const second = await source.loadPackage('a')
      await new Promise((resolve) => setTimeout(resolve, 100))
      answer({ first, second: second.metadata.version, thrown: [...thrown].sort() })
    `)
    assert.deepEqual(answer, { first: null, second: '1.0.0', thrown: ['error', 'request'] })
  })
})

describe('The status', () => {
  test('counts requests, and what copies answered and what they did not', async (t) => {
    const registry = await registryWithPackage(t)
    const { source, status } = watchedRemote(registry)
    const counts = () => {
      const { requests, hits, misses } = status()
      return { requests, hits, misses }
    }
    assert.deepEqual(counts(), { requests: 0, hits: 0, misses: 0 })
    await source.loadPackage('a')
    assert.deepEqual(counts(), { requests: 1, hits: 0, misses: 1 })
    await source.loadPackage('a')
    await source.loadPackage('a')
    assert.deepEqual(counts(), { requests: 1, hits: 2, misses: 1 })
    registry.fault({ status: 503 }, { times: 1 })
    await source.getVersions('a')
    assert.deepEqual(counts(), { requests: 3, hits: 2, misses: 2 })
    await source.getVersions('a')
    assert.deepEqual(counts(), { requests: 3, hits: 3, misses: 2 })
    assert.equal(registry.requests.length, 3)
  })

  test('says how old the copy of the index is, and that it goes stale', async (t) => {
    const registry = await registryWithPackage(t)
    const { source, manager, status } = watchedRemote(registry)
    assert.deepEqual([status().freshness, status().ageMs], ['none', null])
    await manager.fetchMergedIndex()
    assert.equal(status().freshness, 'fresh')
    const young = status().ageMs
    await until(() => status().ageMs > young)
    source.setCacheExpiry(1)
    await until(() => status().freshness === 'stale')
    source.clearCache()
    assert.deepEqual([status().freshness, status().ageMs], ['none', null])
  })

  test('has none of it for a source without a network', async () => {
    const { manager } = managerOf([brokenSource('own', null, ['a'])])
    await manager.fetchMergedIndex()
    const [status] = manager.getSourceStatus()
    assert.equal(status.breaker ?? null, null)
    assert.equal(status.state, 'ok')
  })
})
