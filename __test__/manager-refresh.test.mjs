// The merged index follows its registries: no one of them holds it up, and none is forgotten.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cacheFolder } from './helpers/cache-folder.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { idsOf, managerOf, statusOf } from './helpers/manager.mjs'
import { remoteSource } from './helpers/remote.mjs'
import { until } from './helpers/until.mjs'

const AUTO = { mergedIndexRefresh: 'auto' }

/** Far below the time-outs of a registry that hangs, which are the default everywhere here. */
const SOON = { timeout: 10_000, every: 20 }

const INDEX = /^\/packages$/

/** A registry with one package in version 1.0.0. */
async function registryOf(t, packageId) {
  const registry = await startRegistry(t)
  return registry.publish({ packageId, version: '1.0.0' })
}

/** The version that a merged index has of a package. */
const versionIn = async (manager, packageId) =>
  (await manager.fetchMergedIndex()).find((entry) => entry.packageId === packageId)?.version

describe("With mergedIndexRefresh: 'auto'", () => {
  test('a package that hangs does not hold up the index of its source', async (t) => {
    const registry = await registryOf(t, 'a')
    const source = remoteSource(registry, { cacheExpiry: 1 })
    const { manager } = managerOf([source], AUTO)
    assert.equal(await versionIn(manager, 'a'), '1.0.0')
    assert.notEqual(await source.loadPackage('a'), null)
    registry.fault({ hang: true }, { path: /^\/packages\/a$/ })
    await until(async () => (await source.loadPackage('a')) && registry.count(/^\/packages\/a$/) === 2)
    registry.publish({ packageId: 'a', version: '2.0.0' })
    await until(async () => (await versionIn(manager, 'a')) === '2.0.0', { what: 'the new index', ...SOON })
  })

  describe('a registry that hangs holds up no other', () => {
    async function twoRegistries(t) {
      const [hung, well] = [await registryOf(t, 'a'), await registryOf(t, 'b')]
      const { manager } = managerOf(
        [remoteSource(hung, { id: 'hung', cacheExpiry: 1 }), remoteSource(well, { id: 'well', cacheExpiry: 1 })],
        AUTO,
      )
      assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['a', 'b'])
      hung.fault({ hang: true })
      const asked = hung.count(INDEX)
      await until(async () => (await manager.fetchMergedIndex()) && hung.count(INDEX) > asked, SOON)
      return { manager, well }
    }
    const shows = (manager, version) =>
      until(async () => (await versionIn(manager, 'b')) === version, { what: `version ${version}`, ...SOON })

    test('while it hangs', async (t) => {
      const { manager, well } = await twoRegistries(t)
      for (const version of ['2.0.0', '3.0.0', '4.0.0']) {
        well.publish({ packageId: 'b', version })
        await shows(manager, version)
      }
      assert.equal(await versionIn(manager, 'a'), '1.0.0')
    })

    test('nor when it was removed', async (t) => {
      const { manager, well } = await twoRegistries(t)
      well.publish({ packageId: 'b', version: '2.0.0' })
      await shows(manager, '2.0.0')
      assert.equal(manager.removeSource('hung'), true)
      assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['b'])
      for (const version of ['3.0.0', '4.0.0']) {
        well.publish({ packageId: 'b', version })
        await shows(manager, version)
      }
    })

    test('nor when another took its place', async (t) => {
      const { manager, well } = await twoRegistries(t)
      const successor = await registryOf(t, 'c')
      manager.addSource(remoteSource(successor, { id: 'hung', cacheExpiry: 1 }))
      assert.deepEqual(idsOf(await manager.fetchMergedIndex()).sort(), ['b', 'c'])
      successor.publish({ packageId: 'c', version: '2.0.0' })
      well.publish({ packageId: 'b', version: '2.0.0' })
      await shows(manager, '2.0.0')
      await until(async () => (await versionIn(manager, 'c')) === '2.0.0', { what: 'the successor', ...SOON })
    })
  })

  for (const [name, fault] of Object.entries({ 'is refused': { status: 403 }, 'gets no answer': { reset: true } })) {
    test(`packages go beyond maxStaleMs where the source ${name}, and come back with the registry`, async (t) => {
      const registry = await registryOf(t, 'a')
      const source = remoteSource(registry, { cacheExpiry: 50, maxStaleMs: 100, maxAttempts: 1, breakerOpenMs: 100 })
      const { manager } = managerOf([source], AUTO)
      assert.equal(await versionIn(manager, 'a'), '1.0.0')
      registry.fault(fault)
      await until(async () => (await versionIn(manager, 'a')) === undefined, { what: 'the end of the copy', ...SOON })
      assert.equal(await manager.hasPackage('a'), false)
      const { state, freshness, ageMs } = statusOf(manager, 'remote')
      assert.deepEqual([state, freshness, ageMs], ['failing', 'none', null])
      registry.heal()
      await until(async () => (await versionIn(manager, 'a')) === '1.0.0', { what: 'the recovery', ...SOON })
      assert.equal(statusOf(manager, 'remote').state, 'ok')
    })
  }
})

describe("With mergedIndexRefresh: 'manual'", () => {
  test('the first try that succeeds after an outage brings the new index', async (t) => {
    const registry = await registryOf(t, 'a')
    const cacheExpiry = 400
    const source = remoteSource(registry, { cacheExpiry, maxAttempts: 1, breakerFailures: 1_000_000 })
    const { manager } = managerOf([source])
    assert.equal((await source.fetchIndex()).length, 1)
    registry.fault({ status: 500 })
    const failures = () => registry.count(INDEX) - 1
    await until(async () => (await source.fetchIndex()) && failures() === 1)
    await manager.whenIdle()
    assert.equal(await versionIn(manager, 'a'), '1.0.0')
    assert.equal(statusOf(manager, 'remote').state, 'stale')
    // From now on the manager waits longer after each failure, so that another try would come late.
    await until(async () => (await versionIn(manager, 'a')) && failures() >= 3)
    registry.heal().publish({ packageId: 'a', version: '2.0.0' })
    const before = registry.count(INDEX)
    await until(async () => (await versionIn(manager, 'a')) === '2.0.0', { ...SOON, timeout: 30_000 })
    await manager.whenIdle()
    assert.equal(registry.count(INDEX) - before, 1)
    assert.equal(statusOf(manager, 'remote').state, 'ok')
  })

  describe('a restart', () => {
    /** What an application has that starts with a cache folder whose copies are of an hour ago, or of now. */
    async function restarted(t, cacheExpiry) {
      const registry = await registryOf(t, 'a')
      const config = { cacheDir: cacheFolder(t), cacheExpiry }
      const before = managerOf([remoteSource(registry, config)])
      await before.manager.fetchMergedIndex()
      await before.manager.whenIdle()
      registry.publish({ packageId: 'a', version: '2.0.0' })
      return { registry, asked: registry.requests.length, ...managerOf([remoteSource(registry, config)]) }
    }

    test("gives the old copy at once, and later the registry's new index by itself", async (t) => {
      const { registry, asked, manager } = await restarted(t, 1)
      registry.hold()
      // The registry answers nothing, so only the folder can.
      assert.equal(await versionIn(manager, 'a'), '1.0.0')
      assert.equal(await versionIn(manager, 'a'), '1.0.0')
      await until(() => registry.requests.length === asked + 1, SOON)
      registry.release()
      await manager.whenIdle()
      await until(async () => (await versionIn(manager, 'a')) === '2.0.0', { what: 'the new index', ...SOON })
    })

    test('looks once: after that the merged index stays as in any manual manager', async (t) => {
      const { registry, manager } = await restarted(t, 1)
      await until(async () => (await versionIn(manager, 'a')) === '2.0.0', { what: 'the new index', ...SOON })
      await manager.whenIdle()
      registry.publish({ packageId: 'a', version: '3.0.0' })
      const asked = registry.requests.length
      for (let n = 0; n < 20; n++) {
        assert.equal(await versionIn(manager, 'a'), '2.0.0')
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      assert.equal(registry.requests.length, asked)
    })

    test('asks nothing where the copy is fresh', async (t) => {
      const { registry, asked, manager } = await restarted(t, 3_600_000)
      for (let n = 0; n < 20; n++) assert.equal(await versionIn(manager, 'a'), '1.0.0')
      await manager.whenIdle()
      assert.equal(registry.requests.length, asked)
    })

    test('gets over a registry that fails at first', async (t) => {
      const { registry, manager } = await restarted(t, 1)
      registry.fault({ status: 403 })
      assert.equal(await versionIn(manager, 'a'), '1.0.0')
      await until(async () => (await versionIn(manager, 'a')) && statusOf(manager, 'remote').state === 'stale', SOON)
      registry.heal()
      await until(async () => (await versionIn(manager, 'a')) === '2.0.0', { what: 'the new index', ...SOON })
    })
  })
})
