import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsOf, managerOf } from './helpers/manager.mjs'
import { AsyncSource, entry, gatedSource, plainSource } from './helpers/sources.mjs'
import { until } from './helpers/until.mjs'

/** Releases a gated source's calls, present and to come, until a promise settles. */
async function releaseUntil(source, promise) {
  let settled = false
  const done = () => {
    settled = true
  }
  promise.then(done, done)
  await until(
    () => {
      for (const call of [...source.waiting]) call.release()
      return settled
    },
    { what: 'the fetch', every: 1 },
  )
  return promise
}

const waiting = (source, count) => until(() => source.waiting.length >= count, { what: `call ${count} of fetchIndex` })

describe('The merged index is cached', () => {
  test('and each call gets an array of its own with the same entries', async () => {
    const source = plainSource('a', ['x', 'y'])
    const { manager } = managerOf([source])
    const first = await manager.fetchMergedIndex()
    const second = await manager.fetchMergedIndex()
    assert.notEqual(first, second)
    assert.ok(first.every((one, at) => one === second[at]))
    assert.equal(source.count('fetchIndex'), 1)
  })

  test('and a caller who empties the array does no harm', async () => {
    const { manager } = managerOf([plainSource('a', ['x', 'y'])])
    const mine = await manager.fetchMergedIndex()
    mine.length = 0
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x', 'y'])
    assert.equal(await manager.hasPackage('x'), true)
  })

  test('until clearAllCaches, which also clears every source', async () => {
    const a = plainSource('a', ['x'])
    const b = plainSource('b', ['y'])
    const { manager } = managerOf([a, b, new AsyncSource('without clearCache', ['z'])])
    const before = await manager.fetchMergedIndex()
    a.entries = [entry('new', { sourceId: 'a' })]
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x', 'y', 'z'])
    manager.clearAllCaches()
    assert.deepEqual([a.count('clearCache'), b.count('clearCache')], [1, 1])
    const after = await manager.fetchMergedIndex()
    assert.deepEqual(idsOf(after), ['new', 'y', 'z'])
    assert.notEqual(after[1], before[1])
  })

  test('until a source is added or removed', async () => {
    const a = plainSource('a', ['x'])
    const { manager } = managerOf([a])
    await manager.fetchMergedIndex()
    manager.addSource(plainSource('b', ['y']))
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x', 'y'])
    manager.removeSource('a')
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['y'])
  })

  test('also where it is empty', async () => {
    const source = plainSource('a', [])
    const { manager } = managerOf([source])
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(source.count('fetchIndex'), 1)
  })
})

describe('Concurrent calls', () => {
  test('share one fetch', async () => {
    const source = gatedSource('a', ['x'])
    const { manager } = managerOf([source])
    const calls = [
      manager.fetchMergedIndex(),
      manager.fetchMergedIndex(),
      manager.hasPackage('x'),
      manager.loadPackage('x'),
      manager.explain('x'),
      manager.searchPackages(''),
    ]
    await waiting(source, 1)
    source.waiting[0].release()
    const [one, two, has, loaded] = await Promise.all(calls)
    assert.equal(source.count('fetchIndex'), 1)
    assert.notEqual(one, two)
    assert.equal(one[0], two[0])
    assert.equal(has, true)
    assert.equal(loaded, source.packages.get('x'))
  })

  test('share one failing fetch, which is reported once', async () => {
    const source = gatedSource('a', ['x'])
    const { manager, reports } = managerOf([source])
    const calls = [manager.fetchMergedIndex(), manager.fetchMergedIndex(), manager.hasPackage('x')]
    await waiting(source, 1)
    source.waiting[0].fail(Object.assign(new Error('down'), { code: 'EDOWN' }))
    assert.deepEqual(await Promise.all(calls), [[], [], false])
    assert.deepEqual(
      reports.map(({ error, context }) => [error.code, context.sourceId, context.operation]),
      [['EDOWN', 'a', 'fetchIndex']],
    )
  })
})

describe('A change while a fetch runs is not lost', () => {
  test('when a source is added', async () => {
    const a = gatedSource('a', ['x'])
    const { manager } = managerOf([a])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    manager.addSource(plainSource('b', ['y']))
    assert.ok(idsOf(await releaseUntil(a, overtaken)).includes('x'))
    assert.deepEqual(idsOf(await releaseUntil(a, manager.fetchMergedIndex())), ['x', 'y'])
  })

  test('when a source is added and the index asked for before the running fetch ends', async () => {
    const a = gatedSource('a', ['x'])
    const { manager } = managerOf([a])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    manager.addSource(plainSource('b', ['y']))
    const current = manager.fetchMergedIndex()
    assert.deepEqual(idsOf(await releaseUntil(a, current)), ['x', 'y'])
    await releaseUntil(a, overtaken)
    assert.deepEqual(idsOf(await releaseUntil(a, manager.fetchMergedIndex())), ['x', 'y'])
  })

  test('when a source is removed', async () => {
    const a = gatedSource('a', ['x'])
    const { manager } = managerOf([a, plainSource('b', ['y'])])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    assert.equal(manager.removeSource('b'), true)
    await releaseUntil(a, overtaken)
    assert.deepEqual(idsOf(await releaseUntil(a, manager.fetchMergedIndex())), ['x'])
    assert.equal(await manager.hasPackage('y'), false)
  })

  test('when the source being asked is itself removed', async () => {
    const a = gatedSource('a', ['x'])
    const { manager } = managerOf([a, plainSource('b', ['y'])])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    manager.removeSource('a')
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['y'])
    await releaseUntil(a, overtaken)
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['y'])
  })

  test('when a source is replaced', async () => {
    const a = gatedSource('a', ['old'])
    const { manager } = managerOf([a])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    manager.addSource(plainSource('a', ['new']))
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['new'])
    await releaseUntil(a, overtaken)
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['new'])
  })

  test('when a source is replaced and the former one fails only then: that says nothing of the new one', async () => {
    const a = gatedSource('a', ['old'])
    const { manager } = managerOf([a])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    manager.addSource(plainSource('a', ['new']))
    a.waiting[0].fail(new Error('too late to matter'))
    await overtaken
    assert.equal(manager.getSourceStatus()[0].lastError, null)
    assert.equal(manager.getSourceStatus()[0].state, 'unknown')
  })

  test('when the caches are cleared', async () => {
    const a = gatedSource('a', ['old'])
    const { manager } = managerOf([a])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    a.entries = [entry('new', { sourceId: 'a' })]
    manager.clearAllCaches()
    const current = manager.fetchMergedIndex()
    await waiting(a, 2)

    // The newer answer comes first; the older one, which comes after it, must not replace it.
    a.waiting[1].release()
    assert.deepEqual(idsOf(await current), ['new'])
    await releaseUntil(a, overtaken)
    assert.deepEqual(idsOf(await releaseUntil(a, manager.fetchMergedIndex())), ['new'])
    assert.equal(await manager.hasPackage('old'), false)
  })

  test('when the overtaken fetch fails after the newer one succeeded', async () => {
    const a = gatedSource('a', ['x'])
    const { manager } = managerOf([a])
    const overtaken = manager.fetchMergedIndex()
    await waiting(a, 1)
    const [older] = a.waiting
    manager.clearAllCaches()
    const current = manager.fetchMergedIndex()
    await waiting(a, 2)
    a.waiting[1].release()
    assert.deepEqual(idsOf(await current), ['x'])
    older.fail(new Error('too late to matter'))
    await releaseUntil(a, overtaken)
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x'])
    assert.equal(manager.getSourceStatus()[0].state, 'ok')
  })

  test("when the source's own fetchIndex changes the manager", async () => {
    const a = plainSource('a', ['x'])
    const { manager } = managerOf([a])
    const plain = a.fetchIndex
    a.fetchIndex = function () {
      a.fetchIndex = plain
      manager.addSource(plainSource('b', ['y']))
      return plain.call(this)
    }
    await manager.fetchMergedIndex()
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x', 'y'])
  })
})
