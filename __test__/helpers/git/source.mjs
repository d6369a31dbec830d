/** Shorthands for tests of the Git source. */

import { GitPackageSource, PackageSourceManager } from '../../../index.mjs'
import { cacheFolder } from '../cache-folder.mjs'
import { watched } from '../local.mjs'
import { ONE_TRY } from '../remote.mjs'

/** The sources over each cache folder. */
const users = new Map()

/**
 * A cache folder for Git sources, which is removed when the test ends: once those sources write to it no more.
 * @param {{ after: (fn: () => unknown) => void }} t
 */
export function gitCache(t) {
  const sources = []
  t.after(() => Promise.all(sources.map(idle)))
  const folder = cacheFolder(t)
  users.set(folder, sources)
  return folder
}

/** Waits until a source has done what nobody waits for. */
export function idle(source) {
  const manager = new PackageSourceManager()
  manager.addSource(source)
  return manager.whenIdle()
}

/**
 * A Git source, by default with a cache folder of its own and one try a failure.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {{ path: string } | string} repository A repository of the builder, read by its path, or any URL.
 * @param {Partial<import('../../../index.mjs').GitSourceOptions>} [config]
 * @param {typeof GitPackageSource} [Source] A subclass.
 */
export function gitSource(t, repository, config = {}, Source = GitPackageSource) {
  const url = typeof repository === 'string' ? repository : repository.path
  const { cacheDir = gitCache(t) } = config
  const source = new Source({ url, ...ONE_TRY, ...config, cacheDir })
  users.get(cacheDir)?.push(source)
  return source
}

/** A manager with a Git source alone, and what it reports. Takes what {@link gitSource} takes. */
export function watchedGit(t, repository, config) {
  const source = gitSource(t, repository, config)
  return { source, ...watched(source) }
}
