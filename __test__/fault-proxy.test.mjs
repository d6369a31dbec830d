// The helpers that other tests trust: a proxy that passed everything, or a server that any client trusts, would show
// nothing.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as secureRequest } from 'node:https'
import { describe, test } from 'node:test'
import { faultProxy } from './helpers/fault-proxy.mjs'
import { rawServer } from './helpers/remote.mjs'
import { certificateAuthority, tlsServer } from './helpers/tls.mjs'
import { until } from './helpers/until.mjs'

const BODY = 'x'.repeat(1000)

/** One answer: its body, or the code of what went wrong; `bytes` is how much came and `ms` how long it took. */
function ask(url, options = {}) {
  const start = performance.now()
  return new Promise((resolve) => {
    let body = ''
    const settle = (code) => resolve({ code, body, bytes: body.length, ms: performance.now() - start })
    get(url, { agent: new Agent(), ...options }, (response) => {
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => settle('end'))
      response.on('error', (error) => settle(error.code))
    }).on('error', (error) => settle(error.code))
  })
}

async function proxied(t) {
  const server = await rawServer(t, (_, response) =>
    response.writeHead(200, { 'content-length': BODY.length }).end(BODY),
  )
  return { server, proxy: await faultProxy(t, `${server.url}/base`) }
}

describe('The fault proxy', () => {
  test('passes everything on, and counts', async (t) => {
    const { server, proxy } = await proxied(t)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    for (let n = 0; n < 3; n++) assert.equal((await ask(`${proxy.url}/${n}`, { agent })).body, BODY)
    assert.equal(proxy.connections, 1)
    assert.deepEqual(
      proxy.requests,
      [0, 1, 2].map((n) => `GET /base/${n} HTTP/1.1`),
    )
    assert.equal(server.requests.length, 3)
  })

  const FAULTS = [
    ['refuses', { at: 'connect', does: 'refuse' }, { code: 'ECONNREFUSED', asked: 0 }],
    ['resets a new connection', { at: 'connect', does: 'reset' }, { code: 'ECONNRESET', asked: 0 }],
    ['resets before the head', { at: 'request', does: 'reset' }, { code: 'ECONNRESET', asked: 0 }],
    ['resets within the head', { at: 'head', bytes: 9, does: 'reset' }, { code: 'ECONNRESET', asked: 1 }],
    ['resets within the body', { at: 'body', bytes: 10, does: 'reset' }, { code: 'ECONNRESET', bytes: 10, asked: 1 }],
    ['ends within the body', { at: 'body', bytes: 10, does: 'end' }, { code: 'ECONNRESET', bytes: 10, asked: 1 }],
    ['delays', { at: 'head', does: 'delay', ms: 100 }, { code: 'end', bytes: 1000, atLeast: 90, asked: 1 }],
    ['trickles the head', { at: 'head', does: 'trickle', ms: 1, step: 4 }, { code: 'end', atLeast: 200, asked: 1 }],
    ['trickles the body', { at: 'body', does: 'trickle', ms: 10, step: 100 }, { code: 'end', atLeast: 80, asked: 1 }],
  ]

  for (const [name, fault, { code, bytes, atLeast = 0, asked }] of FAULTS) {
    test(`${name}, and heals`, async (t) => {
      const { server, proxy } = await proxied(t)
      await proxy.fault(fault)
      const answer = await ask(proxy.url)
      assert.equal(answer.code, code)
      if (bytes !== undefined) assert.equal(answer.bytes, bytes)
      assert.ok(answer.ms >= atLeast, `${answer.ms} ms`)
      assert.equal(server.requests.length, asked)
      await proxy.heal()
      assert.equal((await ask(proxy.url)).body, BODY)
    })
  }

  for (const at of ['connect', 'request', 'head', 'body']) {
    test(`hangs at ${at}, and sees the client go`, async (t) => {
      const { proxy } = await proxied(t)
      await proxy.fault({ at, bytes: 5, does: 'hang' })
      assert.equal((await ask(proxy.url, { signal: AbortSignal.timeout(150) })).code, 'ABORT_ERR')
      await until(() => proxy.open === 0, { timeout: 5000 })
    })
  }

  test('goes wrong as often as it is told', async (t) => {
    const { proxy } = await proxied(t)
    await proxy.fault({ at: 'request', does: 'reset' }, { times: 2 })
    const codes = []
    for (let n = 0; n < 4; n++) codes.push((await ask(proxy.url)).code)
    assert.deepEqual(codes, ['ECONNRESET', 'ECONNRESET', 'end', 'end'])
  })

  test('cuts kept connections where connecting is to go wrong', async (t) => {
    const { proxy } = await proxied(t)
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    assert.equal((await ask(proxy.url, { agent })).code, 'end')
    await proxy.fault({ at: 'connect', does: 'reset' })
    assert.equal((await ask(proxy.url, { agent })).code, 'ECONNRESET')
  })
})

describe('A server over TLS', () => {
  const answer = (_, response) => response.end('secret')

  const over = (url, options) =>
    new Promise((resolve) => {
      secureRequest(url, { agent: false, ...options }, (response) => {
        response.resume().on('end', () => resolve('end'))
      })
        .on('error', (error) => resolve(error.code))
        .end()
    })

  test('is trusted by those who trust its authority, and by no other', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const { url } = await tlsServer(t, await certificate(), answer)
    assert.equal(await over(url, { ca: readFileSync(caFile) }), 'end')
    assert.equal(await over(url, {}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    const other = await tlsServer(t, await certificate(['other.test']), answer)
    assert.equal(await over(other.url, { ca: readFileSync(caFile) }), 'ERR_TLS_CERT_ALTNAME_INVALID')
  })

  test('speaks HTTP/2 with those who can', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const { url, requests } = await tlsServer(t, await certificate(), answer, { http2: true })
    assert.equal(await over(url, { ca: readFileSync(caFile) }), 'end')
    const session = connectHttp2(url, { ca: readFileSync(caFile) })
    await new Promise((resolve) => session.request({ ':path': '/' }).resume().on('end', resolve))
    session.close()
    assert.deepEqual(
      requests.map(({ version }) => version),
      ['1.1', '2.0'],
    )
  })
})
