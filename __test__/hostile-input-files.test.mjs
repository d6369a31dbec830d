// Files of a packages folder that are malformed: the index goes on, a warning names what is wrong.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inChild } from './helpers/child.mjs'
import { assertOnlyWarnings, assertPlain, assertPrototypesUnchanged, snapshotPrototypes } from './helpers/hostile.mjs'
import { assertPassedOver, folderAround, NO_OBJECTS } from './helpers/hostile-folder.mjs'
import { idsOf, localSource, watched } from './helpers/local.mjs'

let snapshot
before(() => {
  snapshot = snapshotPrototypes()
})
after(() => assertPrototypesUnchanged(snapshot))

describe('a manifest', () => {
  for (const path of ['broken/seed/metadata.json', 'broken/package.json']) {
    for (const [name, content] of Object.entries(NO_OBJECTS)) {
      test(`that is ${name} is passed over with a warning: ${path}`, async (t) => {
        await assertPassedOver(
          folderAround(t, (folder) => folder.file(path, content)),
          path,
        )
      })
    }

    for (const packageId of [5, null, {}, [], true, '', '../x', 'a/b', '\0', 'x'.repeat(10_000_000)]) {
      test(`with the packageId ${JSON.stringify(packageId).slice(0, 20)} is passed over with a warning: ${path}`, async (t) => {
        await assertPassedOver(
          folderAround(t, (folder) => folder.file(path, { packageId, name: 'Broken' })),
          path,
        )
      })
    }

    test(`with a lone surrogate for an id is passed over or is that id: ${path}`, async (t) => {
      const folder = folderAround(t, (one) => one.file(path, '{"packageId":"broken\\ud800"}'))
      const { manager, status } = watched(localSource(folder))
      const ids = await idsOf(manager)
      if (status().warnings.length === 0) assert.deepEqual(ids, ['alpha', 'broken\ud800', 'omega'])
      else assert.deepEqual(ids, ['alpha', 'omega'])
      assert.equal(await manager.hasPackage('broken\ufffd'), false)
    })

    test(`may begin with a byte order mark: ${path}`, async (t) => {
      const folder = folderAround(t, (one) => one.file(path, '\ufeff{"packageId":"marked","version":"1.0.0"}'))
      const source = localSource(folder)
      assert.deepEqual(await idsOf(source), ['alpha', 'marked', 'omega'])
      assert.equal((await source.loadPackage('marked')).metadata.version, '1.0.0')
    })

    test(`may hold huge numbers, which are read as JavaScript does: ${path}`, async (t) => {
      const digits = '9'.repeat(400)
      const millions = '1'.repeat(1_000_000)
      const numbers = `[1e400,-1e400,${digits},${millions},1e-400,0.1e1,12345678901234567890,-0]`
      const folder = folderAround(t, (one) => one.file(path, `{"packageId":"huge","numbers":${numbers}}`))
      const source = localSource(folder)
      assert.deepEqual(await idsOf(source), ['alpha', 'huge', 'omega'])
      const { metadata } = await source.loadPackage('huge')
      assert.deepEqual(metadata.numbers, JSON.parse(numbers))
    })

    test(`with a level beyond all levels stays closed to all: ${path}`, async (t) => {
      const folder = folderAround(t, (one) => one.file(path, '{"packageId":"closed","minLevel":1e400}'))
      const [, entry] = await localSource(folder).fetchIndex()
      assert.equal(entry.packageId, 'closed')
      assert.equal(entry.minLevel <= 6, false)
      assert.equal(typeof entry.minLevel, 'number')
    })

    test(`with known fields of the wrong type is mended: ${path}`, async (t) => {
      const fields = {
        name: 5,
        version: {},
        description: null,
        author: [],
        category: true,
        dependencies: 'x',
        minLevel: {},
      }
      const folder = folderAround(t, (one) => one.file(path, { packageId: 'mended', ...fields }))
      const { manager, status } = watched(localSource(folder))
      const entry = (await manager.fetchMergedIndex()).find(({ packageId }) => packageId === 'mended')
      for (const field of ['name', 'version', 'description', 'author', 'category']) {
        assert.equal(typeof entry[field], 'string', field)
      }
      assert.deepEqual(entry.dependencies, [])
      assert.equal(entry.minLevel, 1)
      for (const warning of status().warnings) assert.equal(warning.path, path)
      assert.notEqual(status().warnings.length, 0)
    })

    test(`that names a field twice means the last: ${path}`, async (t) => {
      const text = '{"packageId":"first","version":"1.0.0","packageId":"last","version":"2.0.0"}'
      const folder = folderAround(t, (one) => one.file(path, text))
      const [, entry] = await localSource(folder).fetchIndex()
      assert.deepEqual([entry.packageId, entry.version], ['last', '2.0.0'])
    })

    test(`with __proto__ fields changes no prototype: ${path}`, async (t) => {
      const text =
        '{"packageId":"proto","__proto__":{"polluted":1},"dependencies":{"__proto__":"*","constructor":"^1"}}'
      const folder = folderAround(t, (one) => one.file(path, text))
      const source = localSource(folder)
      const { metadata } = await source.loadPackage('proto')
      assertPlain(metadata)
      assert.deepEqual(metadata.dependencies, ['__proto__', 'constructor'])
      assert.deepEqual(Object.entries(metadata.dependencyRanges), [
        ['__proto__', '*'],
        ['constructor', '^1'],
      ])
      assert.equal({}.polluted, undefined)
    })
  }

  test('that is malformed beside a sound one of the other layout is warned of', async (t) => {
    const folder = folderAround(t, (one) => {
      one.seed('both')
      one.file('both/package.json', '{"packageId":"both","version":')
    })
    const { manager, status } = watched(localSource(folder))
    await manager.fetchMergedIndex()
    assert.deepEqual(
      status().warnings.map(({ path }) => path),
      ['both/package.json'],
    )
  })
})

describe('index.json', () => {
  const CONTENTS = {
    ...NO_OBJECTS,
    'no packages': '{"items":[]}',
    'packages that are an object': '{"packages":{}}',
    'packages that are null': '{"packages":null}',
  }

  for (const [name, content] of Object.entries(CONTENTS)) {
    test(`that is ${name} is warned of, and the folder scanned`, async (t) => {
      const folder = folderAround(t, (one) => one.file('index.json', content))
      const { manager, status, reports } = watched(localSource(folder))
      assert.deepEqual(await idsOf(manager), ['alpha', 'omega'])
      assert.deepEqual(
        status().warnings.map(({ path }) => path),
        ['index.json'],
      )
      assertOnlyWarnings(reports)
    })
  }

  test('may begin with a byte order mark', async (t) => {
    const folder = folderAround(t, (one) => one.file('index.json', '\ufeff{"packages":[{"packageId":"omega"}]}'))
    assert.deepEqual(await idsOf(localSource(folder)), ['omega'])
  })

  test('may hold huge numbers, also for loadPackageIndex', async (t) => {
    const packages = `[{"packageId":"a","numbers":[1e400,${'9'.repeat(400)},-0]}]`
    const folder = folderAround(t, (one) => one.file('index.json', `{"packages":${packages}}`))
    assert.deepEqual((await localSource(folder).fetchIndex())[0].numbers, JSON.parse(packages)[0].numbers)
    const { answer } = await inChild('answer((await addon.loadPackageIndex())[0].numbers.map(String))', {
      env: { METABUILDER_PACKAGES_DIR: folder.path },
    })
    assert.deepEqual(answer, ['Infinity', 'Infinity', '0'])
  })
})

describe('a part of a package', () => {
  const seedParts = {
    'seed/components.json': (data) => assert.deepEqual(data.components, []),
    'static_content/examples.json': (data) => assert.equal('examples' in data, false),
  }

  for (const [file, assertMissing] of Object.entries(seedParts)) {
    for (const [name, content] of Object.entries(NO_OBJECTS)) {
      // A list of components, and of examples, is what may stand there.
      if (name === 'a list') continue
      test(`that is ${name} is left out with a warning: ${file}`, async (t) => {
        const folder = folderAround(t, (one) => one.seed('partial').file(file, content))
        const { manager, status } = watched(localSource(folder))
        const data = await manager.loadPackage('partial')
        assertMissing(data)
        assert.equal(data.metadata.packageId, 'partial')
        assert.deepEqual(
          status().warnings.map(({ path }) => path),
          [`partial/${file}`],
        )
        assert.equal(status().state, 'ok')
      })
    }
  }

  for (const [name, content] of Object.entries({
    ...NO_OBJECTS,
    'no scripts': '{}',
    'scripts null': '{"scripts":null}',
  })) {
    test(`a script manifest that is ${name} is warned of`, async (t) => {
      const folder = folderAround(t, (one) => {
        one.seed('partial').unlistedScript('init.lua', '-- init').file('seed/scripts/manifest.json', content)
      })
      const { manager, status } = watched(localSource(folder))
      const { scriptFiles } = await manager.loadPackage('partial')
      assert.ok(scriptFiles.length <= 1)
      assert.deepEqual(
        status().warnings.map(({ path }) => path),
        ['partial/seed/scripts/manifest.json'],
      )
    })
  }

  test('script manifest elements that are none leave the others', async (t) => {
    const scripts = [null, 5, 'x', [], {}, { file: 5 }, { file: null }, { file: 'good.lua', name: 7, category: {} }]
    const folder = folderAround(t, (one) => {
      one.seed('partial').unlistedScript('good.lua', '-- good').file('seed/scripts/manifest.json', { scripts })
    })
    const { manager, status } = watched(localSource(folder))
    const { scriptFiles } = await manager.loadPackage('partial')
    assert.deepEqual(scriptFiles, [{ name: 'good.lua', path: 'scripts/good.lua', code: '-- good' }])
    assert.equal(status().warnings.length, 7)
  })

  test('a script that is not UTF-8 is read all the same', async (t) => {
    const folder = folderAround(t, (one) => {
      one.seed('partial').listedScript('latin.lua', Buffer.from('-- caf\xe9', 'latin1'), { name: 'Latin' })
    })
    const { scriptFiles } = await localSource(folder).loadPackage('partial')
    assert.equal(scriptFiles[0].code, '-- caf\ufffd')
  })

  test('lone surrogates in components survive', async (t) => {
    const folder = folderAround(t, (one) => one.seed('partial').file('seed/components.json', '[{"id":"\\ud800"}]'))
    assert.deepEqual((await localSource(folder).loadPackage('partial')).components, [{ id: '\ud800' }])
  })
})
