import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PackageSourceManager } from '../index.mjs'
import { idsOf, managerOf } from './helpers/manager.mjs'
import { plainSource } from './helpers/sources.mjs'

const sourceIds = (sources) => sources.map((one) => one.getConfig().id)

describe('A manager', () => {
  test('starts without sources and finds nothing', async () => {
    const manager = new PackageSourceManager()
    assert.deepEqual(manager.getSources(), [])
    assert.deepEqual(manager.getSourcesByPriority(), [])
    assert.deepEqual(manager.getSourceStatus(), [])
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(await manager.loadPackage('alpha'), null)
    assert.equal(await manager.hasPackage('alpha'), false)
    assert.deepEqual(await manager.getAllVersions('alpha'), new Map())
  })

  test('keeps its sources in the order added', () => {
    const { manager } = managerOf([
      plainSource('c', [], { priority: 3 }),
      plainSource('a', [], { priority: 1 }),
      plainSource('b', [], { priority: 2 }),
    ])
    assert.deepEqual(sourceIds(manager.getSources()), ['c', 'a', 'b'])
  })

  test('sorts its sources by priority, and stably', () => {
    const { manager } = managerOf([
      plainSource('late', [], { priority: 7 }),
      plainSource('first', [], { priority: 1 }),
      plainSource('second', [], { priority: 1 }),
      plainSource('third', [], { priority: 1 }),
      plainSource('negative', [], { priority: -2.5 }),
    ])
    assert.deepEqual(sourceIds(manager.getSourcesByPriority()), ['negative', 'first', 'second', 'third', 'late'])
  })

  test('hands out lists that the caller may change without harm', () => {
    const { manager } = managerOf([plainSource('a'), plainSource('b', [], { priority: 1 })])
    manager.getSources().length = 0
    manager.getSourcesByPriority().reverse()
    assert.deepEqual(sourceIds(manager.getSources()), ['a', 'b'])
    assert.deepEqual(sourceIds(manager.getSourcesByPriority()), ['a', 'b'])
  })

  test('ignores a source whose config says enabled: false', async () => {
    const source = plainSource('off', ['alpha'], { enabled: false })
    const { manager } = managerOf([source])
    assert.deepEqual(manager.getSources(), [])
    assert.equal(manager.getSource('off'), undefined)
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(source.count('fetchIndex'), 0)
  })

  test('keeps the source that is there when a disabled one with its id is added', () => {
    const source = plainSource('same')
    const { manager } = managerOf([source])
    manager.addSource(plainSource('same', [], { enabled: false }))
    assert.equal(manager.getSource('same'), source)
  })

  test('lets a source with the id of one that is there take its place', async () => {
    const { manager } = managerOf([plainSource('a', ['old']), plainSource('b', ['other'])])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['old', 'other'])
    const replacement = plainSource('a', ['new'])
    manager.addSource(replacement)
    assert.equal(manager.getSource('a'), replacement)
    assert.deepEqual(sourceIds(manager.getSources()), ['a', 'b'])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['new', 'other'])
  })

  test('removes a source once, and its packages with it', async () => {
    const { manager } = managerOf([plainSource('a', ['alpha']), plainSource('b', ['beta'])])
    await manager.fetchMergedIndex()
    assert.equal(manager.removeSource('a'), true)
    assert.equal(manager.removeSource('a'), false)
    assert.equal(manager.removeSource('never there'), false)
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['beta'])
    assert.equal(manager.getSource('a'), undefined)
  })

  test('takes ids such as __proto__ for ids like any other', async () => {
    const names = ['__proto__', 'constructor', 'toString']
    const { manager } = managerOf([])
    for (const name of names) {
      assert.equal(manager.getSource(name), undefined)
      assert.equal(manager.removeSource(name), false)
    }
    for (const name of names) manager.addSource(plainSource(name, names))
    const index = await manager.fetchMergedIndex()
    assert.deepEqual(idsOf(index), names)
    assert.deepEqual(index[0].availableSources, names)
    for (const name of names) assert.equal(await manager.hasPackage(name), true)
    assert.equal(await manager.hasPackage('valueOf'), false)
    assert.equal(await manager.loadPackage('valueOf'), null)
  })
})

describe("A source's type", () => {
  test('serves as its id where exactly one source has it', async () => {
    const local = plainSource('folder', ['alpha'])
    const remote = plainSource('registry', ['alpha'], { type: 'remote' })
    const { manager } = managerOf([local, remote])
    assert.equal(manager.getSource('remote'), remote)
    assert.equal(manager.getSource('local'), local)
    assert.equal(await manager.loadPackageFromSource('alpha', 'remote'), remote.packages.get('alpha'))
  })

  test('names no source where several have it', async () => {
    const { manager } = managerOf([
      plainSource('one', ['alpha'], { type: 'remote' }),
      plainSource('two', ['alpha'], { type: 'remote' }),
    ])
    assert.equal(manager.getSource('remote'), undefined)
    assert.equal(await manager.loadPackageFromSource('alpha', 'remote'), null)
  })

  test('yields to a source that has it as its id', async () => {
    const named = plainSource('remote', ['alpha'], { type: 'git' })
    const { manager } = managerOf([plainSource('registry', ['alpha'], { type: 'remote' }), named])
    assert.equal(manager.getSource('remote'), named)
    assert.equal(await manager.loadPackageFromSource('alpha', 'remote'), named.packages.get('alpha'))
  })

  test('names no source where none has it', async () => {
    const { manager } = managerOf([plainSource('folder', ['alpha'])])
    assert.equal(manager.getSource('git'), undefined)
    assert.equal(await manager.loadPackageFromSource('alpha', 's3'), null)
  })
})

describe("A manager's settings", () => {
  const faulty = {
    conflictResolution: ['newest', '', 'Priority', 7, null, {}],
    parallelFetch: ['yes', 1, null],
    maxParallelSources: [0, -1, 1.5, Number.NaN, '5', null],
    sourceTimeoutMs: [-1, Number.NaN, '30', null],
    onError: ['console', 1, {}],
  }
  for (const [field, values] of Object.entries(faulty)) {
    test(`are refused where ${field} has no usable value`, () => {
      for (const value of values) {
        assert.throws(
          () => new PackageSourceManager({ [field]: value }),
          (error) => error instanceof Error && error.code === 'EINVALIDARG' && error.message.includes(field),
          `${field}: ${String(value)}`,
        )
      }
    })
  }

  test('are refused where they are no object', () => {
    for (const nonsense of [5, 'priority', true]) {
      assert.throws(() => new PackageSourceManager(nonsense), { code: 'EINVALIDARG' })
    }
  })

  test('count as not given where they are undefined', async () => {
    const { manager } = managerOf(
      [plainSource('a', ['alpha'], { priority: 2 }), plainSource('b', ['alpha'], { priority: 1 })],
      {
        conflictResolution: undefined,
        parallelFetch: undefined,
        maxParallelSources: undefined,
        sourceTimeoutMs: undefined,
      },
    )
    assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'b')
  })
})
