// Which failures are tried again, how often, and after how long.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordChannel } from './helpers/channels.mjs'
import { faultProxy } from './helpers/fault-proxy.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { remoteSource, watchedRemote } from './helpers/remote.mjs'

/** A registry with one package that keeps when it was asked. */
async function timedRegistry(t) {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a', version: '1.0.0' })
  return registry
}

/** The breaker would end the tries of tests that fail often. */
const NO_BREAKER = { breakerFailures: 1_000_000 }

const versionOf = async (source) => (await source.loadPackage('a'))?.metadata.version

describe('A failure is tried again', () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    test(`where it is status ${status}, and the answer after it is what counts`, async (t) => {
      const registry = await timedRegistry(t)
      registry.fault({ status }, { times: 2 })
      const { source, reports, status: statusNow } = watchedRemote(registry)
      assert.equal(await versionOf(source), '1.0.0')
      assert.equal(registry.requests.length, 3)
      assert.deepEqual(reports, [])
      assert.equal(statusNow().lastError, null)
      assert.equal(statusNow().breaker, 'closed')
    })
  }

  for (const [name, fault] of Object.entries({
    'a new connection is reset': { at: 'connect', does: 'reset' },
    'the answer does not come': { at: 'request', does: 'reset' },
    'the head breaks off': { at: 'head', bytes: 10, does: 'reset' },
    'the body breaks off': { at: 'body', bytes: 40, does: 'reset' },
    'the body ends too early': { at: 'body', bytes: 40, does: 'end' },
    'nothing comes for readTimeoutMs': { at: 'request', does: 'hang' },
  })) {
    test(`where ${name}`, async (t) => {
      const registry = await timedRegistry(t)
      const proxy = await faultProxy(t, registry.url)
      await proxy.fault(fault, { times: 2 })
      const { source, reports } = watchedRemote(proxy, { readTimeoutMs: 300 })
      assert.equal(await versionOf(source), '1.0.0')
      assert.deepEqual(reports, [])
    })
  }

  test('for each page of an index', async (t) => {
    const registry = await startRegistry(t, { maxPageSize: 2 })
    for (const packageId of ['a', 'b', 'c', 'd', 'e']) registry.publish({ packageId })
    const source = remoteSource(registry)
    registry.fault({ status: 503 }, { times: 1 })
    assert.equal((await source.fetchIndex()).length, 5)
    assert.equal(registry.requests.length, 4)
  })
})

describe('A failure is not tried again', () => {
  for (const status of [400, 401, 403, 405, 410, 422]) {
    test(`where it is status ${status}`, async (t) => {
      const registry = await timedRegistry(t)
      registry.fault({ status })
      const { source, reports } = watchedRemote(registry, { authToken: 'token' })
      assert.equal(await source.loadPackage('a'), null)
      assert.equal(registry.requests.length, 1)
      assert.deepEqual(
        reports.map(({ error }) => error.code),
        ['EHTTP'],
      )
    })
  }

  test('where the registry does not have it, which is no failure', async (t) => {
    const registry = await timedRegistry(t)
    const { source, reports } = watchedRemote(registry)
    assert.equal(await source.loadPackage('b'), null)
    assert.equal(registry.requests.length, 1)
    assert.deepEqual(reports, [])
  })

  test('where the answer is not in the form of the protocol', async (t) => {
    const registry = await timedRegistry(t)
    registry.fault({ body: 'oops' })
    assert.equal(await remoteSource(registry).loadPackage('a'), null)
    assert.equal(registry.requests.length, 1)
  })

  test('more often than maxAttempts', async (t) => {
    for (const [maxAttempts, requests] of [
      [undefined, 3],
      [1, 1],
      [2, 2],
      [4, 4],
    ]) {
      const registry = await timedRegistry(t)
      registry.fault({ status: 503 })
      const source = remoteSource(registry, { ...NO_BREAKER, ...(maxAttempts !== undefined && { maxAttempts }) })
      assert.equal(await source.loadPackage('a'), null)
      assert.equal(registry.requests.length, requests, `maxAttempts ${maxAttempts}`)
    }
  })

  test('beyond requestTimeoutMs', async (t) => {
    const registry = await timedRegistry(t)
    registry.fault({ status: 503, headers: { 'retry-after': '2' } })
    const { source, reports } = watchedRemote(registry, { ...NO_BREAKER, maxAttempts: 100, requestTimeoutMs: 700 })
    const start = performance.now()
    assert.equal(await source.loadPackage('a'), null)
    assert.ok(performance.now() - start < 10_000)
    assert.match(reports[0].error.code, /^E(HTTP|TIMEOUT)$/)
    assert.ok(registry.requests.length <= 2, `${registry.requests.length} requests`)
  })
})

describe('The wait before the next try', () => {
  test('is announced on package-sources:retry, grows, and is never the same for all', async (t) => {
    const registry = await timedRegistry(t)
    registry.fault({ status: 503 })
    const retries = recordChannel(t, 'package-sources:retry')
    const sources = Array.from({ length: 8 }, () => remoteSource(registry, NO_BREAKER))
    await Promise.all(sources.map((source) => source.loadPackage('a')))
    const delays = (attempt) => retries.filter((one) => one.attempt === attempt).map(({ delayMs }) => delayMs)
    assert.equal(retries.length, 16)
    // Named after the try that comes next.
    assert.equal(delays(2).length, 8)
    assert.equal(delays(3).length, 8)
    for (const { sourceId, url, delayMs, error } of retries) {
      assert.equal(sourceId, 'remote')
      assert.equal(url, `${registry.url}/packages/a`)
      assert.ok(delayMs >= 0 && delayMs <= 10_000, `${delayMs} ms`)
      assert.equal(error.code, 'EHTTP')
    }
    assert.ok(new Set(delays(2)).size > 1, `all wait ${delays(2)[0]} ms`)
    assert.ok(Math.max(...delays(3)) > Math.min(...delays(2)))
  })

  test('is what Retry-After says, in seconds', async (t) => {
    const registry = await timedRegistry(t)
    registry.fault({ status: 429, headers: { 'retry-after': '1' } }, { times: 1 })
    const start = performance.now()
    assert.equal(await versionOf(remoteSource(registry)), '1.0.0')
    // Timers may be a moment early; there is no upper bound but the configured ones.
    assert.ok(performance.now() - start >= 950)
    assert.equal(registry.requests.length, 2)
  })

  test('is what Retry-After says, as a date', async (t) => {
    const registry = await timedRegistry(t)
    // Dates in headers have whole seconds: three seconds ahead is more than two from now.
    const date = new Date(Date.now() + 3000).toUTCString()
    registry.fault({ status: 503, headers: { 'retry-after': date } }, { times: 1 })
    const start = performance.now()
    assert.equal(await versionOf(remoteSource(registry)), '1.0.0')
    assert.ok(performance.now() - start >= 1900)
    assert.equal(registry.requests.length, 2)
  })

  for (const [name, value] of Object.entries({
    'beyond ten seconds': () => '11',
    'as a date beyond ten seconds': () => new Date(Date.now() + 3_600_000).toUTCString(),
    'that no clock can hold': () => '99999999999999999999',
  })) {
    test(`is not waited for where Retry-After asks for one ${name}`, async (t) => {
      const registry = await timedRegistry(t)
      registry.fault({ status: 429, headers: { 'retry-after': value() } })
      const { source, reports } = watchedRemote(registry)
      const start = performance.now()
      assert.equal(await source.loadPackage('a'), null)
      assert.ok(performance.now() - start < 9000)
      assert.equal(registry.requests.length, 1)
      assert.equal(reports[0].error.code, 'EHTTP')
    })
  }

  for (const value of ['soon', '-5', '', new Date(0).toUTCString()]) {
    test(`is the usual one where Retry-After is ${JSON.stringify(value)}`, async (t) => {
      const registry = await timedRegistry(t)
      registry.fault({ status: 503, headers: { 'retry-after': value } }, { times: 1 })
      assert.equal(await versionOf(remoteSource(registry)), '1.0.0')
      assert.equal(registry.requests.length, 2)
    })
  }
})

describe('readTimeoutMs is counted from the start of a try', () => {
  /** Below the ten seconds of connectTimeoutMs and the others that are the default. */
  const SOON = 5_000

  test('a registry that is silent is given up after it, and not after connectTimeoutMs', async (t) => {
    const registry = await timedRegistry(t)
    registry.fault({ hang: true })
    const { source, reports } = watchedRemote(registry, { maxAttempts: 1, readTimeoutMs: 300 })
    const start = performance.now()
    assert.equal(await source.loadPackage('a'), null)
    const took = performance.now() - start
    assert.ok(took >= 290 && took < SOON, `${took} ms`)
    assert.deepEqual(
      reports.map(({ error }) => error.code),
      ['ETIMEOUT'],
    )
  })

  test('so is one that falls silent on a connection that is kept', async (t) => {
    const registry = await timedRegistry(t)
    const { source, reports } = watchedRemote(registry, { maxAttempts: 1, readTimeoutMs: 300 })
    assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
    registry.fault({ hang: true })
    const start = performance.now()
    assert.equal(await source.loadPackage('a'), null)
    assert.ok(performance.now() - start < SOON)
    assert.equal(registry.connections, 1)
    assert.equal(reports[0].error.code, 'ETIMEOUT')
  })

  test('and so is one that falls silent in the middle of its answer', async (t) => {
    const registry = await timedRegistry(t)
    const proxy = await faultProxy(t, registry.url)
    await proxy.fault({ at: 'body', bytes: 40, does: 'hang' })
    const { source, reports } = watchedRemote(proxy, { maxAttempts: 1, readTimeoutMs: 300 })
    const start = performance.now()
    assert.equal(await source.loadPackage('a'), null)
    assert.ok(performance.now() - start < SOON)
    assert.equal(reports[0].error.code, 'ETIMEOUT')
  })

  test('one that is slow, but never silent for so long, is waited for', async (t) => {
    const registry = await timedRegistry(t)
    const proxy = await faultProxy(t, registry.url)
    await proxy.fault({ at: 'head', bytes: 0, does: 'trickle', ms: 50, step: 20 })
    const { source, reports } = watchedRemote(proxy, { maxAttempts: 1, readTimeoutMs: 800 })
    const start = performance.now()
    assert.equal(await versionOf(source), '1.0.0')
    assert.ok(performance.now() - start > 800)
    assert.deepEqual(reports, [])
  })
})
