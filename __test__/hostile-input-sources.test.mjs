// Callers' sources whose entries, packages and versions are hostile: other sources stay, nothing crashes.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PackageSourceManager } from '../index.mjs'
import { assertCoded, assertPrototypesUnchanged, HOSTILE_IDS, shown, snapshotPrototypes } from './helpers/hostile.mjs'
import { recordReports } from './helpers/reports.mjs'
import { entry, plainSource } from './helpers/sources.mjs'

let snapshot
before(() => {
  snapshot = snapshotPrototypes()
})
after(() => assertPrototypesUnchanged(snapshot))

const ODD_VALUES = [undefined, null, 0, 1.5, Number.NaN, true, 10n, Symbol('s'), () => {}, [], {}, new Date(0)]

/** A manager with a sound source and one that lists these entries. */
function managerWith(entries) {
  const { reports, onError } = recordReports()
  const manager = new PackageSourceManager({ onError, conflictResolution: 'latest-version' })
  const hostile = plainSource('hostile', [], { priority: 1 })
  hostile.entries = entries
  hostile.loadPackage = (packageId) => ({ metadata: entry('x'), components: [], scriptFiles: [], asked: packageId })
  manager.addSource(plainSource('sound', ['sound']))
  manager.addSource(hostile)
  return { manager, reports, hostile }
}

/** What must hold whatever the source lists. */
async function assertSound({ manager, reports }) {
  const merged = await manager.fetchMergedIndex()
  assert.equal(merged[0].packageId, 'sound')
  assert.equal((await manager.loadPackage('sound')).metadata.packageId, 'sound')
  const found = await manager.searchPackages('sound')
  assert.equal(found.packages[0].packageId, 'sound')
  for (const { packageId } of merged) assert.equal(await manager.hasPackage(packageId), true, shown(packageId))
  for (const { error } of reports) assertCoded(error, 'a report')
  for (const { lastError, warnings } of manager.getSourceStatus()) {
    assert.notEqual(lastError?.code, 'EINTERNAL')
    for (const { path, reason } of warnings) assert.ok(typeof path === 'string' && typeof reason === 'string')
  }
  return merged
}

describe('an index', () => {
  for (const id of HOSTILE_IDS) {
    test(`with the id ${shown(id)} leaves the others`, async () => {
      const setup = managerWith([entry('before'), entry(id), entry('behind')])
      const merged = await assertSound(setup)
      const ids = merged.map(({ packageId }) => packageId)
      assert.ok(ids.includes('before') && ids.includes('behind'))
      // Whether the id is taken or passed over, it stands for no other package.
      assert.deepEqual(
        ids.filter((one) => !['sound', 'before', 'behind'].includes(one)),
        ids.includes(id) ? [id] : [],
      )
    })
  }

  test('with two ids that differ by a lone surrogate keeps them apart', async () => {
    const setup = managerWith([entry('x\ud800'), entry('x\ud801'), entry('x\ufffd')])
    const merged = await assertSound(setup)
    const ids = merged.map(({ packageId }) => packageId).filter((id) => id !== 'sound')
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.includes('x\ufffd'))
    for (const { packageId, availableSources } of merged.slice(1))
      assert.deepEqual(availableSources, ['hostile'], packageId)
  })

  for (const value of [...ODD_VALUES, 'text', '\ud800', 'x'.repeat(1_000_000)]) {
    test(`with an entry whose version is ${shown(value)} leaves the others`, async () => {
      const setup = managerWith([entry('before'), entry('odd', { version: value }), entry('behind')])
      const ids = (await assertSound(setup)).map(({ packageId }) => packageId)
      assert.ok(ids.includes('before') && ids.includes('behind'))
      await setup.manager.explain('odd')
    })

    test(`with an entry that is ${shown(value)} leaves the other sources`, async () => {
      await assertSound(managerWith([entry('before'), value, entry('behind')]))
    })

    test(`with an entry whose id is ${shown(value)} leaves the other sources`, async () => {
      await assertSound(managerWith([entry('before'), { ...entry('x'), packageId: value }, entry('behind')]))
    })

    test(`with an entry whose texts are ${shown(value)} can be searched`, async () => {
      const texts = { name: value, description: value, author: value, category: value, minLevel: value }
      const setup = managerWith([entry('before'), entry('odd', texts), entry('behind')])
      await assertSound(setup)
      assert.equal((await setup.manager.searchPackages('behind')).totalCount, 1)
      await setup.manager.searchPackages('', { userLevel: 6, category: 'ui' })
    })
  }

  test('with getters that throw leaves the other sources', async () => {
    const trap = () => {
      throw new Error('a trap')
    }
    const trapped = (key) => Object.defineProperty(entry('trap'), key, { get: trap, enumerable: true })
    for (const key of ['packageId', 'version', 'name']) {
      await assertSound(managerWith([entry('before'), trapped(key), entry('behind')]))
    }
    await assertSound(managerWith([new Proxy({}, { get: trap, ownKeys: trap, has: trap })]))
  })

  test('with frozen entries is merged', async () => {
    const setup = managerWith([Object.freeze(entry('frozen', { nested: Object.freeze({ kept: true }) }))])
    const merged = await assertSound(setup)
    assert.equal(merged[1].nested.kept, true)
    assert.deepEqual(merged[1].availableSources, ['hostile'])
  })

  test('with entries that have a __proto__ field of their own changes no prototype', async () => {
    const own = JSON.parse('{ "packageId": "own", "version": "1.0.0", "__proto__": { "polluted": true } }')
    const merged = await assertSound(managerWith([own]))
    assert.equal(merged[1].polluted, undefined)
    assert.equal(Object.getPrototypeOf(merged[1]), Object.prototype)
  })

  test('that is very long is merged', async () => {
    const setup = managerWith(Array.from({ length: 50_000 }, (_, n) => entry(`package_${n}`)))
    assert.equal((await assertSound(setup)).length, 50_001)
  })

  test('that is an endless iterable and no array leaves the other sources', async () => {
    const setup = managerWith([])
    setup.hostile.fetchIndex = () => ({
      *[Symbol.iterator]() {
        for (let n = 0; ; n++) yield entry(`package_${n}`)
      },
    })
    await assertSound(setup)
    assert.equal(setup.manager.getSourceStatus()[1].state, 'failing')
  })
})

describe('a thenable', () => {
  test('that calls back twice, or throws after it did, counts once', async () => {
    const { manager, hostile } = managerWith([])
    hostile.fetchIndex = () => ({
      // biome-ignore lint/suspicious/noThenProperty: a badly behaved thenable is the point
      then(resolve, reject) {
        resolve([entry('a')])
        reject(new Error('too late'))
        throw new Error('later still')
      },
    })
    assert.deepEqual(
      (await manager.fetchMergedIndex()).map(({ packageId }) => packageId),
      ['sound', 'a'],
    )
  })

  test('whose then throws is a failure of its source', async () => {
    const { manager, hostile, reports } = managerWith([])
    hostile.fetchIndex = () => ({
      // biome-ignore lint/suspicious/noThenProperty: as above
      get then() {
        throw new Error('a trap')
      },
    })
    assert.equal((await manager.fetchMergedIndex()).length, 1)
    assertCoded(reports[0].error, 'the report')
  })
})
