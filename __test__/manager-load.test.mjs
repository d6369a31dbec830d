import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LocalPackageSource } from '../index.mjs'
import { managerOf } from './helpers/manager.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { brokenSource, plainSource } from './helpers/sources.mjs'

/** Which sources were asked for a package, in order. */
const askedForPackage = (...sources) =>
  sources.flatMap((source) => (source.count('loadPackage') > 0 ? [source.config.id] : []))

describe('loadPackage', () => {
  test('asks the selected source', async () => {
    const low = plainSource('low', [{ packageId: 'x', version: '1.0.0' }], { priority: 1 })
    const high = plainSource('high', [{ packageId: 'x', version: '2.0.0' }], { priority: 2 })
    const { manager } = managerOf([low, high], { conflictResolution: 'latest-version' })
    assert.equal(await manager.loadPackage('x'), high.packages.get('x'))
    assert.deepEqual(askedForPackage(low, high), ['high'])
  })

  test('asks the other sources of the entry in priority order where the selected one gives null', async () => {
    const sources = [3, 1, 2].map((priority) => plainSource(`p${priority}`, ['x'], { priority }))
    const stranger = plainSource('stranger', ['y'], { priority: 0 })
    const { manager, reports } = managerOf([...sources, stranger])
    const asked = []
    for (const source of [...sources, stranger]) {
      source.loadPackage = (id) => {
        asked.push(source.config.id)
        return source.config.id === 'p3' ? source.packages.get(id) : null
      }
    }
    assert.equal(await manager.loadPackage('x'), sources[0].packages.get('x'))
    assert.deepEqual(asked, ['p1', 'p2', 'p3'])
    assert.deepEqual(reports, [])
  })

  test('takes undefined for null', async () => {
    const first = plainSource('first', ['x'])
    first.loadPackage = () => undefined
    const second = plainSource('second', ['x'], { priority: 1 })
    const { manager } = managerOf([first, second])
    assert.equal(await manager.loadPackage('x'), second.packages.get('x'))
    manager.removeSource('second')
    assert.equal(await manager.loadPackage('x'), null)
  })

  test('gives null where no source of the entry has the package after all', async () => {
    const source = plainSource('a', ['x'])
    source.packages.clear()
    const { manager } = managerOf([source])
    assert.equal(await manager.loadPackage('x'), null)
  })

  test('gives null for a package that no index lists', async () => {
    const { manager } = managerOf([plainSource('a', ['x'])])
    for (const id of ['y', '', 'X', 'x ', '__proto__']) assert.equal(await manager.loadPackage(id), null, id)
  })

  for (const [fault, code] of [
    ['throws', 'EOUTOFORDER'],
    ['rejects', 'EOUTOFORDER'],
    ['wrong type', 'EBADRESULT'],
    ['never settles', 'ETIMEOUT'],
  ]) {
    test(`goes on with the next source where loadPackage of the selected one ${fault}, and reports it`, async () => {
      const first = brokenSource('first', null, ['x'])
      const second = plainSource('second', ['x'], { priority: 1 })
      const { manager, reports } = managerOf([first, second], { sourceTimeoutMs: 50 })
      await manager.fetchMergedIndex()
      first.fault = fault
      assert.equal(await manager.loadPackage('x'), second.packages.get('x'))
      assert.equal(reports.length, 1)
      assert.equal(reports[0].error.code, code)
      assert.deepEqual(reports[0].context, { sourceId: 'first', operation: 'loadPackage', packageId: 'x' })
    })
  }

  test('gives null where the only source that has the package fails', async () => {
    const source = brokenSource('a', null, ['x'])
    const { manager, reports } = managerOf([source])
    await manager.fetchMergedIndex()
    source.fault = 'rejects'
    assert.equal(await manager.loadPackage('x'), null)
    assert.equal(reports[0].error.code, 'EOUTOFORDER')
  })

  test('rejects with EINVALIDARG where the id is no string', async () => {
    const { manager } = managerOf([plainSource('a', ['x'])])
    for (const id of [undefined, null, 5, {}, ['x']]) {
      await assert.rejects(
        manager.loadPackage(id),
        (error) => error instanceof Error && error.code === 'EINVALIDARG',
        String(id),
      )
    }
  })

  test('loads from native and caller-written sources side by side', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('on_disk').components([{ id: 'OnDisk' }])
    const own = plainSource('own', ['in_memory'])
    const { manager } = managerOf([new LocalPackageSource({ url: folder.path }), own])
    assert.deepEqual((await manager.loadPackage('on_disk')).components, [{ id: 'OnDisk' }])
    assert.equal(await manager.loadPackage('in_memory'), own.packages.get('in_memory'))
  })
})

describe('loadPackageFromSource', () => {
  test('asks the one source, also where another wins', async () => {
    const winner = plainSource('winner', ['x'])
    const loser = plainSource('loser', ['x'], { priority: 1 })
    const { manager } = managerOf([winner, loser])
    assert.equal(await manager.loadPackageFromSource('x', 'loser'), loser.packages.get('x'))
    assert.deepEqual(askedForPackage(winner, loser), ['loser'])
  })

  test('gives null for an unknown source and for a package that the source lacks', async () => {
    const { manager, reports } = managerOf([plainSource('a', ['x'])])
    assert.equal(await manager.loadPackageFromSource('x', 'nowhere'), null)
    assert.equal(await manager.loadPackageFromSource('y', 'a'), null)
    assert.deepEqual(reports, [])
  })

  test('gives null where the source fails, reports it and asks no other', async () => {
    const broken = brokenSource('broken', 'rejects', ['x'])
    const healthy = plainSource('healthy', ['x'])
    const { manager, reports } = managerOf([broken, healthy])
    assert.equal(await manager.loadPackageFromSource('x', 'broken'), null)
    assert.deepEqual(reports[0].context, { sourceId: 'broken', operation: 'loadPackage', packageId: 'x' })
    assert.equal(reports[0].error.code, 'EOUTOFORDER')
    assert.equal(healthy.count('loadPackage'), 0)
  })
})

describe('getAllVersions', () => {
  test('maps source ids to versions in the order added, without the sources that have none', async () => {
    const b = plainSource('b', ['x'], { priority: 2 })
    b.getVersions = (id) => (id === 'x' ? ['1.0.0', '1.1.0', '2.0.0'] : [])
    const { manager } = managerOf([b, plainSource('none', ['y']), plainSource('a', ['x'], { priority: 1 })])
    const versions = await manager.getAllVersions('x')
    assert.ok(versions instanceof Map)
    assert.deepEqual(
      [...versions],
      [
        ['b', ['1.0.0', '1.1.0', '2.0.0']],
        ['a', ['1.0.0']],
      ],
    )
    assert.deepEqual(await manager.getAllVersions('z'), new Map())
  })

  for (const [fault, code] of [
    ['throws', 'EOUTOFORDER'],
    ['rejects', 'EOUTOFORDER'],
    ['wrong type', 'EBADRESULT'],
    ['never settles', 'ETIMEOUT'],
  ]) {
    test(`leaves out a source whose getVersions ${fault}, and reports it`, async () => {
      const { manager, reports } = managerOf([brokenSource('broken', fault, ['x']), plainSource('fine', ['x'])], {
        sourceTimeoutMs: 50,
      })
      assert.deepEqual(await manager.getAllVersions('x'), new Map([['fine', ['1.0.0']]]))
      assert.equal(reports.length, 1)
      assert.equal(reports[0].error.code, code)
      assert.deepEqual(reports[0].context, { sourceId: 'broken', operation: 'getVersions', packageId: 'x' })
    })
  }
})

describe('clearAllCaches', () => {
  test('reports a source whose clearCache throws and clears the others', () => {
    const broken = plainSource('broken')
    broken.clearCache = () => {
      throw Object.assign(new Error('stuck'), { code: 'ESTUCK' })
    }
    const fine = plainSource('fine')
    const { manager, reports } = managerOf([broken, fine])
    manager.clearAllCaches()
    assert.equal(fine.count('clearCache'), 1)
    assert.deepEqual(
      reports.map(({ error, context }) => [error.code, context]),
      [['ESTUCK', { sourceId: 'broken', operation: 'clearCache' }]],
    )
  })

  test('makes a native source read its folder anew', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('one')
    const { manager } = managerOf([new LocalPackageSource({ url: folder.path })])
    assert.equal(await manager.hasPackage('two'), false)
    folder.seed('two')
    assert.equal(await manager.hasPackage('two'), false)
    manager.clearAllCaches()
    assert.equal(await manager.hasPackage('two'), true)
  })
})
