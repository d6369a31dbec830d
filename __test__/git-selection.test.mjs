// Which commit a Git source serves, and which folder of it.

import assert from 'node:assert/strict'
import { relative } from 'node:path'
import { describe, test } from 'node:test'
import { cloneIn } from './helpers/git/cached.mjs'
import { fastImport } from './helpers/git/fast-import.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { git } from './helpers/git/program.mjs'
import { gitRepository } from './helpers/git/repository.mjs'
import { gitSource, watchedGit } from './helpers/git/source.mjs'
import { idsOf } from './helpers/local.mjs'

/** What a selection means is the same however the repository is reached. */
const PLACES = {
  'a path': (_, repository) => repository.path,
  http: async (t, repository) => {
    const server = await startGitHttp(t, repository.directory)
    return `${server.url}/${repository.name}`
  },
}

/** A repository whose package `a` has versions 1 to 4 on `main`, one a commit. */
function linear(t, options) {
  const commits = [1, 2, 3, 4].map((n) => {
    return { files: [['packages/a/seed/metadata.json', JSON.stringify({ packageId: 'a', version: `${n}.0.0` })]] }
  })
  const repository = fastImport(t, commits, { bare: false, ...options }).reset('main')
  return { repository, commits: repository.git('rev-list', '--reverse', 'main').split('\n') }
}

/** The version and revision of the one package that a source has. */
async function served(source) {
  const entries = await source.fetchIndex()
  assert.equal(entries.length, 1)
  const [{ packageId, version, revision }] = entries
  const { metadata } = await source.loadPackage(packageId)
  assert.deepEqual([metadata.version, metadata.revision], [version, revision])
  return { version, revision }
}

/** Asserts that a source gives nothing, for one reason. */
async function assertFails({ manager, reports, status }, code, message) {
  assert.deepEqual(await manager.fetchMergedIndex(), [])
  assert.equal(status().state, 'failing')
  assert.equal(status().lastError.code, code, status().lastError.message)
  assert.match(status().lastError.message, message)
  assert.equal(reports.length, 1)
}

for (const [name, place] of Object.entries(PLACES)) {
  describe(`Over ${name}, a Git source`, () => {
    test('serves the branch that HEAD names where nothing is chosen', async (t) => {
      const { repository, commits } = linear(t)
      const url = await place(t, repository)
      assert.deepEqual(await served(gitSource(t, url)), { version: '4.0.0', revision: commits[3] })
      repository.branch('old', { at: commits[1] }).checkout('old')
      assert.deepEqual(await served(gitSource(t, url)), { version: '2.0.0', revision: commits[1] })
    })

    test('serves a commit that HEAD names itself', async (t) => {
      const { repository, commits } = linear(t)
      repository.checkout(commits[2])
      const source = gitSource(t, await place(t, repository))
      assert.deepEqual(await served(source), { version: '3.0.0', revision: commits[2] })
    })

    test('has nothing, with ENOREF, where HEAD names no branch that is there', async (t) => {
      const { repository } = linear(t)
      repository.branch('other').deleteBranch('main')
      const url = await place(t, repository)
      await assertFails(watchedGit(t, url), 'ENOREF', /HEAD of .* names no commit: choose a branch, tag or commit/)
      assert.equal((await served(gitSource(t, url, { branch: 'other' }))).version, '4.0.0')
    })

    test('serves a branch', async (t) => {
      const { repository, commits } = linear(t)
      repository.branch('release', { at: commits[0] }).branch('a/deeper/ünë', { at: commits[1] })
      // A tag of the same name is another thing.
      repository.tag('release', { at: commits[2] })
      const url = await place(t, repository)
      assert.equal((await served(gitSource(t, url, { branch: 'release' }))).revision, commits[0])
      assert.equal((await served(gitSource(t, url, { branch: 'a/deeper/ünë' }))).revision, commits[1])
    })

    test('serves a tag, plain, annotated, or of a tag', async (t) => {
      const { repository, commits } = linear(t)
      repository.tag('plain', { at: commits[0] })
      const annotated = repository.tag('annotated', { annotated: true, at: commits[1] })
      assert.notEqual(annotated, commits[1])
      const ofTag = repository.rawTag({ object: annotated, type: 'tag', name: 'of-tag', message: 'A tag of a tag' })
      repository.updateRef('refs/tags/of-tag', ofTag).branch('plain', { at: commits[3] })
      const url = await place(t, repository)
      assert.equal((await served(gitSource(t, url, { tag: 'plain' }))).revision, commits[0])
      assert.equal((await served(gitSource(t, url, { tag: 'annotated' }))).revision, commits[1])
      assert.equal((await served(gitSource(t, url, { tag: 'of-tag' }))).revision, commits[1])
    })

    test('serves a commit that a branch or tag names', async (t) => {
      const { repository, commits } = linear(t)
      repository.branch('old', { at: commits[1] }).tag('older', { at: commits[0] })
      const url = await place(t, repository)
      for (const commit of [commits[0], commits[1], commits[3]]) {
        assert.equal((await served(gitSource(t, url, { commit }))).revision, commit)
      }
      const upper = commits[3].toUpperCase()
      assert.equal((await served(gitSource(t, url, { commit: upper }))).revision, commits[3])
    })

    for (const isLetIn of [false, true]) {
      test(`serves a commit that no ref names, where the server ${isLetIn ? 'gives' : 'does not give'} such`, async (t) => {
        const { repository, commits } = linear(t)
        repository.git('config', 'uploadpack.allowReachableSHA1InWant', String(isLetIn))
        repository.git('config', 'uploadpack.allowTipSHA1InWant', 'false')
        const url = await place(t, repository)
        assert.deepEqual(await served(gitSource(t, url, { commit: commits[1] })), {
          version: '2.0.0',
          revision: commits[1],
        })
      })
    }

    test('has nothing, with ENOREF, where what was chosen is not there', async (t) => {
      const { repository } = linear(t)
      repository.branch('branch').tag('tag')
      const url = await place(t, repository)
      await assertFails(watchedGit(t, url, { branch: 'tag' }), 'ENOREF', /has no branch "tag"/)
      await assertFails(
        watchedGit(t, url, { branch: 'refs/heads/main' }),
        'ENOREF',
        /has no branch "refs\/heads\/main"/,
      )
      await assertFails(watchedGit(t, url, { tag: 'branch' }), 'ENOREF', /has no tag "branch"/)
      const commit = 'deadbeef'.repeat(5)
      await assertFails(watchedGit(t, url, { commit }), 'ENOREF', /has no commit deadbeef/)
    })

    test('has nothing, with ENOREF, where what was chosen is no commit', async (t) => {
      const { repository } = linear(t)
      const blob = repository.rawBlob('text')
      const tree = repository.git('rev-parse', 'HEAD^{tree}')
      repository.updateRef('refs/tags/blob', blob).updateRef('refs/tags/tree', tree)
      const url = await place(t, repository)
      await assertFails(watchedGit(t, url, { tag: 'blob' }), 'ENOREF', /tags\/blob leads to no commit/)
      await assertFails(watchedGit(t, url, { tag: 'tree' }), 'ENOREF', /tags\/tree leads to no commit/)
      await assertFails(watchedGit(t, url, { commit: tree }), 'ENOREF', /no commit/)
    })

    test('has nothing, and a warning, where the repository is empty', async (t) => {
      const repository = gitRepository(t)
      const url = await place(t, repository)
      const { manager, source, status, reports } = watchedGit(t, url)
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.deepEqual([status().state, status().packageCount], ['ok', 0])
      assert.deepEqual(status().warnings, [{ path: '.', reason: 'is an empty repository' }])
      assert.deepEqual(
        reports.map(({ error }) => error.code),
        ['EMALFORMED'],
      )
      assert.deepEqual([await source.loadPackage('a'), await source.getVersions('a')], [null, []])
      await assertFails(watchedGit(t, url, { branch: 'main' }), 'ENOREF', /has no branch "main": it is empty/)

      repository.packages.seed('a')
      repository.commit()
      source.clearCache()
      assert.deepEqual(await idsOf(source), ['a'])
    })
  })
}

describe('A Git source reads packages', () => {
  /** A repository with package `a` in `packages`, `b` at the root and `c` deeper, and how to read it. */
  function nested(t) {
    const repository = gitRepository(t, { folder: '.' })
    const { packages } = repository
    packages.file('packages/a/package.json', { packageId: 'a', version: '1.0.0' })
    packages.file('b/package.json', { packageId: 'b', version: '1.0.0' })
    packages.file('deep/er/packages/c/seed/metadata.json', { packageId: 'c', version: '1.0.0' })
    packages.file('deep/er/packages/c/seed/scripts.lua', 'return "c"')
    repository.commit()
    return { repository, read: (directory) => watchedGit(t, repository, { directory }) }
  }

  test('from the folder packages by default, where there is one', async (t) => {
    assert.deepEqual(await idsOf(nested(t).read().source), ['a'])
  })

  test('from the root where there is none, or it is no folder', async (t) => {
    const repository = gitRepository(t, { folder: '.' })
    repository.packages.seed('b')
    repository.commit()
    assert.deepEqual(await idsOf(gitSource(t, repository)), ['b'])
    repository.packages.file('packages', 'a file')
    repository.commit()
    assert.deepEqual(await idsOf(gitSource(t, repository)), ['b'])
  })

  test('from the root where that is asked for', async (t) => {
    const { read } = nested(t)
    for (const directory of ['', '.', './']) assert.deepEqual(await idsOf(read(directory).source), ['b'], directory)
  })

  test('from a folder below others', async (t) => {
    const { read } = nested(t)
    for (const directory of ['deep/er/packages', 'deep//er/./packages/', './deep/er/packages']) {
      const { source } = read(directory)
      assert.deepEqual(await idsOf(source), ['c'], directory)
      assert.equal((await source.loadPackage('c')).scripts, 'return "c"')
      assert.equal(await source.loadPackage('a'), null)
    }
  })

  test('nowhere, with ENOPACKAGES, where there is no such folder', async (t) => {
    const { repository, read } = nested(t)
    for (const directory of ['elsewhere', 'deep/er', 'deep/er/packages/c/seed/metadata.json', 'Packages']) {
      const { manager, reports, status } = read(directory)
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      if (directory === 'deep/er') {
        // A folder without packages is one that has none yet.
        assert.deepEqual([status().state, reports], ['ok', []])
        continue
      }
      assert.deepEqual([status().state, status().lastError.code], ['failing', 'ENOPACKAGES'])
      assert.match(status().lastError.message, new RegExp(`${repository.head()} has no folder "${directory}"`))
    }
  })

  test('from there as soon as there is such a folder', async (t) => {
    const { repository } = nested(t)
    const { source } = watchedGit(t, repository, { directory: 'later', cacheExpiry: 0 })
    assert.deepEqual(await idsOf(source), [])
    repository.packages.file('later/d/package.json', { packageId: 'd', version: '1.0.0' })
    repository.commit()
    assert.deepEqual(await idsOf(source), ['d'])
  })
})

describe('A Git source over a path reads', () => {
  test('a bare repository', async (t) => {
    const { repository, commits } = linear(t, { bare: true })
    assert.equal((await served(gitSource(t, repository))).revision, commits[3])
  })

  test("a working tree's repository, of which it sees what is committed alone", async (t) => {
    const { repository } = linear(t)
    repository.packages.seed('a', { version: '9.9.9' }).folder.seed('b')
    assert.equal((await served(gitSource(t, repository))).version, '4.0.0')
    assert.equal((await served(gitSource(t, `${repository.path}/.git`))).version, '4.0.0')
  })

  test('a path relative to the working directory', async (t) => {
    const { repository } = linear(t)
    assert.equal((await served(gitSource(t, relative(process.cwd(), repository.path)))).version, '4.0.0')
  })

  test('a path with odd characters', async (t) => {
    const { repository, commits } = linear(t, { name: 'ä b%20c#d?e:f@g' })
    assert.equal((await served(gitSource(t, repository))).revision, commits[3])
    assert.equal((await served(gitSource(t, repository.fileUrl))).revision, commits[3])
  })

  test('packed refs and objects, and those that came later', async (t) => {
    const { repository, commits } = linear(t)
    repository.branch('old', { at: commits[0] }).tag('v1', { annotated: true, at: commits[0] })
    repository.git('gc', '--quiet', '--prune=now')
    assert.equal((await served(gitSource(t, repository, { branch: 'old' }))).revision, commits[0])
    assert.equal((await served(gitSource(t, repository, { tag: 'v1' }))).revision, commits[0])
    repository.packages.seed('a', { version: '5.0.0' })
    const commit = repository.commit()
    assert.equal((await served(gitSource(t, repository))).revision, commit)
  })

  test('a shallow clone', async (t) => {
    const { repository, commits } = linear(t)
    const path = `${repository.directory}/shallow`
    git(['clone', '--quiet', '--depth', '1', repository.fileUrl, path])
    assert.equal((await served(gitSource(t, path))).revision, commits[3])
  })

  test('a working tree beside the first', async (t) => {
    const { repository, commits } = linear(t)
    const path = `${repository.directory}/beside`
    repository.git('worktree', 'add', '--quiet', '-b', 'beside', path, commits[1])
    assert.equal((await served(gitSource(t, path))).revision, commits[1])
  })

  test('no repository around a folder, nor anything that is none', async (t) => {
    const { repository } = linear(t)
    for (const url of [repository.packages.path, repository.directory, `${repository.path}/README`, '/dev/null']) {
      await assertFails(watchedGit(t, url), 'ENOREPOSITORY', /no Git repository at/)
    }
  })
})

describe('A Git source over http fetches', () => {
  /** How many commits the clone of a source has. */
  const commitsIn = ({ cacheDir }) =>
    Number(git([`--git-dir=${cloneIn(cacheDir)}`, 'rev-list', '--count', '--all']).toString())

  for (const [depth, commits] of [
    [undefined, 1],
    [1, 1],
    [3, 3],
    [50, 4],
    [Number.POSITIVE_INFINITY, 4],
  ]) {
    test(`as much history as depth says: ${depth}`, async (t) => {
      const { repository } = linear(t)
      const source = gitSource(t, await PLACES.http(t, repository), { depth })
      assert.equal((await served(source)).version, '4.0.0')
      assert.equal(commitsIn(source.getConfig()), commits)
    })
  }

  test('no refs but the chosen one and the tags that are versions', async (t) => {
    const { repository, commits } = linear(t)
    repository.branch('other', { at: commits[0] }).tag('nightly', { at: commits[1] })
    repository.tag('v3.0.0', { at: commits[2] })
    const source = gitSource(t, await PLACES.http(t, repository))
    assert.deepEqual(await source.getVersions('a'), ['4.0.0', '3.0.0'])
    assert.equal(commitsIn(source.getConfig()), 2)
  })

  for (const [isLetIn, count] of [
    [true, 1],
    [false, 2],
  ]) {
    test(`a commit that no ref names ${isLetIn ? 'alone' : 'with its history, where it can not have it alone'}`, async (t) => {
      const { repository, commits } = linear(t)
      repository.git('config', 'uploadpack.allowReachableSHA1InWant', String(isLetIn))
      const source = gitSource(t, await PLACES.http(t, repository), { commit: commits[1] })
      assert.equal((await served(source)).version, '2.0.0')
      assert.equal(commitsIn(source.getConfig()), count)
    })
  }

  test('a commit once, whatever becomes of the branches', async (t) => {
    const { repository, commits } = linear(t)
    const server = await startGitHttp(t, repository.directory)
    const config = { commit: commits[1], cacheExpiry: 0 }
    const source = gitSource(t, `${server.url}/${repository.name}`, config)
    await served(source)
    assert.equal(server.count('fetch'), 1)
    repository.reset(commits[0])
    assert.equal((await served(source)).revision, commits[1])
    assert.equal(server.count('fetch'), 1)
  })
})
