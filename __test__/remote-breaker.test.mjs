// A registry that fails again and again is left alone for a while, and then tried with one request.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordChannel } from './helpers/channels.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { remoteSource, watchedRemote } from './helpers/remote.mjs'
import { until } from './helpers/until.mjs'

/** Longer than any test. */
const FOR_EVER = 3_600_000

async function breaking(t, config = {}) {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'b' })
  const remote = watchedRemote(registry, { maxAttempts: 1, breakerOpenMs: FOR_EVER, ...config })
  /** Loads packages that are not kept, so that each is asked for. */
  const load = async (times) => {
    for (let n = 0; n < times; n++) await remote.source.loadPackage(`p${n}`)
  }
  return { registry, load, ...remote }
}

describe('The breaker opens', () => {
  test('after five failed requests in a row, and then answers at once', async (t) => {
    const { registry, load, source, reports, status } = await breaking(t)
    registry.fault({ status: 500 })
    await load(4)
    assert.equal(status().breaker, 'closed')
    await load(1)
    assert.equal(status().breaker, 'open')
    assert.equal(registry.requests.length, 5)

    assert.equal(await source.loadPackage('a'), null)
    assert.deepEqual(await source.getVersions('a'), [])
    assert.deepEqual(await source.searchPackages('a'), [])
    assert.deepEqual(await source.fetchIndex(), [])
    assert.equal(registry.requests.length, 5)
    // Once, however many calls it turns away.
    assert.deepEqual(
      reports.map(({ error }) => error.code),
      [...Array(5).fill('EHTTP'), 'EBREAKEROPEN'],
    )
  })

  test('after requests, each with all its tries', async (t) => {
    const { registry, load, status } = await breaking(t, { maxAttempts: 2, breakerFailures: 2 })
    registry.fault({ status: 503 })
    await load(1)
    assert.equal(registry.requests.length, 2)
    assert.equal(status().breaker, 'closed')
    await load(3)
    assert.equal(registry.requests.length, 4)
    assert.equal(status().breaker, 'open')
  })

  test('after as many failures as breakerFailures says', async (t) => {
    const { registry, load, status } = await breaking(t, { breakerFailures: 2 })
    registry.fault({ reset: true })
    await load(5)
    assert.equal(registry.requests.length, 2)
    assert.equal(status().breaker, 'open')
  })

  test('for one source and not for another of a registry that works', async (t) => {
    const { registry, load, manager } = await breaking(t)
    const other = await startRegistry(t)
    other.publish({ packageId: 'other' })
    manager.addSource(remoteSource(other, { id: 'other' }))
    registry.fault({ status: 500 })
    await load(5)
    assert.notEqual(await manager.loadPackageFromSource('other', 'other'), null)
    assert.deepEqual(
      manager.getSourceStatus().map(({ breaker }) => breaker),
      ['open', 'closed'],
    )
  })
})

describe('The breaker stays closed', () => {
  test('where a success comes between the failures', async (t) => {
    const { registry, load, source, status } = await breaking(t)
    registry.fault({ status: 500 }, { times: 4 })
    await load(4)
    assert.notEqual(await source.loadPackage('a'), null)
    registry.fault({ status: 500 }, { times: 4 })
    await load(4)
    assert.equal(status().breaker, 'closed')
    assert.notEqual(await source.loadPackage('b'), null)
  })

  for (const fault of [{ status: 404 }, { status: 401 }, { status: 403 }, { status: 400 }]) {
    test(`where the registry answers with status ${fault.status}: it is well`, async (t) => {
      const { registry, load, source, status } = await breaking(t)
      registry.fault(fault)
      await load(20)
      assert.equal(registry.requests.length, 20)
      assert.equal(status().breaker, 'closed')
      registry.heal()
      assert.notEqual(await source.loadPackage('a'), null)
    })
  }

  test('where callers give up', async (t) => {
    const { registry, source, status } = await breaking(t)
    registry.fault({ hang: true })
    for (let n = 1; n <= 10; n++) {
      const abort = new AbortController()
      const loading = source.loadPackage(`p${n}`, undefined, { signal: abort.signal })
      await until(() => registry.requests.length === n)
      abort.abort()
      await assert.rejects(loading, { name: 'AbortError' })
    }
    assert.equal(status().breaker, 'closed')
  })
})

describe('While the breaker is open', () => {
  /** A source with old copies of a package and of the index, whose breaker is open. */
  async function openWithCopies(t, cacheExpiry) {
    const remote = await breaking(t)
    const { registry, load, source, reports, status } = remote
    assert.notEqual(await source.loadPackage('a'), null)
    assert.equal((await source.fetchIndex()).length, 2)
    registry.fault({ status: 500 })
    await load(5)
    assert.equal(status().breaker, 'open')
    source.setCacheExpiry(cacheExpiry)
    await new Promise((resolve) => setTimeout(resolve, 10))
    const asked = registry.requests.length
    reports.length = 0
    const copiesAnswer = async () => {
      for (let n = 0; n < 20; n++) {
        assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
        assert.equal((await source.fetchIndex()).length, 2)
      }
      assert.equal(registry.requests.length, asked)
    }
    return { ...remote, copiesAnswer }
  }

  for (const [name, cacheExpiry] of Object.entries({ '': 1, ', also where each call would ask the registry': 0 })) {
    test(`old copies answer at once, and nothing is reported${name}`, async (t) => {
      const { copiesAnswer, manager, reports } = await openWithCopies(t, cacheExpiry)
      await copiesAnswer()
      await manager.whenIdle()
      assert.deepEqual(reports, [])
    })
  }
})

describe('After breakerOpenMs', () => {
  test('one request probes, and the others wait for no one', async (t) => {
    const { registry, load, source, status } = await breaking(t, { breakerOpenMs: 300 })
    registry.fault({ status: 500 })
    await load(5)
    registry.heal().hold()
    await until(async () => {
      void source.loadPackage('a')
      return registry.requests.length === 6
    })
    assert.equal(status().breaker, 'half-open')
    assert.deepEqual(
      await Promise.all(Array.from({ length: 20 }, (_, n) => source.loadPackage(`q${n}`))),
      Array(20).fill(null),
    )
    assert.equal(registry.requests.length, 6)
    registry.release()
    assert.notEqual(await source.loadPackage('a'), null)
    assert.equal(status().breaker, 'closed')
    await load(3)
    assert.equal(registry.requests.length, 9)
  })

  test('a probe that fails opens it again', async (t) => {
    const { registry, load, source, status } = await breaking(t, {
      breakerOpenMs: 200,
      breakerFailures: 1,
      maxAttempts: 2,
    })
    registry.fault({ status: 500 })
    await load(1)
    assert.equal(registry.requests.length, 2)
    await until(async () => {
      await source.loadPackage('a')
      return registry.requests.length > 2
    })
    // The probe isn't tried again: one request.
    assert.equal(registry.requests.length, 3)
    assert.equal(status().breaker, 'open')
    registry.heal()
    await until(async () => (await source.loadPackage('a')) !== null)
    assert.equal(status().breaker, 'closed')
  })

  test('a breaker that opens again is reported again, once', async (t) => {
    const changes = recordChannel(t, 'package-sources:breaker')
    const { registry, load, reports } = await breaking(t, { breakerOpenMs: 300, breakerFailures: 1 })
    registry.fault({ status: 500 })
    const openings = () => changes.filter(({ state }) => state === 'open').length
    let calls = 0
    await until(async () => {
      await load(1)
      calls++
      return openings() === 4
    })
    const refusals = reports.filter(({ error }) => error.code === 'EBREAKEROPEN').length
    assert.ok(refusals >= 2 && refusals <= 4, `${refusals} reports`)
    assert.ok(calls > 8, `${calls} calls`)
  })

  test('a probe whose caller gives up leaves the way to the next', async (t) => {
    const { registry, load, source } = await breaking(t, { breakerOpenMs: 200 })
    registry.fault({ status: 500 })
    await load(5)
    registry.heal().hold()
    const abort = new AbortController()
    const given = []
    await until(async () => {
      given.push(source.loadPackage('a', undefined, { signal: abort.signal }).catch(() => 'aborted'))
      return registry.requests.length === 6
    })
    abort.abort()
    await Promise.all(given)
    registry.release()
    await until(async () => (await source.loadPackage('a')) !== null)
  })

  test('each change is announced on package-sources:breaker', async (t) => {
    const changes = recordChannel(t, 'package-sources:breaker')
    const { registry, load, source } = await breaking(t, { breakerOpenMs: 200 })
    registry.fault({ status: 500 })
    await load(5)
    registry.heal()
    await until(async () => (await source.loadPackage('a')) !== null)
    await until(() => changes.length >= 3)
    assert.deepEqual(
      changes.map(({ sourceId, state }) => [sourceId, state]),
      [
        ['remote', 'open'],
        ['remote', 'half-open'],
        ['remote', 'closed'],
      ],
    )
  })
})
