// Who shares a clone in a cache folder: sources with the same credentials, one after the other.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { filesBelow } from './helpers/cache-folder.mjs'
import { rootUrl } from './helpers/child.mjs'
import { cloneFolders, cloneIn, everything, fill, NOTHING, restartable } from './helpers/git/cached.mjs'
import { gitCache, idle } from './helpers/git/source.mjs'
import { deferred, until } from './helpers/until.mjs'

describe('The clone of a source with a token', () => {
  const auth = { basic: 'alice:secret', bearer: 'alice-token' }
  const OTHERS = {
    'another token': { authToken: 'mallory' },
    'another user': { authToken: 'mallory:secret' },
    'no token': {},
    'a function that gives another': { authToken: () => 'mallory' },
  }

  for (const [name, config] of Object.entries(OTHERS)) {
    test(`is not for one with ${name}`, async (t) => {
      const { cacheDir, start } = await restartable(t, { auth })
      await fill(start({ authToken: 'alice-token' }))
      const other = start(config)
      assert.deepEqual(await everything(other.source), NOTHING)
      assert.deepEqual([...new Set(other.reports.map(({ error }) => error.code))], ['EHTTP'])
      assert.deepEqual(await everything(start({ ...config, offline: true }).source), NOTHING)
      // What could not be fetched leaves nothing.
      assert.equal(cloneFolders(cacheDir).length, 1)
    })
  }

  test('is there for the next with that token, whoever asked in between', async (t) => {
    const { server, start } = await restartable(t, { auth })
    const given = await fill(start({ authToken: 'alice:secret' }))
    for (const config of Object.values(OTHERS)) {
      const { source } = start(config)
      await everything(source)
      source.clearCache()
      await idle(source)
    }
    await server.stop()
    assert.deepEqual(await everything(start({ authToken: 'alice:secret' }).source), given)
  })

  test('without one is not for a source that has one', async (t) => {
    const { server, start } = await restartable(t)
    await fill(start())
    await server.stop()
    assert.deepEqual(await everything(start({ authToken: 'alice' }).source), NOTHING)
  })

  test('from a function is one, whatever tokens it gives', async (t) => {
    const { server, cacheDir, start } = await restartable(t, { auth })
    const given = await fill(start({ authToken: () => 'alice-token' }))
    const fetches = server.count('fetch')
    server.auth = { bearer: 'alice-token-2' }
    const { source } = start({ authToken: async () => 'alice-token-2', cacheExpiry: 0 })
    assert.deepEqual(await everything(source), given)
    assert.deepEqual([server.count('fetch'), cloneFolders(cacheDir).length], [fetches, 1])
  })
})

describe('Two branches of a repository', () => {
  /** A repository with a branch `next` beside `main`, and a source over each, all in one cache folder. */
  async function branched(t) {
    const there = await restartable(t)
    there.repository.branch('next', { at: 'main' })
    there.publish('a', '9.0.0', 'next')
    const both = (config) => ({
      main: there.start({ id: 'main', branch: 'main', ...config }).source,
      next: there.start({ id: 'next', branch: 'next', ...config }).source,
    })
    return { ...there, both }
  }

  const versionOf = async (source) => (await source.loadPackage('a'))?.metadata.version

  test('share a clone, and each has its own', async (t) => {
    const { cacheDir, both } = await branched(t)
    const { main, next } = both()
    assert.deepEqual(await Promise.all([main, next].map(versionOf)), ['2.0.0', '9.0.0'])
    assert.equal(cloneFolders(cacheDir).length, 1)
    assert.deepEqual(await main.getVersions('a'), ['2.0.0', '1.0.0'])
    assert.deepEqual(await next.getVersions('a'), ['9.0.0', '1.0.0'])
  })

  test('move without each other', async (t) => {
    const { both, publish } = await branched(t)
    const { main, next } = both({ cacheExpiry: 0 })
    assert.deepEqual(await Promise.all([main, next].map(versionOf)), ['2.0.0', '9.0.0'])
    publish('a', '10.0.0', 'next')
    assert.deepEqual(await Promise.all([main, next].map(versionOf)), ['2.0.0', '10.0.0'])
    publish('a', '3.0.0')
    assert.deepEqual(await Promise.all([main, next].map(versionOf)), ['3.0.0', '10.0.0'])
  })

  test('go on where the other is gone', async (t) => {
    const { repository, both } = await branched(t)
    const { main, next } = both({ cacheExpiry: 0 })
    await Promise.all([main, next].map(versionOf))
    repository.deleteBranch('next')
    assert.deepEqual(await Promise.all([main, next].map(versionOf)), ['2.0.0', '9.0.0'])
  })

  test('do not take from each other what they have, however often one is refreshed', async (t) => {
    const { server, cacheDir, start, both, publish } = await branched(t)
    const { main, next } = both()
    assert.deepEqual(await Promise.all([main, next].map(versionOf)), ['2.0.0', '9.0.0'])
    await Promise.all([main, next].map(idle))
    // Each fetch brings a pack of its own; some time their number falls again.
    const moving = start({ id: 'main', branch: 'main', cacheExpiry: 0 }).source
    const packs = () => filesBelow(cloneIn(cacheDir)).filter(({ path }) => path.endsWith('.pack')).length
    for (let n = 0, before = packs(); packs() >= before; n++) {
      assert.ok(n < 200, `${packs()} packs`)
      before = packs()
      publish('b', `2.${n}.0`)
      assert.equal((await moving.loadPackage('b')).metadata.version, `2.${n}.0`)
    }
    await idle(moving)
    await server.stop()
    // What was read before, and what was not.
    assert.equal(await versionOf(next), '9.0.0')
    assert.equal((await next.loadPackage('b')).metadata.version, '1.0.0')
    assert.equal((await next.loadPackage('a', '1.0.0')).metadata.version, '1.0.0')
    const { next: offline } = both({ offline: true })
    assert.equal((await offline.loadPackage('b')).metadata.version, '1.0.0')
  })
})

describe('While another process fetches into the same folder', () => {
  /** A child that hangs in its fetch, as long as the server doesn't answer: `answer()` lets it go on, `child` is it. */
  async function busyFolder(t) {
    const there = await restartable(t)
    const { server, url, cacheDir } = there
    const held = deferred()
    server.respond(async ({ command }) => {
      // The child's fetch alone.
      if (command !== 'fetch' || server.count('fetch') > 1) return undefined
      await held.promise
    })
    const code = `
      import { GitPackageSource } from ${JSON.stringify(new URL('index.mjs', rootUrl).href)}
      const source = new GitPackageSource(${JSON.stringify({ url, cacheDir, id: 'child' })})
      process.stdout.write(String((await source.fetchIndex()).length))
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    await until(() => server.count('fetch') === 1, { what: "the child's fetch" })
    return { ...there, child, answer: held.resolve }
  }

  test('a source waits for it, and then has all without a fetch of its own', async (t) => {
    const { server, start, child, answer } = await busyFolder(t)
    const { source } = start()
    const asking = everything(source)
    // It has not asked by the time that another question would have been answered.
    await everything(start({ cacheDir: gitCache(t) }).source)
    const advertised = server.count('advertise')
    assert.equal(advertised, 2)
    const output = once(child.stdout, 'data')
    answer()
    assert.equal(String((await output)[0]), '2')
    assert.deepEqual((await asking).versions, ['2.0.0', '1.0.0'])
    assert.equal(server.count('advertise'), advertised + 1)
  })

  test('a source waits no longer than fetchTimeoutMs, and tells it with ELOCKED', async (t) => {
    const { start, answer } = await busyFolder(t)
    const { source, manager, status } = start({ fetchTimeoutMs: 200 })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.deepEqual([status().state, status().lastError.code, status().breaker], ['failing', 'ELOCKED', 'closed'])
    assert.match(status().lastError.message, /somebody else .* same cacheDir .*lock/)
    answer()
    await until(async () => (await source.fetchIndex()).length === 2, { what: 'the index' })
  })

  test('a source that nobody waits for any more waits no longer either', async (t) => {
    const { server, start, answer } = await busyFolder(t)
    const { source } = start()
    const abort = new AbortController()
    const asking = source.fetchIndex({ signal: abort.signal })
    abort.abort(new Error('enough'))
    await assert.rejects(asking, /enough/)
    answer()
    const { length } = await start({ id: 'another' }).source.fetchIndex()
    assert.equal(length, 2)
    assert.equal(server.count('advertise'), 2)
  })

  test('and is killed, a source goes on at once and leaves nothing of it', async (t) => {
    const { cacheDir, start, child } = await busyFolder(t)
    const [folder] = cloneFolders(cacheDir)
    assert.deepEqual(
      readdirSync(folder).map((name) => name.split('-')[0]),
      ['lock', 'new'],
    )
    const { source } = start()
    const asking = everything(source)
    child.kill('SIGKILL')
    assert.deepEqual((await asking).versions, ['2.0.0', '1.0.0'])
    assert.deepEqual(readdirSync(folder).sort(), ['clone', 'lock'])
  })
})
