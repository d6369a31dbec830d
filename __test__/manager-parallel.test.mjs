import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsOf, managerOf } from './helpers/manager.mjs'
import { gatedSource } from './helpers/sources.mjs'
import { settle, until } from './helpers/until.mjs'

/**
 * Fetches the index of `count` gated sources, releasing one call after the other, and notes after each step how many
 * were under way at once.
 */
async function observe(count, config) {
  const sources = Array.from({ length: count }, (_, at) => gatedSource(`s${at}`, [`p${at}`], { priority: at }))
  const { manager } = managerOf(sources, config)
  const fetched = manager.fetchMergedIndex()
  const underWay = () => sources.flatMap((source) => source.waiting)
  const observed = []
  const order = []
  for (let left = count; left > 0; left--) {
    const expected = Math.min(left, config.expect)
    await until(() => underWay().length >= expected, { what: `${expected} calls under way` })
    // More calls than allowed would begin now.
    await settle()
    observed.push(underWay().length)
    const busy = sources.filter((source) => source.waiting.length > 0)
    order.push(busy[0].config.id)
    busy[0].waiting[0].release()
  }
  return { index: await fetched, observed, order }
}

const allIds = (count) => Array.from({ length: count }, (_, at) => `p${at}`)

describe('Sources are asked', () => {
  test('five at once at most by default', async () => {
    const { index, observed } = await observe(8, { expect: 5 })
    assert.deepEqual(observed, [5, 5, 5, 5, 4, 3, 2, 1])
    assert.deepEqual(idsOf(index), allIds(8))
  })

  test('as many at once as maxParallelSources says', async () => {
    for (const maxParallelSources of [1, 2, 3]) {
      const { index, observed } = await observe(5, { maxParallelSources, expect: maxParallelSources })
      assert.equal(Math.max(...observed), maxParallelSources)
      assert.deepEqual(idsOf(index), allIds(5))
    }
  })

  test('all at once where maxParallelSources is higher than their number', async () => {
    const { observed } = await observe(7, { maxParallelSources: 100, expect: 7 })
    assert.deepEqual(observed, [7, 6, 5, 4, 3, 2, 1])
  })

  test('one after the other in priority order where parallelFetch is false', async () => {
    const { index, observed, order } = await observe(4, { parallelFetch: false, maxParallelSources: 3, expect: 1 })
    assert.deepEqual(observed, [1, 1, 1, 1])
    assert.deepEqual(order, ['s0', 's1', 's2', 's3'])
    assert.deepEqual(idsOf(index), allIds(4))
  })

  test('with the same result in whichever order they answer', async () => {
    const sources = ['a', 'b', 'c'].map((id, priority) => gatedSource(id, ['x', id], { priority }))
    const { manager } = managerOf(sources)
    const fetched = manager.fetchMergedIndex()
    await until(() => sources.every((source) => source.waiting.length === 1), { what: 'three calls' })
    for (const source of sources.toReversed()) {
      source.waiting[0].release()
      await settle()
    }
    const index = await fetched
    assert.deepEqual(idsOf(index), ['x', 'a', 'b', 'c'])
    assert.deepEqual(index[0].availableSources, ['a', 'b', 'c'])
    assert.equal(index[0].selectedSource, 'a')
  })
})
