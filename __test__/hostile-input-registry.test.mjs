// The registry service, given what it must not be given: a coded error, or an answer.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createRegistryHandlers, createRegistryServer, importPackages, PackageSourceManager } from '../index.mjs'
import { HOSTILE_IDS, shown } from './helpers/hostile.mjs'
import { ANYTHING, assertFails, guarded, NOT_STRINGS, outcomeOf } from './helpers/hostile-arguments.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { emptyStore, serve } from './helpers/registry-service.mjs'

guarded()

const OPTIONS = [
  'store',
  'basePath',
  'readTokens',
  'maxConcurrent',
  'maxAgeSeconds',
  'staleWhileRevalidateSeconds',
  'cacheMaxBytes',
  'onError',
]

/** Any value where an argument belongs: it is taken, or refused as one. */
async function assertTakenOrRefused(call, what) {
  const { error } = await outcomeOf(call, what)
  if (error) assert.equal(error.code, 'EINVALIDARG', what)
}

describe('options of the registry service', () => {
  for (const option of OPTIONS) {
    test(`createRegistryHandlers: any value as ${option}`, async () => {
      for (const value of ANYTHING) {
        const call = () => createRegistryHandlers({ store: 'never made', [option]: value })
        await assertTakenOrRefused(call, `${option}: ${shown(value)}`)
      }
      assert.equal(existsSync('never made'), false)
    })
  }

  test('createRegistryServer: any value as host or port that is none', async () => {
    for (const value of NOT_STRINGS.slice(1)) {
      await assertFails(() => createRegistryServer({ store: 'never made', host: value }), 'EINVALIDARG', shown(value))
      if (value === 0) continue
      await assertFails(() => createRegistryServer({ store: 'never made', port: value }), 'EINVALIDARG', shown(value))
    }
    assert.equal(existsSync('never made'), false)
  })

  test('anything that is no object in place of the options', async (t) => {
    const folder = packagesFolder(t)
    for (const value of [undefined, null, true, 7, 'text', Symbol('s'), 10n]) {
      for (const call of [
        createRegistryHandlers,
        createRegistryServer,
        (options) => importPackages(folder.path, options),
      ]) {
        await assertFails(() => call(value), 'EINVALIDARG', shown(value))
      }
    }
  })

  test('importPackages: what is no path, no store or no signal', async (t) => {
    const folder = packagesFolder(t)
    const store = emptyStore(t)
    for (const value of NOT_STRINGS) {
      await assertFails(() => importPackages(value, { store }), 'EINVALIDARG', shown(value))
      await assertFails(() => importPackages(folder.path, { store: value }), 'EINVALIDARG', shown(value))
      if (value === undefined) continue
      await assertFails(() => importPackages(folder.path, { store, signal: value }), 'EINVALIDARG', shown(value))
    }
    assert.equal(existsSync(store), false)
  })
})

describe('requests', () => {
  test('that are none are refused', async (t) => {
    const { handlers } = await serve(t, [])
    const handler = new PackageSourceManager().createIndexHandler()
    for (const value of [
      ...ANYTHING,
      { method: 'GET', url: 'http://x/' },
      { method: 'GET', url: 7, headers: new Headers() },
    ]) {
      for (const call of [handlers.GET, handlers.HEAD, handler]) {
        await assertFails(() => call(value), 'EINVALIDARG', shown(value))
      }
    }
  })

  test('for any id, version or query are answered', async (t) => {
    const { handlers, reports } = await serve(t, [{ packageId: 'safe' }])
    const statuses = new Set()
    for (const text of ['%', 'a%zz', '%ff', ...HOSTILE_IDS.filter((id) => id.length < 1_000_000)]) {
      for (const part of [text, encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/g, '?'))]) {
        for (const target of [
          `/packages/${part}`,
          `/packages/safe/versions/${part}`,
          `/packages/search?q=${part}`,
          `/${part}`,
        ]) {
          // Not through Request, which would mend it before.
          const request = { method: 'GET', url: `http://app.invalid/api/v1${target}`, headers: new Headers() }
          const { status } = await handlers.GET(request)
          assert.ok([200, 400, 404, 414].includes(status), `${status} ${shown(target)}`)
          statuses.add(status)
        }
      }
    }
    assert.deepEqual([...statuses].sort(), [200, 400, 404, 414])
    assert.deepEqual(reports, [])
  })

  test('with any header are answered', async (t) => {
    const { handlers, reports } = await serve(t, [{ packageId: 'safe' }], { readTokens: ['a-token'] })
    const values = [
      '',
      ',',
      '*',
      ';q=',
      'gzip;q=9',
      '"',
      'W/',
      `"${'x'.repeat(100_000)}"`,
      'ä\0\ud800',
      ',,,'.repeat(10_000),
    ]
    for (const name of ['accept-encoding', 'if-none-match', 'authorization']) {
      for (const value of values) {
        const fields = { authorization: 'Bearer a-token', [name]: value }
        const headers = { get: (asked) => fields[asked] ?? null }
        const request = { method: 'GET', url: 'http://app.invalid/api/v1/packages', headers }
        const { status } = await handlers.GET(request)
        assert.ok((name === 'authorization' ? [401] : [200, 304]).includes(status), `${name} ${shown(value)} ${status}`)
      }
    }
    assert.deepEqual(reports, [])
  })
})
