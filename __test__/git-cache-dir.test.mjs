// `cacheDir`: what was fetched once is there after a restart and for others.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { filesBelow, foldersBelow } from './helpers/cache-folder.mjs'
import { inChild } from './helpers/child.mjs'
import {
  cloneFolders,
  cloneIn,
  everything,
  everythingInChild,
  everythingInWorker,
  fill,
  NOTHING,
  restartable,
} from './helpers/git/cached.mjs'
import { gitCache, watchedGit } from './helpers/git/source.mjs'
import { idsOf } from './helpers/local.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'
import { until } from './helpers/until.mjs'

const isWindows = process.platform === 'win32'

/** The user that has no rights anywhere. */
const NOBODY = 65_534

describe('After a restart', () => {
  test('everything is there at once, and the repository is not asked', async (t) => {
    const { server, start } = await restartable(t)
    const given = await fill(start())
    const asked = server.requests.length
    await server.stop()
    const { source, manager, status } = start()
    assert.deepEqual(await everything(source), given)
    assert.deepEqual(await idsOf(manager), ['a', 'b'])
    assert.deepEqual([server.requests.length, status().requests, status().freshness], [asked, 0, 'fresh'])
  })

  test('so is what was never asked for before', async (t) => {
    const { server, start } = await restartable(t)
    const first = start()
    await first.source.fetchIndex()
    await first.manager.whenIdle()
    await server.stop()
    const { source } = start()
    const { old, other, versions } = await everything(source)
    assert.deepEqual([old.scripts, other.scripts], ['return "a 1.0.0"', 'return "b 1.0.0"'])
    assert.deepEqual(versions, ['2.0.0', '1.0.0'])
  })

  test('of the process it is', async (t) => {
    const { server, url, cacheDir, start } = await restartable(t)
    const given = await fill(start())
    await server.stop()
    assert.deepEqual(await everythingInChild({ url, cacheDir }), given)
  })

  test('of a worker thread it is', async (t) => {
    const { server, url, cacheDir, start } = await restartable(t)
    const given = await everythingInWorker({ url, cacheDir })
    assert.equal(given.versions.length, 2)
    await server.stop()
    assert.deepEqual(await everythingInWorker({ url, cacheDir }), given)
    assert.deepEqual(await everything(start().source), given)
  })

  test('what a process before this one got is there', async (t) => {
    const { server, url, cacheDir, start } = await restartable(t)
    const given = await everythingInChild({ url, cacheDir })
    assert.equal(given.versions.length, 2)
    await server.stop()
    assert.deepEqual(await everything(start().source), given)
  })

  test('an old copy answers at once, and one request in the background brings the new one', async (t) => {
    const { server, start, publish } = await restartable(t)
    const given = await fill(start({ cacheExpiry: 1 }))
    publish('a', '3.0.0')
    const asked = server.requests.length
    let answer
    server.respond(() => new Promise((resolve) => (answer = resolve)))
    const { source, manager } = start({ cacheExpiry: 1 })
    assert.deepEqual(await everything(source), given)
    await until(() => server.requests.length === asked + 1, { what: 'the request' })
    server.respond(null)
    answer()
    await manager.whenIdle()
    assert.equal((await source.loadPackage('a')).scripts, 'return "a 3.0.0"')
  })

  test('a copy beyond maxStaleMs answers no more', async (t) => {
    const { server, start } = await restartable(t)
    await fill(start())
    await server.stop()
    const filled = Date.now()
    await until(() => Date.now() > filled + 5, { what: 'some age' })
    const { source } = start({ cacheExpiry: 1, maxStaleMs: 1 })
    assert.deepEqual(await everything(source), NOTHING)
  })

  test('what clearCache() forgot is asked for again, and not fetched again', async (t) => {
    const { server, start } = await restartable(t)
    const first = start()
    const given = await fill(first)
    const fetches = server.count('fetch')
    first.source.clearCache()
    await first.manager.whenIdle()
    const { source } = start()
    assert.deepEqual(await everything(source), given)
    assert.deepEqual([server.count('advertise'), server.count('fetch')], [2, fetches])
  })
})

describe('One cache folder', () => {
  test('has one clone for sources of another name, which ask where the refs are and fetch nothing', async (t) => {
    const { server, cacheDir, start } = await restartable(t)
    const given = await fill(start())
    const fetches = server.count('fetch')
    const { source } = start({ id: 'another' })
    assert.deepEqual((await everything(source)).versions, given.versions)
    assert.equal((await source.fetchIndex())[0].sourceId, 'another')
    assert.deepEqual([server.count('advertise'), server.count('fetch')], [2, fetches])
    assert.equal(cloneFolders(cacheDir).length, 1)
  })

  test('is filled once where many processes, threads and sources begin at the same time', async (t) => {
    const { server, url, cacheDir, start } = await restartable(t)
    await fill(start({ cacheDir: gitCache(t) }))
    const fetches = server.count('fetch')
    const answers = await Promise.all([
      ...['x', 'y', 'z'].map((id) => everythingInChild({ url, cacheDir, id })),
      ...['r', 's'].map((id) => everythingInWorker({ url, cacheDir, id })),
      ...['u', 'v', 'w'].map((id) => everything(start({ id }).source)),
    ])
    for (const { index, newest, old } of answers) {
      assert.equal(index.length, 2)
      assert.deepEqual([newest.scripts, old.scripts], ['return "a 2.0.0"', 'return "a 1.0.0"'])
    }
    assert.equal(server.count('fetch'), 2 * fetches)
    assert.deepEqual(readdirSync(cloneFolders(cacheDir)[0]).sort(), ['clone', 'lock'])
  })

  test('lets no one else look into it', { skip: isWindows && 'Windows has no modes' }, async (t) => {
    const { cacheDir: parent, start } = await restartable(t)
    const cacheDir = join(parent, 'made', 'here')
    const { source } = start({ cacheDir })
    await fill({ source })
    for (const path of [cacheDir, join(cacheDir, 'git'), join(cacheDir, 'git', 'v1'), ...cloneFolders(cacheDir)]) {
      assert.equal(lstatSync(path).mode & 0o777, 0o700, path)
    }
  })

  test('is marked as one', async (t) => {
    const { cacheDir, start } = await restartable(t)
    await fill(start())
    const tags = filesBelow(cacheDir).filter(({ path }) => path.endsWith('CACHEDIR.TAG'))
    assert.equal(tags.length, 1)
  })

  test('that can not be used is told with ECACHE, and tried again', async (t) => {
    const { start } = await restartable(t)
    const file = join(temporaryDirectory(t), 'file')
    writeFileSync(file, 'no folder')
    for (const cacheDir of [file, join(file, 'below'), '/dev/null/below']) {
      const { source, manager, reports, status } = start({ cacheDir })
      assert.deepEqual(await manager.fetchMergedIndex(), [], cacheDir)
      assert.deepEqual([status().state, status().lastError.code], ['failing', 'ECACHE'])
      assert.match(status().lastError.message, /file|null/)
      assert.equal(await source.loadPackage('a'), null)
      assert.deepEqual([...new Set(reports.map(({ error }) => error.code))], ['ECACHE'])
    }
  })

  test('that is relative is one of the working directory', async (t) => {
    const { url } = await restartable(t)
    const cwd = gitCache(t)
    const { answer } = await inChild(
      `
      const source = new addon.GitPackageSource({ url: ${JSON.stringify(url)}, cacheDir: 'below/here' })
      process.chdir('/')
      answer((await source.fetchIndex()).length)
    `,
      { cwd },
    )
    assert.equal(answer, 2)
    assert.ok(existsSync(cloneIn(join(cwd, 'below/here'))))
  })
})

describe('A cache folder that may not be written to', { skip: isWindows && 'Windows has no modes' }, () => {
  /** Does something as one whom modes concern: root may do anything. */
  async function asSomebody(work) {
    const isRoot = process.geteuid() === 0
    if (isRoot) process.seteuid(NOBODY)
    try {
      return await work()
    } finally {
      if (isRoot) process.seteuid(0)
    }
  }

  /** A repository and a cache folder that everybody may look into. */
  async function open(t) {
    const there = await restartable(t)
    for (const folder of [there.repository.directory, there.cacheDir]) chmodSync(folder, 0o755)
    const start = (config) => watchedGit(t, there.repository, { cacheDir: there.cacheDir, ...config })
    return { ...there, start }
  }

  test('is told with ECACHE, and used as soon as it may be', async (t) => {
    const { cacheDir, start } = await open(t)
    chmodSync(cacheDir, 0o555)
    const { source, manager, status } = start()
    assert.deepEqual(await asSomebody(() => manager.fetchMergedIndex()), [])
    assert.deepEqual([status().state, status().lastError.code], ['failing', 'ECACHE'])
    assert.match(status().lastError.message, /Permission denied/)
    assert.deepEqual(readdirSync(cacheDir), [])
    chmodSync(cacheDir, 0o777)
    assert.equal((await asSomebody(() => everything(source))).index.length, 2)
  })

  test('serves what is in it', async (t) => {
    const { cacheDir, start } = await open(t)
    const given = await fill(start())
    for (const { path } of filesBelow(cacheDir)) chmodSync(path, 0o444)
    const folders = foldersBelow(cacheDir)
    for (const path of folders) chmodSync(path, 0o555)
    try {
      const offline = start({ offline: true })
      assert.deepEqual(await asSomebody(() => everything(offline.source)), given)
      assert.deepEqual(offline.reports, [])
      const asking = start({ cacheExpiry: 0 })
      assert.deepEqual(await asSomebody(() => everything(asking.source)), given)
    } finally {
      // Else nobody but root could remove it.
      for (const path of folders) chmodSync(path, 0o755)
    }
  })
})

describe('Without a cacheDir clones lie', {
  skip: process.platform !== 'linux' && 'other systems have other places',
}, () => {
  const NAME = 'metabuilder-package-sources'

  test('below XDG_CACHE_HOME', async (t) => {
    const { url } = await restartable(t)
    const XDG_CACHE_HOME = join(gitCache(t), 'caches')
    const { index } = await everythingInChild({ url }, { env: { XDG_CACHE_HOME, HOME: '/nowhere' } })
    assert.equal(index.length, 2)
    assert.ok(existsSync(cloneIn(join(XDG_CACHE_HOME, NAME))))
  })

  test('below ~/.cache where there is no such variable, or it is empty or no whole path', async (t) => {
    const { url } = await restartable(t)
    for (const XDG_CACHE_HOME of [undefined, '', 'relative']) {
      const HOME = gitCache(t)
      const { index } = await everythingInChild({ url }, { env: { XDG_CACHE_HOME, HOME }, cwd: HOME })
      assert.equal(index.length, 2)
      assert.ok(existsSync(join(HOME, '.cache', NAME, 'git')), `XDG_CACHE_HOME=${XDG_CACHE_HOME}`)
    }
  })

  test('nowhere as long as nobody asks', async (t) => {
    const HOME = gitCache(t)
    await inChild(`answer(new addon.GitPackageSource({ url: '/nowhere' }).getConfig().id)`, {
      env: { HOME, XDG_CACHE_HOME: undefined },
    })
    assert.deepEqual(readdirSync(HOME), [])
  })
})
