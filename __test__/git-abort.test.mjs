// A caller who gives up a clone: gets the signal's reason at once, disturbs nobody, and leaves nothing behind: no
// connection, no process that goes on, no half clone.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { cacheFolder, filesBelow } from './helpers/cache-folder.mjs'
import { inChild, rootUrl } from './helpers/child.mjs'
import { faultProxy } from './helpers/fault-proxy.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { fastImport, manyFiles } from './helpers/git/fast-import.mjs'
import { heldRelay } from './helpers/git/held-relay.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { listedVersion, publish, twoPackages } from './helpers/git/served.mjs'
import { watchedGit } from './helpers/git/source.mjs'
import { deferred, until } from './helpers/until.mjs'

/** Far below the 30 seconds that a silent server is given, milliseconds. */
const SOON = 15_000

/** Bytes of a clone that have come when it gets no further: within its pack, which is larger. */
const HALF = 60_000

/** A repository whose pack doesn't compress. Nobody changes it. */
const REPOSITORY = twoPackages({ after })
REPOSITORY.packages.seed('bulky').file('static_content/noise', randomBytes(4 * HALF))
REPOSITORY.commit()

async function overHttp(t, make) {
  const server = await startGitHttp(t, REPOSITORY.directory)
  const proxy = await faultProxy(t, server.url)
  const url = `${proxy.url}/${REPOSITORY.name}`
  return {
    url,
    connections: () => proxy.connections,
    open: () => proxy.open,
    ...(await make(server, proxy)),
  }
}

async function overDaemon(t, bytes) {
  const daemon = await startGitDaemon(t, REPOSITORY.directory)
  const relay = await heldRelay(t, daemon.port, bytes)
  return {
    url: `git://127.0.0.1:${relay.port}/${REPOSITORY.name}`,
    connections: () => relay.connections,
    open: () => relay.open,
    isStuck: () => relay.connections > 0 && relay.passed >= bytes,
    heal: () => {
      relay.bytes = Number.POSITIVE_INFINITY
    },
  }
}

/** Where a clone may get stuck: `isStuck()` once it is, `heal()` for those who come later. */
const STUCK = {
  'whose HTTP server is silent': (t) =>
    overHttp(t, (server) => {
      server.respond(() => ({ hang: true }))
      return { isStuck: () => server.requests.length > 0, heal: () => server.respond(null) }
    }),
  'whose HTTP server falls silent within the pack': (t) =>
    overHttp(t, (server) => {
      server.respond(({ command }) => (command === 'fetch' ? { hang: true, cutAfterBytes: HALF } : undefined))
      return { isStuck: () => server.requests.at(-1)?.sent === HALF, heal: () => server.respond(null) }
    }),
  'that trickles': (t) =>
    overHttp(t, async (server, proxy) => {
      await proxy.fault({ at: 'body', does: 'trickle', bytes: 10, step: 1, ms: 100 })
      return { isStuck: () => server.requests[0]?.sent > 0, heal: () => proxy.heal() }
    }),
  'whose daemon is silent': (t) => overDaemon(t, 0),
  'whose daemon falls silent within the pack': (t) => overDaemon(t, HALF),
}

/** Each way of asking, and whether what it gives is an answer. */
const WAYS = {
  'source.fetchIndex': ({ source }, options) => source.fetchIndex(options),
  'source.loadPackage': ({ source }, options) => source.loadPackage('a', undefined, options),
  'source.getVersions': ({ source }, options) => source.getVersions('a', options),
  'source.hasPackage': ({ source }, options) => source.hasPackage('a', options),
  'manager.fetchMergedIndex': ({ manager }, options) => manager.fetchMergedIndex(options),
  'manager.loadPackage': ({ manager }, options) => manager.loadPackage('a', options),
}

const isThere = (value) => (Array.isArray(value) ? value.length > 0 : Boolean(value))

const isEmpty = (folder) => readdirSync(folder).length === 0

/** Asserts that a call ends with a reason, before anything but that could have ended it. */
async function assertGivenUp(calling, reason) {
  const late = sleep(SOON, 'too late', { ref: false })
  const outcome = await Promise.race([
    calling.then(
      () => 'an answer',
      (error) => error,
    ),
    late,
  ])
  assert.equal(outcome, reason)
}

for (const [where, start] of Object.entries(STUCK)) {
  describe(`A clone ${where}`, { concurrency: 4 }, () => {
    for (const [way, ask] of Object.entries(WAYS)) {
      test(`is given up at once by ${way}, and nothing is left of it`, async (t) => {
        const { url, open, isStuck, heal } = await start(t)
        const cacheDir = cacheFolder(t)
        const git = watchedGit(t, url, { cacheDir })
        const abort = new AbortController()
        const asking = ask(git, { signal: abort.signal })
        await until(isStuck, { what: 'the clone' })
        assert.equal(open(), 1)
        const reason = { any: 'value' }
        abort.abort(reason)
        await assertGivenUp(asking, reason)
        await until(() => open() === 0, { what: 'the end of the connection', timeout: SOON })
        await until(() => isEmpty(cacheDir), { what: 'the end of the half clone', timeout: SOON })
        const { lastError, breaker } = git.status()
        assert.deepEqual([git.reports, lastError, breaker], [[], null, 'closed'])
        await heal()
        assert.ok(isThere(await ask(git, {})))
      })
    }

    test('goes on for another one who waits', async (t) => {
      const { url, open, connections, isStuck } = await start(t)
      const { source, status } = watchedGit(t, url)
      const [abort, last] = [new AbortController(), new AbortController()]
      const given = source.fetchIndex({ signal: abort.signal })
      const waiting = source.loadPackage('a', undefined, { signal: last.signal })
      await until(isStuck)
      const before = [1, connections(), status().requests]
      abort.abort('given up')
      await assertGivenUp(given, 'given up')
      // Long enough for it to end.
      await sleep(200)
      assert.deepEqual([open(), connections(), status().requests], before)
      last.abort('given up too')
      await assertGivenUp(waiting, 'given up too')
      await until(() => open() === 0, { timeout: SOON })
    })

    test('is not begun where the signal was aborted before', async (t) => {
      const { url, connections } = await start(t)
      const cacheDir = join(cacheFolder(t), 'not-made')
      const git = watchedGit(t, url, { cacheDir })
      for (const ask of Object.values(WAYS)) {
        const asking = Promise.resolve(ask(git, { signal: AbortSignal.abort('before') }))
        await assert.rejects(asking, (error) => error === 'before')
      }
      assert.deepEqual([connections(), git.reports], [0, []])
      assert.equal(existsSync(cacheDir), false)
    })
  })
}

test('One who waits gets the whole of what another one has given up', async (t) => {
  const { promise: gate, resolve: go } = deferred()
  const { url, isStuck } = await overHttp(t, (server) => {
    server.respond(() => gate)
    return { isStuck: () => server.requests.length > 0 }
  })
  const { source } = watchedGit(t, url)
  const abort = new AbortController()
  const given = source.fetchIndex({ signal: abort.signal })
  const waiting = source.loadPackage('bulky')
  await until(isStuck)
  abort.abort('given up')
  await assertGivenUp(given, 'given up')
  go()
  assert.equal((await waiting).metadata.packageId, 'bulky')
})

test('A caller who waits for the lock of another process gives up at once, and the other goes on', async (t) => {
  const server = await startGitHttp(t, REPOSITORY.directory)
  const url = `${server.url}/${REPOSITORY.name}`
  const cacheDir = cacheFolder(t)
  const { promise: gate, resolve: go } = deferred()
  server.respond(({ command }) => (command === 'fetch' ? gate : undefined))
  const other = inChild(`
      const source = new addon.GitPackageSource(${JSON.stringify({ url, cacheDir })})
      answer((await source.fetchIndex()).length)
    `)
  await until(() => server.count('fetch') === 1)
  const { source, reports } = watchedGit(t, url, { cacheDir })
  const abort = new AbortController()
  const asking = source.fetchIndex({ signal: abort.signal })
  await sleep(200)
  abort.abort('given up')
  await assertGivenUp(asking, 'given up')
  assert.deepEqual([server.requests.length, reports], [2, []])
  go()
  assert.equal((await other).answer, 3)
  server.respond(null)
  assert.equal((await source.fetchIndex()).length, 3)
})

test('A caller who gives up a clone from a path leaves a whole clone or none', async (t) => {
  const repository = fastImport(t, manyFiles({ files: 5000, folder: 'packages/many' }))
  const cacheDir = cacheFolder(t)
  const abort = new AbortController()
  const { source } = watchedGit(t, repository.path, {
    cacheDir,
    onProgress: ({ phase }) => {
      if (phase === 'receiving') abort.abort('given up')
    },
  })
  await assertGivenUp(source.fetchIndex({ signal: abort.signal }), 'given up')
  // Below the folder of the repository: `lock`, `clone`, and what is being made.
  const left = () => new Set(filesBelow(cacheDir).map(({ path }) => relative(cacheDir, path).split(sep)[2]))
  await until(() => isEmpty(cacheDir) || (left().has('clone') && ![...left()].some((name) => /^new-/.test(name))), {
    what: 'the end of the half clone',
    timeout: SOON,
  })
  assert.deepEqual(await source.fetchIndex(), [])
})

test('A caller who gives up does not end the refresh of an old copy', async (t) => {
  const repository = twoPackages(t)
  const server = await startGitHttp(t, repository.directory)
  const { source, manager } = watchedGit(t, `${server.url}/${repository.name}`, { cacheExpiry: 1 })
  assert.equal(await listedVersion(source), '1.0.0')
  await manager.whenIdle()
  publish(repository, 'a', '2.0.0')
  const { promise: gate, resolve: go } = deferred()
  server.respond(() => gate)
  const asked = server.requests.length
  const abort = new AbortController()
  await until(async () => (await source.fetchIndex({ signal: abort.signal })) && server.requests.length > asked)
  abort.abort()
  go()
  await manager.whenIdle()
  assert.equal(await listedVersion(source), '2.0.0')
})

test('A caller who gives up between two tries ends the waiting', async (t) => {
  const repository = twoPackages(t)
  const server = await startGitHttp(t, repository.directory)
  server.respond(() => ({ status: 503, headers: { 'retry-after': '5' } }))
  const cacheDir = cacheFolder(t)
  const { source } = watchedGit(t, `${server.url}/${repository.name}`, { cacheDir, maxAttempts: 3 })
  const abort = new AbortController()
  const asking = source.fetchIndex({ signal: abort.signal })
  await until(() => server.requests.length === 1)
  abort.abort('given up')
  await assertGivenUp(asking, 'given up')
  await until(() => isEmpty(cacheDir), { timeout: SOON })
  assert.equal(server.requests.length, 1)
})

describe('A clone that is stuck holds nobody up who ends', { concurrency: 4 }, () => {
  for (const [where, start] of Object.entries(STUCK)) {
    test(`${where}: the process`, async (t) => {
      const { url, open } = await start(t)
      const cacheDir = cacheFolder(t)
      const begin = performance.now()
      const { answer } = await inChild(`
        const source = new addon.GitPackageSource(${JSON.stringify({ url, cacheDir })})
        await source.fetchIndex({ signal: AbortSignal.timeout(500) }).catch((error) => answer(error.name))
      `)
      assert.equal(answer, 'TimeoutError')
      assert.ok(performance.now() - begin < SOON, 'the process went on')
      await until(() => open() === 0, { timeout: SOON })
    })

    /** A worker that asks for what never comes whole. */
    const worker = (config) => `
      import(${JSON.stringify(new URL('index.mjs', rootUrl).href)}).then((addon) => {
        return new addon.GitPackageSource(${JSON.stringify(config)}).fetchIndex()
      })
    `

    test(`${where}: a worker that is terminated, of a process that goes on`, async (t) => {
      const { url, isStuck, open, heal } = await start(t)
      const cacheDir = cacheFolder(t)
      const asking = new Worker(worker({ url, cacheDir, fetchTimeoutMs: 2000, maxAttempts: 1 }), { eval: true })
      await until(isStuck)
      await asking.terminate()
      // Its fetch is this process's, and ends as it would have.
      await until(() => open() === 0, { what: 'the end of the connection', timeout: SOON })
      await until(() => isEmpty(cacheDir), { what: 'the end of the half clone', timeout: SOON })
      await heal()
      const { source } = watchedGit(t, url, { cacheDir })
      assert.equal((await source.fetchIndex()).length, 3)
    })

    test(`${where}: a process whose worker was terminated`, async (t) => {
      const { url, isStuck, open } = await start(t)
      const cacheDir = cacheFolder(t)
      const code = `
        const { Worker } = require('node:worker_threads')
        const asking = new Worker(${JSON.stringify(worker({ url, cacheDir }))}, { eval: true })
        process.stdin.resume().once('end', () => asking.terminate())
      `
      const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'ignore', 'inherit'] })
      t.after(() => child.kill('SIGKILL'))
      const exit = once(child, 'exit')
      await until(isStuck)
      child.stdin.end()
      const late = sleep(SOON, ['too late'], { ref: false })
      assert.deepEqual(await Promise.race([exit, late]), [0, null])
      await until(() => open() === 0, { timeout: SOON })
    })
  }
})
