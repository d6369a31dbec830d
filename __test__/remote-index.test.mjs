// What a registry's index becomes: all pages, normalised entries, warnings for what is none.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RemotePackageSource } from '../index.mjs'
import { assertOnlyWarnings } from './helpers/hostile.mjs'
import { idsOf, watched } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'
import { captureConsoleError } from './helpers/reports.mjs'

const numbered = (count) => Array.from({ length: count }, (_, n) => `package_${String(n).padStart(4, '0')}`)

describe('fetchIndex', () => {
  test('asks GET {url}/packages and gives its entries in order', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'zeta', version: '1.0.0' }).publish({ packageId: 'alpha', version: '2.0.0' })
    assert.deepEqual(await idsOf(remoteSource(registry)), ['zeta', 'alpha'])
    assert.equal(registry.requests[0].method, 'GET')
    assert.equal(registry.requests[0].path, '/packages')
  })

  test('takes a base url with a slash at the end', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    assert.deepEqual(await idsOf(remoteSource(registry, { url: `${registry.url}/` })), ['a'])
    assert.equal(registry.requests[0].url, '/api/v1/packages')
  })

  test('keeps every field that the registry sends, but says itself which source it is', async (t) => {
    const fields = { checksum: 'abc', rating: 4.5, exports: { components: ['X'] }, nested: { list: [1, null] } }
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.2.3', sourceId: 'another', ...fields })
    const [entry] = await remoteSource(registry, { id: 'mine' }).fetchIndex()
    assert.deepEqual(entry, {
      packageId: 'a',
      name: 'a',
      version: '1.2.3',
      description: '',
      author: '',
      category: 'ui',
      dependencies: [],
      minLevel: 1,
      ...fields,
      sourceId: 'mine',
    })
  })

  test('fills in what an entry lacks', async (t) => {
    const { url } = await rawServer(t, (_, response) =>
      sendJson(response, { packages: [{ packageId: 'bare', dependencies: { x: '^1' }, minLevel: 0 }] }),
    )
    assert.deepEqual(await remoteSource({ url }).fetchIndex(), [
      {
        packageId: 'bare',
        name: 'bare',
        version: '',
        description: '',
        author: '',
        category: '',
        dependencies: ['x'],
        dependencyRanges: { x: '^1' },
        minLevel: 1,
        sourceId: 'remote',
      },
    ])
  })

  test('may be empty', async (t) => {
    const registry = await startRegistry(t)
    const { manager, reports, status } = watchedRemote(registry)
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().state, 'ok')
    assert.deepEqual(reports, [])
  })
})

describe('paging', () => {
  for (const count of [1, 3, 4, 10]) {
    test(`reads all of ${count} packages, 3 a page`, async (t) => {
      const registry = await startRegistry(t, { maxPageSize: 3 })
      for (const packageId of numbered(count)) registry.publish({ packageId })
      assert.deepEqual(await idsOf(remoteSource(registry)), numbered(count))
      assert.equal(registry.count(/^\/packages$/), Math.ceil(count / 3))
      const pages = registry.requests.map(({ query }) => Number(query.page ?? 1))
      assert.deepEqual(pages, [1, 2, 3, 4].slice(0, Math.ceil(count / 3)))
    })
  }

  test('is not asked of a registry that answers without paging fields', async (t) => {
    const registry = await startRegistry(t, { paging: false })
    for (const packageId of numbered(250)) registry.publish({ packageId })
    assert.deepEqual(await idsOf(remoteSource(registry)), numbered(250))
    assert.equal(registry.requests.length, 1)
  })

  test('goes on where the registry says no total, until a page is not full', async (t) => {
    const ids = numbered(7)
    const { url, requests } = await rawServer(t, (request, response) => {
      const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? 1)
      const packages = ids.slice((page - 1) * 3, page * 3).map((packageId) => ({ packageId }))
      sendJson(response, { packages, page, pageSize: 3 })
    })
    assert.deepEqual(await idsOf(remoteSource({ url })), ids)
    assert.equal(requests.length, 3)
  })

  test('that fails on a later page gives no part of the index', async (t) => {
    const { url } = await rawServer(t, (request, response) => {
      if (/page=2/.test(request.url)) return response.writeHead(500).end()
      sendJson(response, { packages: [{ packageId: 'a' }], totalCount: 2, page: 1, pageSize: 1 })
    })
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().state, 'failing')
    assert.equal(status().lastError.code, 'EHTTP')
  })

  test('that repeats a page ends with an error', async (t) => {
    const { url, requests } = await rawServer(t, (_, response) =>
      sendJson(response, {
        packages: [{ packageId: 'a' }, { packageId: 'b' }],
        totalCount: 1000,
        page: 1,
        pageSize: 2,
      }),
    )
    const { manager, reports, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EPROTOCOL')
    assert.equal(reports[0].error.code, 'EPROTOCOL')
    assert.ok(requests.length <= 3, `${requests.length} requests`)
  })

  test('that promises more with every page ends with an error', async (t) => {
    let number = 0
    const { url } = await rawServer(t, (_, response) => {
      number++
      sendJson(response, {
        packages: [{ packageId: `package_${number}` }],
        totalCount: number + 1,
        page: number,
        pageSize: 1,
      })
    })
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EPROTOCOL')
  })

  test('that never ends ends with an error', async (t) => {
    let number = 0
    const { url } = await rawServer(t, (_, response) => {
      const packages = [{ packageId: `package_${number++}` }]
      sendJson(response, { packages, totalCount: Number.MAX_SAFE_INTEGER, page: number, pageSize: 1 })
    })
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.match(status().lastError.code, /^(EPROTOCOL|ETOOLARGE)$/)
  })

  test('with nonsense in its fields ends', async (t) => {
    const NONSENSE = [
      { totalCount: -1, page: -1, pageSize: -1 },
      { totalCount: 5, page: 1, pageSize: 0 },
      { totalCount: '5', page: '1', pageSize: '1' },
      { totalCount: 1.5, page: 0.5, pageSize: 0.5 },
      { totalCount: null, page: {}, pageSize: [] },
    ]
    for (const fields of NONSENSE) {
      const { url } = await rawServer(t, (_, response) =>
        sendJson(response, { packages: [{ packageId: 'a' }], ...fields }),
      )
      assert.deepEqual(await idsOf(remoteSource({ url })), ['a'], JSON.stringify(fields))
    }
  })
})

describe('an answer in the wrong shape', () => {
  const BODIES = {
    'an empty body': '',
    'no JSON': '<html>Bad gateway</html>',
    'truncated JSON': '{"packages":[{"packageId":"a"}',
    'JSON with more behind it': '{"packages":[]} {"packages":[]}',
    'a list': '[{"packageId":"a"}]',
    null: 'null',
    'a text': '"packages"',
    'no packages': '{"items":[]}',
    'packages that are an object': '{"packages":{"a":{"packageId":"a"}}}',
    'packages that are null': '{"packages":null}',
    'invalid UTF-8': Buffer.concat([
      Buffer.from('{"packages":[{"packageId":"'),
      Buffer.from([0xff]),
      Buffer.from('"}]}'),
    ]),
    'nesting without end': `{"packages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  }

  for (const [name, body] of Object.entries(BODIES)) {
    test(`is a failure that is reported: ${name}`, async (t) => {
      const { url } = await rawServer(t, (_, response) => sendJson(response, body))
      const { manager, reports, status } = watchedRemote({ url })
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(status().state, 'failing')
      assert.equal(status().lastError.code, 'EPROTOCOL')
      assert.equal(reports.length, 1)
      assert.equal(reports[0].error.code, 'EPROTOCOL')
      assert.deepEqual(reports[0].context, { sourceId: 'remote', operation: 'fetchIndex' })
    })
  }

  test('a byte order mark is none', async (t) => {
    const { url } = await rawServer(t, (_, response) => sendJson(response, '\ufeff{"packages":[{"packageId":"a"}]}'))
    assert.deepEqual(await idsOf(remoteSource({ url })), ['a'])
  })

  test('elements that are no entries become warnings with their place', async (t) => {
    const packages = [
      { packageId: 'first' },
      { name: 'no id' },
      null,
      'text',
      [1],
      { packageId: 5 },
      { packageId: '../x' },
      { packageId: 'last' },
    ]
    const { url } = await rawServer(t, (_, response) => sendJson(response, { packages }))
    const { manager, reports, status } = watchedRemote({ url })
    assert.deepEqual(await idsOf(manager), ['first', 'last'])
    assert.deepEqual(
      status().warnings.map(({ path }) => path),
      [1, 2, 3, 4, 5, 6].map((at) => `packages[${at}]`),
    )
    for (const { reason } of status().warnings) assert.notEqual(reason, '')
    assert.equal(status().state, 'ok')
    assertOnlyWarnings(reports)
  })

  test('a warning on a later page names the place in the whole index', async (t) => {
    const ids = ['a', 'b', 'c', null, 'e']
    const { url } = await rawServer(t, (request, response) => {
      const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? 1)
      const packages = ids.slice((page - 1) * 2, page * 2).map((packageId) => ({ packageId }))
      sendJson(response, { packages, totalCount: ids.length, page, pageSize: 2 })
    })
    const { manager, status } = watchedRemote({ url })
    assert.deepEqual(await idsOf(manager), ['a', 'b', 'c', 'e'])
    assert.deepEqual(
      status().warnings.map(({ path }) => path),
      ['packages[3]'],
    )
  })

  test('fields named like object members stay data', async (t) => {
    const body =
      '{"packages":[{"packageId":"a","__proto__":{"polluted":true}},{"packageId":"__proto__","version":"1"}]}'
    const { url } = await rawServer(t, (_, response) => sendJson(response, body))
    const source = remoteSource({ url })
    const entries = await source.fetchIndex()
    assert.deepEqual(
      entries.map(({ packageId }) => packageId),
      ['a', '__proto__'],
    )
    assert.equal(Object.getPrototypeOf(entries[0]), Object.prototype)
    assert.equal(entries[0].polluted, undefined)
    assert.deepEqual(Object.getOwnPropertyDescriptor(entries[0], '__proto__')?.value, { polluted: true })
    assert.equal(await source.hasPackage('__proto__'), true)
    assert.equal(await source.hasPackage('constructor'), false)
  })
})

test('hasPackage goes by the index', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' })
  const source = remoteSource(registry)
  assert.equal(await source.hasPackage('a'), true)
  assert.equal(await source.hasPackage('b'), false)
  assert.equal(registry.requests.length, 1)
})

test('a source outside of any manager reports to console.error', async (t) => {
  const lines = captureConsoleError(t)
  const registry = await startRegistry(t)
  registry.fault({ status: 500 })
  assert.deepEqual(await remoteSource(registry).fetchIndex(), [])
  assert.equal(lines.length, 1)
  assert.match(lines[0].map(String).join(' '), /remote/)
})

test('a source that nobody enabled is ignored by a manager, yet can be asked', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' })
  const source = new RemotePackageSource({ url: registry.url })
  assert.equal(source.getConfig().enabled, false)
  assert.equal(watched(source).manager.getSources().length, 0)
  assert.deepEqual(await idsOf(source), ['a'])
})
