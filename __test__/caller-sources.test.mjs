import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { idsOf, managerOf } from './helpers/manager.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { AsyncSource, entry, localSubclass, packageData, plainSource, sourceConfig, spyOn } from './helpers/sources.mjs'

describe('A source that the caller wrote', () => {
  test('may be a plain object with synchronous methods', async () => {
    const source = plainSource('mine', ['alpha', { packageId: 'beta', version: '2.1.0' }])
    const { manager } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['alpha', 'beta'])
    assert.equal(await manager.hasPackage('beta'), true)
    assert.equal(await manager.hasPackage('gamma'), false)
    assert.deepEqual(await manager.getAllVersions('beta'), new Map([['mine', ['2.1.0']]]))
  })

  test('may be a class with asynchronous methods and private fields', async () => {
    const source = new AsyncSource('mine', ['alpha'])
    const { manager, reports } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['alpha'])
    assert.deepEqual((await manager.loadPackage('alpha')).components, [{ id: 'alpha_root' }])
    assert.deepEqual((await manager.loadPackageFromSource('alpha', 'mine')).components, [{ id: 'alpha_root' }])
    assert.deepEqual(await manager.getAllVersions('alpha'), new Map([['mine', ['1.0.0']]]))
    assert.deepEqual(reports, [])
  })

  test('may return thenables that are no promises', async () => {
    const source = plainSource('mine', ['alpha'])
    const thenable = (value) => ({
      // biome-ignore lint/suspicious/noThenProperty: such objects are what this test is about.
      then: (resolve) => resolve(value),
    })
    source.fetchIndex = () => thenable(source.entries)
    source.loadPackage = (id) => thenable(source.packages.get(id))
    const { manager } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['alpha'])
    assert.equal(await manager.loadPackage('alpha'), source.packages.get('alpha'))
  })

  test('may do without clearCache', () => {
    const { manager, reports } = managerOf([new AsyncSource('mine')])
    manager.clearAllCaches()
    assert.deepEqual(reports, [])
  })

  test('may inherit its methods from a prototype', async () => {
    const { manager } = managerOf([Object.create(plainSource('mine', ['alpha']))])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['alpha'])
  })

  test('may be a subclass of the native local source that overrides fetchIndex and loadPackage', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('on_disk')
    const extra = entry('added', { sourceId: 'local', made: new Date(0) })
    const source = localSubclass(LocalPackageSource, { url: folder.path }, extra)
    const { manager, reports } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['on_disk', 'added'])
    assert.equal((await manager.loadPackage('added')).metadata, extra)
    assert.equal((await manager.loadPackage('on_disk')).metadata.packageId, 'on_disk')
    assert.deepEqual(reports, [])
  })

  test('may be a native instance whose fetchIndex a test has replaced by a spy', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('on_disk')
    const source = new LocalPackageSource({ url: folder.path })
    const calls = spyOn(source, 'fetchIndex')
    const { manager } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['on_disk'])
    assert.equal(calls.length, 1)
    assert.equal(calls[0].self, source)
  })

  test('may have its method replaced after it was added and used', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('on_disk')
    const source = new LocalPackageSource({ url: folder.path })
    const { manager } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['on_disk'])

    spyOn(source, 'fetchIndex', async () => [entry('replaced', { sourceId: 'local' })])
    const made = packageData(entry('replaced', { sourceId: 'local' }))
    const calls = spyOn(source, 'loadPackage', () => made)
    manager.clearAllCaches()
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['replaced'])
    assert.equal(await manager.loadPackage('replaced'), made)
    assert.deepEqual(
      calls.map((call) => [call.self === source, call.args[0]]),
      [[true, 'replaced']],
    )
  })

  test('is called through a method replaced on the prototype of the native class', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('on_disk')
    const source = new LocalPackageSource({ url: folder.path })
    const { manager } = managerOf([source])
    const spy = t.mock.method(LocalPackageSource.prototype, 'getVersions', async () => ['9.9.9'])
    assert.deepEqual(await manager.getAllVersions('on_disk'), new Map([['local', ['9.9.9']]]))
    assert.equal(spy.mock.callCount(), 1)
  })

  test('is called with itself as this, by every method', async () => {
    const source = plainSource('mine', ['alpha'])
    const spies = ['getConfig', 'fetchIndex', 'loadPackage', 'getVersions', 'clearCache'].map((method) => ({
      method,
      calls: spyOn(source, method),
    }))
    const { manager } = managerOf([source])
    await manager.fetchMergedIndex()
    await manager.loadPackage('alpha')
    await manager.getAllVersions('alpha')
    manager.clearAllCaches()
    for (const { method, calls } of spies) {
      assert.ok(calls.length > 0, method)
      assert.ok(
        calls.every((call) => call.self === source),
        method,
      )
    }
  })

  test('is given back as the very object that was added', () => {
    const plain = plainSource('plain')
    const object = new AsyncSource('class', [], { priority: -1 })
    const native = new LocalPackageSource({ id: 'native', url: '.' })
    const { manager } = managerOf([plain, object, native])
    assert.equal(manager.getSource('plain'), plain)
    assert.equal(manager.getSource('class'), object)
    assert.equal(manager.getSource('native'), native)
    const [first, second, third] = manager.getSources()
    assert.ok(first === plain && second === object && third === native)
    assert.equal(manager.getSourcesByPriority()[0], object)
  })

  test('hands its loaded package to the caller as the same object', async () => {
    const source = plainSource('mine', ['alpha'])
    const { manager } = managerOf([source])
    const loaded = source.packages.get('alpha')
    loaded.scriptFiles = [{ name: 'init', path: 'scripts/init.lua', code: 'return {}' }]
    loaded.helper = () => 'kept'
    assert.equal(await manager.loadPackage('alpha'), loaded)
    assert.equal(await manager.loadPackageFromSource('alpha', 'mine'), loaded)
  })

  test('keeps in its entries what JSON cannot hold', async () => {
    class Badge {}
    const extras = {
      run: () => 42,
      built: new Date(5),
      badge: new Badge(),
      size: 12345678901234567890n,
      tag: Symbol('tag'),
      nothing: undefined,
      notANumber: Number.NaN,
      nested: { list: new Map([['key', new Set([1])]]) },
    }
    const { manager } = managerOf([plainSource('mine', [{ packageId: 'alpha', ...extras }])])
    const [merged] = await manager.fetchMergedIndex()
    for (const [name, value] of Object.entries(extras)) assert.ok(Object.is(merged[name], value), name)
    assert.equal(merged.selectedSource, 'mine')
  })

  test('keeps its further fields when it wins over a native source, and yields them when it loses', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('shared', { homepage: 'from the folder' })
    const native = new LocalPackageSource({ id: 'native', url: folder.path, priority: 5 })
    const source = plainSource('mine', [{ packageId: 'shared', run: Math.max }], { priority: 1 })
    const { manager } = managerOf([native, source])
    const [won] = await manager.fetchMergedIndex()
    assert.equal(won.run, Math.max)
    assert.equal(won.homepage, undefined)

    source.config = { ...source.config, priority: 9 }
    manager.clearAllCaches()
    const [lost] = await manager.fetchMergedIndex()
    assert.equal(lost.run, undefined)
    assert.equal(lost.homepage, 'from the folder')
  })

  test('finds its own entries untouched after the merge, also frozen ones', async () => {
    const source = plainSource('mine', ['alpha', 'beta'])
    Object.freeze(source.entries[0])
    Object.freeze(source.entries)
    const before = structuredClone(source.entries)
    const { manager } = managerOf([source, plainSource('other', ['alpha'], { priority: 1 })])
    const [merged] = await manager.fetchMergedIndex()
    assert.deepEqual(merged.availableSources, ['mine', 'other'])
    assert.deepEqual(source.entries, before)
  })

  test('may serve two managers at once', async () => {
    const source = plainSource('mine', ['alpha'])
    const { manager: one } = managerOf([source])
    const { manager: two } = managerOf([plainSource('first', ['alpha'], { priority: -1 }), source])
    const [[alone], [shadowed]] = await Promise.all([one.fetchMergedIndex(), two.fetchMergedIndex()])
    assert.deepEqual(alone.availableSources, ['mine'])
    assert.deepEqual(shadowed.availableSources, ['first', 'mine'])
  })

  test('may change its priority after it was added', async () => {
    const one = plainSource('one', ['alpha'], { priority: 1 })
    const two = plainSource('two', ['alpha'], { priority: 2 })
    const { manager } = managerOf([one, two])
    assert.deepEqual(manager.getSourcesByPriority(), [one, two])
    assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'one')

    two.config.priority = 0
    assert.ok(manager.getSourcesByPriority()[0] === two)
    manager.clearAllCaches()
    assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'two')
  })

  test('may change its type after it was added', async () => {
    const one = plainSource('one', ['alpha'], { type: 'git', priority: 5 })
    const two = plainSource('two', ['alpha'], { type: 'git', priority: 1 })
    const { manager } = managerOf([one, two], { conflictResolution: 'local-first' })
    assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'two')
    one.config = { ...one.config, type: 'local' }
    manager.clearAllCaches()
    assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'one')
    assert.equal(manager.getSource('local'), one)
  })

  test('may give a config that is computed at each call', () => {
    let priority = 5
    const source = plainSource('moving')
    source.getConfig = () => sourceConfig('moving', { priority })
    const { manager } = managerOf([plainSource('fixed', [], { priority: 3 }), source])
    const order = () => manager.getSourcesByPriority().map((one) => one.getConfig().id)
    assert.deepEqual(order(), ['fixed', 'moving'])
    priority = 1
    assert.deepEqual(order(), ['moving', 'fixed'])
  })
})

describe('addSource refuses', () => {
  const refused = (source) =>
    assert.throws(
      () => new PackageSourceManager().addSource(source),
      (error) => error instanceof Error && error.code === 'EINVALIDSOURCE',
    )

  for (const method of ['getConfig', 'fetchIndex', 'loadPackage', 'hasPackage', 'getVersions']) {
    test(`an object without ${method}`, () => {
      refused({ ...plainSource('mine'), [method]: undefined })
      refused({ ...plainSource('mine'), [method]: 'no function' })
    })
  }

  for (const nonsense of [undefined, null, 42, 'source', true, [], {}]) {
    test(`${JSON.stringify(nonsense) ?? 'undefined'} in place of a source`, () => refused(nonsense))
  }

  for (const config of [null, undefined, 'text', {}, { id: 7 }, { id: '' }, Promise.resolve(sourceConfig('late'))]) {
    test(`a source whose config is ${config instanceof Promise ? 'a promise' : JSON.stringify(config)}`, () =>
      refused({ ...plainSource('mine'), getConfig: () => config }))
  }

  test('a source whose getConfig throws, and says what was thrown', () => {
    const reason = new Error('no config today')
    const source = { ...plainSource('mine') }
    source.getConfig = () => {
      throw reason
    }
    assert.throws(
      () => new PackageSourceManager().addSource(source),
      (error) => error.code === 'EINVALIDSOURCE' && error.cause === reason,
    )
  })

  test('without losing the source that was there before', () => {
    const source = plainSource('mine')
    const { manager } = managerOf([source])
    assert.throws(() => manager.addSource({ getConfig: () => sourceConfig('mine') }), { code: 'EINVALIDSOURCE' })
    assert.equal(manager.getSource('mine'), source)
  })
})
