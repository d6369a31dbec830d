// An HTTP server that misbehaves as it is told, before the real git client: it must fail as the tests will say it does.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  endlessAnswer,
  errorAnswer,
  lsRefsAnswer,
  manyRefs,
  packAnswer,
  refsAdvertisement,
} from './helpers/git/answers.mjs'
import { assertServed, clone, failureOf, refsOf, smallRepository } from './helpers/git/client.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { askGit } from './helpers/git/program.mjs'
import { until } from './helpers/until.mjs'

/** A server of the small repository, and the repository's URL there. */
async function served(t, options) {
  const repository = smallRepository(t, { bare: true, name: 'repository.git' })
  const server = await startGitHttp(t, repository.directory, options)
  return { repository, server, url: `${server.url}/repository.git` }
}

describe('A Git server over HTTP that is told to misbehave', () => {
  const FETCHING = ({ command }) => command === 'fetch'
  const ADVERTISING = ({ command }) => command === 'advertise'
  const FAULTS = [
    ['a status', ADVERTISING, { status: 503 }, /error: 503/],
    ['a status later', FETCHING, { status: 500, body: 'broken' }, /HTTP 500/],
    ['garbage', ADVERTISING, { ...refsAdvertisement([]), body: '<html>' }, /protocol error: bad line length/],
    [
      'other headers',
      ADVERTISING,
      { headers: { 'content-type': 'text/plain' } },
      /not valid: is this a git repository/,
    ],
    ['half the refs', ADVERTISING, { cutAfterBytes: 30 }, /transfer closed|early EOF|hung up|unexpected/],
    ['half the pack', FETCHING, { cutAfterBytes: 300 }, /early EOF|transfer closed|unexpected/],
    ['a turned byte', FETCHING, { corruptAt: 300 }, /inflate|mismatch|corrupt|bad/],
    ['no pack', FETCHING, packAnswer(Buffer.from('not a pack at all')), /pack signature mismatch/],
    ['an error in words', ADVERTISING, errorAnswer('the disk is full'), /remote error: the disk is full/],
  ]
  for (const [name, where, told, message] of FAULTS) {
    test(`gives ${name} where it is told, and heals`, async (t) => {
      const { repository, server, url } = await served(t)
      server.respond((request) => (where(request) ? told : undefined))
      const failed = await clone(t, url)
      assert.equal(failed.status, 128)
      assert.match(failed.stderr, message)
      if (told.cutAfterBytes) assert.equal(server.requests.at(-1).sent, told.cutAfterBytes)
      server.respond(null)
      await assertServed(t, repository, url)
    })
  }

  for (const [name, told] of [
    ['says nothing', { hang: true }],
    ['falls silent within the pack', { hang: true, cutAfterBytes: 300 }],
  ]) {
    test(`${name} until it is stopped`, async (t) => {
      const { server, url } = await served(t)
      server.respond((request) => (FETCHING(request) ? told : undefined))
      const failed = clone(t, url)
      await until(() => server.requests.at(-1)?.command === 'fetch')
      if (told.cutAfterBytes) await until(() => server.requests.at(-1).sent === told.cutAfterBytes)
      await server.stop()
      assert.equal((await failed).status, 128)
    })
  }

  test('waits before it answers', async (t) => {
    const { repository, server, url } = await served(t)
    const times = []
    server.respond(() => {
      times.push(performance.now())
      return { delay: 50 }
    })
    assert.equal((await refsOf(url)).HEAD, repository.head())
    assert.ok(times[1] - times[0] >= 49, `${times}`)
  })

  test('advertises refs without number', async (t) => {
    const { server, url } = await served(t)
    const refs = [...manyRefs(100_000)]
    for (const told of [refsAdvertisement(refs), lsRefsAnswer(refs)]) {
      const command = told.body.includes('# service') ? 'advertise' : 'ls-refs'
      server.respond((request) => (request.command === command ? told : undefined))
      assert.deepEqual(await refsOf(url), Object.fromEntries(refs))
    }
  })

  test('sends a pack of any bytes', async (t) => {
    const { repository, server, url } = await served(t)
    repository.git('repack', '-adq')
    const names = repository.git('rev-list', '--objects', '--all')
    const pack = repository.feed(['pack-objects', '--stdout', '-q'], names.replaceAll(/ .*/g, ''))
    server.respond((request) => (FETCHING(request) ? packAnswer(pack) : undefined))
    const { status, stderr } = await clone(t, url)
    assert.equal(status, 0, stderr)
  })

  test('answers without end, until the client goes', async (t) => {
    const { server, url } = await served(t)
    server.respond(() => endlessAnswer())
    const leave = new AbortController()
    const client = askGit(['ls-remote', url], { signal: leave.signal })
    await until(() => server.requests.at(-1)?.sent > 10_000_000)
    leave.abort()
    assert.equal((await client).status, null)
    server.respond(null)
    assert.ok((await refsOf(url)).HEAD)
  })

  test("tells what a test's own function throws", async (t) => {
    const { server, url } = await served(t)
    server.respond(() => {
      throw new Error('a mistake in a test')
    })
    await failureOf(url)
    await assert.rejects(server.stop(), /a mistake in a test/)
  })
})
