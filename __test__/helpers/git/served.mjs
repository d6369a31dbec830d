/** Repositories behind servers, for tests of what a Git source asks of them. */

import { startGitDaemon } from './daemon.mjs'
import { startGitHttp } from './http-server.mjs'
import { gitRepository } from './repository.mjs'

/** Places that the same repository is to be had from: each gives its URL there. */
export const HOSTS = {
  'a path': async (_, repository) => repository.path,
  'a daemon': async (t, repository) => `${(await startGitDaemon(t, repository.directory)).url}/${repository.name}`,
  HTTP: async (t, repository) => `${(await startGitHttp(t, repository.directory)).url}/${repository.name}`,
}

/** A repository whose first commit has the packages `a` and `b`, in version 1.0.0. */
export function twoPackages(t, options = {}) {
  const repository = gitRepository(t, { bare: true, ...options })
  repository.packages.seed('a').script('return "marker"')
  repository.packages.seed('b')
  repository.commit()
  return repository
}

/**
 * The same behind an HTTP server: `{ repository, server, url }`.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {Parameters<typeof startGitHttp>[2]} [options]
 */
export async function servedOverHttp(t, options) {
  const repository = twoPackages(t)
  const server = await startGitHttp(t, repository.directory, options)
  return { repository, server, url: `${server.url}/${repository.name}` }
}

/** Commits a package in another version; returns the commit's id. */
export function publish(repository, packageId, version) {
  repository.packages.seed(packageId, { version })
  return repository.commit(`${packageId} ${version}`)
}

/** The version that a source lists of a package; `undefined` where it lists none. */
export async function listedVersion(source, packageId = 'a') {
  return (await source.fetchIndex()).find((entry) => entry.packageId === packageId)?.version
}
