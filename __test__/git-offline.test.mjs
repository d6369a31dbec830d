// `offline`: what was fetched once is given, and nobody is asked.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { filesBelow } from './helpers/cache-folder.mjs'
import { everything, everythingInChild, fill, NOTHING, restartable } from './helpers/git/cached.mjs'
import { watchedGit } from './helpers/git/source.mjs'
import { idsOf } from './helpers/local.mjs'
import { until } from './helpers/until.mjs'

describe('Offline', () => {
  test('everything is given from the clone, and nobody is asked', async (t) => {
    const { server, start } = await restartable(t)
    const first = start()
    await first.source.fetchIndex()
    await first.manager.whenIdle()
    const asked = server.requests.length
    const { source, manager, reports, status } = start({ offline: true, cacheExpiry: 0 })
    const { index, old, other, versions } = await everything(source)
    assert.deepEqual([index.length, old.scripts, other.scripts], [2, 'return "a 1.0.0"', 'return "b 1.0.0"'])
    assert.deepEqual(versions, ['2.0.0', '1.0.0'])
    assert.deepEqual(await idsOf(manager), ['a', 'b'])
    source.clearCache()
    assert.deepEqual(await idsOf(source), ['a', 'b'])
    assert.deepEqual([server.requests.length, status().requests, reports], [asked, 0, []])
  })

  test('there is nothing, with EOFFLINE, where nothing was fetched', async (t) => {
    const { server, cacheDir, start } = await restartable(t)
    const { source, manager, reports, status } = start({ offline: true })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.deepEqual(await everything(source), NOTHING)
    assert.deepEqual([status().state, status().lastError.code], ['failing', 'EOFFLINE'])
    for (const { error } of reports) assert.equal(error.code, 'EOFFLINE')
    assert.deepEqual([server.requests, filesBelow(cacheDir)], [[], []])
  })

  test('what others fetch later is found', async (t) => {
    const { url, cacheDir, start } = await restartable(t)
    const { source } = start({ offline: true })
    assert.deepEqual(await everything(source), NOTHING)
    await everythingInChild({ url, cacheDir })
    await until(async () => (await source.fetchIndex()).length === 2, { what: 'the index' })
    assert.equal((await source.loadPackage('a')).scripts, 'return "a 2.0.0"')
  })

  test('no token is asked for', async (t) => {
    const { start } = await restartable(t)
    let asked = 0
    const authToken = () => `token ${asked++}`
    assert.deepEqual(await start({ offline: true, authToken }).source.fetchIndex(), [])
    assert.equal(asked, 0)
  })

  test('a folder is not looked at either', async (t) => {
    const { repository, cacheDir } = await restartable(t)
    const start = (config) => watchedGit(t, repository, { cacheDir, ...config })
    await fill(start())
    repository.remove()
    assert.equal((await everything(start({ offline: true }).source)).versions.length, 2)
  })
})
