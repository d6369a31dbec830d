// The servers that the Git source's tests trust, asked by the real git client.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertServed, failureOf, smallRepository } from './helpers/git/client.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'
import { certificateAuthority } from './helpers/tls.mjs'

/** A server of the small repository, and the repository's URL there. */
async function served(t, options) {
  const repository = smallRepository(t, { bare: true, name: 'repository.git' })
  const server = await startGitHttp(t, repository.directory, options)
  return { repository, server, url: `${server.url}/repository.git` }
}

describe('A Git daemon', () => {
  test('serves, stops and starts again at the same place', async (t) => {
    const repository = smallRepository(t)
    const daemon = await startGitDaemon(t, repository.directory)
    const url = `${daemon.url}/${repository.name}`
    await assertServed(t, repository, url)
    assert.match(daemon.log, /Request upload-pack for '\/repository'/)
    await daemon.stop()
    await daemon.stop()
    assert.match(await failureOf(url), /Connection refused/)
    await daemon.start()
    assert.equal(`${daemon.url}/${repository.name}`, url)
    await assertServed(t, repository, url)
    assert.match(await failureOf(`${daemon.url}/other`), /access denied or repository not exported/)
  })
})

describe('A Git server over HTTP', () => {
  for (const version of [0, 2]) {
    test(`serves by version ${version} of the protocol, and records`, async (t) => {
      const asked = []
      const { repository, server, url } = await served(t, { onRequest: ({ command }) => asked.push(command) })
      await assertServed(t, repository, url, { settings: [`protocol.version=${version}`] })
      const lists = version === 2 ? ['ls-refs'] : []
      const commands = ['advertise', ...lists, 'advertise', ...lists, 'fetch']
      // A shallow clone may take a round of its own to agree on where it ends.
      assert.deepEqual(asked.slice(0, commands.length), commands)
      assert.deepEqual(
        server.requests.map((request) => request.command),
        asked,
      )
      const [request] = server.requests
      assert.equal(request.url, '/repository.git/info/refs?service=git-upload-pack')
      assert.deepEqual([request.method, request.status], ['GET', 200])
      assert.equal(request.headers['git-protocol'], version === 2 ? 'version=2' : undefined)
      assert.ok(server.requests.every(({ sent }) => sent > 0))
      assert.equal(server.count('advertise'), 2)
    })
  }

  test('asks for a user and a token', async (t) => {
    const { repository, server, url } = await served(t, { auth: { basic: 'user:token' } })
    const as = (credentials) => url.replace('//', `//${credentials}@`)
    await assertServed(t, repository, as('user:token'))
    assert.match(await failureOf(as('user:other')), /Authentication failed/)
    assert.match(await failureOf(url), /could not read Username/)
    const { headers, status } = server.requests.at(-1)
    assert.deepEqual([headers.authorization, status], [undefined, 401])
    const right = `Basic ${Buffer.from('user:token').toString('base64')}`
    assert.ok(server.requests.some((request) => request.headers.authorization === right && request.status === 200))
    server.auth = {}
    await assertServed(t, repository, url)
  })

  test('asks for a bearer token', async (t) => {
    const { repository, server, url } = await served(t, { auth: { bearer: 'secret' } })
    await assertServed(t, repository, url, { settings: ['http.extraHeader=Authorization: Bearer secret'] })
    await failureOf(url, { settings: ['http.extraHeader=Authorization: Bearer other'] })
    assert.equal(server.requests.at(-1).status, 401)
    const answer = await fetch(`${url}/info/refs?service=git-upload-pack`)
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="git"')
  })

  test('has a certificate', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const { repository, url } = await served(t, { tls: await certificate() })
    await assertServed(t, repository, url, { settings: [`http.sslCAInfo=${caFile}`] })
    const other = await certificateAuthority(t)
    assert.match(await failureOf(url, { settings: [`http.sslCAInfo=${other.caFile}`] }), /certificate/)
  })

  test('serves two clients at once, and nothing that is not there', async (t) => {
    const { repository, server, url } = await served(t)
    await Promise.all([assertServed(t, repository, url), assertServed(t, repository, url)])
    assert.match(await failureOf(`${server.url}/other.git`), /not found/)
    assert.equal((await fetch(`${server.url}/%zz`)).status, 400)
    assert.notEqual((await fetch(`${server.url}/%2e%2e/%2e%2e/etc/passwd`)).status, 200)
  })

  test('stops and starts again at the same place', async (t) => {
    const { repository, server, url } = await served(t)
    await server.stop()
    await server.stop()
    assert.match(await failureOf(url), /Failed to connect|Could not connect/)
    await server.start()
    await assertServed(t, repository, url)
  })

  test('sends clients elsewhere', async (t) => {
    const { repository, server } = await served(t)
    const front = await startGitHttp(t, temporaryDirectory(t))
    front.respond(({ url }) => ({ redirect: `${server.url}${url}` }))
    await assertServed(t, repository, `${front.url}/repository.git`)
    assert.equal(front.requests[0].status, 302)
    front.respond(({ url }) => ({ redirect: url, status: 301 }))
    assert.match(await failureOf(`${front.url}/repository.git`), /redirects/)
    assert.equal(front.requests.at(-1).status, 301)
  })
})
