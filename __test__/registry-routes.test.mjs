// What each route of the registry service answers, and what it refuses.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { assertProblem, serve } from './helpers/registry-service.mjs'

const DASHBOARD = { packageId: 'dashboard', name: 'Dashboard', category: 'ui', minLevel: 2, keywords: ['a'] }

const PACKAGES = [
  { ...DASHBOARD, version: '1.9.0' },
  { ...DASHBOARD, version: '1.10.0', components: [{ id: 'card', size: 1e21 }] },
  { ...DASHBOARD, version: '2.0.0-beta.1' },
  {
    packageId: 'ä data',
    name: 'Tabelle',
    version: 'v1',
    category: 'tools',
    minLevel: 2,
    dependencies: { dashboard: '^1' },
  },
  { packageId: 'alpha', name: 'Only early', version: '0.1.0-alpha', category: 'tools', minLevel: 6 },
]

const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const json = async (response) => {
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json')
  return response.json()
}

describe('GET /packages', async () => {
  const { ask, added } = await serve({ after }, PACKAGES)
  const checksumOf = (version) => added.find((one) => one.version === version).checksum

  test('lists each package once, by id, in its newest version that is no pre-release', async () => {
    const { packages, ...paging } = await json(await ask('/packages'))
    assert.deepEqual(paging, { totalCount: 3, page: 1, pageSize: 1000 })
    assert.deepEqual(
      packages.map(({ packageId, version }) => [packageId, version]),
      [
        ['alpha', '0.1.0-alpha'],
        ['dashboard', '1.10.0'],
        ['ä data', 'v1'],
      ],
    )
    assert.deepEqual(packages[1], {
      ...DASHBOARD,
      version: '1.10.0',
      description: 'The package dashboard',
      author: 'MetaBuilder',
      dependencies: [],
      dependencyRanges: {},
      checksum: checksumOf('1.10.0'),
    })
    assert.deepEqual(packages[2].dependencyRanges, { dashboard: '^1' })
  })

  test('gives the page that is asked for, and an empty one behind the last', async () => {
    const page = async (query) => {
      const { packages, totalCount, page: number, pageSize } = await json(await ask(`/packages?${query}`))
      assert.equal(totalCount, 3)
      return [packages.map(({ packageId }) => packageId), number, pageSize]
    }
    assert.deepEqual(await page('pageSize=2'), [['alpha', 'dashboard'], 1, 2])
    assert.deepEqual(await page('page=2&pageSize=2'), [['ä data'], 2, 2])
    assert.deepEqual(await page('pageSize=2&page=3&unknown=x'), [[], 3, 2])
    assert.deepEqual(await page('page=2147483648&pageSize=1000'), [[], 2147483648, 1000])
  })

  test('an empty store lists nothing', async (t) => {
    const empty = await serve(t, [])
    assert.deepEqual(await json(await empty.ask('/packages')), { packages: [], totalCount: 0, page: 1, pageSize: 1000 })
  })
})

describe('GET /packages/:id and its versions', async () => {
  const { ask, added } = await serve({ after }, PACKAGES)
  const checksumOf = (version) => added.find((one) => one.version === version).checksum

  test('give the package whole, without what only the client or the index knows', async () => {
    const { metadata, components, scriptFiles, ...rest } = await json(await ask('/packages/dashboard'))
    assert.equal(metadata.version, '1.10.0')
    assert.deepEqual(metadata.keywords, ['a'])
    assert.deepEqual(components, [{ id: 'card', size: 1e21 }])
    assert.deepEqual([scriptFiles, rest], [[], {}])
    assert.deepEqual(
      ['sourceId', 'checksum'].filter((key) => key in metadata),
      [],
    )
  })

  test('the newest version is byte for byte what its own address gives, and the checksum is of these bytes', async () => {
    const newest = await (await ask('/packages/dashboard')).text()
    assert.equal(await (await ask('/packages/dashboard/versions/1.10.0')).text(), newest)
    assert.equal(sha256(newest), checksumOf('1.10.0'))
    for (const { packageId, version, checksum } of added) {
      const path = `/packages/${encodeURIComponent(packageId)}/versions/${encodeURIComponent(version)}`
      assert.equal(sha256(await (await ask(path)).text()), checksum, path)
    }
  })

  test('versions are listed newest first', async () => {
    const { packageId, versions } = await json(await ask('/packages/dashboard/versions'))
    assert.equal(packageId, 'dashboard')
    assert.deepEqual(
      versions.map(({ version, checksum }) => [version, checksum]),
      ['2.0.0-beta.1', '1.10.0', '1.9.0'].map((version) => [version, checksumOf(version)]),
    )
    for (const { publishedAt } of versions) {
      assert.ok(Math.abs(Date.now() - Date.parse(publishedAt)) < 600_000, publishedAt)
      assert.equal(new Date(publishedAt).toISOString(), publishedAt)
    }
  })

  test('ids and versions may be percent-encoded in any way', async () => {
    for (const path of ['/packages/%C3%A4%20data', '/packages/%c3%a4%20d%61ta', '/packages/ä data']) {
      assert.equal((await json(await ask(path))).metadata.name, 'Tabelle', path)
    }
    assert.equal((await ask('/packages/alpha/versions/0.1.0%2dalpha')).status, 200)
  })

  test('what is not there is not found', async () => {
    for (const path of [
      '/packages/nope',
      '/packages/Dashboard',
      '/packages/dashboard/versions/1.10',
      '/packages/dashboard/versions/v1.10.0',
      '/packages/nope/versions',
      '/packages/nope/versions/1.0.0',
      '/packages/',
      '/packages/dashboard/',
      '/packages/dashboard/versions/',
      '/packages/dashboard/other',
      '/nothing',
      '',
    ]) {
      await assertProblem(await ask(path), 404, 'ENOTFOUND')
    }
  })
})

describe('GET /packages/search', async () => {
  const { ask } = await serve({ after }, PACKAGES)
  const found = async (query) =>
    (await json(await ask(`/packages/search?${query}`))).packages.map((one) => one.packageId)

  test('finds words in id, name, description and author, whatever their case and accents', async () => {
    assert.deepEqual(await found('q=TABELLE'), ['ä data'])
    assert.deepEqual(await found('q=a+data'), ['ä data'])
    assert.deepEqual(await found('q=only%20early'), ['alpha'])
    assert.deepEqual(await found('q=nothing+like+it'), [])
    assert.deepEqual(await found('q=metabuilder'), ['alpha', 'dashboard', 'ä data'])
  })

  test('narrows by category and level, exactly', async () => {
    assert.deepEqual(await found('category=tools'), ['alpha', 'ä data'])
    assert.deepEqual(await found('category=Tools'), [])
    assert.deepEqual(await found('minLevel=2'), ['dashboard', 'ä data'])
    assert.deepEqual(await found('minLevel=2.0&category=ui'), ['dashboard'])
    assert.deepEqual(await found('minLevel=3'), [])
  })

  test('says how many there are, and gives the page that is asked for', async () => {
    const { packages, ...paging } = await json(await ask('/packages/search?q=&page=2&pageSize=2'))
    assert.deepEqual(paging, { totalCount: 3, page: 2, pageSize: 2 })
    assert.equal(packages.length, 1)
    assert.equal((await json(await ask('/packages/search'))).pageSize, 20)
  })

  test('finds, in the same order, what a manager finds in the same packages', async (t) => {
    const folder = packagesFolder(t)
    for (const { components, ...fields } of PACKAGES.filter(
      ({ version }) => !['1.9.0', '2.0.0-beta.1'].includes(version),
    )) {
      folder.manifest(fields.packageId, fields, { folder: `f${fields.packageId.length}` })
    }
    const manager = new PackageSourceManager()
    manager.addSource(new LocalPackageSource({ url: folder.path }))
    for (const query of ['', 'a', 'data', 'the package', 'early', 'dash meta']) {
      const expected = (await manager.searchPackages(query)).packages.map(({ packageId }) => packageId)
      assert.deepEqual(await found(`q=${encodeURIComponent(query)}`), expected, query)
    }
  })
})

describe('A request that is malformed', async () => {
  const { ask } = await serve({ after }, PACKAGES)

  for (const [query, about] of [
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=1.5', 'page'],
    ['page=one', 'page'],
    ['page=', 'page'],
    ['page=1&page=2', 'page'],
    ['page=2147483649', 'page'],
    ['pageSize=0', 'pageSize'],
    ['pageSize=1001', 'pageSize'],
    ['pageSize=%zz', 'pageSize'],
    ['pageSize=%ff', 'pageSize'],
  ]) {
    test(`is told what is wrong with ${query}`, async () => {
      for (const path of ['/packages', '/packages/search']) {
        const { detail } = await assertProblem(await ask(`${path}?${query}`), 400, 'EINVALIDARG')
        assert.match(detail, new RegExp(`^${about} `))
      }
    })
  }

  test('is told what is wrong with a search', async () => {
    for (const query of ['minLevel=high', 'minLevel=NaN', 'minLevel=Infinity', 'minLevel=0x10', 'minLevel=']) {
      const { detail } = await assertProblem(await ask(`/packages/search?${query}`), 400, 'EINVALIDARG')
      assert.match(detail, /^minLevel /)
    }
    const { detail } = await assertProblem(await ask(`/packages/search?q=${'x'.repeat(1025)}`), 400, 'EINVALIDARG')
    assert.match(detail, /^q has more than 1024/)
  })

  test('is refused where its path is not well encoded', async () => {
    for (const path of [
      '/packages/%',
      '/packages/%f',
      '/packages/%gg',
      '/packages/%ff',
      '/packages/a/versions/%c3%28',
    ]) {
      await assertProblem(await ask(path), 400, 'EINVALIDARG')
    }
  })

  test('finds nothing where its path leads elsewhere', async () => {
    for (const id of [
      '..%2fregistry.json',
      '%2e%2e%2f%2e%2e',
      '..%5c',
      '%00',
      'dashboard%00',
      '__proto__',
      'constructor',
    ]) {
      await assertProblem(await ask(`/packages/${id}`), 404, 'ENOTFOUND')
      await assertProblem(await ask(`/packages/dashboard/versions/${id}`), 404, 'ENOTFOUND')
    }
  })

  test('is not even read where it is too long', async () => {
    const path = (length) => `/packages/${'x'.repeat(length - '/api/v1/packages/'.length)}`
    await assertProblem(await ask(path(8192)), 404, 'ENOTFOUND')
    await assertProblem(await ask(path(8193)), 414, 'EURITOOLONG')
    await assertProblem(await ask(`/packages?x=${'y'.repeat(9000)}`), 414, 'EURITOOLONG')
  })

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    test(`is refused with ${method}`, async () => {
      const response = await ask('/packages', {}, method)
      assert.equal(response.headers.get('allow'), 'GET, HEAD')
      await assertProblem(response, 405, 'EMETHOD')
    })
  }
})

describe('Handlers', () => {
  test('find the path below their base wherever they are mounted', async (t) => {
    const { store } = await serve(t, PACKAGES)
    const { handlers } = await serve(t, [], { store, basePath: '/registry/' })
    const status = async (url) => (await handlers.GET(new Request(url))).status
    assert.equal(await status('http://app.invalid/registry/packages/alpha'), 200)
    assert.equal(await status('https://app.invalid:8443/docs/en/registry/packages/alpha?x#y'), 200)
    assert.equal(await status('http://app.invalid/registrypackages'), 404)
    assert.equal(await status('http://app.invalid/api/v1/packages'), 404)
    assert.equal(await status('http://app.invalid'), 404)
  })

  test('may be mounted at the root', async (t) => {
    const { store } = await serve(t, PACKAGES)
    const { handlers } = await serve(t, [], { store, basePath: '' })
    assert.equal((await handlers.GET(new Request('http://app.invalid/packages/alpha'))).status, 200)
  })

  test('answer HEAD as GET, without a body', async (t) => {
    const { ask } = await serve(t, PACKAGES)
    for (const path of ['/packages', '/packages/dashboard', '/packages/nope', '/packages?page=0']) {
      for (const headers of [{}, { 'accept-encoding': 'br' }]) {
        const [get, head] = [await ask(path, headers), await ask(path, headers, 'HEAD')]
        assert.equal(head.status, get.status)
        assert.deepEqual([...head.headers], [...get.headers])
        assert.equal(head.body, null)
        assert.equal(Number(get.headers.get('content-length')), (await get.arrayBuffer()).byteLength)
      }
    }
  })
})
