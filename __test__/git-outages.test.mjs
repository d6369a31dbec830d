// While a Git source's repository, branch or server is gone, what was fetched goes on answering, the status says why, and
// all is well again by itself.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordChannel } from './helpers/channels.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { HOSTS, listedVersion, publish, servedOverHttp, twoPackages } from './helpers/git/served.mjs'
import { gitSource, watchedGit } from './helpers/git/source.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { until } from './helpers/until.mjs'

/** Longer than any test. */
const FOR_EVER = 3_600_000

/** A source that is asked anew at each call and has one tagged version; its manager shows what the source shows. */
async function followed(t, at, config) {
  const repository = twoPackages(t)
  repository.tag('v0.9.0')
  const source = gitSource(t, await at(t, repository), { cacheExpiry: 1, ...config })
  const { manager, reports } = managerOf([source], { mergedIndexRefresh: 'auto' })
  assert.equal((await manager.fetchMergedIndex()).length, 2)
  await manager.whenIdle()
  const status = () => statusOf(manager, 'git')
  const inState = (state) =>
    until(async () => (await manager.fetchMergedIndex()) && status().state === state, { what: state, every: 20 })
  return { repository, source, manager, reports, status, inState }
}

/** All that was fetched answers, also what nobody had asked for before. */
async function assertOldCopyAnswers({ source, manager }) {
  assert.deepEqual(
    (await manager.fetchMergedIndex()).map(({ packageId, version }) => [packageId, version]),
    [
      ['a', '1.0.0'],
      ['b', '1.0.0'],
    ],
  )
  assert.equal((await source.loadPackage('a')).scripts, 'return "marker"')
  assert.equal((await manager.loadPackage('b')).metadata.version, '1.0.0')
  assert.equal((await source.loadPackage('b', '0.9.0')).metadata.version, '0.9.0')
  assert.deepEqual(await source.getVersions('a'), ['1.0.0', '0.9.0'])
}

/** How a repository comes to lack what a source follows; `config` says what that is. */
const LOSSES = {
  'a branch that is deleted': {
    config: { branch: 'side' },
    lose: (repository) => repository.deleteBranch('side'),
    restore: (repository) => repository.branch('side'),
    code: 'ENOREF',
  },
  'a branch that is renamed': {
    config: { branch: 'side' },
    lose: (repository) => repository.renameBranch('side', 'other'),
    restore: (repository) => repository.renameBranch('other', 'side'),
    code: 'ENOREF',
  },
  'a tag that is deleted': {
    config: { tag: 'chosen' },
    lose: (repository) => repository.git('tag', '--delete', 'chosen'),
    restore: (repository) => repository.tag('chosen'),
    code: 'ENOREF',
  },
  'a HEAD that names no branch any more': {
    config: {},
    lose: (repository) => repository.git('symbolic-ref', 'HEAD', 'refs/heads/nowhere'),
    restore: (repository) => repository.git('symbolic-ref', 'HEAD', 'refs/heads/main'),
    code: 'ENOREF',
  },
  'a repository that vanishes': {
    config: {},
    lose: (repository) => repository.remove(),
    restore: (repository) => repository.restore(),
    code: 'ENOREPOSITORY',
  },
}

for (const [host, serve] of Object.entries(HOSTS)) {
  describe(`From ${host}`, { concurrency: true }, () => {
    for (const [name, { config, lose, restore, code }] of Object.entries(LOSSES)) {
      test(`${name}: the old copy goes on answering, the status says why, and it comes back`, async (t) => {
        const at = (context, repository) => {
          repository.branch('side').tag('chosen')
          return serve(context, repository)
        }
        const git = await followed(t, at, config)
        lose(git.repository)
        await git.inState('stale')
        assert.equal(git.status().lastError.code, code)
        assert.deepEqual([git.status().packageCount, git.status().breaker], [2, 'closed'])
        await assertOldCopyAnswers(git)
        assert.deepEqual(new Set(git.reports.map(({ error }) => error.code)), new Set([code]))
        restore(git.repository)
        await git.inState('ok')
        assert.equal(git.status().lastError, null)
        await assertOldCopyAnswers(git)
      })

      test(`${name} before anything was fetched: nothing, the status says why, and it comes`, async (t) => {
        const repository = twoPackages(t)
        repository.branch('side').tag('chosen')
        const url = await serve(t, repository)
        lose(repository)
        const { source, manager, status } = watchedGit(t, url, config)
        assert.deepEqual(await manager.fetchMergedIndex(), [])
        assert.deepEqual([status().state, status().lastError.code], ['failing', code])
        assert.equal(await source.loadPackage('a'), null)
        assert.deepEqual(await source.getVersions('a'), [])
        restore(repository)
        await until(async () => (await manager.fetchMergedIndex()).length === 2, { every: 50 })
        assert.equal(status().state, 'ok')
      })
    }
  })
}

/** Servers that can be stopped and started again at the same place. */
const SERVERS = {
  daemon: async (t) => {
    const repository = twoPackages(t)
    const server = await startGitDaemon(t, repository.directory)
    return { repository, server, url: `${server.url}/${repository.name}` }
  },
  HTTP: servedOverHttp,
}

for (const [kind, serve] of Object.entries(SERVERS)) {
  describe(`While the ${kind} server is down`, () => {
    async function down(t, config) {
      const { repository, server, url } = await serve(t)
      repository.tag('v0.9.0')
      const git = watchedGit(t, url, { cacheExpiry: 0, maxAttempts: 1, breakerOpenMs: FOR_EVER, ...config })
      assert.equal(await listedVersion(git.source), '1.0.0')
      await server.stop()
      return { repository, server, ...git }
    }

    test('the old copy answers and the failure is ENETWORK; then it is followed again', async (t) => {
      const { repository, server, source, manager, reports } = await down(t)
      await assertOldCopyAnswers({ source, manager })
      assert.ok(reports.length > 0)
      for (const { error } of reports) {
        assert.equal(error.code, 'ENETWORK')
        assert.match(error.message, /127\.0\.0\.1/)
      }
      publish(repository, 'a', '2.0.0')
      await server.start()
      assert.equal(await listedVersion(source), '2.0.0')
      const reported = reports.length
      assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
      assert.equal(reports.length, reported)
    })

    test('a request is tried as often as maxAttempts says', async (t) => {
      const retries = recordChannel(t, 'package-sources:retry')
      const { server, source, status } = await down(t, { maxAttempts: 3 })
      const before = status().requests
      assert.equal(await listedVersion(source), '1.0.0')
      assert.equal(status().requests, before + 3)
      await until(() => retries.length === 2)
      assert.deepEqual(
        retries.map(({ sourceId, attempt, error }) => [sourceId, attempt, error.code]),
        [
          ['git', 2, 'ENETWORK'],
          ['git', 3, 'ENETWORK'],
        ],
      )
      await server.start()
      assert.equal(await listedVersion(source), '1.0.0')
      assert.equal(retries.length, 2)
    })

    test('the breaker opens, and nothing is asked then', async (t) => {
      const { source, manager, status } = await down(t, { breakerFailures: 3 })
      for (let n = 1; n <= 3; n++) {
        assert.equal(status().breaker, 'closed')
        assert.equal(await listedVersion(source), '1.0.0')
      }
      assert.equal(status().breaker, 'open')
      const { requests } = status()
      for (let n = 0; n < 10; n++) assert.equal(await listedVersion(source), '1.0.0')
      await assertOldCopyAnswers({ source, manager })
      assert.equal(status().requests, requests)
    })

    test('one request tries whether it works again, and closes the breaker where it does', async (t) => {
      const changes = recordChannel(t, 'package-sources:breaker')
      const { repository, server, source, status } = await down(t, { breakerFailures: 1, breakerOpenMs: 200 })
      assert.equal(await listedVersion(source), '1.0.0')
      assert.equal(status().breaker, 'open')
      const failed = () => changes.filter(({ state }) => state === 'open').length
      await until(async () => (await listedVersion(source)) && failed() === 2)
      publish(repository, 'a', '2.0.0')
      await server.start()
      await until(async () => (await listedVersion(source)) === '2.0.0')
      assert.equal(status().breaker, 'closed')
      await until(() => changes.at(-1).state === 'closed')
      const states = changes.map(({ state }) => state)
      assert.deepEqual(states.slice(0, 3), ['open', 'half-open', 'open'])
      assert.deepEqual(states.slice(-2), ['half-open', 'closed'])
    })

    test('a copy beyond maxStaleMs answers no more', async (t) => {
      const { server, source, status } = await down(t, { cacheExpiry: 1, maxStaleMs: 1 })
      await until(async () => (await source.fetchIndex()).length === 0)
      assert.equal(await source.loadPackage('a'), null)
      assert.deepEqual(await source.getVersions('a'), [])
      assert.equal(status().lastError.code, 'ENETWORK')
      await server.start()
      await until(async () => (await listedVersion(source)) === '1.0.0', { every: 50 })
    })
  })
}
