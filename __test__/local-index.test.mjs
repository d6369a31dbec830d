// What a packages folder's index holds, and in which order.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idsOf, indexById, localSource, warningsOf } from './helpers/local.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'

describe('index.json', () => {
  test('gives the entries in its own order', async (t) => {
    const folder = packagesFolder(t)
    for (const id of ['alpha', 'beta', 'gamma']) folder.seed(id)
    folder.index([{ packageId: 'gamma' }, { packageId: 'alpha' }, { packageId: 'beta' }])
    assert.deepEqual(await idsOf(localSource(folder)), ['gamma', 'alpha', 'beta'])
  })

  test('decides alone which packages are in the index', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('listed')
    folder.seed('unlisted')
    folder.index([{ packageId: 'listed' }, { packageId: 'without_folder', version: '3.0.0' }])
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['listed', 'without_folder'])
    assert.equal(await source.hasPackage('unlisted'), false)
    assert.equal(await source.loadPackage('without_folder'), null)
  })

  test('keeps every field of its entries, also unknown ones', async (t) => {
    const listed = {
      packageId: 'dashboard',
      name: 'Dashboard',
      version: '2.1.0',
      description: 'Numbers at a glance',
      author: 'MetaBuilder',
      category: 'ui',
      icon: 'static_content/icon.svg',
      dependencies: ['data_table', 'nav_menu'],
      minLevel: 2,
      checksum: 'abc',
      exports: { components: ['StatCard'] },
      primary: false,
      rating: 4.5,
      nested: { list: [1, null, 'two', { three: true }] },
    }
    const folder = packagesFolder(t)
    folder.index([listed], { generatedAt: '2026-01-01T00:00:00.000Z' })
    assert.deepEqual(await localSource(folder, { id: 'here' }).fetchIndex(), [{ ...listed, sourceId: 'here' }])
  })

  test('fills in what an entry lacks', async (t) => {
    const folder = packagesFolder(t).index([{ packageId: 'bare' }])
    const [entry] = await localSource(folder, { id: 'here' }).fetchIndex()
    assert.deepEqual(entry, {
      packageId: 'bare',
      name: 'bare',
      version: '',
      description: '',
      author: '',
      category: '',
      dependencies: [],
      minLevel: 1,
      sourceId: 'here',
    })
  })

  test('may be empty', async (t) => {
    const folder = packagesFolder(t).index([])
    folder.seed('unlisted')
    assert.deepEqual(await localSource(folder).fetchIndex(), [])
  })

  test('has a source id of its own, whatever it says', async (t) => {
    const folder = packagesFolder(t).index([{ packageId: 'a', sourceId: 'somewhere-else' }])
    folder.seed('a', { sourceId: 'somewhere-else' })
    const source = localSource(folder, { id: 'here' })
    assert.equal((await source.fetchIndex())[0].sourceId, 'here')
    assert.equal((await source.loadPackage('a')).metadata.sourceId, 'here')
  })

  test('warns of entries that are none and goes on with the others', async (t) => {
    const folder = packagesFolder(t).index([
      { packageId: 'first' },
      { name: 'without id' },
      'text',
      null,
      { packageId: 7 },
      { packageId: '' },
      { packageId: 'last' },
    ])
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['first', 'last'])
    const warnings = await warningsOf(source)
    assert.equal(warnings.length, 5)
    for (const [nth, { path, reason }] of warnings.entries()) {
      assert.match(path, new RegExp(`packages\\[${nth + 1}\\]`))
      assert.notEqual(reason, '')
    }
  })
})

describe('a folder without index.json', () => {
  test('is scanned, ordered by id and not by folder', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('zeta', {}, { folder: '1st' })
    folder.manifest('alpha', {}, { folder: '2nd' })
    folder.seed('mid')
    assert.deepEqual(await idsOf(localSource(folder)), ['alpha', 'mid', 'zeta'])
  })

  test('takes both layouts', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('old_style', { version: '1.2.3', minLevel: 2 })
    folder.manifest('new_style', { version: '4.5.6', minLevel: 3 })
    const index = await indexById(localSource(folder))
    assert.deepEqual(Object.keys(index), ['new_style', 'old_style'])
    assert.equal(index.old_style.version, '1.2.3')
    assert.equal(index.old_style.minLevel, 2)
    assert.equal(index.new_style.version, '4.5.6')
    assert.equal(index.new_style.minLevel, 3)
  })

  test('keeps every field of the manifests, also unknown ones', async (t) => {
    const more = { license: 'MIT', keywords: ['a', 'b'], tests: { suites: ['x'] }, primary: true, $schema: 's' }
    const folder = packagesFolder(t)
    folder.seed('old_style', more)
    folder.manifest('new_style', more)
    const index = await indexById(localSource(folder))
    for (const id of ['old_style', 'new_style']) {
      for (const [field, value] of Object.entries(more)) assert.deepEqual(index[id][field], value, `${id}.${field}`)
    }
  })

  test('passes over what is no package, without a word', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('package')
    folder.file('empty_folder/notes.txt', 'nothing')
    folder.file('npm_package/package.json', { name: 'npm-package', version: '1.0.0' })
    folder.file('npm_package/index.js', '')
    folder.file('README.md', '# Packages')
    folder.file('seedless/seed/notes.txt', '')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['package'])
    assert.deepEqual(await warningsOf(source), [])
  })

  test('an npm package.json without packageId leaves the seed layout to count', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('both', { version: '1.0.0' }).file('package.json', { name: 'both', version: '9.9.9' })
    const index = await indexById(localSource(folder))
    assert.equal(index.both.version, '1.0.0')
  })

  test('package.json with a packageId wins over the seed layout', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('old_id', { version: '1.0.0' }, { folder: 'both' }).components([{ id: 'old' }])
    folder.manifest('new_id', { version: '2.0.0' }, { folder: 'both' }).components([{ id: 'new' }])
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['new_id'])
    const data = await source.loadPackage('new_id')
    assert.equal(data.metadata.version, '2.0.0')
    assert.deepEqual(data.components, [{ id: 'new' }])
    assert.equal(await source.loadPackage('old_id'), null)
  })

  test('two folders with one id give one entry and a warning', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('twice', { version: '1.0.0' }, { folder: 'a_first' })
    folder.seed('twice', { version: '2.0.0' }, { folder: 'b_second' })
    const source = localSource(folder)
    const entries = await source.fetchIndex()
    assert.deepEqual(
      entries.map(({ packageId, version }) => [packageId, version]),
      [['twice', '1.0.0']],
    )
    assert.equal((await source.loadPackage('twice')).metadata.version, '1.0.0')
    const [warning, ...rest] = await warningsOf(source)
    assert.match(warning.path, /^b_second/)
    assert.deepEqual(rest, [])
  })

  test('may hold nothing', async (t) => {
    assert.deepEqual(await localSource(packagesFolder(t)).fetchIndex(), [])
  })
})

describe('an entry', () => {
  // Each through both layouts and through index.json: the rules are the same everywhere.
  const WAYS = {
    'seed layout': (folder, fields) => folder.seed('a', { minLevel: undefined, dependencies: undefined, ...fields }),
    'manifest layout': (folder, fields) =>
      folder.manifest('a', { minLevel: undefined, dependencies: undefined, ...fields }),
    'index.json': (folder, fields) => folder.index([{ packageId: 'a', ...fields }]),
  }

  for (const [way, write] of Object.entries(WAYS)) {
    const entryOf = async (t, fields) => {
      const folder = packagesFolder(t)
      write(folder, fields)
      return (await localSource(folder).fetchIndex())[0]
    }

    for (const minLevel of [undefined, 0, null, '3', true, [], {}]) {
      test(`${way}: minLevel ${JSON.stringify(minLevel)} counts as 1`, async (t) => {
        assert.equal((await entryOf(t, { minLevel })).minLevel, 1)
      })
    }

    for (const minLevel of [1, 2, 6]) {
      test(`${way}: minLevel ${minLevel} stays`, async (t) => {
        assert.equal((await entryOf(t, { minLevel })).minLevel, minLevel)
      })
    }

    test(`${way}: dependencies missing count as none`, async (t) => {
      const entry = await entryOf(t, {})
      assert.deepEqual(entry.dependencies, [])
      assert.equal('dependencyRanges' in entry, false)
    })

    test(`${way}: dependencies as a list are ids, each any version`, async (t) => {
      const entry = await entryOf(t, { dependencies: ['b', 'c'] })
      assert.deepEqual(entry.dependencies, ['b', 'c'])
      assert.equal('dependencyRanges' in entry, false)
    })

    test(`${way}: dependencies as an object are ids, with their ranges beside`, async (t) => {
      const ranges = { zebra: '^1.2.0', ant: '*', '@scope/bee': '>=2 <3' }
      const entry = await entryOf(t, { dependencies: ranges })
      assert.deepEqual(entry.dependencies, ['zebra', 'ant', '@scope/bee'])
      assert.deepEqual(entry.dependencyRanges, ranges)
    })
  }
})
