/** The example's routes over HTTP, the same for a build by either bundler. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { assertError, clientOf, idsOf } from './helpers/ask.mjs'
import { builtApp, CATALOGUE, headOf, idsIn, manifestsIn, PACKAGES, RELEASE, serveApp } from './helpers/example-app.mjs'

const localIds = idsIn(PACKAGES)
const registryIds = idsIn(CATALOGUE)
const gitIds = idsIn(RELEASE)
const allIds = [...new Set([...localIds, ...registryIds, ...gitIds])].sort()
const sharedIds = localIds.filter((id) => registryIds.includes(id))

for (const bundler of ['webpack', 'turbopack']) {
  describe(`built with ${bundler}`, () => {
    let directory
    let app
    let get
    let head

    before(async () => {
      directory = await builtApp(bundler)
      app = await serveApp(directory)
      get = clientOf(app.url)
      head = headOf(join(directory, '.repository'))
    })
    after(async () => {
      await app?.close()
    })

    it('holds the native addon beside the server', () => {
      const files = readdirSync(join(directory, '.next/standalone/node_modules/@metabuilder/package-sources'))
      assert.ok(
        files.some((name) => name.endsWith('.node')),
        files.join(' '),
      )
    })

    it('holds what is read when the server starts, and nothing of the sources', () => {
      const expected = ['.next', 'node_modules', 'package.json', 'registry', 'repository', 'server.js']
      assert.deepEqual(readdirSync(join(directory, '.next/standalone')).sort(), expected)
    })

    describe('GET /api/packages/index', () => {
      it('gives the local packages as the description has it', async () => {
        const { status, headers, body } = await get('/api/packages/index')
        assert.equal(status, 200)
        assert.match(headers.get('content-type'), /^application\/json/)
        assert.ok(headers.get('cache-control'))
        assert.deepEqual(Object.keys(body), ['packages'])
        const described = ({ packageId, name, version, minLevel, dependencies }) => ({
          packageId,
          name,
          version,
          minLevel,
          dependencies: Array.isArray(dependencies) ? dependencies : Object.keys(dependencies ?? {}),
        })
        assert.deepEqual(body.packages.map(described), manifestsIn(PACKAGES).map(described))
        for (const entry of body.packages) assert.ok(Array.isArray(entry.dependencies), entry.packageId)
      })

      it('answers 304 to whoever has it, and only to them', async () => {
        const first = await get('/api/packages/index')
        const etag = first.headers.get('etag')
        // Whatever compresses the answer on its way doesn't know of the tag.
        assert.match(etag, /^W\/"[^"]+"$/)
        for (const known of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
          const again = await get('/api/packages/index', { headers: { 'If-None-Match': known } })
          assert.equal(again.status, 304, known)
          assert.equal(again.text, '')
          assert.equal(again.headers.get('etag'), etag)
        }
        const other = await get('/api/packages/index', { headers: { 'If-None-Match': '"other"' } })
        assert.equal(other.status, 200)
        assert.equal(other.text, first.text)
      })

      it('is the same for every level', async () => {
        const { text } = await get('/api/packages/index')
        const asUser = await get('/api/packages/index?level=1', { headers: { Cookie: 'level=1' } })
        assert.equal(asUser.text, text)
      })
    })

    describe('GET /api/packages', () => {
      it('merges all sources', async () => {
        const { status, body } = await get('/api/packages')
        assert.equal(status, 200)
        assert.deepEqual(idsOf(body.packages).sort(), allIds)
        for (const entry of body.packages) {
          const sources = [localIds, registryIds, gitIds].filter((ids) => ids.includes(entry.packageId))
          assert.equal(entry.availableSources.length, sources.length, entry.packageId)
          assert.ok(entry.availableSources.includes(entry.selectedSource), entry.packageId)
          assert.equal(entry.sourceId, entry.selectedSource)
        }
      })

      it('names the commit of what comes from the Git repository', async () => {
        const { body } = await get('/api/packages')
        const selected = body.packages.filter((entry) => entry.selectedSource === 'git')
        assert.deepEqual(idsOf(selected).sort(), gitIds)
        for (const { packageId, version, revision } of selected) {
          assert.deepEqual([version, revision], ['2.1.0', head], packageId)
        }
        assert.ok(body.packages.every((entry) => entry.selectedSource === 'git' || entry.revision === undefined))
      })

      it('filters by the level in the query, else by the one in the cookie', async () => {
        const { body } = await get('/api/packages')
        const upTo = (level) => idsOf(body.packages.filter((entry) => entry.minLevel <= level))
        assert.ok(upTo(1).length > 0 && upTo(1).length < upTo(3).length && upTo(3).length < upTo(6).length)
        for (const level of [1, 2, 3, 4, 5, 6]) {
          assert.deepEqual(idsOf((await get(`/api/packages?level=${level}`)).body.packages), upTo(level))
          const byCookie = await get('/api/packages', { headers: { Cookie: `other=1; level=${level}` } })
          assert.deepEqual(idsOf(byCookie.body.packages), upTo(level))
          assert.match(byCookie.headers.get('vary') ?? '', /cookie/i)
        }
        const both = await get('/api/packages?level=1', { headers: { Cookie: 'level=6' } })
        assert.deepEqual(idsOf(both.body.packages), upTo(1))
      })

      it('refuses what is no level', async () => {
        for (const level of ['0', '7', '-1', '1.5', 'admin', '1e0', '%00']) {
          assertError(await get(`/api/packages?level=${level}`), 400, 'EINVALIDARG')
        }
        assertError(await get('/api/packages', { headers: { Cookie: 'level=99' } }), 400, 'EINVALIDARG')
      })
    })

    describe('GET /api/packages/[id]', () => {
      it('gives every package of the merged index whole', async () => {
        const { body } = await get('/api/packages')
        for (const { packageId, version, selectedSource } of body.packages) {
          const loaded = await get(`/api/packages/${packageId}`)
          assert.equal(loaded.status, 200, packageId)
          assert.equal(loaded.body.metadata.packageId, packageId)
          assert.equal(loaded.body.metadata.version, version)
          assert.equal(loaded.body.metadata.sourceId, selectedSource)
          assert.ok(loaded.body.components.length > 0, packageId)
          for (const script of loaded.body.scriptFiles) assert.ok(script.code.length > 0, `${packageId} ${script.path}`)
        }
      })

      it('knows no other ids', async () => {
        const strangers = [
          'nowhere',
          '__proto__',
          'constructor',
          '..%2Fdashboard',
          '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
          'a%00b',
          'x'.repeat(3000),
        ]
        for (const id of strangers) assertError(await get(`/api/packages/${id}`), 404, 'ENOTFOUND')
      })

      it('is closed to lower levels', async () => {
        const { body } = await get('/api/packages')
        const closed = body.packages.find((entry) => entry.minLevel > 1)
        for (const rest of ['', '/versions', '/explain']) {
          const path = `/api/packages/${closed.packageId}${rest}`
          assertError(await get(`${path}?level=${closed.minLevel - 1}`), 403, 'EFORBIDDEN')
          assert.equal((await get(`${path}?level=${closed.minLevel}`)).status, 200)
        }
      })
    })

    describe('GET /api/packages/[id]/versions', () => {
      it('gives the versions by source', async () => {
        assert.ok(sharedIds.length > 0)
        const [local, remote] = [PACKAGES, CATALOGUE].map(
          (folder) => new Map(manifestsIn(folder).map((one) => [one.packageId, one.version])),
        )
        for (const id of sharedIds) {
          const { status, body } = await get(`/api/packages/${id}/versions`)
          assert.equal(status, 200)
          assert.deepEqual(body, { packageId: id, versions: { local: [local.get(id)], registry: [remote.get(id)] } })
        }
      })

      it("gives those of the repository's tags, newest first", async () => {
        const versionsOf = async (id) => (await get(`/api/packages/${id}/versions`)).body.versions
        for (const id of ['event_calendar', 'poll_booth']) {
          assert.deepEqual(await versionsOf(id), { git: ['2.1.0', '2.0.0'] }, id)
        }
        // Not yet in the release before.
        assert.deepEqual((await versionsOf('nav_menu')).git, ['2.1.0'])
      })

      it('knows no other ids', async () => {
        assertError(await get('/api/packages/nowhere/versions'), 404, 'ENOTFOUND')
      })
    })

    describe('GET /api/packages/search', () => {
      it('finds by id first', async () => {
        const { status, body } = await get('/api/packages/search?q=dashboard')
        assert.equal(status, 200)
        assert.equal(body.packages[0].packageId, 'dashboard')
        assert.equal(body.totalCount, body.packages.length)
      })

      it('finds everything without words, page by page', async () => {
        const pageSize = 4
        const ids = []
        for (let page = 1; page <= Math.ceil(allIds.length / pageSize); page++) {
          const { body } = await get(`/api/packages/search?page=${page}&pageSize=${pageSize}`)
          assert.equal(body.totalCount, allIds.length)
          assert.equal(body.page, page)
          ids.push(...idsOf(body.packages))
        }
        assert.deepEqual(ids.sort(), allIds)
      })

      it('filters by level and category', async () => {
        const { body } = await get('/api/packages')
        const { category } = body.packages.find((entry) => entry.packageId === 'dashboard')
        const fits = body.packages.filter((entry) => entry.category === category && entry.minLevel <= 2)
        const found = await get(`/api/packages/search?category=${category}&level=2&pageSize=100`)
        assert.deepEqual(idsOf(found.body.packages).sort(), idsOf(fits).sort())
      })

      it('refuses what is no page', async () => {
        for (const query of ['page=0', 'page=x', 'page=', 'page=1.5', 'pageSize=0', 'pageSize=1001', 'pageSize=-1']) {
          assertError(await get(`/api/packages/search?${query}`), 400, 'EINVALIDARG')
        }
      })
    })

    describe('GET /api/v1/packages', () => {
      it('is the registry that the second catalogue comes from', async () => {
        const { status, headers, body } = await get('/api/v1/packages')
        assert.equal(status, 200)
        assert.match(headers.get('cache-control'), /max-age/)
        assert.deepEqual(idsOf(body.packages), registryIds)
        assert.deepEqual([body.totalCount, body.page], [registryIds.length, 1])
        const known = await get('/api/v1/packages', { headers: { 'If-None-Match': headers.get('etag') } })
        assert.deepEqual([known.status, known.text], [304, ''])
      })

      it('gives every package with the bytes that its checksum promises', async () => {
        for (const { packageId, version, checksum } of (await get('/api/v1/packages')).body.packages) {
          const { status, text } = await get(`/api/v1/packages/${packageId}/versions/${version}`)
          assert.equal(status, 200, packageId)
          assert.equal(createHash('sha256').update(text).digest('hex'), checksum, packageId)
          assert.equal((await get(`/api/v1/packages/${packageId}`)).text, text, packageId)
        }
      })

      it('answers nothing else', async () => {
        assert.equal((await get('/api/v1/packages/nowhere')).status, 404)
        assert.equal((await get('/api/v1/packages', { method: 'POST' })).status, 405)
        const { status, text } = await get('/api/v1/packages', { method: 'HEAD' })
        assert.deepEqual([status, text], [200, ''])
      })
    })

    it('explains every conflict', async () => {
      const { body } = await get('/api/packages')
      for (const { packageId, selectedSource } of body.packages.filter((entry) => entry.availableSources.length > 1)) {
        const explanation = (await get(`/api/packages/${packageId}/explain`)).body
        assert.equal(explanation.selectedSource, selectedSource)
        const [winners, losers] = [true, false].map((won) =>
          explanation.candidates.filter((one) => one.selected === won),
        )
        assert.deepEqual(
          winners.map((one) => [one.sourceId, one.reason]),
          [[selectedSource, null]],
        )
        assert.equal(losers.length, 1)
        assert.ok(losers[0].reason, packageId)
      }
    })

    it('tells how the sources are', async () => {
      await get('/api/packages')
      const { body } = await get('/api/sources')
      assert.deepEqual(
        body.sources.map(({ sourceId, type, state, packageCount, branch, revision, lastError, warnings }) => ({
          sourceId,
          type,
          state,
          packageCount,
          ...(type === 'git' && { branch, revision }),
          lastError,
          warnings,
        })),
        [
          {
            sourceId: 'local',
            type: 'local',
            state: 'ok',
            packageCount: localIds.length,
            lastError: null,
            warnings: [],
          },
          {
            sourceId: 'registry',
            type: 'remote',
            state: 'ok',
            packageCount: registryIds.length,
            lastError: null,
            warnings: [],
          },
          {
            sourceId: 'git',
            type: 'git',
            state: 'ok',
            packageCount: gitIds.length,
            branch: 'main',
            revision: head,
            lastError: null,
            warnings: [],
          },
        ],
      )
    })

    it("runs the description's examples", async () => {
      const { body } = await get('/api/examples?level=2')
      assert.deepEqual(body.packages.sort(), allIds)
      assert.equal(body.dashboard.packageId, 'dashboard')
      assert.equal(body.exists, false)
      assert.deepEqual(Object.keys(body.versions), ['local', 'registry'])
      assert.equal(body.remotePkg.sourceId, 'registry')
      assert.deepEqual(
        body.userPackages.sort(),
        manifestsIn(PACKAGES)
          .filter((manifest) => (manifest.minLevel || 1) <= 2)
          .map((manifest) => manifest.packageId),
      )
    })

    describe('GET /', () => {
      it('shows every package without JavaScript', async () => {
        const { status, headers, text } = await get('/')
        assert.equal(status, 200)
        assert.match(headers.get('content-type'), /^text\/html/)
        assert.equal(headers.get('x-powered-by'), null)
        for (const id of allIds) assert.ok(text.includes(`data-package="${id}"`), id)
      })

      it('shows the commit that packages of the Git repository come from', async () => {
        const { text } = await get('/')
        const [, card] = /<li[^>]* data-source="git"(.*?)<\/li>/s.exec(text)
        const [, row] = /<li[^>]* data-package="poll_booth"(.*?)<\/li>/s.exec(text)
        for (const part of [card, row])
          assert.ok(part.includes(`<code title="${head}">${head.slice(0, 7)}</code>`), part)
        assert.match(row, /versions 2\.1\.0, 2\.0\.0</)
      })

      it('remembers the level in a cookie', async () => {
        const chosen = await get('/?level=3')
        assert.match(chosen.headers.get('set-cookie'), /^level=3;.*HttpOnly/i)
        const remembered = await get('/', { headers: { Cookie: 'level=1' } })
        const { body } = await get('/api/packages')
        for (const { packageId, minLevel } of body.packages) {
          assert.equal(remembered.text.includes(`data-package="${packageId}"`), minLevel <= 1, packageId)
        }
        const forgotten = await get('/?level=', { headers: { Cookie: 'level=1' } })
        assert.match(forgotten.headers.get('set-cookie'), /^level=;/)
      })

      it('writes what it is asked for as text', async () => {
        const { text } = await get(`/?q=${encodeURIComponent('"><script>alert(1)</script>')}`)
        assert.ok(!text.includes('<script>alert(1)'))
      })
    })

    it('answers nothing else', async () => {
      assert.equal((await get('/api/nothing')).status, 404)
      assert.equal((await get('/api/packages', { method: 'POST' })).status, 405)
    })
  })
}
