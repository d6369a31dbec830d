// What is in the clone already isn't sent again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesOfPackage, manifestOfPackage } from '../bench/git/packages.mjs'
import { GitPackageSource } from '../index.mjs'
import { cacheFolder } from './helpers/cache-folder.mjs'
import { fastImport, importCommits, manyPackages } from './helpers/git/fast-import.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'

/** Bytes that a server has answered requests for objects with so far. */
const objectBytes = ({ requests }) =>
  requests.reduce((sum, { command, sent }) => (command === 'fetch' ? sum + sent : sum), 0)

for (const depth of [1, 3, Number.POSITIVE_INFINITY]) {
  test(`a few new commits bring little more than what is new, with depth ${depth}`, async (t) => {
    const repository = fastImport(t, manyPackages({ packages: 200, tags: 3, filesOf: filesOfPackage }))
    const server = await startGitHttp(t, repository.directory)
    const url = `${server.url}/${repository.name}`
    const source = new GitPackageSource({ url, cacheDir: cacheFolder(t), cacheExpiry: 0, depth })
    await source.fetchIndex()
    const first = objectBytes(server)
    let before = first
    for (const commits of [1, 5]) {
      for (let n = 0; n < commits; n++) {
        const files = [manifestOfPackage(`packages/package_${n}`, `package_${n}`, `2.${commits}.0`)]
        importCommits(repository, [{ files }])
      }
      const [{ version }] = await source.fetchIndex()
      assert.equal(version, `2.${commits}.0`)
      const later = objectBytes(server) - before
      before += later
      assert.ok(later < first / 10, `${later} bytes after ${commits} new commits, ${first} at first`)
    }
  })
}
