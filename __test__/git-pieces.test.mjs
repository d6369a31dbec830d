// A server's refs may come in pieces, cut anywhere.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GitPackageSource } from '../index.mjs'
import { cacheFolder } from './helpers/cache-folder.mjs'
import { refsAdvertisement } from './helpers/git/answers.mjs'
import { smallRepository } from './helpers/git/client.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { idsOf } from './helpers/local.mjs'

test('refs over HTTP are whole wherever they are cut', async (t) => {
  const repository = smallRepository(t)
  const server = await startGitHttp(t, repository.directory)
  const refs = ['HEAD', 'refs/heads/main'].map((name) => [name, repository.head()])
  const { body, ...answer } = refsAdvertisement(refs, 'multi_ack side-band-64k ofs-delta shallow')
  for (let cut = 1; cut < body.length; cut++) {
    server.respond(({ command }) => {
      // Each piece is a chunk of the answer, and stays one on the way.
      return command === 'advertise' ? { ...answer, body: [body.subarray(0, cut), body.subarray(cut)] } : undefined
    })
    const source = new GitPackageSource({ url: `${server.url}/${repository.name}`, cacheDir: cacheFolder(t) })
    assert.deepEqual(await idsOf(source), ['dashboard'], `cut after ${cut} bytes`)
  }
})
