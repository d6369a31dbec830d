/** The example's Git source: the repository that it makes itself, and others. */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { before, describe, it } from 'node:test'
import { startGitHttp } from '../helpers/git/http-server.mjs'
import { git } from '../helpers/git/program.mjs'
import { gitRepository } from '../helpers/git/repository.mjs'
import { temporaryDirectory } from '../helpers/package-builder.mjs'
import { clientOf, idsOf } from './helpers/ask.mjs'
import { builtApp, headOf, idsIn, PACKAGES, RELEASE, serveApp } from './helpers/example-app.mjs'

/** Every route that has to do with packages. */
const PATHS = [
  '/',
  '/api/packages',
  '/api/packages/index',
  '/api/packages/search?q=poll',
  '/api/packages/poll_booth',
  '/api/packages/poll_booth/versions',
  '/api/packages/poll_booth/explain',
  '/api/sources',
  '/api/examples',
]

describe("the example's Git source", () => {
  let directory
  before(async () => {
    directory = await builtApp('turbopack')
  })

  /** Serves the example with folders of its own for what it keeps; without a registry. */
  async function serve(t, { env, ...options } = {}) {
    const folder = temporaryDirectory(t)
    const places = {
      PACKAGE_GIT_REPOSITORY: join(folder, 'repository'),
      PACKAGE_CACHE_DIR: join(folder, 'cache'),
      ...env,
    }
    const app = await serveApp(directory, { registryUrl: '', env: places, ...options })
    t.after(() => app.close())
    return { app, get: clientOf(app.url), repository: places.PACKAGE_GIT_REPOSITORY, cache: places.PACKAGE_CACHE_DIR }
  }

  const sourcesOf = async (get) => (await get('/api/sources')).body.sources
  const gitSourceOf = async (get) => (await sourcesOf(get)).find(({ sourceId }) => sourceId === 'git')

  it('is a real repository with a tag for each release', async (t) => {
    const { repository } = await serve(t)
    const ask = (...args) => git(['--git-dir', repository, ...args]).toString()
    assert.deepEqual(ask('log', '--format=%s %D', '--decorate-refs=refs/tags').trim().split('\n'), [
      'Release 2.1.0 tag: v2.1.0',
      'Release 2.0.0 tag: v2.0.0',
    ])
    assert.equal(ask('cat-file', '-t', 'v2.1.0').trim(), 'tag')
    assert.equal(ask('fsck', '--strict', '--no-dangling'), '')
    const listed = ask('ls-tree', '--name-only', 'main:packages').trim().split('\n')
    assert.deepEqual(listed, idsIn(RELEASE))
  })

  it('makes the same commits at every start', async (t) => {
    const { app, repository } = await serve(t)
    const head = headOf(repository)
    await app.close()
    const again = await serve(t, { env: { PACKAGE_GIT_REPOSITORY: repository } })
    assert.equal(headOf(repository), head)
    assert.equal((await gitSourceOf(again.get)).revision, head)
  })

  it('brings a repository of an earlier version up to date', async (t) => {
    const earlier = gitRepository(t, { bare: true })
    earlier.packages.seed('earlier')
    const commit = earlier.commit()
    earlier.tag('v2.0.0')
    const { get, repository } = await serve(t, { env: { PACKAGE_GIT_REPOSITORY: earlier.path } })
    assert.notEqual(headOf(repository), commit)
    const { packageCount, revision } = await gitSourceOf(get)
    assert.deepEqual([packageCount, revision], [idsIn(RELEASE).length, headOf(repository)])
    const { versions } = (await get('/api/packages/poll_booth/versions')).body
    assert.deepEqual(versions.git, ['2.1.0', '2.0.0'])
  })

  it('has one clone, which all routes and the page share', async (t) => {
    const { get, cache } = await serve(t)
    const answers = await Promise.all(PATHS.map((path) => get(path)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      PATHS.map(() => 200),
    )
    const clones = readdirSync(join(cache, 'git'), { recursive: true }).filter((name) => /(^|[\\/])clone$/.test(name))
    assert.equal(clones.length, 1)
    assert.equal((await gitSourceOf(get)).requests, 1)
  })

  it('goes on without, and says so, where git is not installed', async (t) => {
    const { app, get } = await serve(t, { stderr: 'pipe', env: { PATH: temporaryDirectory(t) } })
    const said = text(app.child.stderr)
    assert.deepEqual(
      (await sourcesOf(get)).map(({ sourceId }) => sourceId),
      ['local'],
    )
    assert.deepEqual(idsOf((await get('/api/packages')).body.packages).sort(), idsIn(PACKAGES))
    await app.close()
    assert.match(await said, /git is not installed.*PACKAGE_GIT_URL/)
  })

  it('takes a branch of a private repository and tells nobody the token', async (t) => {
    const token = 'token-5d0c1'
    const repository = gitRepository(t)
    repository.packages.seed('private_one', { version: '1.2.3' })
    const stable = repository.commit()
    repository.branch('stable')
    repository.packages.seed('too_new')
    repository.commit()
    const server = await startGitHttp(t, repository.directory, { auth: { basic: `x-access-token:${token}` } })
    const { get } = await serve(t, {
      gitUrl: `${server.url}/${repository.name}`,
      env: { PACKAGE_GIT_TOKEN: `x-access-token:${token}`, PACKAGE_GIT_BRANCH: 'stable' },
    })
    const { state, branch, revision } = await gitSourceOf(get)
    assert.deepEqual([state, branch, revision], ['ok', 'stable', stable])
    for (const path of ['/', '/api/packages', '/api/packages/private_one', '/api/sources']) {
      const { status, text: answer } = await get(path)
      assert.equal(status, 200, path)
      assert.ok(!answer.includes(token), path)
      assert.ok(path === '/api/sources' || answer.includes('private_one'), path)
    }
  })

  it('answers from its clone after a restart, where the repository is gone', async (t) => {
    const repository = gitRepository(t)
    repository.packages.seed('kept', { version: '1.0.0' })
    const head = repository.commit()
    repository.tag('v1.0.0')
    const { app, cache } = await serve(t, { gitUrl: repository.path })
    await app.close()
    repository.remove()
    const { get } = await serve(t, { gitUrl: repository.path, env: { PACKAGE_CACHE_DIR: cache } })
    assert.equal((await gitSourceOf(get)).revision, head)
    const { body } = await get('/api/packages/kept')
    assert.deepEqual([body.metadata.revision, body.metadata.version], [head, '1.0.0'])
    assert.deepEqual((await get('/api/packages/kept/versions')).body.versions, { git: ['1.0.0'] })
  })

  it('tells nobody where a repository lies that can’t be read', async (t) => {
    const gone = join(temporaryDirectory(t), 'gone')
    const { get } = await serve(t, { gitUrl: gone })
    const { state, lastError } = await gitSourceOf(get)
    assert.deepEqual([state, lastError.code], ['failing', 'ENOREPOSITORY'])
    const page = await get('/')
    assert.equal(page.status, 200)
    assert.ok(page.text.includes('ENOREPOSITORY'))
    for (const path of ['/', '/api/sources', '/api/packages']) assert.ok(!(await get(path)).text.includes(gone), path)
  })
})
