// A Git source follows its repository: what is fresh asks nothing, what is stale answers at once and is brought up to date
// in the background, and that costs one small request as long as no ref has moved.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cacheFolder, filesBelow } from './helpers/cache-folder.mjs'
import { recordChannel } from './helpers/channels.mjs'
import { HOSTS, listedVersion, publish, servedOverHttp, twoPackages } from './helpers/git/served.mjs'
import { gitSource, watchedGit } from './helpers/git/source.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { deferred, until } from './helpers/until.mjs'

/** Every way of asking, each giving the version that it shows of package `a`. */
const WAYS = {
  fetchIndex: (source) => listedVersion(source),
  loadPackage: async (source) => (await source.loadPackage('a'))?.metadata.version,
  getVersions: async (source) => (await source.getVersions('a'))[0],
}

/** Answers of a server from now on wait until what is returned is called. */
function hold(server) {
  const gate = deferred()
  server.respond(() => gate.promise)
  return () => {
    server.respond(null)
    gate.resolve()
  }
}

describe('What is fresh', () => {
  test('asks nothing, whatever is asked of it', async (t) => {
    const { server, url } = await servedOverHttp(t)
    const { source, manager } = watchedGit(t, url)
    assert.equal(await listedVersion(source), '1.0.0')
    await manager.whenIdle()
    const asked = server.requests.length
    assert.deepEqual([server.count('advertise'), asked > 1], [1, true])
    for (let n = 0; n < 3; n++) {
      for (const ask of Object.values(WAYS)) assert.equal(await ask(source), '1.0.0')
      assert.equal((await source.loadPackage('b', '1.0.0')).metadata.packageId, 'b')
      assert.equal(await source.hasPackage('b'), true)
      assert.equal((await manager.fetchMergedIndex()).length, 2)
    }
    await manager.whenIdle()
    assert.equal(server.requests.length, asked)
  })

  test('was fetched once for all who asked at the same time', async (t) => {
    const { server, url } = await servedOverHttp(t)
    const { source, status } = watchedGit(t, url)
    const open = hold(server)
    const asking = [...Object.values(WAYS), ...Object.values(WAYS)].map((ask) => ask(source))
    await until(() => server.requests.length > 0)
    open()
    assert.deepEqual(new Set(await Promise.all(asking)), new Set(['1.0.0']))
    assert.equal(server.count('advertise'), 1)
    assert.equal(status().requests, server.requests.length)
  })
})

describe('What is stale', () => {
  for (const [way, ask] of Object.entries(WAYS)) {
    test(`answers ${way} at once while one fetch brings it up to date`, async (t) => {
      const { repository, server, url } = await servedOverHttp(t)
      const { source, manager } = watchedGit(t, url, { cacheExpiry: 1 })
      assert.equal(await ask(source), '1.0.0')
      await manager.whenIdle()
      publish(repository, 'a', '2.0.0')
      const asked = server.requests.length
      const open = hold(server)
      await until(async () => (await ask(source)) && server.requests.length > asked)
      // The request is held back, so only the copy can have answered.
      for (let n = 0; n < 20; n++) assert.equal(await ask(source), '1.0.0')
      assert.equal(server.requests.length, asked + 1)
      open()
      await manager.whenIdle()
      assert.equal(await ask(source), '2.0.0')
    })
  }

  test('tells of its requests and of what they changed', async (t) => {
    const { repository, server, url } = await servedOverHttp(t)
    const { source, manager } = watchedGit(t, url, { cacheExpiry: 1 })
    await source.fetchIndex()
    await manager.whenIdle()
    const [requests, revalidations] = ['request', 'revalidate'].map((name) =>
      recordChannel(t, `package-sources:${name}`),
    )
    const refreshed = async (count) => {
      await until(async () => (await source.fetchIndex()) && revalidations.length >= count)
      await manager.whenIdle()
      return revalidations[count - 1]
    }
    const unchanged = { sourceId: 'git', subject: 'index', outcome: 'unchanged', error: null }
    assert.deepEqual(await refreshed(1), unchanged)
    assert.ok(requests.length > 0)
    for (const { durationMs, bytes, ...request } of requests) {
      assert.ok(durationMs >= 0 && bytes > 0)
      const about = { sourceId: 'git', url: `${url}/info/refs`, attempt: 1, status: 200, error: null }
      assert.deepEqual(request, about)
    }
    server.respond(() => ({ status: 400 }))
    const failed = await refreshed(revalidations.length + 1)
    assert.deepEqual([failed.outcome, failed.error.code], ['failed', 'EHTTP'])
    server.respond(null)
    publish(repository, 'a', '2.0.0')
    await until(async () => (await listedVersion(source)) === '2.0.0')
    assert.ok(revalidations.some(({ outcome }) => outcome === 'changed'))
  })
})

describe('A repository in which nothing has moved', () => {
  const SELECTIONS = {
    'its HEAD': () => ({}),
    'a branch': () => ({ branch: 'main' }),
    'an annotated tag': () => ({ tag: 'v1.0.0' }),
    'a commit that a ref names': (repository) => ({ commit: repository.head() }),
  }
  for (const [name, selection] of Object.entries(SELECTIONS)) {
    test(`costs one small request over HTTP, and nothing is written: ${name}`, async (t) => {
      const { repository, server, url } = await servedOverHttp(t)
      repository.tag('v1.0.0', { annotated: true })
      repository.tag('a@0.9.0')
      const cacheDir = cacheFolder(t)
      const { source, manager, reports } = watchedGit(t, url, { cacheDir, cacheExpiry: 0, ...selection(repository) })
      assert.equal(await listedVersion(source), '1.0.0')
      await manager.whenIdle()
      const clone = () =>
        filesBelow(cacheDir)
          .filter(({ path }) => path.includes('/clone/'))
          .map(({ path }) => [path, statSync(path).mtimeMs])
      const before = clone()
      const asked = server.requests.length
      for (const ask of Object.values(WAYS)) assert.equal(await ask(source), '1.0.0')
      assert.deepEqual(
        server.requests.slice(asked).map(({ method, command }) => [method, command]),
        Array(3).fill(['GET', 'advertise']),
      )
      assert.ok(server.requests.slice(asked).every(({ sent }) => sent < 2048))
      assert.ok(before.length > 0)
      assert.deepEqual(clone(), before)
      assert.deepEqual(reports, [])
    })
  }

  test('costs no more after clearCache(): the objects are there', async (t) => {
    const { server, url } = await servedOverHttp(t)
    const { source } = watchedGit(t, url)
    const index = await source.fetchIndex()
    const asked = server.requests.length
    source.clearCache()
    assert.deepEqual(await source.fetchIndex(), index)
    assert.deepEqual(
      server.requests.slice(asked).map(({ command }) => command),
      ['advertise'],
    )
  })

  test('keeps the very entries', async (t) => {
    const { url } = await servedOverHttp(t)
    const source = gitSource(t, url, { cacheExpiry: 0 })
    const [[entry], data] = [await source.fetchIndex(), await source.loadPackage('a')]
    assert.equal((await source.fetchIndex())[0], entry)
    assert.equal(await source.loadPackage('a'), data)
  })
})

for (const [host, at] of Object.entries(HOSTS)) {
  describe(`A repository that changes, from ${host}`, () => {
    const follow = async (t, config) => {
      const repository = twoPackages(t)
      const source = gitSource(t, await at(t, repository), { cacheExpiry: 0, ...config })
      const first = repository.head()
      assert.equal((await source.fetchIndex())[0].revision, first)
      return { repository, source, first }
    }
    const revisions = async (source) => new Set((await source.fetchIndex()).map(({ revision }) => revision))

    test('is followed commit by commit', async (t) => {
      const { repository, source } = await follow(t)
      for (const version of ['1.1.0', '1.2.0', '2.0.0', '0.1.0']) {
        const commit = publish(repository, 'a', version)
        assert.equal(await listedVersion(source), version)
        assert.deepEqual(await revisions(source), new Set([commit]))
        assert.equal((await source.loadPackage('a')).metadata.revision, commit)
        assert.deepEqual(await source.getVersions('a'), [version])
      }
      repository.packages.remove('b').seed('c')
      repository.commit()
      assert.deepEqual(
        (await source.fetchIndex()).map(({ packageId }) => packageId),
        ['a', 'c'],
      )
      assert.equal(await source.loadPackage('b'), null)
    })

    test('is followed by its tags', async (t) => {
      const { repository, source, first } = await follow(t)
      repository.tag('v0.9.0', { annotated: true })
      assert.deepEqual(await source.getVersions('a'), ['1.0.0', '0.9.0'])
      assert.equal((await source.loadPackage('a', '0.9.0')).metadata.revision, first)
      const second = publish(repository, 'a', '1.1.0')
      repository.tag('v0.9.0', { annotated: true })
      assert.equal((await source.loadPackage('a', '0.9.0')).metadata.revision, second)
      repository.git('tag', '--delete', 'v0.9.0')
      assert.deepEqual(await source.getVersions('a'), ['1.1.0'])
      assert.equal(await source.loadPackage('a', '0.9.0'), null)
    })

    test('is followed through force-pushes: back, and to another history', async (t) => {
      const { repository, source, first } = await follow(t)
      publish(repository, 'a', '2.0.0')
      assert.equal(await listedVersion(source), '2.0.0')
      repository.reset(first)
      assert.equal(await listedVersion(source), '1.0.0')
      assert.deepEqual(await revisions(source), new Set([first]))
      repository.git('checkout', '--quiet', '--orphan', 'new')
      const other = publish(repository, 'a', '3.0.0')
      repository.branch('main').checkout('main')
      assert.equal(await listedVersion(source), '3.0.0')
      assert.deepEqual(await revisions(source), new Set([other]))
    })

    test('is followed to another HEAD, and a renamed branch by its HEAD', async (t) => {
      const { repository, source } = await follow(t)
      repository.branch('next').checkout('next')
      publish(repository, 'a', '2.0.0')
      assert.equal(await listedVersion(source), '2.0.0')
      repository.renameBranch('next', 'later')
      publish(repository, 'a', '2.1.0')
      assert.equal(await listedVersion(source), '2.1.0')
    })
  })
}

for (const [name, config] of Object.entries({ 'one commit': {}, 'all history': { depth: Number.POSITIVE_INFINITY } })) {
  test(`A branch that is force-pushed between the refs and the pack is fetched all the same: ${name}`, async (t) => {
    const { repository, server, url } = await servedOverHttp(t)
    let pushes = 1
    server.respond(({ command }) => {
      if (command === 'fetch' && pushes-- > 0) {
        repository.git('checkout', '--quiet', '--orphan', 'new')
        publish(repository, 'a', '2.0.0')
        repository.branch('main').checkout('main')
      }
    })
    const { source, reports } = watchedGit(t, url, { maxAttempts: 3, ...config })
    assert.equal(await listedVersion(source), '2.0.0')
    assert.deepEqual(reports, [])
  })
}

describe('A cacheExpiry', () => {
  test('of 0 asks every time, and whoever asks gets what is there now', async (t) => {
    const { repository, server, url } = await servedOverHttp(t)
    const source = gitSource(t, url)
    assert.equal(await listedVersion(source), '1.0.0')
    source.setCacheExpiry(0)
    for (const version of ['1.1.0', '1.2.0']) {
      publish(repository, 'a', version)
      for (const ask of Object.values(WAYS)) assert.equal(await ask(source), version)
    }
    assert.equal(server.count('advertise'), 1 + 6)
  })
})

describe('A manager', () => {
  const versionIn = async (manager) =>
    (await manager.fetchMergedIndex()).find((entry) => entry.packageId === 'a').version

  async function managed(t, config) {
    const { repository, server, url } = await servedOverHttp(t)
    const source = gitSource(t, url, { cacheExpiry: 1 })
    const { manager, reports } = managerOf([source], config)
    assert.equal(await versionIn(manager), '1.0.0')
    await manager.whenIdle()
    return { repository, server, source, manager, reports }
  }

  test("in the mode 'auto' shows what has changed, without waiting", async (t) => {
    const { repository, server, manager } = await managed(t, { mergedIndexRefresh: 'auto' })
    publish(repository, 'a', '2.0.0')
    const asked = server.requests.length
    const open = hold(server)
    await until(async () => (await versionIn(manager)) && server.requests.length > asked)
    assert.equal(await versionIn(manager), '1.0.0')
    open()
    await manager.whenIdle()
    await until(async () => (await versionIn(manager)) === '2.0.0', { every: 20 })
    assert.equal(statusOf(manager, 'git').state, 'ok')
  })

  test("in the mode 'auto' keeps the very entries where nothing has", async (t) => {
    const { server, manager } = await managed(t, { mergedIndexRefresh: 'auto' })
    const [entry] = await manager.fetchMergedIndex()
    const lists = server.count('advertise')
    await until(async () => (await manager.hasPackage('a')) && server.count('advertise') > lists + 1)
    await manager.whenIdle()
    assert.equal((await manager.fetchMergedIndex())[0], entry)
  })

  test('in the mode that is the default keeps what it has until its caches are cleared', async (t) => {
    const { repository, source, manager } = await managed(t)
    publish(repository, 'a', '2.0.0')
    await until(async () => (await listedVersion(source)) === '2.0.0')
    assert.equal(await versionIn(manager), '1.0.0')
    manager.clearAllCaches()
    assert.equal(await versionIn(manager), '2.0.0')
  })
})
