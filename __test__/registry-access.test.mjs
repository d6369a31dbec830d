// Who may read a private registry, and what bounds everyone.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { createRegistryHandlers, createRegistryServer, RemotePackageSource } from '../index.mjs'
import { assertProblem, emptyStore, serve, startService } from './helpers/registry-service.mjs'
import { recordReports } from './helpers/reports.mjs'

const PACKAGES = [{ packageId: 'dashboard', version: '1.0.0' }]
const readTokens = ['first-token', 'second-token']
const bearer = (token) => ({ authorization: `Bearer ${token}` })

describe('A private registry', () => {
  test('answers who has one of its tokens', async (t) => {
    const { ask } = await serve(t, PACKAGES, { readTokens })
    for (const field of ['Bearer first-token', 'bearer second-token', 'BEARER   first-token']) {
      const response = await ask('/packages/dashboard', { authorization: field })
      assert.equal(response.status, 200, field)
      assert.equal(response.headers.get('cache-control'), 'private, max-age=60, stale-while-revalidate=600')
      assert.equal(response.headers.get('vary'), 'Accept-Encoding, Authorization')
    }
  })

  test('asks who has none for one, also of what is in memory', async (t) => {
    const { ask } = await serve(t, PACKAGES, { readTokens })
    const etag = (await ask('/packages', bearer('first-token'))).headers.get('etag')
    for (const headers of [
      {},
      { authorization: 'Basic Zmlyc3QtdG9rZW4=' },
      { authorization: 'Bearer' },
      { 'if-none-match': etag },
    ]) {
      const response = await ask('/packages', headers)
      assert.match(response.headers.get('www-authenticate'), /^Bearer realm="/)
      await assertProblem(response, 401, 'EUNAUTHORIZED')
    }
  })

  test('refuses who has another, and tells nothing of what there is', async (t) => {
    const { ask } = await serve(t, PACKAGES, { readTokens })
    await ask('/packages/dashboard', bearer('first-token'))
    for (const token of [
      'third-token',
      'First-token',
      'first-toke',
      'first-token2',
      'first-token second-token',
      '""',
    ]) {
      const texts = []
      for (const path of ['/packages/dashboard', '/packages/nope', '/packages?page=0', '/packages/%']) {
        const response = await ask(path, bearer(token))
        texts.push(await assertProblem(response, 403, 'EFORBIDDEN'))
      }
      for (const text of texts) assert.deepEqual(text, texts[0])
    }
  })

  test('looks at the token before anything else of a request', async (t) => {
    const { ask } = await serve(t, PACKAGES, { readTokens })
    const long = `/packages/${'x'.repeat(9000)}`
    for (const [path, method, status, code] of [
      ['/packages', 'POST', 405, 'EMETHOD'],
      [long, 'GET', 414, 'EURITOOLONG'],
    ]) {
      await assertProblem(await ask(path, {}, method), 401, 'EUNAUTHORIZED')
      await assertProblem(await ask(path, bearer('third-token'), method), 403, 'EFORBIDDEN')
      await assertProblem(await ask(path, bearer('first-token'), method), status, code)
    }
  })

  test('spends no room on who may not read', async (t) => {
    const { ask } = await serve(t, PACKAGES, { readTokens, maxConcurrent: 1 })
    const strangers = Array.from({ length: 20 }, (_, number) => ask('/packages', bearer(`wrong${number}`)))
    const guest = ask('/packages', bearer('first-token'))
    assert.deepEqual(new Set((await Promise.all(strangers)).map(({ status }) => status)), new Set([403]))
    assert.equal((await guest).status, 200)
  })

  test('is read by a remote source with its token, and by none without', async (t) => {
    const { url } = await startService(t, PACKAGES, { readTokens })
    const { reports, onError } = recordReports()
    const source = new RemotePackageSource({ url, enabled: true, authToken: 'second-token' })
    assert.deepEqual(await source.getVersions('dashboard'), ['1.0.0'])
    t.mock.method(console, 'error', (line) => onError(line))
    assert.deepEqual(await new RemotePackageSource({ url, enabled: true }).fetchIndex(), [])
    assert.equal(reports.length, 1)
  })

  test('shows its tokens nowhere', async (t) => {
    const { handlers, ask, reports } = await serve(t, PACKAGES, { readTokens })
    const server = await startService(t, [], { readTokens })
    const shown = [inspect(handlers, { depth: 9, showHidden: true }), inspect(server, { depth: 9, showHidden: true })]
    shown.push(await (await ask('/packages', bearer('x'))).text(), JSON.stringify(reports))
    for (const wrong of [['good', 'wrong token'], ['good', ''], ['good', 7], 'good', []]) {
      assert.throws(
        () => createRegistryHandlers({ store: emptyStore(t), readTokens: wrong }),
        (error) => {
          shown.push(error.message)
          return error.code === 'EINVALIDARG'
        },
      )
    }
    for (const text of shown) assert.doesNotMatch(text, /first-token|second-token|good|wrong token/)
  })
})

describe('Requests under way', () => {
  test('are bounded: what is not in memory is refused while there are too many', async (t) => {
    const { ask } = await serve(t, PACKAGES, { maxConcurrent: 2 })
    const paths = Array.from({ length: 20 }, (_, number) => `/packages?page=${number + 1}`)
    const responses = await Promise.all(paths.map((path) => ask(path)))
    const statuses = responses.map(({ status }) => status)
    assert.deepEqual(statuses, [200, 200, ...Array(18).fill(503)])
    assert.equal(responses[2].headers.get('retry-after'), '1')
    await assertProblem(responses[2], 503, 'EBUSY')
    assert.equal((await ask('/packages?page=7')).status, 200, 'those that have ended make room')
  })

  test('what is in memory is answered all the same', async (t) => {
    const { ask } = await serve(t, PACKAGES, { maxConcurrent: 1 })
    await ask('/packages')
    const responses = await Promise.all(
      ['/packages/dashboard', '/packages', '/packages/nope', '/packages'].map((path) => ask(path)),
    )
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200, 503, 200],
    )
  })

  test('for one thing make it once', async (t) => {
    const { ask } = await serve(t, PACKAGES, { maxConcurrent: 1000 })
    const responses = await Promise.all(
      Array.from({ length: 1000 }, () => ask('/packages', { 'accept-encoding': 'br' })),
    )
    const tags = new Set(responses.map(({ headers }) => headers.get('etag')))
    assert.equal(tags.size, 1)
    assert.ok(responses.every(({ status }) => status === 200))
  })
})

describe('Options of the registry service', () => {
  const WRONG = [
    { store: undefined },
    { store: '' },
    { store: 7 },
    { store: 'a\0b' },
    { basePath: 'api' },
    { basePath: '/a b' },
    { basePath: '/a?b' },
    { maxConcurrent: 0 },
    { maxConcurrent: 1.5 },
    { maxAgeSeconds: -1 },
    { staleWhileRevalidateSeconds: '60' },
    { cacheMaxBytes: Number.NaN },
    { onError: 'console' },
  ]

  for (const options of WRONG) {
    test(`are refused: ${inspect(options)}`, async () => {
      const code = { code: 'EINVALIDARG' }
      const whole = { store: 'never-made', ...options }
      assert.throws(() => createRegistryHandlers(whole), code)
      await assert.rejects(createRegistryServer(whole), code)
    })
  }

  test('of the server are refused too', async () => {
    for (const options of [
      undefined,
      null,
      'store',
      { store: 's', port: -1 },
      { store: 's', port: 65536 },
      { store: 's', host: 7 },
      { store: 's', maxConnections: 0 },
    ]) {
      await assert.rejects(createRegistryServer(options), { code: 'EINVALIDARG' })
    }
    assert.throws(() => createRegistryHandlers(), { code: 'EINVALIDARG' })
  })
})
