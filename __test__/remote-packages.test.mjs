// Packages, versions and searches of a registry, and the requests that are made for them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HOSTILE_IDS, shown } from './helpers/hostile.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'

describe('loadPackage', () => {
  test('asks GET {url}/packages/{id} and gives the whole package', async (t) => {
    const contents = {
      components: [{ id: 'root', props: { nested: [1, { two: null }] } }],
      scripts: '-- single',
      scriptFiles: [{ name: 'Init', path: 'scripts/init.lua', code: 'return 1', category: 'lifecycle' }],
      examples: { rows: [1, 2] },
      signature: 'a field of the registry',
    }
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'dashboard', version: '2.0.0', license: 'MIT' }, contents)
    const data = await remoteSource(registry, { id: 'mine' }).loadPackage('dashboard')
    assert.deepEqual(data, {
      metadata: {
        packageId: 'dashboard',
        name: 'dashboard',
        version: '2.0.0',
        description: '',
        author: '',
        category: 'ui',
        dependencies: [],
        minLevel: 1,
        license: 'MIT',
        sourceId: 'mine',
      },
      ...contents,
    })
    assert.deepEqual(
      registry.requests.map(({ path }) => path),
      ['/packages/dashboard'],
    )
  })

  test('fills in what a package lacks', async (t) => {
    const { url } = await rawServer(t, (_, response) => sendJson(response, { metadata: { packageId: 'bare' } }))
    const data = await remoteSource({ url }).loadPackage('bare')
    assert.deepEqual(data.components, [])
    assert.deepEqual(data.scriptFiles, [])
    assert.equal(data.metadata.version, '')
    assert.deepEqual(data.metadata.dependencies, [])
    assert.equal('scripts' in data, false)
    assert.equal('examples' in data, false)
  })

  test('asks for one version by its own address', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'a', version: '2.0.0' })
    const source = remoteSource(registry)
    assert.equal((await source.loadPackage('a', '1.0.0')).metadata.version, '1.0.0')
    assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
    assert.equal((await source.loadPackage('a', '2.0.0')).metadata.version, '2.0.0')
    assert.equal(await source.loadPackage('a', '3.0.0'), null)
    assert.deepEqual(
      registry.requests.map(({ path }) => path),
      ['/packages/a/versions/1.0.0', '/packages/a', '/packages/a/versions/2.0.0', '/packages/a/versions/3.0.0'],
    )
  })

  test('takes no id for an id and a version', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' })
    const source = remoteSource(registry)
    assert.notEqual(await source.loadPackage('a', '1.0.0'), null)
    for (const separator of ['\n', '\0', '\t', ' ', '@', '/', ':', '/versions/', '\u2028']) {
      assert.equal(await source.loadPackage(`a${separator}1.0.0`), null, shown(separator))
    }
  })

  test('takes undefined as no version', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    assert.equal((await remoteSource(registry).loadPackage('a', undefined)).metadata.packageId, 'a')
    assert.equal(registry.requests[0].path, '/packages/a')
  })

  test('gives null for 404, without a report', async (t) => {
    const registry = await startRegistry(t)
    const { manager, source, reports } = watchedRemote(registry)
    assert.equal(await source.loadPackage('unknown'), null)
    assert.equal(await manager.loadPackageFromSource('unknown', 'remote'), null)
    assert.deepEqual(reports, [])
  })

  for (const [name, body] of Object.entries({
    'no JSON': 'oops',
    'no object': [],
    'no metadata': { components: [] },
    'metadata without an id': { metadata: { name: 'A' } },
    'another package': { metadata: { packageId: 'b', version: '1.0.0' } },
  })) {
    test(`gives null, reported, for an answer that is ${name}`, async (t) => {
      const { url } = await rawServer(t, (_, response) => sendJson(response, body))
      const { manager, reports } = watchedRemote({ url })
      assert.equal(await manager.loadPackageFromSource('a', 'remote'), null)
      assert.equal(reports.length, 1)
      assert.equal(reports[0].error.code, 'EPROTOCOL')
      assert.deepEqual(reports[0].context, { sourceId: 'remote', operation: 'loadPackage', packageId: 'a' })
    })
  }
})

describe('getVersions', () => {
  test("gives the registry's list in its order", async (t) => {
    const registry = await startRegistry(t)
    for (const version of ['1.0.0', '2.0.0-rc.1', '1.1.0']) registry.publish({ packageId: 'a', version })
    assert.deepEqual(await remoteSource(registry).getVersions('a'), ['1.0.0', '2.0.0-rc.1', '1.1.0'])
    assert.equal(registry.requests[0].path, '/packages/a/versions')
  })

  test('gives [] for 404', async (t) => {
    const registry = await startRegistry(t)
    assert.deepEqual(await remoteSource(registry).getVersions('unknown'), [])
  })

  test('leaves out elements that are no versions', async (t) => {
    const versions = [{ version: '1.0.0' }, null, { version: 2 }, {}, '3.0.0', { version: '4.0.0' }]
    const { url } = await rawServer(t, (_, response) => sendJson(response, { packageId: 'a', versions }))
    const given = await remoteSource({ url }).getVersions('a')
    assert.deepEqual([given[0], given.at(-1)], ['1.0.0', '4.0.0'])
    for (const version of given) assert.equal(typeof version, 'string')
  })
})

describe('searchPackages', () => {
  test('asks GET {url}/packages/search and gives entries', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'data_table', category: 'ui' }).publish({ packageId: 'forum' })
    const found = await remoteSource(registry, { id: 'mine' }).searchPackages('table')
    assert.ok(Array.isArray(found))
    assert.deepEqual(
      found.map(({ packageId, sourceId }) => [packageId, sourceId]),
      [['data_table', 'mine']],
    )
    assert.equal(registry.requests[0].path, '/packages/search')
    assert.deepEqual(registry.requests[0].query, { q: 'table' })
  })

  test('passes its options on', async (t) => {
    const registry = await startRegistry(t)
    await remoteSource(registry).searchPackages('x', { category: 'a&b=c', minLevel: 2, page: 3, pageSize: 50 })
    assert.deepEqual(registry.requests[0].query, {
      q: 'x',
      category: 'a&b=c',
      minLevel: '2',
      page: '3',
      pageSize: '50',
    })
  })

  test('reads one page, the one asked for', async (t) => {
    const registry = await startRegistry(t, { maxPageSize: 2 })
    for (const packageId of ['t1', 't2', 't3', 't4', 't5']) registry.publish({ packageId })
    const source = remoteSource(registry)
    const ids = async (options) => (await source.searchPackages('t', options)).map(({ packageId }) => packageId)
    assert.deepEqual(await ids({ page: 1, pageSize: 2 }), ['t1', 't2'])
    assert.deepEqual(await ids({ page: 3, pageSize: 2 }), ['t5'])
    assert.deepEqual(await ids({ page: 4, pageSize: 2 }), [])
    assert.equal(registry.requests.length, 3)
  })

  test('encodes the query', async (t) => {
    const registry = await startRegistry(t)
    const query = 'ä & b=c#d?e+f%20 /../ "x"'
    await remoteSource(registry).searchPackages(query)
    assert.equal(registry.requests[0].query.q, query)
    assert.deepEqual(Object.keys(registry.requests[0].query), ['q'])
    assert.equal(registry.requests[0].path, '/packages/search')
  })

  test('takes the empty query', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    assert.equal((await remoteSource(registry).searchPackages('')).length, 1)
  })

  test('gives [] and a report where the registry fails', async (t) => {
    const registry = await startRegistry(t)
    registry.fault({ status: 500 })
    const { source, reports } = watchedRemote(registry)
    assert.deepEqual(await source.searchPackages('x'), [])
    assert.deepEqual(
      reports.map(({ error, context }) => [error.code, context.operation]),
      [['EHTTP', 'searchPackages']],
    )
  })
})

describe('ids and versions', () => {
  const ODD = [
    'ä',
    'a b',
    'a%20b',
    '100%',
    'a?b=c',
    'a#b',
    'a&b',
    'a+b',
    'a;b',
    'a=b',
    '😀',
    "it's",
    '{x}',
    'search?',
    '...',
  ]

  for (const id of ODD) {
    test(`are percent-encoded: ${shown(id)}`, async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: id, version: '1.0.0' }, { components: [{ id: 'right' }] })
      const source = remoteSource(registry)
      assert.deepEqual((await source.loadPackage(id))?.components, [{ id: 'right' }])
      assert.deepEqual(await source.getVersions(id), ['1.0.0'])
      assert.equal((await source.loadPackage(id, '1.0.0'))?.metadata.packageId, id)
      assert.equal(await source.hasPackage(id), true)
    })
  }

  for (const version of ['1.0.0+build.5', '1.0.0-ä', 'a b', '1/2', '1?2#3', '%2e%2e', '1.0.0%2f..']) {
    test(`are percent-encoded as versions: ${shown(version)}`, async (t) => {
      const registry = await startRegistry(t)
      registry.publish({ packageId: 'a', version }).publish({ packageId: 'a', version: '9.9.9' })
      assert.equal((await remoteSource(registry).loadPackage('a', version))?.metadata.version, version)
    })
  }

  for (const id of HOSTILE_IDS) {
    test(`that are hostile reach no other address: ${shown(id)}`, async (t) => {
      const { url, requests } = await rawServer(t, (_, response) => response.writeHead(404).end())
      const source = remoteSource({ url: `${url}/api/v1` })
      assert.equal(await source.loadPackage(id), null)
      assert.equal(await source.loadPackage(id, '1.0.0'), null)
      assert.equal(await source.loadPackage('safe', id), null)
      assert.deepEqual(await source.getVersions(id), [])
      for (const request of requests) {
        const segment = '(?!\\.{1,2}(/|$))[^/?#\\\\]+'
        assert.match(
          request.url,
          new RegExp(`^/api/v1/packages/${segment}(/versions(/${segment})?)?$`),
          request.url.slice(0, 200),
        )
      }
    })
  }
})

describe('requests', () => {
  test('carry the token and ask for JSON', async (t) => {
    const registry = await startRegistry(t, { token: 'secret-token' })
    registry.publish({ packageId: 'a' })
    const source = remoteSource(registry, { authToken: 'secret-token' })
    assert.equal((await source.fetchIndex()).length, 1)
    assert.notEqual(await source.loadPackage('a'), null)
    await source.getVersions('a')
    await source.searchPackages('a')
    assert.equal(registry.requests.length, 4)
    for (const { headers } of registry.requests) {
      assert.equal(headers.authorization, 'Bearer secret-token')
      assert.equal(headers.accept, 'application/json')
    }
  })

  test('carry no Authorization where there is no token', async (t) => {
    const registry = await startRegistry(t)
    await remoteSource(registry).fetchIndex()
    assert.equal('authorization' in registry.requests[0].headers, false)
    assert.equal(registry.requests[0].headers.accept, 'application/json')
  })

  test('are made when something is asked, not before', async (t) => {
    const registry = await startRegistry(t)
    const { source, status } = watchedRemote(registry)
    source.getConfig()
    assert.equal(status().state, 'unknown')
    assert.equal(registry.requests.length, 0)
  })
})
