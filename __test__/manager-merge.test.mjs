import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsOf, managerOf } from './helpers/manager.mjs'
import { plainSource } from './helpers/sources.mjs'

/** Who wins the package `x`, and in which order its sources are listed. */
async function contest(conflictResolution, ...contestants) {
  const sources = contestants.map(([id, version, fields]) => plainSource(id, [{ packageId: 'x', version }], fields))
  const { manager } = managerOf(sources, { conflictResolution })
  const [merged] = await manager.fetchMergedIndex()
  assert.equal(merged.version, contestants.find(([id]) => id === merged.selectedSource)[1])
  return { selected: merged.selectedSource, available: merged.availableSources }
}

const local = (priority) => ({ type: 'local', priority })
const remote = (priority) => ({ type: 'remote', priority })
const git = (priority) => ({ type: 'git', priority })

describe('The merged index', () => {
  test('lists packages in the order of their first occurrence, sources in priority order', async () => {
    const { manager } = managerOf([
      plainSource('second', ['z', 'x', 'w'], { priority: 2 }),
      plainSource('first', ['y', 'x'], { priority: 1 }),
    ])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['y', 'x', 'z', 'w'])
  })

  test('keeps that order where a later source takes an entry over', async () => {
    const { manager } = managerOf(
      [
        plainSource('first', ['a', 'b', 'c'], { priority: 1 }),
        plainSource('second', [{ packageId: 'b', version: '9.0.0' }, 'd'], { priority: 2 }),
      ],
      { conflictResolution: 'latest-version' },
    )
    const index = await manager.fetchMergedIndex()
    assert.deepEqual(idsOf(index), ['a', 'b', 'c', 'd'])
    assert.deepEqual(
      index.map((one) => one.selectedSource),
      ['first', 'second', 'first', 'second'],
    )
  })

  test("gives the winner's fields, and where else the package is to be had", async () => {
    const { manager } = managerOf([
      plainSource('b', [{ packageId: 'x', name: 'From b', minLevel: 5, checksum: 'bbb' }], { priority: 2 }),
      plainSource('a', [{ packageId: 'x', name: 'From a', minLevel: 2, icon: 'a.svg' }], { priority: 1 }),
    ])
    assert.deepEqual(await manager.fetchMergedIndex(), [
      {
        packageId: 'x',
        name: 'From a',
        version: '1.0.0',
        description: '',
        author: '',
        category: 'ui',
        dependencies: [],
        minLevel: 2,
        icon: 'a.svg',
        sourceId: 'a',
        availableSources: ['a', 'b'],
        selectedSource: 'a',
      },
    ])
  })

  test('lists the available sources in priority order, whoever wins', async () => {
    const { selected, available } = await contest(
      'latest-version',
      ['third', '1.0.0', local(3)],
      ['first', '1.5.0', remote(1)],
      ['second', '2.0.0', git(2)],
    )
    assert.equal(selected, 'second')
    assert.deepEqual(available, ['first', 'second', 'third'])
  })

  test('names a source once, also where its own index has a package twice', async () => {
    const { manager } = managerOf([plainSource('a', ['x', 'x']), plainSource('b', ['x'], { priority: 1 })])
    const index = await manager.fetchMergedIndex()
    assert.deepEqual(idsOf(index), ['x'])
    assert.deepEqual(index[0].availableSources, ['a', 'b'])
  })
})

describe('The strategy priority', () => {
  test('prefers the lower priority number, whatever the versions and types', async () => {
    const { selected } = await contest('priority', ['high', '9.0.0', local(10)], ['low', '1.0.0', git(-1)])
    assert.equal(selected, 'low')
  })

  test('leaves a tie with the source added earlier', async () => {
    const { selected, available } = await contest('priority', ['z', '1.0.0', remote(1)], ['a', '2.0.0', local(1)])
    assert.equal(selected, 'z')
    assert.deepEqual(available, ['z', 'a'])
  })

  test('is the default', async () => {
    const { selected } = await contest(undefined, ['high', '9.0.0', local(10)], ['low', '1.0.0', remote(0)])
    assert.equal(selected, 'low')
  })
})

describe('The strategy local-first', () => {
  test('prefers a local source over any other, whatever priority and version', async () => {
    const { selected } = await contest(
      'local-first',
      ['registry', '9.0.0', remote(0)],
      ['repository', '9.0.0', git(1)],
      ['folder', '0.1.0', local(99)],
    )
    assert.equal(selected, 'folder')
  })

  test('decides by priority between two local sources, and between two others', async () => {
    const among = await contest('local-first', ['one', '1.0.0', local(2)], ['two', '1.0.0', local(1)])
    assert.equal(among.selected, 'two')
    const others = await contest('local-first', ['one', '9.0.0', remote(2)], ['two', '1.0.0', git(1)])
    assert.equal(others.selected, 'two')
  })

  test('leaves a tie with the source added earlier', async () => {
    const { selected } = await contest('local-first', ['one', '1.0.0', local(1)], ['two', '2.0.0', local(1)])
    assert.equal(selected, 'one')
  })
})

describe('The strategy remote-first', () => {
  test('prefers a remote source over any other, whatever priority and version', async () => {
    const { selected } = await contest(
      'remote-first',
      ['folder', '9.0.0', local(0)],
      ['repository', '9.0.0', git(1)],
      ['registry', '0.1.0', remote(99)],
    )
    assert.equal(selected, 'registry')
  })

  test('decides by priority between two remote sources, and between two others', async () => {
    const among = await contest('remote-first', ['one', '1.0.0', remote(2)], ['two', '1.0.0', remote(1)])
    assert.equal(among.selected, 'two')
    const others = await contest('remote-first', ['one', '9.0.0', local(2)], ['two', '1.0.0', git(1)])
    assert.equal(others.selected, 'two')
  })

  test('leaves a tie with the source added earlier', async () => {
    const { selected } = await contest('remote-first', ['one', '1.0.0', remote(1)], ['two', '2.0.0', remote(1)])
    assert.equal(selected, 'one')
  })
})

describe('The strategy latest-version', () => {
  /** Each of these is lower than its right neighbour. */
  const rising = [
    ['1.0.0', '1.0.1'],
    ['1.9.0', '1.10.0'],
    ['9.0.0', '10.0.0'],
    ['1.0.0-alpha', '1.0.0-alpha.1'],
    ['1.0.0-alpha.1', '1.0.0-alpha.beta'],
    ['1.0.0-alpha.beta', '1.0.0-beta'],
    ['1.0.0-beta', '1.0.0-beta.2'],
    ['1.0.0-beta.2', '1.0.0-beta.11'],
    ['1.0.0-beta.11', '1.0.0-rc.1'],
    ['1.0.0-rc.1', '1.0.0'],
    ['0.9.9', '1.0.0-alpha'],
    ['1.0.0-2', '1.0.0-a'],
    ['1.0.0-a', '1.0.0-b+0'],
    ['1.2', '1.2.1'],
    ['1.9.9', '2'],
    ['1.2-beta', '1.2.0'],
    ['v1.0.0', '1.0.1'],
    ['1.0.0', 'v1.0.1'],
    ['v1.1', 'v1.2'],
    ['v2.0.0-rc.1', '2'],
    ['latest', '0.0.0'],
    ['', '0.0.1'],
    ['not.a.version', '0.0.0-alpha'],
    ['1.0.x', '0.0.1'],
    [undefined, '0.0.1'],
  ]
  for (const [low, high] of rising) {
    test(`takes ${high} for higher than ${low === undefined ? 'no version' : JSON.stringify(low)}`, async () => {
      const later = await contest('latest-version', ['a', low, local(1)], ['b', high, remote(2)])
      assert.equal(later.selected, 'b')
      const earlier = await contest('latest-version', ['a', high, local(1)], ['b', low, remote(2)])
      assert.equal(earlier.selected, 'a')
    })
  }

  const equal = [
    ['1.2', '1.2.0'],
    ['1', '1.0.0'],
    ['v1.0.0', '1.0.0'],
    ['v1', '1.0.0'],
    ['1.0.0+build.1', '1.0.0+build.2'],
    ['1.0.0', '1.0.0+later'],
    ['1.0.0-rc.1+x', '1.0.0-rc.1'],
    ['latest', 'next'],
    ['', 'anything'],
  ]
  for (const [one, other] of equal) {
    test(`takes ${JSON.stringify(one)} and ${JSON.stringify(other)} for equal and decides by priority`, async () => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ]) {
        const { selected } = await contest('latest-version', ['b', second, local(2)], ['a', first, remote(1)])
        assert.equal(selected, 'a')
      }
    })
  }

  test('leaves a tie of version and priority with the source added earlier', async () => {
    const { selected } = await contest('latest-version', ['one', '1.0.0', remote(1)], ['two', '1.0.0', local(1)])
    assert.equal(selected, 'one')
  })

  test('finds the highest of many sources', async () => {
    const versions = ['1.0.0', '2.0.0-rc.1', '1.9.9', '2.0.0', '2.0.0+b', '0.1', 'latest', '2.0.0-rc.2']
    const contestants = versions.map((version, at) => [`s${at}`, version, local(at)])
    assert.equal((await contest('latest-version', ...contestants)).selected, 's3')
  })
})
