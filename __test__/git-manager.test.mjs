// Git sources in a manager: made by name and from a config, merged, explained, and how they are doing.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createPackageSourceManager,
  createPackageSourceManagerFromConfig,
  DEFAULT_GIT_SOURCE,
  GitPackageSource,
  PackageSourceManager,
} from '../index.mjs'
import { gitRepository } from './helpers/git/repository.mjs'
import { gitCache, gitSource, idle, watchedGit } from './helpers/git/source.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { plainSource, sourceConfig } from './helpers/sources.mjs'
import { until } from './helpers/until.mjs'

/** A repository with the packages `a` and `b` in 1.0.0 (tagged), and `a` in 2.0.0 on the branch `next`. */
function branched(t) {
  const repository = gitRepository(t)
  repository.packages.seed('a', { version: '1.0.0' }).script('return 1')
  repository.packages.manifest('b', { version: '1.0.0' })
  const first = repository.commit()
  repository.tag('v1.0.0')
  repository.branch('next').checkout('next')
  repository.packages.seed('a', { version: '2.0.0' })
  const next = repository.commit()
  repository.checkout('main')
  return { repository, first, next }
}

/** What of the merged index came from a source, as an object from id to version. */
async function versionsFrom(manager, sourceId) {
  const entries = (await manager.fetchMergedIndex()).filter((entry) => entry.selectedSource === sourceId)
  return Object.fromEntries(entries.map(({ packageId, version }) => [packageId, version]))
}

describe('createPackageSourceManager', () => {
  test('adds a Git source with its settings, behind the others', async (t) => {
    const { repository } = branched(t)
    const cacheDir = gitCache(t)
    const git = { url: repository.path, branch: 'next', cacheDir }
    const manager = createPackageSourceManager({ enableRemote: true, remoteUrl: 'http://127.0.0.1:9', git })
    assert.deepEqual(
      manager.getSources().map((source) => source.getConfig().type),
      ['local', 'remote', 'git'],
    )
    const source = manager.getSource('git')
    assert.ok(source instanceof GitPackageSource)
    assert.deepEqual(source.getConfig(), { ...DEFAULT_GIT_SOURCE, ...git })
    manager.removeSource('local')
    manager.removeSource('metabuilder-registry')
    assert.deepEqual(await versionsFrom(manager, 'git'), { a: '2.0.0', b: '1.0.0' })
    await manager.whenIdle()
  })

  test('adds none where there are no settings or they say so', () => {
    const url = '/nowhere'
    for (const git of [undefined, { enabled: false }, { url, enabled: false }]) {
      assert.equal(createPackageSourceManager({ git }).getSource('git'), undefined)
    }
    for (const git of [{ url }, { url, enabled: true }, { url, enabled: undefined }]) {
      assert.notEqual(createPackageSourceManager({ git }).getSource('git'), undefined)
    }
  })

  test('refuses settings that are none with EINVALIDARG', () => {
    for (const git of [null, true, 5, 'https://example.test/a', Symbol('s'), {}, { url: '' }, { url: 5 }]) {
      assert.throws(() => createPackageSourceManager({ git }), { code: 'EINVALIDARG' }, String(git))
    }
    const wrong = { branch: 'a..b', tag: 5, commit: 'main', depth: 0, directory: '..', enabled: 'no', ssh: null }
    for (const [name, value] of Object.entries(wrong)) {
      const git = { url: '/nowhere', [name]: value }
      assert.throws(() => createPackageSourceManager({ git }), { code: 'EINVALIDARG' }, name)
    }
  })

  test('leaves the settings and the defaults as they are', () => {
    const before = structuredClone(DEFAULT_GIT_SOURCE)
    const git = Object.freeze({ url: '/nowhere' })
    createPackageSourceManager({ git }).getSource('git').getConfig().priority = 77
    assert.deepEqual([git, DEFAULT_GIT_SOURCE], [{ url: '/nowhere' }, before])
  })
})

describe('createPackageSourceManagerFromConfig', () => {
  const configOf = (...sources) => ({ conflictResolution: 'priority', sources })

  test('makes Git sources with a branch each', async (t) => {
    const { repository, first, next } = branched(t)
    const common = { type: 'git', url: repository.path, cacheDir: gitCache(t) }
    const manager = createPackageSourceManagerFromConfig(
      configOf(
        sourceConfig('stable', { ...common, branch: 'main', priority: 1 }),
        sourceConfig('next', { ...common, branch: 'next', priority: 0 }),
        sourceConfig('off', { ...common, branch: 'main', enabled: false }),
      ),
    )
    assert.deepEqual(
      manager.getSources().map((source) => source.getConfig().id),
      ['stable', 'next'],
    )
    assert.equal((await manager.loadPackage('a')).metadata.revision, next)
    const stable = await manager.loadPackageFromSource('a', 'stable')
    assert.deepEqual([stable.metadata.version, stable.metadata.revision], ['1.0.0', first])
    await manager.whenIdle()
  })

  test('takes every setting that a Git source has', async (t) => {
    const { repository } = branched(t)
    repository.packages.file('../elsewhere/c/package.json', { packageId: 'c', version: '3.0.0' })
    repository.commit()
    const settings = { directory: 'elsewhere', tagPattern: 'v{version}', depth: 2, cacheDir: gitCache(t) }
    const source = sourceConfig('git', { type: 'git', url: repository.fileUrl, ...settings })
    const manager = createPackageSourceManagerFromConfig(configOf(source))
    assert.deepEqual(await versionsFrom(manager, 'git'), { c: '3.0.0' })
    await manager.whenIdle()
  })

  test('says with EINVALIDCONFIG which setting of which source is wrong', () => {
    const git = (id, fields) => sourceConfig(id, { type: 'git', url: '/nowhere', ...fields })
    const config = configOf(
      git('one', { branch: 'main', tag: 'v1' }),
      git('two', { url: 'ext::sh -c id' }),
      git('three', { branch: 5, enabled: false }),
    )
    assert.throws(
      () => createPackageSourceManagerFromConfig(config),
      ({ code, messages }) => {
        assert.deepEqual([code, messages.length], ['EINVALIDCONFIG', 2])
        assert.match(messages[0], /^Source one: only one of branch, tag and commit/)
        assert.match(messages[1], /^Source two: .*scheme "ext"/)
        return true
      },
    )
  })
})

describe('A manager with a Git source', () => {
  test('merges its entries, with their revision, into the others', async (t) => {
    const { repository, first } = branched(t)
    const { manager, reports } = managerOf([
      gitSource(t, repository, { priority: 5 }),
      plainSource('folder', [{ packageId: 'a', version: '9.0.0' }], { priority: 1 }),
    ])
    const merged = await manager.fetchMergedIndex()
    assert.deepEqual(
      merged.map(({ packageId, selectedSource, availableSources, revision }) => {
        return { packageId, selectedSource, availableSources, revision }
      }),
      [
        { packageId: 'a', selectedSource: 'folder', availableSources: ['folder', 'git'], revision: undefined },
        { packageId: 'b', selectedSource: 'git', availableSources: ['git'], revision: first },
      ],
    )
    assert.deepEqual(reports, [])
  })

  test('tells in an explanation why it won or lost', async (t) => {
    const { repository } = branched(t)
    const folder = plainSource('folder', [{ packageId: 'a', version: '1.5.0' }], { type: 'local', priority: 9 })
    const explain = async (conflictResolution, branch) => {
      const { manager } = managerOf([gitSource(t, repository, { branch }), folder], { conflictResolution })
      const { selectedSource, candidates } = await manager.explain('a')
      const git = candidates.find(({ sourceId }) => sourceId === 'git')
      assert.deepEqual([git.type, git.priority], ['git', 20])
      return [selectedSource, git.version, git.reason]
    }
    assert.deepEqual(await explain('priority', 'next'), ['folder', '2.0.0', 'shadowed by priority'])
    assert.deepEqual(await explain('latest-version', 'next'), ['git', '2.0.0', null])
    assert.deepEqual(await explain('latest-version', 'main'), ['folder', '1.0.0', 'older version'])
    assert.deepEqual(await explain('local-first', 'next'), ['folder', '2.0.0', 'source type'])
  })

  test('gives what the source gives: packages, versions, search', async (t) => {
    const { repository, next } = branched(t)
    const source = gitSource(t, repository, { branch: 'next' })
    const { manager } = managerOf([source])
    assert.deepEqual(await manager.getAllVersions('a'), new Map([['git', ['2.0.0', '1.0.0']]]))
    const loaded = await manager.loadPackage('a')
    assert.deepEqual(loaded, await source.loadPackage('a'))
    assert.deepEqual([loaded.metadata.revision, loaded.scripts], [next, 'return 1'])
    const { packages } = await manager.searchPackages('package b')
    assert.equal(packages[0].packageId, 'b')
  })

  test('serves its index as text, with the revisions', async (t) => {
    const { repository, first } = branched(t)
    const { manager } = managerOf([gitSource(t, repository)])
    const response = await manager.createIndexHandler()(new Request('http://localhost/api/packages/index'))
    const { packages } = await response.json()
    assert.deepEqual(
      packages.map(({ packageId, revision }) => [packageId, revision]),
      [
        ['a', first],
        ['b', first],
      ],
    )
  })

  test('does without it where it can not be had, and says so', async (t) => {
    const { manager, reports } = managerOf([gitSource(t, '/nowhere'), plainSource('folder', ['a'])])
    assert.deepEqual(
      (await manager.fetchMergedIndex()).map(({ packageId }) => packageId),
      ['a'],
    )
    assert.deepEqual(
      reports.map(({ error, context }) => [error.code, context]),
      [['ENOREPOSITORY', { sourceId: 'git', operation: 'fetchIndex' }]],
    )
    assert.equal(await manager.loadPackageFromSource('a', 'git'), null)
  })
})

describe("A Git source's status", () => {
  const NOT_ASKED = {
    sourceId: 'git',
    type: 'git',
    state: 'unknown',
    packageCount: 0,
    lastSuccessAt: null,
    lastError: null,
    warnings: [],
    freshness: 'none',
    ageMs: null,
    breaker: 'closed',
    requests: 0,
    hits: 0,
    misses: 0,
  }

  test('says nothing of one that was not asked', (t) => {
    assert.deepEqual(watchedGit(t, '/nowhere').status(), NOT_ASKED)
  })

  test('says how many packages there are, how old they are, and who answered', async (t) => {
    const { repository } = branched(t)
    const { manager, source, status } = watchedGit(t, repository)
    const before = Date.now()
    await manager.fetchMergedIndex()
    const { lastSuccessAt, ageMs, ...rest } = status()
    assert.ok(lastSuccessAt >= before && lastSuccessAt <= Date.now())
    assert.ok(ageMs >= 0 && ageMs <= Date.now() - before + 1)
    const expected = { state: 'ok', packageCount: 2, freshness: 'fresh', requests: 1, misses: 1 }
    const { lastSuccessAt: _, ageMs: __, ...idleFields } = NOT_ASKED
    assert.deepEqual(rest, { ...idleFields, ...expected })

    await source.loadPackage('a')
    await source.loadPackage('a')
    await source.getVersions('a')
    const { requests, hits, misses } = status()
    assert.deepEqual([requests, misses], [1, 1])
    assert.ok(hits >= 3)
  })

  test('goes from fresh to stale and back, also while the source fails', async (t) => {
    const { repository } = branched(t)
    const { manager, source, status, reports } = watchedGit(t, repository, { cacheExpiry: 1 })
    await manager.fetchMergedIndex()
    await until(() => status().freshness === 'stale', { what: 'a stale copy' })
    assert.equal(status().state, 'ok')

    /** Has the index merged anew, from what the sources have, until the source is in this state. */
    const mergedUntil = (state) =>
      until(
        async () => {
          manager.addSource(plainSource('other'))
          assert.equal((await manager.fetchMergedIndex()).length, 2)
          await idle(source)
          return status().state === state
        },
        { what: `the state ${state}` },
      )
    repository.remove()
    await mergedUntil('stale')
    assert.deepEqual([status().lastError.code, status().packageCount], ['ENOREPOSITORY', 2])
    assert.deepEqual([...new Set(reports.map(({ error }) => error.code))], ['ENOREPOSITORY'])

    repository.restore()
    await mergedUntil('ok')
    assert.equal(status().lastError, null)
    source.setCacheExpiry(60_000)
    assert.equal(status().freshness, 'fresh')
  })

  test('says failing where it gave nothing, and what is wrong with single packages', async (t) => {
    const { repository } = branched(t)
    repository.packages.file('broken/package.json', '{ "packageId": ')
    repository.commit()
    const absent = gitSource(t, repository, { id: 'absent', branch: 'none' })
    const { manager } = managerOf([gitSource(t, repository), absent])
    await manager.fetchMergedIndex()
    const { state, packageCount, warnings } = statusOf(manager, 'git')
    assert.deepEqual([state, packageCount], ['ok', 2])
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ['broken/package.json'],
    )
    const failing = statusOf(manager, 'absent')
    assert.deepEqual([failing.state, failing.freshness, failing.lastError.code], ['failing', 'none', 'ENOREF'])
  })

  test('forgets with the caches', async (t) => {
    const { repository } = branched(t)
    const { manager, status } = watchedGit(t, repository)
    await manager.fetchMergedIndex()
    manager.clearAllCaches()
    assert.equal(status().freshness, 'none')
    await manager.fetchMergedIndex()
    assert.deepEqual([status().freshness, status().requests], ['fresh', 2])
  })

  test('shows the type that its config says', (t) => {
    const source = gitSource(t, '/nowhere', { type: 'remote' })
    const manager = new PackageSourceManager()
    manager.addSource(source)
    assert.equal(manager.getSourceStatus()[0].type, 'remote')
  })
})
