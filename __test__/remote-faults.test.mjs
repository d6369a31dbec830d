// The table of faults: for each, what the caller gets, what is reported, how long it may take, how often the registry
// is asked, and that the same source recovers once the fault is gone.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { faultProxy } from './helpers/fault-proxy.mjs'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { watchedRemote } from './helpers/remote.mjs'
import { silentListener } from './helpers/silent-listener.mjs'
import { plainSource } from './helpers/sources.mjs'
import { until } from './helpers/until.mjs'

/** Bounds that a test can wait for. The breaker, which would answer in the registry's place, has tests of its own. */
const BOUNDS = {
  connectTimeoutMs: 500,
  readTimeoutMs: 400,
  requestTimeoutMs: 2500,
  maxAttempts: 2,
  maxResponseBytes: 1 << 20,
  breakerFailures: 1_000_000,
}

/** How much longer than `requestTimeoutMs` an answer may take on a machine that is busy. */
const SLACK = 10_000

const VALID = { packages: [{ packageId: 'a', version: '1.0.0' }] }

/** A list of packages that is larger than the bound, and small when it is packed. */
const BOMB = gzipSync(Buffer.alloc(32 << 20, ' '))

/**
 * One row a fault. `below` is what the proxy does, `answer` what the registry says; `tries` is how many requests one
 * call makes (connections, where nothing is said over them), one number or the least and the most.
 */
const FAULTS = {
  'nothing listens': { below: { at: 'connect', does: 'refuse' }, code: 'ENETWORK', tries: 0 },
  'each connection is reset': { below: { at: 'connect', does: 'reset' }, code: 'ENETWORK', tries: 2 },
  'a connection is accepted and nothing is ever said': {
    below: { at: 'connect', does: 'hang' },
    code: 'ETIMEOUT',
    tries: 2,
  },
  'the connection is reset when the request has arrived': {
    below: { at: 'request', does: 'reset' },
    code: 'ENETWORK',
    tries: 2,
  },
  'the connection ends when the request has arrived': {
    below: { at: 'request', does: 'end' },
    code: 'ENETWORK',
    tries: 2,
  },
  'the request is never answered': { below: { at: 'request', does: 'hang' }, code: 'ETIMEOUT', tries: 2 },
  'the connection is reset within the head': {
    below: { at: 'head', bytes: 20, does: 'reset' },
    code: 'ENETWORK',
    tries: 2,
  },
  'the connection ends within the head': { below: { at: 'head', bytes: 20, does: 'end' }, code: 'ENETWORK', tries: 2 },
  'the head comes byte by byte': {
    below: { at: 'head', does: 'trickle', ms: 50 },
    code: 'ETIMEOUT',
    tries: [1, 2],
  },
  'the connection is reset within the body': {
    below: { at: 'body', bytes: 30, does: 'reset' },
    code: 'ENETWORK',
    tries: 2,
  },
  'the connection ends within the body': { below: { at: 'body', bytes: 30, does: 'end' }, code: 'ENETWORK', tries: 2 },
  'the body stops': { below: { at: 'body', bytes: 30, does: 'hang' }, code: 'ETIMEOUT', tries: 2 },
  'the body comes byte by byte': {
    below: { at: 'body', does: 'trickle', ms: 100 },
    code: 'ETIMEOUT',
    // Each byte is in time; the whole request isn't.
    tries: 1,
  },
  'status 500 for ever': { answer: { status: 500 }, code: 'EHTTP', tries: 2 },
  'status 503 with a body that looks right': { answer: { status: 503, body: VALID }, code: 'EHTTP', tries: 2 },
  'status 429 until long after': {
    answer: { status: 429, headers: { 'retry-after': '3600' } },
    code: 'EHTTP',
    tries: 1,
  },
  'status 403': { answer: { status: 403 }, code: 'EHTTP', tries: 1 },
  'status 204': { answer: { status: 204 }, code: 'EPROTOCOL', tries: 1 },
  'a 304 that nobody asked for': { answer: { status: 304 }, code: 'EHTTP', tries: 1 },
  'no JSON': { answer: { body: 'oops' }, code: 'EPROTOCOL', tries: 1 },
  'JSON that stops': { answer: { body: '{"packages":[{"packageId":"a","ver' }, code: 'EPROTOCOL', tries: 1 },
  'JSON of another kind': { answer: { body: '[1, 2, 3]' }, code: 'EPROTOCOL', tries: 1 },
  'JSON that nests for ever': { answer: { body: '['.repeat(200_000) }, code: 'EPROTOCOL', tries: 1 },
  'no UTF-8': { answer: { body: Buffer.from('{"packages":[], "x":"\xe4"}', 'latin1') }, code: 'EPROTOCOL', tries: 1 },
  'a sign-in page': {
    answer: { body: '<!doctype html><title>Sign in</title>', headers: { 'content-type': 'text/html' } },
    code: 'EPROTOCOL',
    tries: 1,
  },
  'what is right but says that it is a page': {
    answer: { body: VALID, headers: { 'content-type': 'text/html' } },
    code: 'EPROTOCOL',
    tries: 1,
  },
  'a body shorter than it says': {
    answer: { body: VALID, headers: { 'content-length': '5000', connection: 'close' } },
    code: 'ENETWORK',
    tries: 2,
  },
  'a body longer than it says': {
    answer: { body: VALID, headers: { 'content-length': '9' } },
    code: 'EPROTOCOL',
    tries: 1,
  },
  'a small body that unpacks to a large one': {
    answer: { body: BOMB, headers: { 'content-encoding': 'gzip' } },
    code: 'ETOOLARGE',
    tries: 1,
  },
  'a body that is not packed as it says': {
    answer: { body: VALID, headers: { 'content-encoding': 'gzip' } },
    code: /^E(NETWORK|PROTOCOL)$/,
    tries: [1, 2],
  },
  'a large body': { answer: { body: Buffer.alloc((1 << 20) + 1, ' ') }, code: 'ETOOLARGE', tries: 1 },
  'a redirect to itself': {
    answer: { status: 302, headers: { location: '?again' } },
    code: 'EREDIRECT',
    tries: [2, 11],
  },
  'a redirect to nowhere': { answer: { status: 302 }, code: /^E(HTTP|REDIRECT)$/, tries: 1 },
}

/** Each way of asking, with what it gives where there is nothing, and what for version 1.0.0 of the package. */
const WAYS = {
  loadPackage: [null, '1.0.0', async (source) => (await source.loadPackage('a'))?.metadata.version ?? null],
  getVersions: [undefined, '1.0.0', async (source) => (await source.getVersions('a')).at(-1)],
  searchPackages: [undefined, '1.0.0', async (source) => (await source.searchPackages('a'))[0]?.version],
}

/** A registry behind the proxy, and a source that knows only the proxy. `broken(row)` lets the fault begin. */
async function registryThatFails(t, config = {}) {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a', version: '1.0.0' })
  const proxy = await faultProxy(t, registry.url)
  const remote = watchedRemote(proxy, { ...BOUNDS, ...config })
  return {
    ...remote,
    registry,
    async breakWith({ below, answer }) {
      if (below) await proxy.fault(below)
      if (answer) registry.fault(answer)
    },
    async heal() {
      registry.heal()
      await proxy.heal()
    },
    tries: ({ below }) => (below?.at === 'connect' ? proxy.connections : proxy.requests.length),
  }
}

function assertCode(code, expected, what) {
  if (expected instanceof RegExp) assert.match(code, expected, what)
  else assert.equal(code, expected, what)
}

function assertTries(made, [least, most]) {
  assert.ok(made >= least && made <= most, `${made} requests, not ${least} to ${most}`)
}

/** What a promise gives, within the bound of a request. */
async function inTime(promise) {
  const start = performance.now()
  const value = await promise
  const took = performance.now() - start
  assert.ok(took < BOUNDS.requestTimeoutMs + SLACK, `it took ${took} ms`)
  return value
}

// They wait most of the time, so many of them go on at once.
describe('A fault', { concurrency: 8 }, () => {
  for (const [name, row] of Object.entries(FAULTS)) {
    const range = [row.tries].flat()
    const tries = [range[0], range.at(-1)]

    describe(name, { concurrency: true }, () => {
      test('is nothing and a report where there is no copy, and is got over', async (t) => {
        const { source, manager, reports, status, tries: made, breakWith, heal } = await registryThatFails(t)
        await breakWith(row)

        assert.deepEqual(await inTime(manager.fetchMergedIndex()), [])
        assertTries(made(row), tries)
        assert.equal(reports.length, 1)
        assertCode(reports[0].error.code, row.code)
        assert.deepEqual(reports[0].context, { sourceId: 'remote', operation: 'fetchIndex' })
        assert.equal(status().state, 'failing')
        assert.equal(status().freshness, 'none')
        assert.equal(status().ageMs, null)
        assert.equal(status().breaker, 'closed')
        assertCode(status().lastError.code, row.code)

        reports.length = 0
        const ways = Object.entries(WAYS)
        const given = await inTime(Promise.all(ways.map(([, [, , ask]]) => ask(source))))
        assert.deepEqual(
          given,
          ways.map(([, [nothing]]) => nothing),
        )
        assert.deepEqual(reports.map(({ context }) => context.operation).sort(), Object.keys(WAYS).sort())
        for (const { error, context } of reports) assertCode(error.code, row.code, context.operation)

        await heal()
        for (const [way, [, version, ask]] of ways) assert.equal(await ask(source), version, way)
        await until(async () => (await idsOf(manager)).length === 1, { every: 50 })
        assert.equal(status().state, 'ok')
        assert.equal(status().freshness, 'fresh')
        assert.equal(status().lastError, null)
      })

      test('leaves the copy that there is, and is got over', async (t) => {
        const { source, reports, status, manager, breakWith, heal, registry } = await registryThatFails(t)
        source.setCacheExpiry(0)
        assert.deepEqual(await idsOf(manager), ['a'])
        for (const [way, [, version, ask]] of Object.entries(WAYS)) assert.equal(await ask(source), version, way)
        assert.equal(reports.length, 0)

        await breakWith(row)
        const asked = Object.values(WAYS).map(([, , ask]) => ask(source))
        const [[index], ...versions] = await inTime(Promise.all([source.fetchIndex(), ...asked]))
        assert.equal(index.version, '1.0.0')
        assert.deepEqual(versions, ['1.0.0', '1.0.0', '1.0.0'])
        assert.ok(reports.length > 0)
        for (const { error, context } of reports) assertCode(error.code, row.code, context.operation)
        // Another source makes the manager build its index anew.
        manager.addSource(plainSource('other', ['b']))
        assert.deepEqual(await inTime(idsOf(manager)), ['b', 'a'])
        assert.equal(status().state, 'stale')
        assert.equal(status().freshness, 'stale')
        assert.ok(status().ageMs >= 0)
        assertCode(status().lastError.code, row.code)

        await heal()
        registry.publish({ packageId: 'a', version: '2.0.0' })
        for (const [way, [, , ask]] of Object.entries(WAYS)) {
          await until(async () => (await ask(source)) === '2.0.0', { what: way, every: 50, timeout: 20_000 })
        }
        await until(async () => (await source.fetchIndex())[0].version === '2.0.0', { every: 50, timeout: 20_000 })
      })
    })
  }
})

test('a host that does not answer at all is given up after connectTimeoutMs', async (t) => {
  const { manager, status } = watchedRemote(await silentListener(t), { ...BOUNDS, readTimeoutMs: 60_000 })
  assert.deepEqual(await inTime(manager.fetchMergedIndex()), [])
  assert.equal(status().lastError.code, 'ETIMEOUT')
})

test('a name that nobody knows is a failure of the network', async () => {
  const { source, manager, status } = watchedRemote({ url: 'http://no-such-host.invalid/api/v1' }, BOUNDS)
  assert.deepEqual(await inTime(manager.fetchMergedIndex()), [])
  assert.equal(status().lastError.code, 'ENETWORK')
  assert.match(status().lastError.message, /no-such-host\.invalid/)
  assert.equal(await inTime(source.loadPackage('a')), null)
})
