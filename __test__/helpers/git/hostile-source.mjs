/** A Git source before something hostile, and what has to hold whatever that is. */

import assert from 'node:assert/strict'
import { constants, existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { GitPackageSource } from '../../../index.mjs'
import { filesBelow } from '../cache-folder.mjs'
import { assertCoded } from '../hostile.mjs'
import { idsOf, watched } from '../local.mjs'
import { temporaryDirectory } from '../package-builder.mjs'
import { ONE_TRY } from '../remote.mjs'
import { repositoryOf, SOUND } from './hostile-repository.mjs'
import { serveRaw } from './raw-server.mjs'

/** What may lie in a cacheDir: what says that it is one, kept records, locks, and bare clones with the files that Git itself has there. */
const OWN_FILES =
  /^git\/(CACHEDIR\.TAG|v1\/([0-9a-f]+\/(contents|records)|tmp)\/[\w./-]+|[0-9a-f]{32}\/(lock|clone\/.+))$/
const CLONE_FILES =
  /\/clone\/(HEAD|config|description|shallow|packed-refs|hooks\/README\.sample|info\/exclude|objects\/[0-9a-z/]+|objects\/pack\/pack-[0-9a-f]{40}\.(pack|idx)|refs\/sources\/[0-9a-f]{32})$/

/** Longest message, in characters: it goes to people's consoles. */
const LONGEST = 1000

/** Two requests make a clone: one for the refs, one for the pack. */
export const CLONE = 2

/** What is not there might have been lost here: a look whether somebody else has cloned it anew, and one clone more. */
export const CLONE_ONCE_MORE = CLONE + 1 + CLONE

/**
 * A source whose cacheDir is the only thing in a folder of its own.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {string} url
 * @param {Partial<import('../../../index.mjs').GitSourceOptions>} [config]
 */
export function hostileSource(t, url, config = {}) {
  // Once nobody writes there any more, the folder goes.
  t.after(() => manager.whenIdle())
  const around = temporaryDirectory(t)
  const cacheDir = join(around, 'cache')
  const source = new GitPackageSource({ url, cacheDir, depth: Number.POSITIVE_INFINITY, ...ONE_TRY, ...config })
  const { manager, reports, status } = watched(source)
  return {
    source,
    manager,
    cacheDir,
    reports,
    status,
    codes: () => [...new Set(reports.map(({ error }) => error.code))],
    ids: () => idsOf(manager),
    /** The warnings so far, as `path reason`. */
    warnings: () => status().warnings.map(({ path, reason }) => `${path} ${reason}`),
    assertHarmless: () => assertHarmless({ around, cacheDir, reports, status }),
  }
}

/**
 * What has to hold whatever was read: only errors of ours were told, fit for a terminal, and nothing lies anywhere but in
 * the cacheDir, where there is nothing but Git's own files.
 */
function assertHarmless({ around, cacheDir, reports, status }) {
  const told = [...reports.map(({ error }) => error), ...[status().lastError].filter(Boolean)]
  for (const error of reports.map((report) => report.error)) assertCoded(error, error.message)
  const texts = [
    ...told.map(({ message }) => message),
    ...status().warnings.map(({ path, reason }) => `${path} ${reason}`),
  ]
  for (const text of texts) {
    assert.doesNotMatch(text, /\p{Cc}/u)
    assert.ok(text.length <= LONGEST, `${text.length} characters: ${text.slice(0, 100)}`)
  }
  assert.deepEqual(readdirSync(around), existsSync(cacheDir) ? ['cache'] : [])
  for (const { path, mode } of filesBelow(cacheDir)) {
    const name = relative(cacheDir, path)
    assert.equal(mode & constants.S_IFMT, constants.S_IFREG, name)
    assert.match(name, OWN_FILES)
    if (name.includes('/clone/')) assert.match(name, CLONE_FILES)
  }
}

/** Asserts that a source has left nothing in a cacheDir but what says that it is one. */
export function assertNothingKept(cacheDir) {
  assert.deepEqual(
    filesBelow(cacheDir)
      .map(({ path }) => relative(cacheDir, path))
      .filter((name) => name !== 'git/CACHEDIR.TAG'),
    [],
  )
}

/** A raw server and a source before it. Takes what {@link serveRaw} takes. */
export async function hostileServer(t, words, config) {
  const server = await serveRaw(t, words)
  return { server, ...hostileSource(t, server.url, config) }
}

/** The same source serves a sound repository as soon as there is one. */
export async function assertHeals({ server, source, manager, reports, ids, assertHarmless }) {
  server.says({ ...repositoryOf([SOUND]), ...HONEST })
  manager.clearAllCaches()
  const found = await ids()
  assert.deepEqual(found, ['sound'], reports.map(({ error }) => error.message).join('; '))
  assert.equal((await source.loadPackage('sound')).metadata.version, '1.0.0')
  assertHarmless()
}

/** Takes back what a server was told to say beside its refs and objects. */
const HONEST = { advertisement: undefined, answer: undefined, pack: undefined, capabilities: undefined, headers: {} }
