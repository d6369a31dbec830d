/** A repository behind a server, and sources over one cache folder, for tests of what is kept there. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { inChild, rootUrl } from '../child.mjs'
import { fastImport, importCommits } from './fast-import.mjs'
import { startGitHttp } from './http-server.mjs'
import { gitCache, idle, watchedGit } from './source.mjs'

/** The files of the package `id` in a version. */
const files = (id, version) => [
  [`packages/${id}/seed/metadata.json`, JSON.stringify({ packageId: id, version })],
  [`packages/${id}/seed/scripts.lua`, `return "${id} ${version}"`],
]

/**
 * A repository with the packages `a` in 1.0.0 (tagged) and 2.0.0, and `b`, over http; and `start(config)`, which is what an
 * application has when it has just started: a watched source over the same cache folder each time.
 * @param {import('node:test').TestContext} t
 * @param {Parameters<typeof startGitHttp>[2]} [options]
 */
export async function restartable(t, options) {
  const repository = fastImport(t, [
    { files: [...files('a', '1.0.0'), ...files('b', '1.0.0')], tags: ['v1.0.0'] },
    { files: files('a', '2.0.0') },
  ])
  const server = await startGitHttp(t, repository.directory, options)
  const url = `${server.url}/${repository.name}`
  const cacheDir = gitCache(t)
  const start = (config = {}) => watchedGit(t, url, { cacheDir, ...config })
  /** Publishes a version of a package on a branch. */
  const publish = (id, version, branch = 'main') =>
    importCommits(repository, [{ files: files(id, version) }], { branch })
  return { repository, server, url, cacheDir, start, publish }
}

/** Everything that a source can be asked, as one value. */
export async function everything(source) {
  return {
    index: await source.fetchIndex(),
    newest: await source.loadPackage('a'),
    old: await source.loadPackage('a', '1.0.0'),
    other: await source.loadPackage('b'),
    versions: await source.getVersions('a'),
  }
}

/** Asks for everything and waits until it is on the disk. */
export async function fill({ source }) {
  const given = await everything(source)
  assert.equal(given.newest.scripts, 'return "a 2.0.0"')
  assert.equal(given.old.scripts, 'return "a 1.0.0"')
  assert.deepEqual(given.versions, ['2.0.0', '1.0.0'])
  await idle(source)
  return given
}

/** The text of a module that answers with {@link everything} of a source, where the addon is there as `addon`. */
const codeFor = (config) => `
  const source = new addon.GitPackageSource(${JSON.stringify({ maxAttempts: 1, ...config })})
  answer({
    index: await source.fetchIndex(),
    newest: await source.loadPackage('a'),
    old: await source.loadPackage('a', '1.0.0'),
    other: await source.loadPackage('b'),
    versions: await source.getVersions('a'),
  })
  const manager = new addon.PackageSourceManager()
  manager.addSource(source)
  await manager.whenIdle()
`

/**
 * What {@link everything} gives in a process of its own.
 * @param {object} config
 * @param {Parameters<typeof inChild>[1]} [options]
 */
export async function everythingInChild(config, options) {
  return (await inChild(codeFor(config), options)).answer
}

/** What {@link everything} gives in a worker thread. */
export async function everythingInWorker(config) {
  const code = `
    const answer = (value) => require('node:worker_threads').parentPort.postMessage(value)
    import(${JSON.stringify(new URL('index.mjs', rootUrl).href)}).then(async (addon) => {${codeFor(config)}})
  `
  const worker = new Worker(code, { eval: true })
  const ended = once(worker, 'exit')
  const [answer] = await once(worker, 'message')
  await ended
  return answer
}

/** What {@link everything} is where nothing is there. */
export const NOTHING = { index: [], newest: null, old: null, other: null, versions: [] }

/** The folders of the clones in a cache folder: each has `clone` and `lock`. */
export function cloneFolders(cacheDir) {
  const folder = join(cacheDir, 'git')
  return readdirSync(folder)
    .filter((name) => !['v1', 'CACHEDIR.TAG'].includes(name))
    .map((name) => join(folder, name))
}

/** The one clone in a cache folder. */
export function cloneIn(cacheDir) {
  const folders = cloneFolders(cacheDir)
  if (folders.length !== 1) throw new Error(`${folders.length} clones in ${cacheDir}`)
  return join(folders[0], 'clone')
}
