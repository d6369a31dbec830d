// Versions of packages in a repository: the one of the chosen commit, and those that tags name.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fastImport, importCommits, manyPackages } from './helpers/git/fast-import.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { gitSource, watchedGit } from './helpers/git/source.mjs'

/** The file that makes a folder the package `id`, which is the folder's name if nothing is said. */
const manifest = (folder, version, id = folder) => [
  `packages/${folder}/package.json`,
  JSON.stringify({ packageId: id, version, name: `${id} ${version}` }),
]

/**
 * A repository with one commit for each step: the versions that packages have from then on, and its tags.
 * @returns {{ repository: import('./helpers/git/repository.mjs').GitRepository, commits: string[] }}
 */
function history(t, ...steps) {
  const commits = steps.map(({ tags = [], files = [], ...packages }) => {
    const manifests = Object.entries(packages).map(([id, version]) => manifest(id, version))
    return { files: [...manifests, ...files], tags }
  })
  const repository = fastImport(t, commits)
  return { repository, commits: repository.git('rev-list', '--reverse', 'main').split('\n') }
}

/** The version and commit that a package says it is of, and its name, which tells what its tree says. */
async function loaded(source, packageId, version) {
  const data = await source.loadPackage(packageId, version)
  return data && [data.metadata.version, data.metadata.revision, data.metadata.name]
}

describe('A tag is a version of', () => {
  test('one package in three forms, and of all in two', async (t) => {
    const steps = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '2.0.0'].map((version) => ({ a: version, b: version }))
    const tags = ['a@1.0.0', 'a-v1.1.0', 'a/v1.2.0', 'v1.3.0', '1.4.0']
    for (const [n, tag] of tags.entries()) steps[n].tags = [tag]
    const { repository, commits } = history(t, ...steps)
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.4.0', '1.3.0', '1.2.0', '1.1.0', '1.0.0'])
    assert.deepEqual(await source.getVersions('b'), ['2.0.0', '1.4.0', '1.3.0'])
    for (const [n, { a: version }] of steps.entries()) {
      assert.deepEqual(await loaded(source, 'a', version), [version, commits[n], `a ${version}`])
    }
    assert.equal(await source.loadPackage('b', '1.0.0'), null)
  })

  test('the package whose whole id it names', async (t) => {
    const ids = { a: '0.0.1', 'a-b': '0.0.1', b: '0.0.1', '@a': '0.0.1', 'a@b': '0.0.1' }
    const { repository } = history(t, {
      ...ids,
      tags: ['a-b@1.0.0', '@a@2.0.0', 'a@b@3.0.0', 'a-b-v4.0.0', 'a-b/v5.0.0'],
    })
    const source = gitSource(t, repository)
    const versions = Object.fromEntries(
      await Promise.all(Object.keys(ids).map(async (id) => [id, await source.getVersions(id)])),
    )
    assert.deepEqual(versions, {
      a: ['0.0.1'],
      'a-b': ['5.0.0', '4.0.0', '1.0.0', '0.0.1'],
      b: ['0.0.1'],
      '@a': ['2.0.0', '0.0.1'],
      'a@b': ['3.0.0', '0.0.1'],
    })
  })

  test('the package with the longest name where it could be one of several', async (t) => {
    const { repository } = history(t, { data: '1.0.0', 'data-v2': '1.0.0', tags: ['data-v2-v1.5.0'] })
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('data-v2'), ['1.5.0', '1.0.0'])
    assert.deepEqual(await source.getVersions('data'), ['1.0.0'])
  })

  test('nothing where it names no version', async (t) => {
    const tags = ['nightly', 'a@latest', 'v', 'vv1.0.0', 'release-1.0.0', 'a@v3.0.0', 'x/y@1.0.0', 'a@1.0.0.0.x', 'a']
    const { repository } = history(t, { a: '2.0.0', tags })
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['2.0.0'])
    for (const version of ['latest', '1.0.0', 'v3.0.0', '3.0.0', '']) {
      assert.equal(await source.loadPackage('a', version), null, version)
    }
  })

  test('no package that its tree does not hold', async (t) => {
    const gone = ['packages/b/package.json', null]
    const { repository, commits } = history(
      t,
      { a: '1.0.0', b: '1.0.0', tags: ['v1.0.0'] },
      { a: '2.0.0', files: [gone], tags: ['v2.0.0', 'b@2.0.0'] },
      { a: '3.0.0', c: '3.0.0' },
    )
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['3.0.0', '2.0.0', '1.0.0'])
    // One that is gone from the chosen commit is there still in its old versions.
    assert.deepEqual(await source.getVersions('b'), ['1.0.0'])
    assert.deepEqual(await source.getVersions('c'), ['3.0.0'])
    assert.deepEqual(await loaded(source, 'b', '1.0.0'), ['1.0.0', commits[0], 'b 1.0.0'])
    assert.deepEqual([await source.loadPackage('b', '2.0.0'), await source.loadPackage('c', '1.0.0')], [null, null])
    assert.equal(await source.loadPackage('b'), null)
    assert.equal(await source.hasPackage('b'), false)
  })

  test('packages by the id of their manifest, in whatever folder it was', async (t) => {
    const { repository, commits } = history(
      t,
      { files: [manifest('old-folder', '1.0.0', 'a')], tags: ['v1.0.0'] },
      { files: [manifest('new-folder', '2.0.0', 'a'), ['packages/old-folder/package.json', null]], tags: ['a@2.0.0'] },
      { files: [manifest('old-folder', '9.0.0', 'b')], tags: ['old-folder@9.0.0'] },
    )
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.0.0'])
    assert.deepEqual(await loaded(source, 'a', '1.0.0'), ['1.0.0', commits[0], 'a 1.0.0'])
    assert.deepEqual(await loaded(source, 'a', '2.0.0'), ['2.0.0', commits[1], 'a 2.0.0'])
    assert.deepEqual(await source.getVersions('old-folder'), [])
  })

  test('packages that lay elsewhere then', async (t) => {
    const atRoot = ['a/package.json', JSON.stringify({ packageId: 'a', version: '1.0.0', name: 'at the root' })]
    const { repository } = history(
      t,
      { files: [atRoot], tags: ['v1.0.0'] },
      { files: [[atRoot[0], null]], a: '2.0.0', tags: ['v2.0.0'] },
    )
    const byDefault = gitSource(t, repository)
    assert.deepEqual(await byDefault.getVersions('a'), ['2.0.0', '1.0.0'])
    assert.equal((await byDefault.loadPackage('a', '1.0.0')).metadata.name, 'at the root')
    // Where the folder was said, it is that one or none.
    const { source, reports } = watchedGit(t, repository, { directory: 'packages' })
    assert.deepEqual(await source.getVersions('a'), ['2.0.0'])
    assert.equal(await source.loadPackage('a', '1.0.0'), null)
    assert.deepEqual(reports, [])
  })
})

describe('Patterns of tags', () => {
  const steps = [{ a: '0.0.1', tags: ['release/1.0.0', 'r2.0.0', 'a_3.0.0', '4.0.0_a', 'v5.0.0'] }]

  for (const [name, tagPattern, versions] of [
    ['one', 'release/{version}', ['1.0.0']],
    ['several', ['r{version}', '{id}_{version}'], ['3.0.0', '2.0.0']],
    ['one with the version first', '{version}_{id}', ['4.0.0']],
    ['one that no tag has', 'x{version}', []],
    ['none at all', [], []],
  ]) {
    test(`can be given: ${name}`, async (t) => {
      const source = gitSource(t, history(t, ...steps).repository, { tagPattern })
      assert.deepEqual(await source.getVersions('a'), [...versions, '0.0.1'])
    })
  }

  test('are tried in their order, those of one package before those of all', async (t) => {
    const { repository, commits } = history(
      t,
      { a: '1', tags: ['one-1.0.0'] },
      { a: '2', tags: ['a-two-1.0.0'] },
      { a: '3', tags: ['two-1.0.0'] },
    )
    const by = async (...tagPattern) => (await loaded(gitSource(t, repository, { tagPattern }), 'a', '1.0.0'))?.[1]
    const [one, own, two] = commits
    assert.equal(await by('one-{version}', 'two-{version}'), one)
    assert.equal(await by('two-{version}'), two)
    assert.equal(await by('one-{version}', '{id}-two-{version}'), own)
  })

  test('of two sources over one clone do not mix', async (t) => {
    const { repository } = history(t, ...steps)
    const first = gitSource(t, repository, { tagPattern: 'r{version}' })
    const { cacheDir } = first.getConfig()
    assert.deepEqual(await first.getVersions('a'), ['2.0.0', '0.0.1'])
    const second = gitSource(t, repository, { tagPattern: 'v{version}', cacheDir })
    assert.deepEqual(await second.getVersions('a'), ['5.0.0', '0.0.1'])
    assert.deepEqual(await first.getVersions('a'), ['2.0.0', '0.0.1'])
  })
})

describe('The versions of a package', () => {
  test('are ordered from the newest on, each once', async (t) => {
    const names = ['1.0.0', '1.0.0-rc.10', '1.0.0-rc.9', '1.0.0-alpha', '10.0.0', '9.1.0', '2.0.0+build', '0.9', '3']
    const tags = [...names.map((name) => `v${name}`), ...names, 'a@1.0.0', 'a/v3']
    const { repository } = history(t, { a: '9.1.0', tags })
    assert.deepEqual(await gitSource(t, repository).getVersions('a'), [
      '10.0.0',
      '9.1.0',
      '3',
      '2.0.0+build',
      '1.0.0',
      '1.0.0-rc.10',
      '1.0.0-rc.9',
      '1.0.0-alpha',
      '0.9',
    ])
  })

  test("are read from the tag's tree, also where the chosen commit has that version", async (t) => {
    const { repository, commits } = history(
      t,
      { a: '1.0.0', tags: ['v1.0.0'] },
      { files: [['packages/a/package.json', JSON.stringify({ packageId: 'a', version: '1.0.0', name: 'changed' })]] },
    )
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
    assert.deepEqual(await loaded(source, 'a', '1.0.0'), ['1.0.0', commits[0], 'a 1.0.0'])
    assert.deepEqual(await loaded(source, 'a'), ['1.0.0', commits[1], 'changed'])
  })

  test('are what the tags say, whatever the manifests say', async (t) => {
    const { repository, commits } = history(
      t,
      { a: '0.0.0-dev', tags: ['v1.0.0'] },
      { a: '0.0.0-dev', tags: ['v2.0.0'] },
    )
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.0.0', '0.0.0-dev'])
    assert.deepEqual(await loaded(source, 'a', '1.0.0'), ['1.0.0', commits[0], 'a 0.0.0-dev'])
    assert.deepEqual(await loaded(source, 'a', '2.0.0'), ['2.0.0', commits[1], 'a 0.0.0-dev'])
    assert.deepEqual(await loaded(source, 'a', '0.0.0-dev'), ['0.0.0-dev', commits[1], 'a 0.0.0-dev'])
  })

  test('a tag of its own decides before one of all', async (t) => {
    const { repository, commits } = history(
      t,
      { a: '1', b: '1', tags: ['a@1.0.0'] },
      { a: '2', b: '2', tags: ['v1.0.0', '1.0.0'] },
    )
    const source = gitSource(t, repository)
    assert.equal((await loaded(source, 'a', '1.0.0'))[1], commits[0])
    assert.equal((await loaded(source, 'b', '1.0.0'))[1], commits[1])
  })

  test('where its own tag has no such package, the one of all decides', async (t) => {
    const { repository, commits } = history(t, { b: '1', tags: ['a@1.0.0'] }, { a: '2', tags: ['v1.0.0'] }, { a: '3' })
    assert.equal((await loaded(gitSource(t, repository), 'a', '1.0.0'))[1], commits[1])
  })

  test('come from annotated tags, and from tags of tags, as well', async (t) => {
    const { repository, commits } = history(t, { a: '1.0.0' }, { a: '2.0.0' })
    const annotated = repository.tag('v1.0.0', { annotated: true, at: commits[0] })
    const ofTag = repository.rawTag({ object: annotated, type: 'tag', name: 'v1.0.1', message: 'Again' })
    repository.updateRef('refs/tags/v1.0.1', ofTag)
    const source = gitSource(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.0.1', '1.0.0'])
    assert.equal((await loaded(source, 'a', '1.0.0'))[1], commits[0])
    assert.equal((await loaded(source, 'a', '1.0.1'))[1], commits[0])
  })

  test('leave out, with a warning, a tag that leads to no commit', async (t) => {
    const { repository } = history(t, { a: '1.0.0', tags: ['v1.0.0'] }, { a: '2.0.0' })
    repository.updateRef('refs/tags/v1.5.0', repository.rawBlob('text'))
    const { source, manager, status } = watchedGit(t, repository)
    await manager.fetchMergedIndex()
    assert.deepEqual(status().warnings, [{ path: 'tag v1.5.0', reason: 'leads to no commit' }])
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.0.0'])
    assert.equal(await source.loadPackage('a', '1.5.0'), null)
  })

  test('are all there where they are many', async (t) => {
    const repository = fastImport(t, manyPackages({ packages: 12, tags: 150 }))
    const source = gitSource(t, repository)
    const expected = Array.from({ length: 150 }, (_, n) => `1.${149 - n}.0`)
    assert.deepEqual(await source.getVersions('package_0'), expected)
    assert.deepEqual(await source.getVersions('package_11'), expected)
    assert.deepEqual((await source.loadPackage('package_3', '1.13.0')).components, [
      { id: 'package_3_card', type: 'Card', version: '1.13.0' },
    ])
  })

  test('of the chosen tag are those of all others too', async (t) => {
    const { repository, commits } = history(
      t,
      { a: '1.0.0', tags: ['v1.0.0'] },
      { a: '2.0.0', tags: ['v2.0.0'] },
      { a: '3.0.0' },
    )
    const source = gitSource(t, repository, { tag: 'v1.0.0' })
    assert.deepEqual(await loaded(source, 'a'), ['1.0.0', commits[0], 'a 1.0.0'])
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.0.0'])
    assert.equal((await loaded(source, 'a', '2.0.0'))[1], commits[1])
    assert.equal(await source.loadPackage('a', '3.0.0'), null)
  })
})

describe('The revision', () => {
  test('of entries is the chosen commit, of packages the one that they were read from', async (t) => {
    const { repository, commits } = history(
      t,
      { a: '1.0.0', b: '1.0.0', tags: ['v1.0.0'] },
      { a: '2.0.0', tags: ['a@2.0.0'] },
      { c: '1.0.0' },
    )
    const source = gitSource(t, repository)
    const revisions = (await source.fetchIndex()).map(({ packageId, revision }) => [packageId, revision])
    assert.deepEqual(revisions, [
      ['a', commits[2]],
      ['b', commits[2]],
      ['c', commits[2]],
    ])
    assert.equal((await loaded(source, 'a'))[1], commits[2])
    assert.equal((await loaded(source, 'a', '2.0.0'))[1], commits[1])
    assert.equal((await loaded(source, 'a', '1.0.0'))[1], commits[0])
  })

  test('is exact: a source of that commit gives the same', async (t) => {
    const { repository } = history(
      t,
      { a: '1.0.0', tags: ['v1.0.0'] },
      { a: '2.0.0', tags: ['v2.0.0'] },
      { a: '3.0.0' },
    )
    const there = await gitSource(t, repository).loadPackage('a', '1.0.0')
    const pinned = gitSource(t, repository, { commit: there.metadata.revision })
    assert.deepEqual(await pinned.loadPackage('a'), there)
  })

  test('is ours, whatever a manifest says', async (t) => {
    const text = JSON.stringify({ packageId: 'a', version: '1.0.0', revision: 'f'.repeat(40), sourceId: 'other' })
    const { repository, commits } = history(t, { files: [['packages/a/package.json', text]], tags: ['v2.0.0'] })
    const source = gitSource(t, repository)
    const [entry] = await source.fetchIndex()
    assert.deepEqual([entry.revision, entry.sourceId], [commits[0], 'git'])
    for (const version of [undefined, '2.0.0']) {
      const { metadata } = await source.loadPackage('a', version)
      assert.deepEqual([metadata.revision, metadata.sourceId], [commits[0], 'git'])
    }
  })
})

describe('Tags on the server that', () => {
  /** A source that asks each time, over http. */
  async function served(t, repository) {
    const server = await startGitHttp(t, repository.directory)
    return gitSource(t, `${server.url}/${repository.name}`, { cacheExpiry: 0 })
  }

  test('are new, deleted or moved are so here', async (t) => {
    const { repository, commits } = history(
      t,
      { a: '1.0.0', tags: ['v1.0.0'] },
      { a: '2.0.0', tags: ['v2.0.0', 'a@9.0.0'] },
      { a: '3.0.0' },
    )
    const source = await served(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['9.0.0', '3.0.0', '2.0.0', '1.0.0'])
    assert.equal((await loaded(source, 'a', '2.0.0'))[1], commits[1])
    assert.equal((await loaded(source, 'a', '9.0.0'))[1], commits[1])

    repository.git('tag', '--delete', 'a@9.0.0')
    assert.deepEqual(await source.getVersions('a'), ['3.0.0', '2.0.0', '1.0.0'])
    assert.equal(await source.loadPackage('a', '9.0.0'), null)

    repository.tag('v2.0.0', { at: commits[0] })
    assert.deepEqual(await loaded(source, 'a', '2.0.0'), ['2.0.0', commits[0], 'a 1.0.0'])

    importCommits(repository, [{ files: [manifest('a', '4.0.0')], tags: ['v4.0.0'] }])
    assert.deepEqual(await source.getVersions('a'), ['4.0.0', '2.0.0', '1.0.0'])
    assert.equal((await loaded(source, 'a', '4.0.0'))[1], repository.git('rev-parse', 'main'))
  })

  test('get in the way of others by their names do so no longer here', async (t) => {
    const { repository, commits } = history(t, { a: '1.0.0', tags: ['a'] }, { a: '2.0.0' })
    const source = await served(t, repository)
    assert.deepEqual(await source.getVersions('a'), ['2.0.0'])
    // `a` was a tag and is a folder of tags now.
    repository.git('tag', '--delete', 'a')
    repository.tag('a/v1.0.0', { at: commits[0] })
    assert.deepEqual(await source.getVersions('a'), ['2.0.0', '1.0.0'])
    repository.git('tag', '--delete', 'a/v1.0.0')
    repository.tag('a/v1.0.0/v3.0.0', { at: commits[0] })
    assert.deepEqual(await source.getVersions('a'), ['2.0.0'])
  })
})
