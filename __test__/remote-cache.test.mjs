// Fresh for the expiry; after it the registry is asked again; where that fails the old copy goes on serving.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { managerOf } from './helpers/manager.mjs'
import { ONE_TRY, remoteSource, watchedRemote } from './helpers/remote.mjs'
import { plainSource } from './helpers/sources.mjs'
import { until } from './helpers/until.mjs'

// Each way of asking, with what it gives for a package in version 1.0.0 and then 2.0.0.
const WAYS = {
  fetchIndex: async (source) => (await source.fetchIndex())[0]?.version,
  loadPackage: async (source) => (await source.loadPackage('a'))?.metadata.version,
  'loadPackage with a version': async (source) => (await source.loadPackage('a', '1.0.0'))?.metadata.version,
  getVersions: async (source) => (await source.getVersions('a')).at(-1),
  searchPackages: async (source) => (await source.searchPackages('a'))[0]?.version,
}

for (const [way, ask] of Object.entries(WAYS)) {
  // One version's address gives that version for ever.
  const second = way === 'loadPackage with a version' ? '1.0.0' : '2.0.0'

  describe(way, () => {
    test('answers from the copy while it is fresh', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' })
      const source = remoteSource(registry)
      assert.equal(await ask(source), '1.0.0')
      registry.publish({ packageId: 'a', version: '2.0.0' })
      for (let n = 0; n < 5; n++) assert.equal(await ask(source), '1.0.0')
      assert.equal(registry.requests.length, 1)
    })

    test('asks again after the expiry', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' })
      const source = remoteSource(registry)
      source.setCacheExpiry(20)
      assert.equal(await ask(source), '1.0.0')
      registry.publish({ packageId: 'a', version: '2.0.0' })
      await until(async () => (await ask(source)) === second && registry.requests.length > 1)
    })

    test('asks every time with an expiry of 0', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' })
      const source = remoteSource(registry)
      source.setCacheExpiry(0)
      for (let n = 1; n <= 3; n++) {
        assert.equal(await ask(source), '1.0.0')
        assert.equal(registry.requests.length, n)
      }
      registry.publish({ packageId: 'a', version: '2.0.0' })
      assert.equal(await ask(source), second)
    })

    test('goes on serving the old copy while the registry fails, and recovers', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' })
      const source = remoteSource(registry, ONE_TRY)
      source.setCacheExpiry(0)
      assert.equal(await ask(source), '1.0.0')
      for (const fault of [
        { status: 500 },
        { status: 429 },
        { body: 'no JSON' },
        { reset: true },
        { truncate: true },
      ]) {
        registry.heal().fault(fault)
        assert.equal(await ask(source), '1.0.0', JSON.stringify(fault))
      }
      registry.heal().publish({ packageId: 'a', version: '2.0.0' })
      assert.equal(await ask(source), second)
    })

    test('gives nothing where the registry fails and there is no copy, and recovers', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' }).fault({ status: 503 })
      const source = remoteSource(registry, ONE_TRY)
      assert.equal(await ask(source), undefined)
      assert.equal(registry.requests.length, 1)
      registry.heal()
      assert.equal(await ask(source), '1.0.0')
    })

    test('asks again after clearCache', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' })
      const source = remoteSource(registry, ONE_TRY)
      assert.equal(await ask(source), '1.0.0')
      registry.publish({ packageId: 'a', version: '2.0.0' })
      assert.equal(source.clearCache(), undefined)
      assert.equal(await ask(source), second)
      registry.fault({ status: 500 })
      source.clearCache()
      assert.equal(await ask(source), undefined)
    })

    test('shares one request among concurrent calls', async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version: '1.0.0' }).hold()
      const source = remoteSource(registry)
      const answers = Array.from({ length: 10 }, () => ask(source))
      await until(() => registry.requests.length > 0)
      registry.release()
      assert.deepEqual(await Promise.all(answers), Array(10).fill('1.0.0'))
      assert.equal(registry.requests.length, 1)
    })
  })
}

describe('Hundreds of equal calls make one request however little may be kept', () => {
  for (const cacheMaxBytes of [0, 7, 2_000]) {
    for (const way of ['loadPackage', 'loadPackage with a version', 'getVersions', 'searchPackages']) {
      test(`${way} with a cacheMaxBytes of ${cacheMaxBytes}`, async (t) => {
        const registry = await startRegistry(t)
        registry.publish({ packageId: 'a', version: '1.0.0' }).hold()
        const source = remoteSource(registry, { cacheMaxBytes })
        const answers = Array.from({ length: 300 }, () => WAYS[way](source))
        await until(() => registry.requests.length > 0)
        // Time for the requests that there should not be.
        await new Promise((resolve) => setTimeout(resolve, 50))
        registry.release()
        assert.deepEqual(await Promise.all(answers), Array(300).fill('1.0.0'))
        assert.equal(registry.requests.length, 1)
      })
    }
  }
})

test('packages, versions and searches are kept apart', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' }).publish({ packageId: 'b' })
  const source = remoteSource(registry)
  assert.equal((await source.loadPackage('a')).metadata.packageId, 'a')
  assert.equal((await source.loadPackage('b')).metadata.packageId, 'b')
  assert.equal((await source.searchPackages('a'))[0].packageId, 'a')
  assert.equal((await source.searchPackages('b'))[0].packageId, 'b')
  assert.equal((await source.searchPackages('a', { page: 2 })).length, 0)
  assert.equal(registry.requests.length, 5)
})

test('a package that was not there is asked for again after the expiry', async (t) => {
  const registry = await startRegistry(t)
  const source = remoteSource(registry)
  source.setCacheExpiry(0)
  assert.equal(await source.loadPackage('a'), null)
  registry.publish({ packageId: 'a' })
  assert.notEqual(await source.loadPackage('a'), null)
})

describe('"Not there"', () => {
  for (const way of ['loadPackage', 'loadPackage with a version', 'getVersions']) {
    test(`is believed for a moment by ${way}`, async (t) => {
      const registry = await startRegistry(t)
      const source = remoteSource(registry)
      for (let n = 0; n < 5; n++) assert.equal(await WAYS[way](source), undefined)
      assert.equal(registry.requests.length, 1)
    })

    test(`is never answered by ${way} after the expiry: the caller waits for the registry`, async (t) => {
      const registry = await startRegistry(t)
      const source = remoteSource(registry, { cacheExpiry: 50 })
      assert.equal(await WAYS[way](source), undefined)
      registry.publish({ packageId: 'a', version: '1.0.0' })
      await new Promise((resolve) => setTimeout(resolve, 100))
      assert.equal(await WAYS[way](source), '1.0.0')
    })
  }

  test('is not what a manager goes on saying of a package that its index has by now', async (t) => {
    const registry = await startRegistry(t)
    const source = remoteSource(registry, { cacheExpiry: 50 })
    const { manager } = managerOf([source], { mergedIndexRefresh: 'auto' })
    assert.equal(await source.loadPackage('a'), null)
    assert.equal(await manager.loadPackage('a'), null)
    registry.publish({ packageId: 'a', version: '1.0.0' })
    await until(() => manager.hasPackage('a'), { timeout: 10_000 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.notEqual(await manager.loadPackage('a'), null)
  })
})

test('a package that is gone is gone after the expiry, although a copy is there', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' })
  const source = remoteSource(registry)
  source.setCacheExpiry(0)
  assert.notEqual(await source.loadPackage('a'), null)
  registry.packages.clear()
  assert.equal(await source.loadPackage('a'), null)
  assert.deepEqual(await source.fetchIndex(), [])
})

test('a fresh copy is the same objects each time', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' })
  const source = remoteSource(registry)
  assert.equal(await source.loadPackage('a'), await source.loadPackage('a'))
  assert.equal((await source.fetchIndex())[0], (await source.fetchIndex())[0])
})

test('a caller who changes the array harms no copy', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' })
  const source = remoteSource(registry)
  for (const ask of [() => source.fetchIndex(), () => source.getVersions('a'), () => source.searchPackages('a')]) {
    const given = await ask()
    given.length = 0
    assert.equal((await ask()).length, 1)
  }
})

test('clearCache while a request is under way is not filled by it', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a', version: '1.0.0' }).hold()
  const source = remoteSource(registry)
  const overtaken = source.fetchIndex()
  await until(() => registry.requests.length === 1)
  source.clearCache()
  registry.release()
  await overtaken
  registry.publish({ packageId: 'b' })
  assert.deepEqual(await idsOf(source), ['a', 'b'])
})

describe('in a manager', () => {
  test('a source that serves an old copy is stale, and its packages stay', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' })
    const { source, manager, reports, status } = watchedRemote(registry)
    source.setCacheExpiry(0)
    assert.deepEqual(await idsOf(manager), ['a'])
    assert.equal(status().state, 'ok')
    const { lastSuccessAt } = status()
    registry.fault({ status: 500 })
    // Another source makes the manager build its index anew.
    manager.addSource(plainSource('other', ['b']))
    assert.deepEqual(await idsOf(manager), ['b', 'a'])
    assert.equal(status().state, 'stale')
    assert.equal(status().packageCount, 1)
    assert.equal(status().lastSuccessAt, lastSuccessAt)
    assert.equal(status().lastError.code, 'EHTTP')
    assert.equal(reports.at(-1).error.code, 'EHTTP')
    registry.heal()
    assert.equal(manager.removeSource('other'), true)
    assert.deepEqual(await idsOf(manager), ['a'])
    assert.equal(status().state, 'ok')
    assert.equal(status().lastError, null)
  })

  test('clearAllCaches drops the old copy too', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const { manager, status } = watchedRemote(registry)
    assert.deepEqual(await idsOf(manager), ['a'])
    registry.fault({ status: 500 })
    manager.clearAllCaches()
    assert.deepEqual(await idsOf(manager), [])
    assert.equal(status().state, 'failing')
  })
})
