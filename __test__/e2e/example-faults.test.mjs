/** The example while something around it is broken. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { startRegistry } from '../helpers/loopback-registry.mjs'
import { packagesFolder, temporaryDirectory } from '../helpers/package-builder.mjs'
import { assertError, clientOf, idsOf } from './helpers/ask.mjs'
import { builtApp, idsIn, PACKAGES, serveApp } from './helpers/example-app.mjs'

describe('the example', () => {
  let directory
  before(async () => {
    directory = await builtApp('turbopack')
  })

  /** A client of the example, which is ended with the test. */
  async function serve(t, options) {
    const app = await serveApp(directory, options)
    t.after(() => app.close())
    return clientOf(app.url)
  }

  it('goes on with the local packages where the registry fails', async (t) => {
    const registry = await startRegistry(t)
    registry.fault({ status: 503 })
    const get = await serve(t, { registryUrl: registry.url })
    assert.deepEqual(idsOf((await get('/api/packages')).body.packages).sort(), idsIn(PACKAGES))
    const { sources } = (await get('/api/sources')).body
    assert.deepEqual(
      sources.map(({ sourceId, state }) => [sourceId, state]),
      [
        ['local', 'ok'],
        ['registry', 'failing'],
      ],
    )
    assert.equal(sources[1].lastError.code, 'EHTTP')
    assert.equal((await get('/')).status, 200)
    assert.equal((await get('/api/packages/dashboard')).status, 200)
  })

  it('works without a registry', async (t) => {
    const get = await serve(t, {})
    assert.deepEqual(
      (await get('/api/sources')).body.sources.map(({ sourceId }) => sourceId),
      ['local'],
    )
    assert.deepEqual(idsOf((await get('/api/packages')).body.packages).sort(), idsIn(PACKAGES))
  })

  it('tells nobody the token', async (t) => {
    const token = 'token-7f3a9'
    const registry = await startRegistry(t, { token })
    registry.publish({ packageId: 'remote_only' })
    const get = await serve(t, { registryUrl: registry.url, env: { PACKAGE_REGISTRY_AUTH_TOKEN: token } })
    assert.ok(idsOf((await get('/api/packages')).body.packages).includes('remote_only'))
    for (const path of ['/', '/api/packages', '/api/packages/remote_only', '/api/sources', '/api/examples']) {
      const { status, text } = await get(path)
      assert.equal(status, 200, path)
      assert.ok(!text.includes(token), path)
    }
  })

  it('answers 503 to the index where the packages folder is gone', async (t) => {
    const get = await serve(t, { packagesDir: join(temporaryDirectory(t), 'gone') })
    assertError(await get('/api/packages/index'), 503, 'ESOURCE')
    assert.deepEqual((await get('/api/packages')).body, { packages: [] })
  })

  it('shows a malformed package as a warning and the others as packages', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('whole')
    folder.file('broken/package.json', '{ "packageId": ')
    const get = await serve(t, { packagesDir: folder.path })
    assert.deepEqual(idsOf((await get('/api/packages/index')).body.packages), ['whole'])
    const [local] = (await get('/api/sources')).body.sources
    assert.equal(local.state, 'ok')
    assert.deepEqual(
      local.warnings.map(({ path }) => path),
      ['broken/package.json'],
    )
  })
})
