import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LocalPackageSource, RemotePackageSource } from '../index.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { captureConsoleError } from './helpers/reports.mjs'
import { brokenSource, plainSource } from './helpers/sources.mjs'
import { until } from './helpers/until.mjs'

describe('getSourceStatus', () => {
  test('knows nothing of a source that was not asked yet, and asks it nothing', () => {
    const source = plainSource('a', ['x'], { type: 'git' })
    const { manager } = managerOf([source])
    assert.deepEqual(manager.getSourceStatus(), [
      {
        sourceId: 'a',
        type: 'git',
        state: 'unknown',
        packageCount: 0,
        lastSuccessAt: null,
        lastError: null,
        warnings: [],
      },
    ])
    assert.equal(source.count('fetchIndex'), 0)
  })

  test('says ok, the number of packages and the time after an index', async () => {
    const { manager } = managerOf([plainSource('a', ['x', 'y', 'z'])])
    const before = Date.now()
    await manager.fetchMergedIndex()
    const after = Date.now()
    const { lastSuccessAt, ...rest } = statusOf(manager, 'a')
    assert.ok(lastSuccessAt >= before && lastSuccessAt <= after)
    assert.deepEqual(rest, {
      sourceId: 'a',
      type: 'local',
      state: 'ok',
      packageCount: 3,
      lastError: null,
      warnings: [],
    })
  })

  test('says failing and why where a source gave nothing, and ok once it gives an index again', async () => {
    const source = brokenSource('a', 'rejects', ['x'])
    const { manager } = managerOf([source])
    await manager.fetchMergedIndex()
    assert.deepEqual(statusOf(manager, 'a'), {
      sourceId: 'a',
      type: 'local',
      state: 'failing',
      packageCount: 0,
      lastSuccessAt: null,
      lastError: { code: 'EOUTOFORDER', message: statusOf(manager, 'a').lastError.message },
      warnings: [],
    })
    assert.match(statusOf(manager, 'a').lastError.message, /out of order/)

    source.fault = null
    manager.clearAllCaches()
    await manager.fetchMergedIndex()
    assert.equal(statusOf(manager, 'a').state, 'ok')
    assert.equal(statusOf(manager, 'a').lastError, null)
  })

  test('remembers the last success while a source fails', async () => {
    const source = brokenSource('a', null, ['x', 'y'])
    const { manager } = managerOf([source])
    await manager.fetchMergedIndex()
    const { lastSuccessAt } = statusOf(manager, 'a')
    source.fault = 'throws'
    manager.clearAllCaches()
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    const status = statusOf(manager, 'a')
    assert.equal(status.state, 'failing')
    assert.equal(status.lastSuccessAt, lastSuccessAt)
    assert.equal(status.packageCount, 2)
  })

  test('lists sources in the order added, each with its id and its type of now', () => {
    const moving = plainSource('b', [], { type: 'remote', priority: 1 })
    const { manager } = managerOf([plainSource('c', [], { priority: 9 }), moving, plainSource('a')])
    moving.config = { ...moving.config, type: 's3' }
    assert.deepEqual(
      manager.getSourceStatus().map((one) => [one.sourceId, one.type]),
      [
        ['c', 'local'],
        ['b', 's3'],
        ['a', 'local'],
      ],
    )
  })

  test('gives a copy that the caller may change without harm', async () => {
    const { manager } = managerOf([brokenSource('a', 'throws')])
    await manager.fetchMergedIndex()
    const mine = statusOf(manager, 'a')
    mine.warnings.push({ path: 'mine', reason: 'mine' })
    mine.lastError.code = 'EMINE'
    assert.deepEqual(statusOf(manager, 'a').warnings, [])
    assert.equal(statusOf(manager, 'a').lastError.code, 'EOUTOFORDER')
  })

  test('forgets the former source where another takes its id', async () => {
    const { manager } = managerOf([brokenSource('a', 'throws')])
    await manager.fetchMergedIndex()
    manager.addSource(plainSource('a', ['x']))
    assert.equal(statusOf(manager, 'a').state, 'unknown')
    assert.equal(statusOf(manager, 'a').lastError, null)
  })

  test('names a malformed package folder as a warning, and the rest of the folder is there', async (t) => {
    captureConsoleError(t)
    const folder = packagesFolder(t)
    folder.seed('good')
    folder.seed('bad').file('seed/metadata.json', '{ "packageId": "bad", ')
    const { manager } = managerOf([new LocalPackageSource({ url: folder.path })])
    assert.equal(await manager.hasPackage('good'), true)
    assert.equal(await manager.hasPackage('bad'), false)
    const status = statusOf(manager, 'local')
    assert.equal(status.state, 'ok')
    assert.equal(status.packageCount, 1)
    assert.equal(status.warnings.length, 1)
    assert.equal(status.warnings[0].path, 'bad/seed/metadata.json')
    assert.ok(status.warnings[0].reason.length > 0)
  })

  test('names a malformed entry of a registry as a warning, and the rest of the index is there', async (t) => {
    captureConsoleError(t)
    const registry = await startRegistry(t)
    const good = { packageId: 'good', version: '1.0.0' }
    registry.fault({ body: { packages: [good, null, { name: 'no id' }] } })
    const { manager } = managerOf([new RemotePackageSource({ id: 'r', url: registry.url, enabled: true })])
    assert.equal(await manager.hasPackage('good'), true)
    const status = statusOf(manager, 'r')
    assert.equal(status.state, 'ok')
    assert.deepEqual(
      status.warnings.map((warning) => warning.path),
      ['packages[1]', 'packages[2]'],
    )
  })

  test('says failing where a local folder is not there, with the code ENOPACKAGES', async (t) => {
    const folder = packagesFolder(t)
    const { manager, reports } = managerOf([new LocalPackageSource({ url: `${folder.path}/nowhere` })])
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(statusOf(manager, 'local').state, 'failing')
    assert.equal(statusOf(manager, 'local').lastError.code, 'ENOPACKAGES')
    assert.equal(reports[0].error.code, 'ENOPACKAGES')
    assert.equal(reports[0].context.sourceId, 'local')
  })

  test('says failing where a registry fails with nothing cached, with the code of the failure', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'x' })
    const faults = [
      [{ status: 500 }, 'EHTTP'],
      [{ status: 401 }, 'EHTTP'],
      [{ body: '{ "packages": [' }, 'EPROTOCOL'],
      [{ body: { packages: 'none' } }, 'EPROTOCOL'],
      [{ reset: true }, 'ENETWORK'],
    ]
    for (const [fault, code] of faults) {
      registry.heal().fault(fault)
      const { manager, reports } = managerOf([new RemotePackageSource({ id: 'r', url: registry.url, enabled: true })])
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      const status = statusOf(manager, 'r')
      assert.equal(status.state, 'failing')
      assert.equal(status.lastError.code, code)
      assert.equal(reports.length, 1)
      assert.equal(reports[0].error.code, code)
      assert.deepEqual(reports[0].context, { sourceId: 'r', operation: 'fetchIndex' })
    }
  })

  test('says stale where a registry fails while its old copy goes on serving, and ok when it is back', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'x' })
    const source = new RemotePackageSource({ id: 'r', url: registry.url, enabled: true })
    source.setCacheExpiry(0)
    const { manager } = managerOf([source])
    assert.equal(await manager.hasPackage('x'), true)
    assert.equal(statusOf(manager, 'r').state, 'ok')

    /** Builds the merged index anew without clearing the source's own cache, until the source is in this state. */
    const rebuildUntil = (state) =>
      until(
        async () => {
          manager.addSource(plainSource('other'))
          assert.equal(await manager.hasPackage('x'), true)
          return statusOf(manager, 'r').state === state
        },
        { what: `the state ${state}` },
      )

    registry.fault({ status: 503 })
    await rebuildUntil('stale')
    const stale = statusOf(manager, 'r')
    assert.equal(stale.lastError.code, 'EHTTP')
    assert.equal(stale.packageCount, 1)
    assert.equal(typeof stale.lastSuccessAt, 'number')

    registry.heal()
    await rebuildUntil('ok')
    assert.equal(statusOf(manager, 'r').lastError, null)
  })
})
