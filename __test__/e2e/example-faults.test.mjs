/** The example while something around it is broken. */

import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { startRegistry } from '../helpers/loopback-registry.mjs'
import { packagesFolder, temporaryDirectory } from '../helpers/package-builder.mjs'
import { until } from '../helpers/until.mjs'
import { assertError, clientOf, idsOf } from './helpers/ask.mjs'
import { builtApp, CATALOGUE, idsIn, PACKAGES, serveApp } from './helpers/example-app.mjs'

describe('the example', () => {
  let directory
  before(async () => {
    directory = await builtApp('turbopack')
  })

  /** A client of the example, which is ended with the test; it has no Git repository. */
  async function serve(t, options) {
    const app = await serveApp(directory, { gitUrl: '', ...options })
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
    const get = await serve(t, { registryUrl: '' })
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
    const get = await serve(t, { packagesDir: join(temporaryDirectory(t), 'gone'), registryUrl: '' })
    assertError(await get('/api/packages/index'), 503, 'ESOURCE')
    assert.deepEqual((await get('/api/packages')).body, { packages: [] })
  })

  it('gives the index again once the packages folder is there', async (t) => {
    const parent = temporaryDirectory(t)
    const packagesDir = join(parent, 'packages')
    const get = await serve(t, { packagesDir })
    assertError(await get('/api/packages/index'), 503, 'ESOURCE')
    // No other route is asked meanwhile: this one alone has to notice.
    cpSync(PACKAGES, packagesDir, { recursive: true })
    const index = await until(
      async () => {
        const answer = await get('/api/packages/index')
        return answer.status !== 503 && answer
      },
      { what: 'the index', every: 100 },
    )
    assert.equal(index.status, 200)
    assert.deepEqual(idsOf(index.body.packages).sort(), idsIn(PACKAGES))
    const [local] = (await get('/api/sources')).body.sources
    assert.deepEqual([local.state, local.lastError], ['ok', null])
  })

  it('tells nobody where the packages folder lies', async (t) => {
    const packagesDir = join(temporaryDirectory(t), 'gone')
    const get = await serve(t, { packagesDir })
    const { body, text } = await get('/api/sources')
    assert.equal(body.sources[0].lastError.code, 'ENOPACKAGES')
    assert.ok(body.sources[0].lastError.message.length > 0)
    assert.ok(!text.includes(packagesDir), text)
    const page = await get('/')
    assert.equal(page.status, 200)
    assert.ok(page.text.includes('ENOPACKAGES'))
    assert.ok(!page.text.includes(packagesDir))
  })

  it('shows packages whose dependency ranges make no sense', async (t) => {
    const registry = await startRegistry(t)
    const odd = {
      ranges_null: null,
      ranges_text: '^1.0.0',
      ranges_number: 1,
      ranges_list: ['^1.0.0'],
      range_null: { other: null },
      range_object: { other: { toString: 'no function' } },
    }
    for (const [packageId, dependencyRanges] of Object.entries(odd)) {
      registry.publish({ packageId, dependencies: ['other'], dependencyRanges })
    }
    registry.publish({ packageId: 'ranges_right', dependencies: ['other'], dependencyRanges: { other: '^7.1.0' } })
    const { status, text } = await (await serve(t, { registryUrl: registry.url }))('/')
    assert.equal(status, 200)
    for (const id of [...Object.keys(odd), 'ranges_right']) assert.ok(text.includes(`data-package="${id}"`), id)
    assert.ok(text.includes('^7.1.0'))
    assert.ok(!text.includes('[object Object]'))
  })

  it('looks for the beginning of what is too long to look for', async (t) => {
    const get = await serve(t, {})
    const { status, text } = await get(`/?q=dash${'%20'.repeat(1020)}nowhere`)
    assert.equal(status, 200)
    assert.ok(text.includes('data-package="dashboard"'))
    // The bound falls between the halves of a character here.
    assert.equal((await get(`/?q=${'x'.repeat(1023)}${encodeURIComponent('😀')}`)).status, 200)
    assert.match(text, /<input[^>]* maxlength="1024"/i)
    assertError(await get(`/api/packages/search?q=${'x'.repeat(1025)}`), 400, 'EINVALIDARG')
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

  it('serves its registry where its own sources fail', async (t) => {
    const get = await serve(t, { packagesDir: join(temporaryDirectory(t), 'gone'), registryUrl: 'http://127.0.0.1:1' })
    const { status, body } = await get('/api/v1/packages')
    assert.equal(status, 200)
    assert.deepEqual(idsOf(body.packages).sort(), idsIn(CATALOGUE))
  })

  it('goes on without a store for its registry', async (t) => {
    const store = join(temporaryDirectory(t), 'store')
    writeFileSync(store, 'a file, and no folder')
    const get = await serve(t, { env: { PACKAGE_REGISTRY_STORE: store } })
    assert.deepEqual(idsOf((await get('/api/packages')).body.packages).sort(), idsIn(PACKAGES))
    const failed = await get('/api/v1/packages')
    assert.ok(failed.status >= 500, failed.text)
    assert.ok(!failed.text.includes(store), failed.text)
  })

  it('refuses searches of its registry that are out of bounds', async (t) => {
    const get = await serve(t)
    for (const query of ['page=3000000000', 'page=0', 'pageSize=x', 'pageSize=1001', `q=${'x'.repeat(1025)}`]) {
      const { status, headers, text } = await get(`/api/v1/packages/search?${query}`)
      assert.equal(status, 400, query)
      assert.match(headers.get('content-type'), /^application\/problem\+json/)
      assert.equal(JSON.parse(text).code, 'EINVALIDARG')
    }
    const far = await get('/api/v1/packages/search?page=2147483648')
    assert.deepEqual([far.status, far.body.packages, far.body.totalCount], [200, [], idsIn(CATALOGUE).length])
    assert.equal((await get(`/api/v1/packages/search?q=${'x'.repeat(1024)}`)).status, 200)
  })
})
