import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PackageSourceManager } from '../index.mjs'
import { inChild } from './helpers/child.mjs'
import { idsOf, managerOf, statusOf } from './helpers/manager.mjs'
import { captureConsoleError } from './helpers/reports.mjs'
import { AsyncSource, brokenSource, entry, plainSource } from './helpers/sources.mjs'
import { settle, until } from './helpers/until.mjs'

const CODES = { throws: 'EOUTOFORDER', rejects: 'EOUTOFORDER', 'wrong type': 'EBADRESULT', 'never settles': 'ETIMEOUT' }

describe('One failing source', () => {
  for (const [fault, code] of Object.entries(CODES)) {
    test(`whose fetchIndex ${fault} is missing from the index, reported, and takes no other down`, async () => {
      const broken = brokenSource('broken', fault, ['x', 'y'], { priority: 0 })
      const fine = plainSource('fine', ['y', 'z'], { priority: 1 })
      const { manager, reports } = managerOf([broken, fine, new AsyncSource('also fine', ['z'], { priority: 2 })], {
        sourceTimeoutMs: 50,
      })
      const index = await manager.fetchMergedIndex()
      assert.deepEqual(idsOf(index), ['y', 'z'])
      assert.deepEqual(index[0].availableSources, ['fine'])
      assert.deepEqual(index[1].availableSources, ['fine', 'also fine'])
      assert.equal(reports.length, 1)
      assert.ok(reports[0].error instanceof Error)
      assert.equal(reports[0].error.code, code)
      assert.deepEqual(reports[0].context, { sourceId: 'broken', operation: 'fetchIndex' })
    })

    test(`whose fetchIndex ${fault} is tried again after a short back-off, and its entries come back`, async () => {
      const broken = brokenSource('broken', fault, ['x'], { priority: 0 })
      const { manager } = managerOf([broken, plainSource('fine', ['x', 'y'], { priority: 1 })], { sourceTimeoutMs: 50 })
      assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'fine')
      broken.fault = null
      const index = await until(
        async () => {
          const current = await manager.fetchMergedIndex()
          return current[0].selectedSource === 'broken' && current
        },
        { what: 'the healed source' },
      )
      assert.deepEqual(idsOf(index), ['x', 'y'])
      assert.deepEqual(index[0].availableSources, ['broken', 'fine'])
      assert.deepEqual(statusOf(manager, 'broken').state, 'ok')
    })
  }

  test('that goes on failing is tried again and again', async () => {
    const broken = brokenSource('broken', 'rejects')
    const { manager, reports } = managerOf([broken])
    await until(
      async () => {
        await manager.fetchMergedIndex()
        return broken.count('fetchIndex') >= 3
      },
      { what: 'the third try' },
    )
    assert.ok(reports.length >= 3)
  })

  test("isn't asked by every call while the back-off lasts", async () => {
    const broken = brokenSource('broken', 'throws')
    const { manager } = managerOf([broken, plainSource('fine', ['x'])])
    const calls = 300
    for (let call = 0; call < calls; call++) assert.equal(await manager.hasPackage('x'), true)
    assert.ok(broken.count('fetchIndex') < calls / 10, `${broken.count('fetchIndex')} tries in ${calls} calls`)
  })

  test('is tried again at once after clearAllCaches', async () => {
    const broken = brokenSource('broken', 'throws', ['x'])
    const { manager } = managerOf([broken])
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    broken.fault = null
    manager.clearAllCaches()
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x'])
  })

  test('that is removed is no longer missed', async () => {
    const broken = brokenSource('broken', 'throws', ['x'])
    const fine = plainSource('fine', ['y'])
    const { manager } = managerOf([broken, fine])
    await manager.fetchMergedIndex()
    manager.removeSource('broken')
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['y'])
    assert.deepEqual(
      manager.getSourceStatus().map((one) => one.sourceId),
      ['fine'],
    )
  })

  test('among failing sources only leaves an empty index', async () => {
    const faults = Object.keys(CODES)
    const { manager, reports } = managerOf(
      faults.map((fault, at) => brokenSource(`s${at}`, fault, ['x'])),
      { sourceTimeoutMs: 50 },
    )
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.deepEqual(
      reports.map(({ error, context }) => [context.sourceId, error.code]).sort(),
      faults.map((fault, at) => [`s${at}`, CODES[fault]]),
    )
  })

  test('whose getConfig begins to throw takes no other down', async () => {
    const source = plainSource('moody', ['x'])
    const { manager, reports } = managerOf([source, plainSource('fine', ['y'])])
    source.getConfig = () => {
      throw Object.assign(new Error('no config any more'), { code: 'EMOODY' })
    }
    const index = await manager.fetchMergedIndex()
    assert.ok(idsOf(index).includes('y'))
    assert.ok(manager.getSources().includes(source))
    assert.equal(manager.getSourceStatus().length, 2)
    assert.ok(reports.every(({ error }) => typeof error.code === 'string'))
  })
})

describe('A failure of a caller-written source', () => {
  /** The error that is reported when `fetchIndex` throws this. */
  async function reportedFor(thrown) {
    const source = plainSource('mine')
    source.fetchIndex = () => {
      throw thrown
    }
    const { manager, reports } = managerOf([source])
    await manager.fetchMergedIndex()
    assert.equal(reports.length, 1)
    return reports[0].error
  }

  test('keeps the string code that the source gave it', async () => {
    const thrown = Object.assign(new TypeError('mine'), { code: 'EMINE' })
    const error = await reportedFor(thrown)
    assert.equal(error.code, 'EMINE')
    assert.ok(error === thrown || error.cause === thrown)
    assert.match(error.message, /mine/)
  })

  test('has the code ESOURCE where the source gave it none, or none that is a string', async () => {
    for (const code of [undefined, 5, null, Symbol('code')]) {
      const thrown = Object.assign(new Error('mine'), code === undefined ? {} : { code })
      const error = await reportedFor(thrown)
      assert.equal(error.code, 'ESOURCE')
      assert.ok(error === thrown || error.cause === thrown)
    }
  })

  test('is an Error also where the source threw something else', async () => {
    const hostile = {
      get message() {
        throw new Error('no message')
      },
      toString() {
        throw new Error('no text')
      },
    }
    for (const thrown of ['a text', undefined, null, 42, Symbol('s'), {}, Object.create(null), hostile]) {
      const error = await reportedFor(thrown)
      assert.ok(error instanceof Error)
      assert.equal(error.code, 'ESOURCE')
    }
    assert.match((await reportedFor('a text')).message, /a text/)
  })

  test('may be an error that cannot be changed', async () => {
    const thrown = Object.freeze(new Error('frozen'))
    const error = await reportedFor(thrown)
    assert.equal(error.code, 'ESOURCE')
    assert.match(error.message, /frozen/)
  })

  test('is EBADRESULT where the index is no array', async () => {
    for (const result of [undefined, null, 'list', 5, {}, { packages: [] }, new Map(), { length: 1, 0: entry('x') }]) {
      const source = plainSource('mine')
      source.fetchIndex = () => result
      const { manager, reports } = managerOf([source])
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(reports[0].error.code, 'EBADRESULT')
    }
  })

  test('is no failure where single entries are malformed: they are passed over and named in the status', async () => {
    const source = plainSource('mine', ['first', 'last'])
    const [first, last] = source.entries
    source.entries = [first, null, 'text', { name: 'no id' }, { packageId: 7 }, { packageId: '' }, last]
    const { manager, reports } = managerOf([source])
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['first', 'last'])
    assert.ok(reports.every(({ error }) => error.code === 'EMALFORMED'))
    const { state, packageCount, warnings } = statusOf(manager, 'mine')
    assert.equal(state, 'ok')
    assert.equal(packageCount, 2)
    assert.deepEqual(
      warnings.map((warning) => /\[(\d+)\]$/.exec(warning.path)?.[1]),
      ['1', '2', '3', '4', '5'],
    )
    for (const { reason } of warnings) assert.ok(typeof reason === 'string' && reason.length > 0)
  })

  test('is ETIMEOUT naming the method and the time where it never settles', async () => {
    const { manager, reports } = managerOf([brokenSource('slow', 'never settles')], { sourceTimeoutMs: 30 })
    await manager.fetchMergedIndex()
    assert.equal(reports[0].error.code, 'ETIMEOUT')
    assert.match(reports[0].error.message, /fetchIndex/)
    assert.match(reports[0].error.message, /30 ms/)
  })

  test('is ETIMEOUT after 30 seconds where nothing else is said', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const source = brokenSource('slow', 'never settles')
    const { manager, reports } = managerOf([source])
    const fetched = manager.fetchMergedIndex()
    assert.equal(source.count('fetchIndex'), 1)
    // A call gets its timer at the end of the turn that it was made in.
    await settle()
    t.mock.timers.tick(29_999)
    await settle()
    assert.deepEqual(reports, [])
    t.mock.timers.tick(1)
    assert.deepEqual(await fetched, [])
    assert.equal(reports[0].error.code, 'ETIMEOUT')
  })

  test('that comes after the time-out is not an unhandled rejection', async () => {
    const { answer } = await inChild(`
      let fail
      const source = {
        getConfig: () => ({ id: 'late', name: 'Late', type: 'local', url: '', priority: 0, enabled: true }),
        fetchIndex: () => new Promise((_, reject) => { fail = reject }),
        loadPackage: () => null, hasPackage: () => false, getVersions: () => [],
      }
      const codes = []
      const manager = new addon.PackageSourceManager({ sourceTimeoutMs: 20, onError: (error) => codes.push(error.code) })
      manager.addSource(source)
      await manager.fetchMergedIndex()
      fail(new Error('too late'))
      await new Promise((resolve) => setImmediate(resolve))
      answer(codes)
    `)
    assert.deepEqual(answer, ['ETIMEOUT'])
  })

  test("doesn't keep the process alive once the answer is there", async () => {
    const { answer } = await inChild(`
      const source = {
        getConfig: () => ({ id: 'quick', name: 'Quick', type: 'local', url: '', priority: 0, enabled: true }),
        fetchIndex: async () => [], loadPackage: () => null, hasPackage: () => false, getVersions: () => [],
      }
      const manager = new addon.PackageSourceManager({ sourceTimeoutMs: 3_600_000 })
      manager.addSource(source)
      answer(await manager.fetchMergedIndex())
    `)
    assert.deepEqual(answer, [])
  })
})

describe('onError', () => {
  test('takes over what goes to console.error by default', async (t) => {
    const lines = captureConsoleError(t)
    const { manager, reports } = managerOf([brokenSource('broken', 'throws')])
    await manager.fetchMergedIndex()
    assert.equal(reports.length, 1)
    assert.deepEqual(lines, [])
  })

  test('left out, failures go to console.error with the source named', async (t) => {
    const lines = captureConsoleError(t)
    const manager = new PackageSourceManager()
    manager.addSource(brokenSource('the_broken_one', 'throws'))
    await manager.fetchMergedIndex()
    assert.equal(lines.length, 1)
    assert.match(lines[0].map(String).join(' '), /the_broken_one/)
    assert.match(lines[0].map(String).join(' '), /out of order/)
  })

  test('may throw without harm', async () => {
    const onError = () => {
      throw new Error('the handler itself is broken')
    }
    const { manager } = managerOf([brokenSource('broken', 'throws'), plainSource('fine', ['x'])], { onError })
    assert.deepEqual(idsOf(await manager.fetchMergedIndex()), ['x'])
  })

  test('may reject without harm', async () => {
    const { answer } = await inChild(`
      const manager = new addon.PackageSourceManager({ onError: async () => { throw new Error('asynchronously') } })
      manager.addSource({
        getConfig: () => ({ id: 'broken', name: 'Broken', type: 'local', url: '', priority: 0, enabled: true }),
        fetchIndex: () => { throw new Error('down') },
        loadPackage: () => null, hasPackage: () => false, getVersions: () => [],
      })
      const index = await manager.fetchMergedIndex()
      await new Promise((resolve) => setImmediate(resolve))
      answer(index)
    `)
    assert.deepEqual(answer, [])
  })
})
