// A caller who gives up: gets the signal's reason, disturbs nobody, and leaves no request behind.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { faultProxy } from './helpers/fault-proxy.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { watchedRemote } from './helpers/remote.mjs'
import { until } from './helpers/until.mjs'

/** Each way of asking, and whether what it gives is an answer. */
const WAYS = {
  'source.fetchIndex': ({ source }, options) => source.fetchIndex(options),
  'source.loadPackage': ({ source }, options) => source.loadPackage('a', undefined, options),
  'source.loadPackage with a version': ({ source }, options) => source.loadPackage('a', '1.0.0', options),
  'source.getVersions': ({ source }, options) => source.getVersions('a', options),
  'source.hasPackage': ({ source }, options) => source.hasPackage('a', options),
  'source.searchPackages': ({ source }, options) => source.searchPackages('a', options),
  'manager.fetchMergedIndex': ({ manager }, options) => manager.fetchMergedIndex(options),
  'manager.loadPackage': ({ manager }, options) => manager.loadPackage('a', options),
  'manager.hasPackage': ({ manager }, options) => manager.hasPackage('a', options),
}

/** Whether a way's answer says that the package is there. */
const isThere = (value) => (Array.isArray(value) ? value.length === 1 : Boolean(value))

async function registryBehindProxy(t) {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a', version: '1.0.0' })
  const proxy = await faultProxy(t, registry.url)
  return { registry, proxy, ...watchedRemote(proxy) }
}

for (const [way, ask] of Object.entries(WAYS)) {
  describe(way, () => {
    test('asks nothing where the signal was aborted before', async (t) => {
      const remote = await registryBehindProxy(t)
      const reason = new Error('changed my mind')
      await assert.rejects(
        Promise.resolve(ask(remote, { signal: AbortSignal.abort(reason) })),
        (error) => error === reason,
      )
      assert.equal(remote.proxy.connections, 0)
      assert.deepEqual(remote.reports, [])
      assert.ok(isThere(await ask(remote, { signal: new AbortController().signal })))
    })

    test('ends at once with the reason, and the request ends with it', async (t) => {
      const remote = await registryBehindProxy(t)
      remote.registry.hold()
      const abort = new AbortController()
      const asking = ask(remote, { signal: abort.signal })
      await until(() => remote.registry.requests.length === 1)
      assert.equal(remote.proxy.open, 1)
      const reason = { any: 'value' }
      abort.abort(reason)
      await assert.rejects(asking, (error) => error === reason)
      await until(() => remote.proxy.open === 0, { what: 'the end of the connection' })
      assert.deepEqual(remote.reports, [])
      assert.equal(remote.status().lastError, null)
      assert.equal(remote.status().breaker, 'closed')

      remote.registry.release()
      assert.ok(isThere(await ask(remote, {})))
    })

    test('leaves nothing on the signal', async (t) => {
      const remote = await registryBehindProxy(t)
      const { signal } = new AbortController()
      for (let n = 0; n < 20; n++) assert.ok(isThere(await ask(remote, { signal })))
      assert.equal(getEventListeners(signal, 'abort').length, 0)
    })

    test('refuses what is no signal', async (t) => {
      const remote = await registryBehindProxy(t)
      for (const signal of ['now', 5, {}]) {
        await assert.rejects(async () => ask(remote, { signal }), { code: 'EINVALIDARG' })
      }
      assert.equal(remote.proxy.connections, 0)
    })
  })
}

describe('Of a thousand callers who share one request', () => {
  async function thousand(t, aborted) {
    const remote = await registryBehindProxy(t)
    remote.registry.hold()
    const aborts = Array.from({ length: 1000 }, () => new AbortController())
    const calls = aborts.map(({ signal }) => remote.source.loadPackage('a', undefined, { signal }))
    const outcomes = Promise.allSettled(calls)
    await until(() => remote.registry.requests.length === 1)
    aborts.slice(0, aborted).forEach((abort, n) => {
      abort.abort(`reason ${n}`)
    })
    return { ...remote, outcomes }
  }

  test('one who gives up does not touch the others', async (t) => {
    const { registry, outcomes } = await thousand(t, 1)
    registry.release()
    const [first, ...others] = await outcomes
    assert.deepEqual(first, { status: 'rejected', reason: 'reason 0' })
    assert.equal(others.length, 999)
    for (const { value } of others) assert.equal(value.metadata.version, '1.0.0')
    assert.equal(registry.requests.length, 1)
  })

  test('the last one still gets it', async (t) => {
    const { registry, outcomes, proxy } = await thousand(t, 999)
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(proxy.open, 1)
    registry.release()
    const settled = await outcomes
    assert.equal(settled.at(-1).value.metadata.version, '1.0.0')
    assert.equal(settled.filter(({ status }) => status === 'rejected').length, 999)
    assert.equal(registry.requests.length, 1)
  })

  test('nobody leaves the request running', async (t) => {
    const { registry, source, outcomes, proxy } = await thousand(t, 1000)
    assert.ok((await outcomes).every(({ status }) => status === 'rejected'))
    await until(() => proxy.open === 0, { what: 'the end of the connection' })
    registry.release()
    assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
  })

  test('one without a signal keeps it going', async (t) => {
    const { registry, source, proxy } = await registryBehindProxy(t)
    registry.hold()
    const abort = new AbortController()
    const given = source.loadPackage('a', undefined, { signal: abort.signal })
    const waiting = source.loadPackage('a')
    await until(() => registry.requests.length === 1)
    abort.abort()
    await assert.rejects(given, { name: 'AbortError' })
    assert.equal(proxy.open, 1)
    registry.release()
    assert.notEqual(await waiting, null)
  })
})

test('a signal that times out gives its TimeoutError', async (t) => {
  const { registry, source } = await registryBehindProxy(t)
  registry.hold()
  await assert.rejects(source.loadPackage('a', undefined, { signal: AbortSignal.timeout(50) }), {
    name: 'TimeoutError',
  })
})

test('a caller who gives up between two tries ends the waiting', async (t) => {
  const { registry, source } = await registryBehindProxy(t)
  registry.fault({ status: 503, headers: { 'retry-after': '5' } })
  const abort = new AbortController()
  const asking = source.loadPackage('a', undefined, { signal: abort.signal })
  await until(() => registry.requests.length === 1)
  abort.abort()
  await assert.rejects(asking, { name: 'AbortError' })
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(registry.requests.length, 1)
})

test('a caller who gives up does not end the refresh of an old copy', async (t) => {
  const { registry, source, manager } = await registryBehindProxy(t)
  source.setCacheExpiry(1)
  assert.notEqual(await source.loadPackage('a'), null)
  registry.publish({ packageId: 'a', version: '2.0.0' }).hold()
  const abort = new AbortController()
  await until(async () => {
    assert.equal((await source.loadPackage('a', undefined, { signal: abort.signal })).metadata.version, '1.0.0')
    return registry.requests.length === 2
  })
  abort.abort()
  registry.release()
  await manager.whenIdle()
  assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
})

test('a caller who gives up one source of a manager gets the reason, and no other caller does', async (t) => {
  const { registry, manager } = await registryBehindProxy(t)
  registry.hold()
  const abort = new AbortController()
  const given = manager.fetchMergedIndex({ signal: abort.signal })
  const waiting = manager.fetchMergedIndex()
  await until(() => registry.requests.length === 1)
  abort.abort()
  await assert.rejects(given, { name: 'AbortError' })
  registry.release()
  assert.equal((await waiting).length, 1)
  assert.equal(registry.requests.length, 1)
})
