// TLS as networks have it: authorities of one's own, HTTP/2, proxies.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { inChild } from './helpers/child.mjs'
import { idsOf } from './helpers/local.mjs'
import { remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'
import { certificateAuthority, tlsServer } from './helpers/tls.mjs'

const INDEX = { packages: [{ packageId: 'a', version: '1.0.0' }] }

const answer = (_, response) => sendJson(response, INDEX)

/** What a process of its own reads of an index over TLS: its ids, and the code of what went wrong. */
const READ_INDEX = (url, config = {}) => `
  const codes = []
  const manager = new addon.PackageSourceManager({ onError: (error) => codes.push(error.code) })
  manager.addSource(new addon.RemotePackageSource({ id: 'r', enabled: true, ...${JSON.stringify({ url, ...config })} }))
  answer({ ids: (await manager.fetchMergedIndex()).map((entry) => entry.packageId), codes })
`

describe('A certificate', () => {
  test('of an unknown authority is refused before anything is asked, and is got over', async (t) => {
    const [known, unknown] = [await certificateAuthority(t), await certificateAuthority(t)]
    const secure = await tlsServer(t, await unknown.certificate(), answer)
    const { source, manager, reports, status } = watchedRemote(secure, { caFile: known.caFile, authToken: 'token' })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(await source.loadPackage('a'), null)
    assert.deepEqual(
      reports.map(({ error }) => error.code),
      ['ETLS', 'ETLS'],
    )
    assert.equal(status().lastError.code, 'ETLS')
    assert.equal(secure.requests.length, 0)
    // A certificate doesn't become right by asking again.
    assert.equal(secure.connections(), 2)
    secure.setCertificate(await known.certificate())
    assert.deepEqual(await idsOf(source), ['a'])
  })

  test('of an authority that nobody named is refused', async (t) => {
    const { certificate } = await certificateAuthority(t)
    const { manager, status } = watchedRemote(await tlsServer(t, await certificate(), answer))
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ETLS')
  })

  test('of another name is refused', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const { manager, status } = watchedRemote(await tlsServer(t, await certificate(['other.test']), answer), {
      caFile,
    })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ETLS')
  })

  test('of an authority in caFile is trusted by that source alone', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const secure = await tlsServer(t, await certificate(), answer)
    assert.deepEqual(await idsOf(remoteSource(secure, { caFile })), ['a'])
    const { manager, status } = watchedRemote(secure)
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ETLS')
  })

  test('of an authority in NODE_EXTRA_CA_CERTS is trusted', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const { url, requests } = await tlsServer(t, await certificate(), answer)
    const without = await inChild(READ_INDEX(url), { env: { NODE_EXTRA_CA_CERTS: undefined } })
    assert.deepEqual(without.answer, { ids: [], codes: ['ETLS'] })
    const within = await inChild(READ_INDEX(url), { env: { NODE_EXTRA_CA_CERTS: caFile } })
    assert.deepEqual(within.answer, { ids: ['a'], codes: [] })
    assert.equal(requests.length, 1)
  })

  test('is not asked for where the server speaks no TLS', async (t) => {
    const plain = createServer(answer).listen(0, '127.0.0.1')
    await once(plain, 'listening')
    t.after(() => plain.close())
    const { manager, status } = watchedRemote({ url: `https://127.0.0.1:${plain.address().port}` }, { maxAttempts: 1 })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.match(status().lastError.code, /^E(TLS|NETWORK)$/)
  })
})

describe('HTTP/2', () => {
  test('is spoken where the server can, over one connection', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const secure = await tlsServer(t, await certificate(), answer, { http2: true })
    const source = remoteSource(secure, { caFile })
    assert.deepEqual(await idsOf(source), ['a'])
    await Promise.all(Array.from({ length: 20 }, (_, n) => source.searchPackages(`${n}`)))
    assert.equal(secure.requests.length, 21)
    assert.deepEqual([...new Set(secure.requests.map(({ version }) => version))], ['2.0'])
    assert.equal(secure.connections(), 1)
  })

  test('is not where it can not', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const secure = await tlsServer(t, await certificate(), answer)
    assert.deepEqual(await idsOf(remoteSource(secure, { caFile })), ['a'])
    assert.equal(secure.requests[0].version, '1.1')
  })
})

describe('A proxy', () => {
  /** A proxy that takes every name for this machine: `{ url, asked }`. */
  async function connectProxy(t) {
    const asked = []
    const proxy = createServer((_, response) => response.writeHead(400).end())
    proxy.on('connect', (request, socket) => {
      asked.push(request.url)
      const upstream = connect(Number(request.url.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        socket.pipe(upstream).pipe(socket)
      })
      for (const one of [socket, upstream]) one.on('error', () => upstream.destroy())
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    t.after(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    return { url: `http://127.0.0.1:${proxy.address().port}`, asked }
  }

  async function behindProxy(t, env) {
    const { caFile, certificate } = await certificateAuthority(t)
    const { port, requests } = await tlsServer(t, await certificate(['registry.invalid']), answer)
    const proxy = await connectProxy(t)
    const cleared = Object.fromEntries(
      ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
        [name, undefined],
        [name.toLowerCase(), undefined],
      ]),
    )
    const { answer: read } = await inChild(
      READ_INDEX(`https://registry.invalid:${port}`, { caFile, maxAttempts: 1, authToken: 'secret-token' }),
      { env: { ...cleared, HTTPS_PROXY: proxy.url, ...env } },
    )
    return { read, port, requests, proxy }
  }

  test('that HTTPS_PROXY names is gone through', async (t) => {
    const { read, port, requests, proxy } = await behindProxy(t, {})
    assert.deepEqual(read, { ids: ['a'], codes: [] })
    assert.deepEqual(proxy.asked, [`registry.invalid:${port}`])
    assert.equal(requests[0].headers.authorization, 'Bearer secret-token')
  })

  test('is not gone through to what NO_PROXY names', async (t) => {
    const { read, proxy } = await behindProxy(t, { NO_PROXY: 'other.invalid,registry.invalid' })
    assert.deepEqual(read, { ids: [], codes: ['ENETWORK'] })
    assert.deepEqual(proxy.asked, [])
  })
})
