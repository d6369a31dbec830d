// Redirects are followed as far as is safe, and take the token nowhere else.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'
import { certificateAuthority, tlsServer } from './helpers/tls.mjs'

const TOKEN = 'very-secret-token'
const INDEX = { packages: [{ packageId: 'a', version: '1.0.0' }] }

/** A server that redirects so often before it answers. */
const redirecting = (t, times) =>
  rawServer(t, (request, response) => {
    const done = Number(new URL(request.url, 'http://x').searchParams.get('hop') ?? 0)
    if (done === times) sendJson(response, INDEX)
    else response.writeHead(302, { location: `?hop=${done + 1}` }).end()
  })

describe('Redirects', () => {
  test('are followed ten times', async (t) => {
    const { url, requests } = await redirecting(t, 10)
    assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
    assert.equal(requests.length, 11)
  })

  test('are not followed an eleventh time', async (t) => {
    const { url, requests } = await redirecting(t, 11)
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EREDIRECT')
    assert.equal(requests.length, 11)
  })

  test('in a circle end, and are not tried again', async (t) => {
    const { url, requests } = await rawServer(t, (request, response) => {
      response.writeHead(302, { location: request.url.includes('two') ? '/packages' : '/packages?two' }).end()
    })
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EREDIRECT')
    assert.ok(requests.length <= 11, `${requests.length} requests`)
  })

  for (const status of [301, 302, 303, 307, 308]) {
    test(`with status ${status} lead to the answer`, async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a' })
      const { url } = await rawServer(t, (request, response) => {
        response.writeHead(status, { location: registry.url + request.url }).end()
      })
      assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
      assert.equal(registry.requests[0].method, 'GET')
    })
  }

  for (const location of ['file:///etc/hostname', 'ftp://127.0.0.1/', 'data:application/json,{}', 'http://', '//:x/']) {
    test(`are not followed to ${location}`, async (t) => {
      const { url, requests } = await rawServer(t, (_, response) => response.writeHead(302, { location }).end())
      const { manager, status } = watchedRemote({ url })
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(status().lastError.code, 'EREDIRECT')
      assert.equal(requests.length, 1)
    })
  }

  test('that lead nowhere do no harm to the next answer', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' }).fault({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })
    const source = remoteSource(registry, { maxAttempts: 1 })
    assert.equal(await source.loadPackage('a'), null)
    registry.heal()
    assert.notEqual(await source.loadPackage('a'), null)
  })
})

describe('The token', () => {
  const TOKENS = {
    'a string': TOKEN,
    'a function': () => TOKEN,
  }

  for (const [name, authToken] of Object.entries(TOKENS)) {
    test(`as ${name} goes to the same origin, and to no other port`, async (t) => {
      const elsewhere = await rawServer(t, (_, response) => sendJson(response, INDEX))
      const registry = await rawServer(t, (request, response) => {
        if (request.url.startsWith('/moved')) response.writeHead(307, { location: `${elsewhere.url}/packages` }).end()
        else response.writeHead(307, { location: `/moved${request.url}` }).end()
      })
      assert.deepEqual(await idsOf(remoteSource(registry, { authToken })), ['a'])
      assert.deepEqual(
        registry.requests.map(({ headers }) => headers.authorization),
        [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`],
      )
      assert.equal(elsewhere.requests.length, 1)
      assert.ok(!JSON.stringify(elsewhere.requests).includes(TOKEN))
    })
  }

  test('goes to no other host of the same port', async (t) => {
    const { url, requests } = await rawServer(t, (request, response) => {
      if (request.headers.host.startsWith('127.')) {
        response.writeHead(302, { location: `http://localhost:${new URL(url).port}${request.url}` }).end()
      } else sendJson(response, INDEX)
    })
    assert.deepEqual(await idsOf(remoteSource({ url }, { authToken: TOKEN })), ['a'])
    assert.deepEqual(
      requests.map(({ headers }) => headers.authorization),
      [`Bearer ${TOKEN}`, undefined],
    )
  })

  test('goes to no other scheme of the same host, and neither does a password in the URL', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const secure = await tlsServer(t, await certificate(), (_, response) => sendJson(response, INDEX))
    const { url } = await rawServer(t, (request, response) => {
      response.writeHead(302, { location: secure.url + request.url }).end()
    })
    const named = url.replace('127.0.0.1', 'user:url-password@localhost')
    assert.deepEqual(await idsOf(remoteSource({ url: named }, { authToken: TOKEN, caFile })), ['a'])
    assert.equal(secure.requests.length, 1)
    assert.equal(secure.requests[0].headers.authorization, undefined)
    assert.ok(!JSON.stringify(secure.requests).includes('url-password'))
  })

  test('is not shown by a redirect that says it', async (t) => {
    const { url } = await rawServer(t, (request, response) => {
      response.writeHead(302, { location: `ftp://${request.headers.authorization.slice(7)}@127.0.0.1/` }).end()
    })
    const { manager, reports, status } = watchedRemote({ url }, { authToken: TOKEN })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(reports.length, 1)
    assert.ok(!`${reports[0].error.stack}${JSON.stringify(status())}`.includes(TOKEN))
  })
})

test('nothing is asked over http after https', async (t) => {
  const { caFile, certificate } = await certificateAuthority(t)
  const plain = await rawServer(t, (_, response) => sendJson(response, INDEX))
  const secure = await tlsServer(t, await certificate(), (request, response) => {
    response.writeHead(302, { location: plain.url + request.url }).end()
  })
  const { manager, status } = watchedRemote(secure, { caFile, authToken: TOKEN })
  assert.deepEqual(await manager.fetchMergedIndex(), [])
  assert.equal(status().lastError.code, 'EREDIRECT')
  assert.equal(secure.requests.length, 1)
  assert.equal(plain.requests.length, 0)
})
