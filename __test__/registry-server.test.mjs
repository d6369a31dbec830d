// The registry as an HTTP server, and the remote source over it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { Agent, get, request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { createRegistryServer, PackageSourceManager, RemotePackageSource } from '../index.mjs'
import { assertProblem, emptyStore, publish, sendRaw, serve, startService } from './helpers/registry-service.mjs'
import { recordReports } from './helpers/reports.mjs'
import { until } from './helpers/until.mjs'

const PACKAGES = [
  { packageId: 'dashboard', version: '1.0.0', components: Array.from({ length: 500 }, (_, id) => ({ id: `c${id}` })) },
  { packageId: 'dashboard', version: '2.0.0', minLevel: 3 },
  { packageId: 'forum', version: '1.0.0', category: 'social' },
]

describe('A registry server', () => {
  test('says where it listens, and answers there', async (t) => {
    const { url, port } = await startService(t, PACKAGES)
    assert.equal(url, `http://127.0.0.1:${port}/api/v1`)
    const response = await fetch(`${url}/packages`)
    assert.equal((await response.json()).totalCount, 2)
  })

  test('answers as the handlers do', async (t) => {
    const { url, store } = await startService(t, PACKAGES)
    const { ask } = await serve(t, [], { store })
    for (const path of [
      '/packages',
      '/packages/dashboard/versions/1.0.0',
      '/packages/forum/versions',
      '/packages/no',
      '/packages?page=x',
    ]) {
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        for (const headers of [
          { 'accept-encoding': 'identity' },
          { 'accept-encoding': 'br' },
          { 'accept-encoding': 'gzip', 'if-none-match': '*' },
        ]) {
          const [own, other] = [await fetch(url + path, { method, headers }), await ask(path, headers, method)]
          const shared = [...other.headers.keys()]
          assert.equal(own.status, other.status, `${method} ${path}`)
          assert.deepEqual(
            shared.map((name) => own.headers.get(name)),
            shared.map((name) => other.headers.get(name)),
          )
          if (headers['accept-encoding'] === 'identity') assert.equal(await own.text(), await other.text())
          else await own.arrayBuffer()
        }
      }
    }
  })

  test('listens on IPv6, in brackets', async (t) => {
    const server = await startService(t, [], { host: '::1' }).catch((error) => error)
    if (server.code === 'EADDRNOTAVAIL' || server.code === 'EAFNOSUPPORT') {
      assert.ok(!process.env.CI, 'CI must have IPv6')
      return t.skip('no IPv6 here')
    }
    assert.equal(server.url, `http://[::1]:${server.port}/api/v1`)
    assert.equal((await fetch(`${server.url}/packages`)).status, 200)
  })

  test('takes another base path', async (t) => {
    const { url } = await startService(t, PACKAGES, { basePath: '/registry/v1/' })
    assert.ok(url.endsWith('/registry/v1'), url)
    assert.equal((await fetch(`${url}/packages`)).status, 200)
  })

  test('rejects with the reason where it can not listen', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.after(() => other.close())
    const { port } = other.address()
    await assert.rejects(createRegistryServer({ store: emptyStore(t), port }), { code: 'EADDRINUSE' })
  })

  test('does not read bodies: the connection ends with the answer', async (t) => {
    const { port } = await startService(t, PACKAGES)
    const head = 'GET /api/v1/packages/forum HTTP/1.1\r\nHost: x\r\n'
    for (const body of ['Content-Length: 1000000\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']) {
      const answer = await sendRaw(port, head + body)
      assert.match(answer, /^HTTP\/1\.1 200 /)
      assert.match(answer, /\r\nConnection: close\r\n/i)
      assert.equal(answer.match(/HTTP\/1\.1/g).length, 1)
    }
    const answer = await sendRaw(port, `${head}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 200 /, 'nobody is asked to go on')
  })

  test('survives what is no request', async (t) => {
    const { port, url } = await startService(t, PACKAGES)
    const status = (answer) => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]
    const line = (target, headers = '') =>
      sendRaw(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`)
    assert.equal(status(await line('/api/v1/packages/forum')), '200')
    assert.equal(status(await line('http://elsewhere.invalid/api/v1/packages/forum')), '200', 'the absolute form')
    assert.equal(status(await line('*')), '404')
    assert.equal(status(await line('/api/v1/packages/../packages/forum')), '404', 'nothing is collapsed')
    assert.equal(status(await line('/api/v1/packages/..%2fregistry.json')), '404')
    assert.equal(status(await line('/api/v1/packages/%00')), '404')
    assert.equal(status(await line('/api/v1/packages/%ff')), '400')
    assert.equal(status(await line(`/api/v1/packages/${'x'.repeat(9000)}`)), '414')
    assert.equal(status(await line('/api/v1/packages', `X-Large: ${'x'.repeat(20_000)}\r\n`)), '431')
    assert.equal(status(await sendRaw(port, 'nonsense\r\n\r\n')), '400')
    assert.equal(status(await sendRaw(port, 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')), undefined)
    assert.equal((await fetch(`${url}/packages`)).status, 200)
  })

  test('tells of a connection that it could not accept, and goes on', async (t) => {
    const create = t.mock.method(http, 'createServer')
    const { url, reports } = await startService(t, PACKAGES)
    const server = create.mock.calls[0].result
    const cause = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' })
    server.emit('error', cause)
    assert.deepEqual([reports.length, reports[0].code, reports[0].cause], [1, 'ENETWORK', cause])
    assert.equal((await fetch(`${url}/packages`)).status, 200)
    assert.ok(server.headersTimeout <= 10_000 && server.requestTimeout <= 30_000 && server.timeout <= 60_000)
  })

  test('is not harmed by clients that leave', async (t) => {
    const { port, url, store } = await startService(t, PACKAGES, { maxConcurrent: 10 })
    await publish(t, store, { packageId: 'large', components: [{ id: 'x', text: 'y'.repeat(5_000_000) }] })
    const leave = (_, number) =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          const id = number % 2 > 0 ? 'large' : 'dashboard'
          socket.write(`GET /api/v1/packages/${id} HTTP/1.1\r\nHost: x\r\n\r\n`)
          if (number % 3 > 0) setImmediate(() => socket.destroy())
          else socket.once('data', () => socket.destroy())
        })
        socket.on('close', resolve)
        socket.on('error', () => {})
      })
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 5 }, leave))
    await until(async () => (await fetch(`${url}/packages/forum`)).status === 200, { what: 'room for a request' })
  })

  test('refuses what is beyond the bound of answers being made', async (t) => {
    const { url, store } = await startService(t, PACKAGES, { maxConcurrent: 1 })
    await publish(t, store, { packageId: 'large', components: [{ id: 'x', text: noise(15_000_000) }] })
    assert.equal((await fetch(`${url}/packages/forum`)).status, 200)
    const slow = fetch(`${url}/packages/large`, { headers: { 'accept-encoding': 'br' } })
    const refused = async () => {
      const response = await fetch(`${url}/packages`)
      if (response.status === 200) return false
      assert.equal(response.headers.get('retry-after'), '1')
      await assertProblem(response, 503, 'EBUSY')
      return true
    }
    await until(refused, { what: 'the refusal' })
    assert.equal((await fetch(`${url}/packages/forum`)).status, 200, 'what is in memory is not refused')
    assert.equal((await slow).status, 200)
    assert.equal((await fetch(`${url}/packages/dashboard`)).status, 200, 'and afterwards nothing is')
  })

  test('holds no room for those who do not read their answers', async (t) => {
    const { port, url, store } = await startService(t, PACKAGES, { maxConcurrent: 1 })
    await publish(t, store, { packageId: 'large', components: [{ id: 'x', text: 'y'.repeat(15_000_000) }] })
    for (let reader = 0; reader < 20; reader++) {
      const socket = connect(port, '127.0.0.1')
      t.after(() => socket.destroy())
      socket.pause()
      socket.write('GET /api/v1/packages/large HTTP/1.1\r\nHost: x\r\n\r\n')
    }
    const search = async (q) => (await fetch(`${url}/packages/search?q=${q}`)).status
    await until(async () => (await search('first')) === 200, { what: 'the large answer in memory' })
    for (let number = 0; number < 20; number++) assert.equal(await search(`word${number}`), 200)
  })

  test('holds no room for those who send many requests at once, with or without a token, and leave', async (t) => {
    const options = { maxConcurrent: 4, readTokens: ['secret'] }
    const { port, url, store } = await startService(t, PACKAGES, options)
    await publish(t, store, { packageId: 'large', components: [{ id: 'x', text: 'y'.repeat(15_000_000) }] })
    const search = async (q) => {
      const response = await fetch(`${url}/packages/search?q=${q}`, { headers: { authorization: 'Bearer secret' } })
      return response.status
    }
    for (const [client, field] of ['Authorization: Bearer secret\r\n', 'Authorization: Bearer no\r\n', ''].entries()) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.pause()
      const ask = (path) => `GET /api/v1/packages${path} HTTP/1.1\r\nHost: x\r\n${field}\r\n`
      const many = Array.from({ length: 100 }, (_, number) => ask(`/search?q=own${client}x${number}`))
      socket.write(ask('/large') + many.join(''))
      await once(socket, 'connect')
      await until(async () => (await search(`meanwhile${client}`)) === 200, { what: 'an answer meanwhile' })
      socket.resetAndDestroy()
      await once(socket, 'close')
    }
    const statuses = await Promise.all(['one', 'two', 'three', 'four'].map(search))
    assert.deepEqual(statuses, [200, 200, 200, 200])
  })

  test('answers what is sent ahead in order, and ends a connection that is too far ahead', async (t) => {
    const { port } = await startService(t, PACKAGES)
    const ask = (path, end = '') => `GET /api/v1/packages${path} HTTP/1.1\r\nHost: x\r\n${end}\r\n`
    const order = Array.from({ length: 100 }, (_, number) => number)
    const asked = order.map((number) =>
      ask(`/search?q=w&page=${number + 1}`, number === 99 ? 'Connection: close\r\n' : ''),
    )
    const answer = await sendRaw(port, asked.join(''))
    assert.deepEqual(
      [...answer.matchAll(/"page":(\d+)/g)].map(([, page]) => Number(page)),
      order.map((number) => number + 1),
    )
    const refused = await sendRaw(port, ask('').repeat(1000)).catch(({ code }) => code)
    assert.ok(refused === 'ECONNRESET' || refused.split('HTTP/1.1 200').length < 200, 'and not a thousand answers')
  })

  test('takes as many connections as it may', async (t) => {
    const { port, url } = await startService(t, PACKAGES, { maxConnections: 2 })
    const held = Array.from({ length: 2 }, () => connect(port, '127.0.0.1'))
    t.after(() => held.forEach((socket) => void socket.destroy()))
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    await assert.rejects(fetch(`${url}/packages`))
    held[0].destroy()
    const isAnswered = () =>
      fetch(`${url}/packages`).then(
        ({ status }) => status === 200,
        () => false,
      )
    await until(isAnswered, { what: 'room for a connection' })
  })
})

/** Text that takes a while to compress. */
function noise(length) {
  return randomBytes(length / 2).toString('hex')
}

describe('Closing a registry server', () => {
  test('ends idle connections at once, and may be done twice', async (t) => {
    const server = await startService(t, PACKAGES)
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const response = await new Promise((resolve) => get(`${server.url}/packages`, { agent }, resolve))
    response.resume()
    await once(response, 'end')
    const started = Date.now()
    await Promise.all([server.close(), server.close()])
    await server.close()
    assert.ok(Date.now() - started < 4000, 'sooner than keep-alive ends')
    await assert.rejects(fetch(`${server.url}/packages`))
  })

  test('lets the answers under way be read to their end', async (t) => {
    const server = await startService(t, [])
    const text = 'y'.repeat(15_000_000)
    await publish(t, server.store, { packageId: 'large', components: [{ id: 'x', text }] })
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    const response = await new Promise((resolve) => get(`${server.url}/packages/large`, { agent }, resolve))
    const closing = server.close()
    let isClosed = false
    closing.then(() => {
      isClosed = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(isClosed, false)
    const chunks = []
    for await (const chunk of response) chunks.push(chunk)
    assert.equal(JSON.parse(Buffer.concat(chunks)).components[0].text, text)
    await closing
  })

  test('happens at the end of its scope', async (t) => {
    if (!Symbol.asyncDispose) {
      assert.ok(!process.env.CI, 'CI must have a Node.js that knows Symbol.asyncDispose')
      return t.skip('this Node.js knows no Symbol.asyncDispose')
    }
    const server = await startService(t, PACKAGES)
    await server[Symbol.asyncDispose]()
    await assert.rejects(fetch(`${server.url}/packages`))
  })
})

describe('A remote source over a registry server', () => {
  test('reads an index of many pages whole', async (t) => {
    const many = Array.from({ length: 2500 }, (_, number) => `package_${String(number).padStart(4, '0')}`)
    const server = await startService(
      t,
      many.map((packageId) => ({ packageId, category: packageId.at(-1) })),
    )
    const source = new RemotePackageSource({ url: server.url, enabled: true })
    const entries = await source.fetchIndex()
    assert.deepEqual(
      entries.map(({ packageId }) => packageId),
      many,
    )
    assert.ok(entries.every(({ checksum }) => /^[0-9a-f]{64}$/.test(checksum)))
    assert.equal((await source.searchPackages('package', { category: '7', pageSize: 1000 })).length, 250)
    assert.equal((await source.loadPackage('package_2499')).metadata.packageId, 'package_2499')
    assert.equal((await source.loadPackage('package_2500')) ?? null, null)
    assert.deepEqual(server.reports, [])
  })

  test('is one source of a manager as any other', async (t) => {
    const { url } = await startService(t, PACKAGES)
    const { reports, onError } = recordReports()
    const manager = new PackageSourceManager({ onError })
    manager.addSource(new RemotePackageSource({ id: 'own', url, enabled: true }))
    const [dashboard, forum] = await manager.fetchMergedIndex()
    assert.deepEqual([dashboard.version, dashboard.minLevel, forum.category], ['2.0.0', 3, 'social'])
    assert.equal((await manager.loadPackage('dashboard')).metadata.version, '2.0.0')
    assert.deepEqual(await manager.getAllVersions('dashboard'), new Map([['own', ['2.0.0', '1.0.0']]]))
    assert.deepEqual(reports, [])
  })
})

test('a request may ask for anything by any method without ending the server', async (t) => {
  const { url } = await startService(t, PACKAGES)
  for (const method of ['PATCH', 'PROPFIND', 'OPTIONS', 'TRACE']) {
    const response = await new Promise((resolve) => httpRequest(`${url}/packages`, { method }, resolve).end())
    response.resume()
    assert.equal(response.statusCode, 405, method)
    assert.equal(response.headers.allow, 'GET, HEAD')
  }
})
