// A caller who gives up: gets the signal's reason, disturbs nobody, and leaves no request behind.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test } from 'node:test'
import { inChild } from './helpers/child.mjs'
import { faultProxy } from './helpers/fault-proxy.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { managerOf } from './helpers/manager.mjs'
import { remoteSource, watchedRemote } from './helpers/remote.mjs'
import { entry, packageData } from './helpers/sources.mjs'
import { settle, until } from './helpers/until.mjs'

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

test('one signal for many calls is no reason for a warning', async (t) => {
  const warnings = []
  const listen = (warning) => warnings.push(warning.name)
  process.on('warning', listen)
  t.after(() => process.off('warning', listen))
  const { registry, source, manager } = await registryBehindProxy(t)
  const ids = Array.from({ length: 50 }, (_, n) => `p${n}`)
  for (const packageId of ids) registry.publish({ packageId })
  await manager.fetchMergedIndex()
  registry.hold()
  const { signal } = new AbortController()
  const loads = ids.flatMap((id) => [manager.loadPackage(id, { signal }), source.getVersions(id, { signal })])
  await until(() => registry.requests.length > 1)
  registry.release()
  assert.ok((await Promise.all(loads)).every((found) => found !== null))
  await settle()
  assert.deepEqual(warnings, [])
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

describe('A process whose only caller gave up ends at once', () => {
  /** Far below the 30 seconds that a silent registry and a caller-written source are given. */
  const SOON = 15_000

  async function endsSoon(code) {
    const start = performance.now()
    const { answer } = await inChild(code)
    assert.equal(answer, 'TimeoutError')
    assert.ok(performance.now() - start < SOON, 'the process went on')
  }

  for (const call of ['fetchMergedIndex(options)', "loadPackage('a', options)", "hasPackage('a', options)"]) {
    test(`manager.${call} of a registry that is silent`, async (t) => {
      const registry = await startRegistry(t)
      registry.fault({ hang: true })
      await endsSoon(`
        const manager = new addon.PackageSourceManager({ onError() {} })
        manager.addSource(new addon.RemotePackageSource({ id: 'r', url: ${JSON.stringify(registry.url)}, enabled: true }))
        const options = { signal: AbortSignal.timeout(200) }
        await manager.${call}.catch((error) => answer(error.name))
      `)
    })

    test(`manager.${call} of a source of one's own that never settles`, async () => {
      await endsSoon(`
        const config = { id: 'x', name: 'x', type: 'remote', url: 'x', priority: 1, enabled: true }
        const never = () => new Promise(() => {})
        const manager = new addon.PackageSourceManager({ onError() {} })
        manager.addSource({ getConfig: () => config, fetchIndex: never, loadPackage: never, hasPackage: never, getVersions: never })
        const options = { signal: AbortSignal.timeout(200) }
        await manager.${call}.catch((error) => answer(error.name))
      `)
    })
  }

  test("manager.loadPackage of a source of one's own whose index is there", async () => {
    await endsSoon(`
      const config = { id: 'x', name: 'x', type: 'remote', url: 'x', priority: 1, enabled: true }
      const manager = new addon.PackageSourceManager({ onError() {} })
      manager.addSource({
        getConfig: () => config,
        fetchIndex: () => [{ packageId: 'a', version: '1.0.0' }],
        loadPackage: () => new Promise(() => {}),
        hasPackage: () => true,
        getVersions: () => [],
      })
      await manager.loadPackage('a', { signal: AbortSignal.timeout(200) }).catch((error) => answer(error.name))
    `)
  })
})

test('a caller who gives up the merged index of many registries leaves no request behind', async (t) => {
  const remotes = await Promise.all([registryBehindProxy(t), registryBehindProxy(t), registryBehindProxy(t)])
  const { manager } = remotes[0]
  remotes.forEach(({ registry, proxy }, n) => {
    registry.hold()
    if (n > 0) manager.addSource(remoteSource(proxy, { id: `another ${n}` }))
  })
  const abort = new AbortController()
  const asking = manager.fetchMergedIndex({ signal: abort.signal })
  await until(() => remotes.every(({ registry }) => registry.requests.length === 1))
  abort.abort()
  await assert.rejects(asking, { name: 'AbortError' })
  await until(() => remotes.every(({ proxy }) => proxy.open === 0), {
    what: 'the end of the connections',
    timeout: 10_000,
  })
  for (const { registry } of remotes) registry.release()
  assert.equal((await manager.fetchMergedIndex()).length, 1)
  assert.deepEqual(
    manager.getSourceStatus().map(({ state }) => state),
    ['ok', 'ok', 'ok'],
  )
})

test('calls to a caller-written source that are done leave nothing on a signal that lives on', async () => {
  const slow = (value) => new Promise((resolve) => setImmediate(resolve, value))
  const { manager } = managerOf([
    {
      getConfig: () => ({ id: 'own', name: 'Own', type: 'local', url: '', priority: 0, enabled: true }),
      fetchIndex: () => slow([entry('a')]),
      loadPackage: () => slow(packageData(entry('a'))),
      hasPackage: () => slow(true),
      getVersions: () => slow(['1.0.0']),
    },
  ])
  const { signal } = new AbortController()
  for (let n = 0; n < 20; n++) {
    manager.clearAllCaches()
    assert.equal((await manager.fetchMergedIndex({ signal })).length, 1)
    assert.notEqual(await manager.loadPackage('a', { signal }), null)
    assert.equal((await manager.getAllVersions('a', { signal })).size, 1)
  }
  await settle()
  assert.deepEqual(getEventListeners(signal, 'abort'), [])
})
