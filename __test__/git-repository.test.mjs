// The repositories that the Git source's tests make: they must hold what the tests say, and nothing of the machine's.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runNode } from './helpers/child.mjs'
import { clone, failureOf, refsOf, smallRepository } from './helpers/git/client.mjs'
import { fastImport, importCommits, manyFiles, manyPackages } from './helpers/git/fast-import.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { askGit } from './helpers/git/program.mjs'
import { gitRepository } from './helpers/git/repository.mjs'

describe('A Git repository', () => {
  test('has the same ids whenever it is made, and no settings but its own', (t) => {
    const [one, other] = [smallRepository(t), smallRepository(t, { bare: true })]
    assert.equal(one.head(), other.head())
    assert.equal(one.tag('a', { annotated: true }), other.tag('a', { annotated: true }))
    assert.doesNotMatch(one.git('config', '--list', '--show-scope'), /^(system|global)/m)
    assert.equal(one.git('log', '-1', '--format=%an %cn %ae'), 'Test Author Test Author author@example.invalid')
    assert.equal(existsSync(join(one.path, '.git/hooks')), false)
    assert.equal(smallRepository(t, { objectFormat: 'sha256' }).head().length, 64)
  })

  test('moves its branches and tags', async (t) => {
    const repository = smallRepository(t)
    const [first, second] = [repository.git('rev-parse', 'v1.0.0'), repository.head()]
    repository.branch('old', { at: first }).branch('gone').deleteBranch('gone').renameBranch('main', 'trunk')
    const annotated = repository.tag('v1.1.0', { annotated: true })
    assert.deepEqual(await refsOf(repository.fileUrl), {
      HEAD: second,
      'refs/heads/old': first,
      'refs/heads/trunk': second,
      'refs/tags/v1.0.0': first,
      'refs/tags/v1.1.0': annotated,
      'refs/tags/v1.1.0^{}': second,
    })
    assert.equal(repository.tag('v1.0.0', { at: second }), second)
    assert.equal(repository.reset(first).head(), first)
    assert.equal(JSON.parse(repository.git('show', 'HEAD:packages/dashboard/seed/metadata.json')).version, '1.0.0')
    assert.notEqual(repository.checkout('old').commit(), second)
    assert.equal((await refsOf(repository.fileUrl))['refs/heads/trunk'], first)
  })

  test('keeps its packages where it is told', (t) => {
    const repository = gitRepository(t, { folder: '.', bare: true, name: 'root.git' })
    repository.packages.manifest('table')
    repository.commit()
    assert.equal(repository.git('ls-tree', '-r', '--name-only', 'HEAD'), 'table/package.json')
    assert.equal(existsSync(join(repository.path, 'HEAD')), true)
  })

  test('vanishes, and is there again', async (t) => {
    const repository = smallRepository(t).remove()
    assert.match(await failureOf(repository.fileUrl), /does not appear to be a git repository/)
    assert.throws(() => repository.head(), /ended with 128: .*not a git repository/)
    assert.ok((await refsOf(repository.restore().fileUrl)).HEAD)
  })

  test('is made large at once', (t) => {
    const repository = fastImport(t, manyPackages({ packages: 1000, tags: 50 }))
    assert.equal(repository.git('tag').split('\n').length, 50)
    assert.equal(repository.git('rev-list', '--count', 'main'), '50')
    assert.equal(repository.git('ls-tree', 'main', 'packages/').split('\n').length, 1000)
    const versionAt = (tag) => JSON.parse(repository.git('show', `${tag}:packages/package_13/package.json`)).version
    assert.deepEqual(['v1.0.0', 'v1.2.0', 'v1.3.0', 'main'].map(versionAt), ['1.0.0', '1.0.0', '1.3.0', '1.43.0'])
    importCommits(repository, [{ files: [['packages/package_13/package.json', null]], tags: ['late'] }])
    assert.equal(repository.git('rev-list', '--count', 'late'), '51')
    assert.throws(() => versionAt('late'), /does not exist/)
    repository.reset('main').packages.seed('by_hand')
    assert.equal(
      repository.git('diff', '--name-only', 'late', repository.commit()),
      'packages/by_hand/seed/metadata.json',
    )
  })

  test('takes a hundred thousand files, and names that must be quoted', (t) => {
    const odd = 'a "b"\\c\nd'
    const repository = fastImport(t, [...manyFiles({ files: 100_000 }), { files: [[odd, 'x']] }])
    const names = repository.git('ls-tree', '-r', '-z', '--name-only', 'main').split('\0')
    assert.equal(names.filter((name) => name.startsWith('many/')).length, 100_000)
    assert.ok(names.includes(odd))
  })

  test('holds trees that git would never make', (t) => {
    const repository = gitRepository(t, { bare: true })
    const blob = repository.rawBlob('content')
    const other = '1'.repeat(40)
    const bad = Buffer.from([0x62, 0xff, 0x2e])
    const entries = [
      ['100644', '..', blob],
      ['100644', '.git', blob],
      ['100644', 'up/../../out', blob],
      ['120000', 'link', repository.rawBlob('../../etc/passwd')],
      ['160000', 'module', other],
      ['040000', 'z', repository.rawTree([])],
      ['100644', bad, blob],
      ['100644', bad, blob],
    ]
    const tree = repository.rawTree(entries.map(([mode, name, oid]) => ({ mode, name, oid })))
    const commit = repository.rawCommit({ tree, parents: [], message: 'Hostile' })
    const tag = repository.rawTag({ object: commit, name: 'hostile' })
    repository.updateRef('refs/heads/main', commit).updateRef('refs/tags/hostile', tag)
    const listed = repository.feed(['ls-tree', '-z', 'main'], '').toString('latin1').split('\0').slice(0, -1)
    assert.deepEqual(
      listed.map((line) => line.split(/[ \t]/)).map(([mode, , oid, name]) => [mode, name, oid]),
      entries.map(([mode, name, oid]) => [mode, Buffer.from(name).toString('latin1'), oid]),
    )
    assert.equal(repository.git('rev-parse', 'hostile^{tree}'), tree)
    assert.throws(() => repository.git('fsck', '--strict'), /error in tree/)
  })

  test('reaches a client with its hostile trees', async (t) => {
    const repository = gitRepository(t, { bare: true })
    const tree = repository.rawTree([{ mode: '100644', name: '..', oid: repository.rawBlob('content') }])
    repository.updateRef('refs/heads/main', repository.rawCommit({ tree }))
    const server = await startGitHttp(t, repository.directory)
    const { path, status } = await clone(t, `${server.url}/repository`, { args: ['--no-checkout'] })
    assert.equal(status, 0)
    assert.match((await askGit(['-C', path, 'ls-tree', 'HEAD'])).stdout, /^100644 blob [0-9a-f]{40}\t\.\.\n$/)
  })

  test('says what to install where there is no git', async () => {
    const helper = new URL('helpers/git/program.mjs', import.meta.url).href
    const code = `import { askGit, git } from ${JSON.stringify(helper)}
      try { git(['version']) } catch (error) { console.log(error.message) }
      await askGit(['version']).catch((error) => console.log(error.message))`
    const { stdout } = await runNode(['--input-type=module', '-e', code], { env: { PATH: '/nowhere' } })
    const message = 'These tests need the program "git": install the system package "git"\n'
    assert.equal(stdout, message + message)
  })
})
