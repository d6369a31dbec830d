// Servers that lead elsewhere or refuse: nothing of ours goes there, and they are not asked for ever.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { smallRepository } from './helpers/git/client.mjs'
import { hostileSource } from './helpers/git/hostile-source.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { rawServer } from './helpers/remote.mjs'

describe('A server that leads elsewhere', () => {
  const redirecting = (t, target) =>
    rawServer(t, (request, response) => response.writeHead(302, { location: target(request) }).end())

  for (const [what, target, code] of [
    ['in a circle', (request) => request.url, 'EREDIRECT'],
    ['on and on', (request) => `${request.url}&x=1`, 'EREDIRECT'],
    ['to a file', () => 'file:///etc/passwd', 'EREDIRECT'],
    ['to a program', () => 'ext::sh -c touch%20marker', 'EREDIRECT'],
    ['to a daemon', () => 'git://127.0.0.1/x', 'EREDIRECT'],
    ['to ssh', () => 'ssh://-oProxyCommand=x/x', 'EREDIRECT'],
    ['to nonsense', () => 'http://[', 'EREDIRECT'],
    ['to no repository', () => '/elsewhere', 'EREDIRECT'],
    ['to escape codes', () => '/%1b[31m', 'EREDIRECT'],
  ]) {
    test(`${what} is an error with a code`, async (t) => {
      const { url, requests } = await redirecting(t, target)
      const hostile = hostileSource(t, url)
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), [code])
      assert.ok(requests.length <= 11, `${requests.length} requests`)
      hostile.assertHarmless()
    })
  }

  test('to another host gets no credentials there, whichever way they were given', async (t) => {
    const seen = []
    const other = await rawServer(t, (request, response) => {
      seen.push(request.headers)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    })
    const { url } = await redirecting(t, (request) => `${other.url}${request.url}`)
    const inUrl = url.replace('//', '//user:very-secret@')
    const ways = [
      [url, { authToken: 'very-secret' }],
      [url, { authToken: 'user:very-secret' }],
      [url, { authToken: () => 'very-secret' }],
      [inUrl, {}],
    ]
    for (const [way, config] of ways) {
      const hostile = hostileSource(t, way, config)
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['EHTTP'])
      for (const { error } of hostile.reports) assert.doesNotMatch(`${error.message}${error.stack}`, /very-secret/)
      hostile.assertHarmless()
    }
    assert.ok(seen.length >= ways.length)
    for (const headers of seen) assert.equal(headers.authorization, undefined)
  })

  test('to a host with credentials of its own in the URL does not send ours', async (t) => {
    const other = await rawServer(t, (_, response) => response.writeHead(404).end())
    const target = (request) => `${other.url.replace('//', '//other:one@')}${request.url}`
    const { url } = await redirecting(t, target)
    const hostile = hostileSource(t, url, { authToken: 'user:very-secret' })
    assert.deepEqual(await hostile.ids(), [])
    for (const { headers } of other.requests) assert.doesNotMatch(`${headers.authorization}`, /very|dXNlcjp2ZXJ5/)
    for (const { error } of hostile.reports) assert.doesNotMatch(error.message, /other:one|very-secret/)
    hostile.assertHarmless()
  })

  test('where it is asked for objects is not followed', async (t) => {
    const repository = smallRepository(t, { bare: true, name: 'repository.git' })
    const [server, other] = [await startGitHttp(t, repository.directory), await startGitHttp(t, repository.directory)]
    server.respond(({ method, url }) => (method === 'POST' ? { redirect: `${other.url}${url}` } : undefined))
    const hostile = hostileSource(t, `${server.url}/repository.git`, { authToken: 'user:very-secret' })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['EREDIRECT'])
    assert.equal(other.requests.length, 0)
    server.respond(null)
    hostile.manager.clearAllCaches()
    assert.deepEqual(await hostile.ids(), ['dashboard'])
  })
})

describe('A server that refuses', () => {
  for (const status of [401, 403]) {
    test(`with ${status} again and again is asked twice at most`, async (t) => {
      let asked = 0
      const { url, requests } = await rawServer(t, (_, response) =>
        response.writeHead(status, { 'www-authenticate': 'Basic realm="git", Bearer' }).end(),
      )
      const hostile = hostileSource(t, url, { authToken: () => `user:${asked++}` })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['EHTTP'])
      assert.equal(requests.length, 2)
      hostile.assertHarmless()
    })
  }

  for (const [status, code] of [
    [404, 'ENOREPOSITORY'],
    [500, 'EHTTP'],
    [204, 'EPROTOCOL'],
    [304, 'EHTTP'],
    [418, 'EHTTP'],
  ]) {
    test(`with ${status} is an error with a code`, async (t) => {
      const { url } = await rawServer(t, (_, response) => response.writeHead(status).end())
      const hostile = hostileSource(t, url)
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), [code])
      hostile.assertHarmless()
    })
  }
})
