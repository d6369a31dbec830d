// What the local source keeps in memory, and what it gives to the registry functions.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { inChild } from './helpers/child.mjs'
import { idsOf, localSource } from './helpers/local.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'

describe('the cache', () => {
  test('keeps the index until clearCache', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['a'])
    folder.seed('b')
    folder.remove('a')
    assert.deepEqual(await idsOf(source), ['a'])
    assert.equal(await source.hasPackage('a'), true)
    assert.equal(await source.hasPackage('b'), false)
    assert.equal(source.clearCache(), undefined)
    assert.deepEqual(await idsOf(source), ['b'])
    assert.equal(await source.hasPackage('a'), false)
    assert.equal(await source.hasPackage('b'), true)
  })

  test('keeps index.json until clearCache', async (t) => {
    const folder = packagesFolder(t).index([{ packageId: 'a' }])
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['a'])
    folder.index([{ packageId: 'b' }])
    assert.deepEqual(await idsOf(source), ['a'])
    source.clearCache()
    assert.deepEqual(await idsOf(source), ['b'])
    folder.remove('index.json')
    folder.seed('c')
    source.clearCache()
    assert.deepEqual(await idsOf(source), ['c'])
  })

  test('keeps packages until clearCache', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a', { version: '1.0.0' }).components([{ id: 'before' }])
    const source = localSource(folder)
    assert.deepEqual((await source.loadPackage('a')).components, [{ id: 'before' }])
    assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
    folder.seed('a', { version: '2.0.0' }).components([{ id: 'after' }])
    assert.deepEqual((await source.loadPackage('a')).components, [{ id: 'before' }])
    assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
    source.clearCache()
    assert.deepEqual((await source.loadPackage('a')).components, [{ id: 'after' }])
    assert.deepEqual(await source.getVersions('a'), ['2.0.0'])
  })

  test('follows the folder when it is another one after clearCache', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('old')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['old'])
    folder.remove()
    folder.seed('new')
    source.clearCache()
    assert.deepEqual(await idsOf(source), ['new'])
  })

  test('keeps every package, however many there are', async (t) => {
    const folder = packagesFolder(t)
    const ids = Array.from({ length: 2500 }, (_, n) => `package_${n}`)
    for (const packageId of ids) folder.file(`${packageId}/package.json`, { packageId })
    const source = localSource(folder)
    const before = await Promise.all(ids.map((id) => source.loadPackage(id)))
    folder.remove()
    for (const [at, id] of ids.entries()) assert.equal(await source.loadPackage(id), before[at], id)
    assert.equal(before[0].metadata.packageId, 'package_0')
  })

  test('gives the same objects each time', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a').components([{ id: 'root' }])
    folder.manifest('b')
    const source = localSource(folder)
    const [first, second] = [await source.fetchIndex(), await source.fetchIndex()]
    assert.equal(first.length, 2)
    for (const [at, entry] of first.entries()) assert.equal(second[at], entry)
    assert.equal(await source.loadPackage('a'), await source.loadPackage('a'))
    const concurrent = await Promise.all([source.loadPackage('b'), source.loadPackage('b')])
    assert.equal(concurrent[0], concurrent[1])
    source.clearCache()
    assert.notEqual((await source.fetchIndex())[0], first[0])
  })

  test('is not harmed by a caller who changes the array', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a')
    const source = localSource(folder)
    const index = await source.fetchIndex()
    index.length = 0
    assert.deepEqual(await idsOf(source), ['a'])
    assert.equal(await source.hasPackage('a'), true)
    const versions = await source.getVersions('a')
    versions.push('9.9.9')
    assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
  })

  test('of one source is its own', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a')
    const [one, two] = [localSource(folder, { id: 'one' }), localSource(folder, { id: 'two' })]
    await one.fetchIndex()
    folder.seed('b')
    assert.deepEqual(await idsOf(one), ['a'])
    assert.deepEqual(await idsOf(two), ['a', 'b'])
    two.clearCache()
    assert.deepEqual(await idsOf(one), ['a'])
  })

  test('is cleared by the manager too', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a')
    const manager = new PackageSourceManager()
    manager.addSource(localSource(folder))
    assert.deepEqual(await idsOf(manager), ['a'])
    folder.seed('b')
    assert.deepEqual(await idsOf(manager), ['a'])
    manager.clearAllCaches()
    assert.deepEqual(await idsOf(manager), ['a', 'b'])
  })

  test('cleared while a call is under way is not filled by that call', async (t) => {
    const folder = packagesFolder(t)
    for (let n = 0; n < 50; n++) folder.seed(`package_${n}`)
    const source = localSource(folder)
    const overtaken = source.fetchIndex()
    source.clearCache()
    folder.seed('newer')
    await overtaken
    assert.equal(await source.hasPackage('newer'), true)
  })
})

describe('getVersions', () => {
  test('gives the one version that is there', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a', { version: '1.2.3-beta.1+build' })
    folder.manifest('b', { version: 'v2' })
    const source = localSource(folder)
    assert.deepEqual(await source.getVersions('a'), ['1.2.3-beta.1+build'])
    assert.deepEqual(await source.getVersions('b'), ['v2'])
  })

  test('gives none for an unknown package, or one without a version', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('unversioned', { version: undefined })
    const source = localSource(folder)
    assert.deepEqual(await source.getVersions('unknown'), [])
    assert.deepEqual(await source.getVersions('unversioned'), [])
  })
})

describe('the config', () => {
  test('is laid over the default', () => {
    const source = new LocalPackageSource({ id: 'mine', priority: 3 })
    assert.deepEqual(source.getConfig(), {
      id: 'mine',
      name: 'Local Packages',
      type: 'local',
      url: '/packages',
      priority: 3,
      enabled: true,
    })
  })

  test('takes a field that is undefined as not given', () => {
    assert.deepEqual(new LocalPackageSource({ id: undefined, url: undefined }).getConfig(), {
      id: 'local',
      name: 'Local Packages',
      type: 'local',
      url: '/packages',
      priority: 0,
      enabled: true,
    })
  })

  test('is the same object each time, and not the default itself', () => {
    const source = new LocalPackageSource()
    assert.equal(source.getConfig(), source.getConfig())
    source.getConfig().priority = 77
    assert.equal(new LocalPackageSource().getConfig().priority, 0)
  })
})

// The two functions read the default folder: each in a process of its own, with that folder in the environment.
describe('loadPackageIndex', () => {
  const loadIn = async (folder) =>
    (await inChild('answer(await addon.loadPackageIndex())', { env: { METABUILDER_PACKAGES_DIR: folder.path } })).answer

  test("gives index.json's entries as they stand", async (t) => {
    const entries = [
      { packageId: 'b', version: '1.0.0', dependencies: { a: '^1.0.0' }, exports: { components: ['X'] } },
      { packageId: 'a', minLevel: 0, anything: [1, { two: null }] },
    ]
    const folder = packagesFolder(t).index(entries, { generatedAt: 'today' })
    assert.deepEqual(await loadIn(folder), entries)
  })

  test('gives what a scan finds where there is no index.json', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('b', { version: '2.0.0', minLevel: 4 })
    folder.manifest('a', { version: '1.0.0' })
    const entries = await loadIn(folder)
    assert.deepEqual(
      entries.map(({ packageId, version, minLevel }) => [packageId, version, minLevel]),
      [
        ['a', '1.0.0', 1],
        ['b', '2.0.0', 4],
      ],
    )
  })

  test('gives null where there is no folder', async (t) => {
    const folder = packagesFolder(t).remove()
    assert.equal(await loadIn(folder), null)
  })
})

describe('buildPackageRegistry', () => {
  const buildFrom = async (folder) =>
    (
      await inChild('answer(Object.entries(await addon.buildPackageRegistry()))', {
        env: { METABUILDER_PACKAGES_DIR: folder.path },
      })
    ).answer

  test('gives definitions in the order of the index', async (t) => {
    const folder = packagesFolder(t)
    folder
      .seed('forum', { minLevel: 2, dependencies: ['table'], exports: { components: ['Thread'], scripts: ['init'] } })
      .components([{ id: 'thread' }])
      .script('-- single')
      .listedScript('init.lua', '-- init', { name: 'Init' })
      .examples({ threads: [] })
    folder.manifest('table', { shadowcnComponents: ['Table'] }).components([{ id: 'grid' }])
    folder.index([{ packageId: 'table' }, { packageId: 'forum' }])
    const entries = await buildFrom(folder)
    assert.deepEqual(
      entries.map(([id]) => id),
      ['table', 'forum'],
    )
    const { table, forum } = Object.fromEntries(entries)
    assert.equal(forum.packageId, 'forum')
    assert.equal(forum.name, 'Forum')
    assert.equal(forum.version, '1.0.0')
    assert.equal(forum.minLevel, 2)
    assert.deepEqual(forum.dependencies, ['table'])
    assert.deepEqual(forum.exports, { components: ['Thread'], scripts: ['init'] })
    assert.deepEqual(forum.components, [{ id: 'thread' }])
    assert.equal(forum.scripts, '-- single')
    assert.deepEqual(forum.scriptFiles, [{ name: 'Init', path: 'scripts/init.lua', code: '-- init' }])
    assert.deepEqual(forum.examples, { threads: [] })
    assert.deepEqual(table.exports, { components: [] })
    assert.deepEqual(table.shadowcnComponents, ['Table'])
    assert.deepEqual(table.components, [{ id: 'grid' }])
    assert.deepEqual(table.dependencies, [])
  })

  test('leaves out what index.json lists and what is not there', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('here')
    folder.index([{ packageId: 'gone' }, { packageId: 'here' }])
    assert.deepEqual(
      (await buildFrom(folder)).map(([id]) => id),
      ['here'],
    )
  })

  test('has own entries for ids that object members have', async (t) => {
    const folder = packagesFolder(t)
    for (const id of ['__proto__', 'constructor', 'toString']) folder.seed(id, { version: '1.0.0' })
    const { answer } = await inChild(
      `const registry = await addon.buildPackageRegistry()
      answer({
        keys: Object.keys(registry),
        plain: Object.getPrototypeOf(registry) === Object.prototype || Object.getPrototypeOf(registry) === null,
        found: addon.getPackage(registry, '__proto__')?.packageId,
        polluted: {}.packageId ?? null,
      })`,
      { env: { METABUILDER_PACKAGES_DIR: folder.path } },
    )
    assert.deepEqual(answer, {
      keys: ['__proto__', 'constructor', 'toString'],
      plain: true,
      found: '__proto__',
      polluted: null,
    })
  })

  test('is {} where there is no folder', async (t) => {
    assert.deepEqual(await buildFrom(packagesFolder(t).remove()), [])
  })
})
