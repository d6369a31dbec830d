// Whole packages, as they are read from both layouts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { localSource, watched } from './helpers/local.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'

describe('the seed layout', () => {
  test('gives manifest, components, script, script files and examples', async (t) => {
    const folder = packagesFolder(t)
    folder
      .seed('forum_forge', { minLevel: 2, dependencies: ['ui_core'], exports: { components: ['Thread'] } })
      .components([{ id: 'thread', type: 'Card', children: [{ id: 'post' }] }, { id: 'board' }])
      .script('-- the single script\nreturn 1\n')
      .listedScript('init.lua', 'return "init"', { name: 'Init', category: 'lifecycle', description: 'Starts' })
      .examples({ threads: [{ title: 'Hello' }], count: 1 })
    const data = await localSource(folder, { id: 'here' }).loadPackage('forum_forge')
    assert.deepEqual(data, {
      metadata: {
        packageId: 'forum_forge',
        name: 'Forum Forge',
        version: '1.0.0',
        description: 'The package forum_forge',
        author: 'MetaBuilder',
        category: 'ui',
        minLevel: 2,
        dependencies: ['ui_core'],
        exports: { components: ['Thread'] },
        sourceId: 'here',
      },
      components: [{ id: 'thread', type: 'Card', children: [{ id: 'post' }] }, { id: 'board' }],
      scripts: '-- the single script\nreturn 1\n',
      scriptFiles: [
        {
          name: 'Init',
          path: 'scripts/init.lua',
          code: 'return "init"',
          category: 'lifecycle',
          description: 'Starts',
        },
      ],
      examples: { threads: [{ title: 'Hello' }], count: 1 },
    })
  })

  test('needs its manifest only', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('bare')
    const data = await localSource(folder).loadPackage('bare')
    assert.deepEqual(data.components, [])
    assert.deepEqual(data.scriptFiles, [])
    assert.equal('scripts' in data, false)
    assert.equal('examples' in data, false)
  })

  test('takes the manifest under a key, beside components and examples', async (t) => {
    const folder = packagesFolder(t)
    folder.file('wrapped/seed/metadata.json', {
      metadata: { packageId: 'wrapped', name: 'Wrapped', version: '1.4.0', dependencies: ['ui_core'], rating: 5 },
      components: [{ id: 'inline' }],
      examples: { inline: true },
    })
    const source = localSource(folder)
    const [entry] = await source.fetchIndex()
    assert.equal(entry.packageId, 'wrapped')
    assert.equal(entry.version, '1.4.0')
    assert.equal(entry.rating, 5)
    assert.deepEqual(entry.dependencies, ['ui_core'])
    for (const key of ['metadata', 'components', 'examples']) assert.equal(key in entry, false, key)
    const data = await source.loadPackage('wrapped')
    assert.deepEqual(data.metadata, entry)
    assert.deepEqual(data.components, [{ id: 'inline' }])
    assert.deepEqual(data.examples, { inline: true })
  })

  test('files of their own win over components and examples in metadata.json', async (t) => {
    const folder = packagesFolder(t)
    folder.file('wrapped/seed/metadata.json', {
      metadata: { packageId: 'wrapped', version: '1.0.0' },
      components: [{ id: 'inline' }],
      examples: { inline: true },
    })
    folder.file('wrapped/seed/components.json', [{ id: 'from_file' }])
    folder.file('wrapped/static_content/examples.json', { fromFile: true })
    const data = await localSource(folder).loadPackage('wrapped')
    assert.deepEqual(data.components, [{ id: 'from_file' }])
    assert.deepEqual(data.examples, { fromFile: true })
  })
})

describe('script files', () => {
  test('keep the order and the names of the script manifest', async (t) => {
    const folder = packagesFolder(t)
    folder
      .seed('a')
      .listedScript('zulu.lua', '-- z', { name: 'Zulu' })
      .listedScript('alpha.lua', '-- a')
      .listedScript('sub/deep.lua', '-- d', { name: 'Deep', description: 'Below' })
      .unlistedScript('forgotten.lua', '-- nobody lists me')
    const { scriptFiles } = await localSource(folder).loadPackage('a')
    assert.deepEqual(scriptFiles, [
      { name: 'Zulu', path: 'scripts/zulu.lua', code: '-- z' },
      { name: 'alpha.lua', path: 'scripts/alpha.lua', code: '-- a' },
      { name: 'Deep', path: 'scripts/sub/deep.lua', code: '-- d', description: 'Below' },
    ])
  })

  test('may be named by `path` in place of `file`', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a').unlistedScript('init.lua', '-- i').unlistedScript('layout.lua', '-- l')
    folder.file('a/seed/scripts/manifest.json', {
      scripts: [{ name: 'init', path: 'init.lua', description: 'Starts' }, { path: 'layout.lua' }],
    })
    const { scriptFiles } = await localSource(folder).loadPackage('a')
    assert.deepEqual(scriptFiles, [
      { name: 'init', path: 'scripts/init.lua', code: '-- i', description: 'Starts' },
      { name: 'layout.lua', path: 'scripts/layout.lua', code: '-- l' },
    ])
  })

  test('are discovered in a fixed order where there is no manifest', async (t) => {
    const folder = packagesFolder(t)
    const builder = folder.seed('a')
    for (const name of ['actions', 'state', 'utils', 'validators', 'handlers', 'init', 'other']) {
      builder.unlistedScript(`${name}.lua`, `-- ${name}`)
    }
    const { scriptFiles } = await localSource(folder).loadPackage('a')
    assert.deepEqual(
      scriptFiles,
      ['init', 'handlers', 'validators', 'utils', 'state', 'actions'].map((name) => ({
        name,
        path: `scripts/${name}.lua`,
        code: `-- ${name}`,
        category: 'auto-discovered',
      })),
    )
  })

  test('are discovered as far as they exist', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a').unlistedScript('utils.lua', '').unlistedScript('handlers.lua', 'return {}')
    const { scriptFiles } = await localSource(folder).loadPackage('a')
    assert.deepEqual(
      scriptFiles.map(({ name, code }) => [name, code]),
      [
        ['handlers', 'return {}'],
        ['utils', ''],
      ],
    )
  })

  test('that a manifest lists and that are not there leave the others', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a').listedScript('here.lua', '-- here', { name: 'Here' })
    folder.file('a/seed/scripts/manifest.json', { scripts: [{ file: 'gone.lua' }, { file: 'here.lua', name: 'Here' }] })
    const { manager, status } = watched(localSource(folder))
    const { scriptFiles } = await manager.loadPackage('a')
    assert.deepEqual(scriptFiles, [{ name: 'Here', path: 'scripts/here.lua', code: '-- here' }])
    const [warning, ...rest] = status().warnings
    assert.match(warning.path, /^a\/seed\/scripts\//)
    assert.match(`${warning.path} ${warning.reason}`, /gone\.lua/)
    assert.deepEqual(rest, [])
  })

  test('of an empty manifest are none, whatever lies beside it', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a').unlistedScript('init.lua', '-- i').file('seed/scripts/manifest.json', { scripts: [] })
    assert.deepEqual((await localSource(folder).loadPackage('a')).scriptFiles, [])
  })

  test('keep their text as it is', async (t) => {
    const code = '\tlocal s = "ä€😀"\r\n-- no newline at the end'
    const folder = packagesFolder(t)
    folder.seed('a').listedScript('init.lua', code).script(code)
    const data = await localSource(folder).loadPackage('a')
    assert.equal(data.scriptFiles[0].code, code)
    assert.equal(data.scripts, code)
  })
})

describe('the manifest layout', () => {
  test('gives the manifest with ids and ranges, and the components', async (t) => {
    const folder = packagesFolder(t)
    folder
      .manifest('data_table', {
        dependencies: { ui_core: '^1.0.0' },
        devDependencies: { testing: '*' },
        license: 'MIT',
      })
      .components([{ id: 'data_grid', name: 'DataGrid', props: [{ name: 'rows', default: [] }] }])
    const data = await localSource(folder, { id: 'here' }).loadPackage('data_table')
    assert.deepEqual(data.metadata, {
      packageId: 'data_table',
      name: 'Data Table',
      version: '1.0.0',
      description: 'The package data_table',
      author: 'MetaBuilder',
      category: 'ui',
      minLevel: 1,
      dependencies: ['ui_core'],
      dependencyRanges: { ui_core: '^1.0.0' },
      devDependencies: { testing: '*' },
      license: 'MIT',
      sourceId: 'here',
    })
    assert.deepEqual(data.components, [{ id: 'data_grid', name: 'DataGrid', props: [{ name: 'rows', default: [] }] }])
    assert.deepEqual(data.scriptFiles, [])
  })

  test('takes components as a list too', async (t) => {
    const folder = packagesFolder(t)
    folder.manifest('a').file('components/ui.json', [{ id: 'one' }, { id: 'two' }])
    assert.deepEqual((await localSource(folder).loadPackage('a')).components, [{ id: 'one' }, { id: 'two' }])
  })

  test('needs its manifest only', async (t) => {
    const folder = packagesFolder(t)
    folder.manifest('bare')
    const data = await localSource(folder).loadPackage('bare')
    assert.deepEqual(data.components, [])
    assert.deepEqual(data.scriptFiles, [])
  })
})

describe('the id', () => {
  test('is the packageId, not the folder', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard', {}, { folder: 'dash-v2' }).components([{ id: 'seed' }])
    folder.manifest('data_table', {}, { folder: 'tables' }).components([{ id: 'manifest' }])
    const source = localSource(folder)
    assert.deepEqual((await source.loadPackage('dashboard')).components, [{ id: 'seed' }])
    assert.deepEqual((await source.loadPackage('data_table')).components, [{ id: 'manifest' }])
    for (const name of ['dash-v2', 'tables']) {
      assert.equal(await source.loadPackage(name), null)
      assert.equal(await source.hasPackage(name), false)
      assert.deepEqual(await source.getVersions(name), [])
    }
  })

  test('is the packageId also where index.json lists it', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard', {}, { folder: 'dash-v2' }).components([{ id: 'found' }])
    folder.index([{ packageId: 'dashboard', version: '1.0.0' }])
    assert.deepEqual((await localSource(folder).loadPackage('dashboard')).components, [{ id: 'found' }])
  })

  test('is one like any other when it is also the name of an object member', async (t) => {
    const ids = ['__proto__', 'constructor', 'hasOwnProperty', 'prototype', 'toString', 'valueOf']
    const folder = packagesFolder(t)
    for (const id of ids) folder.seed(id, { version: '1.0.0' }).components([{ id: `${id}_root` }])
    const source = localSource(folder)
    assert.deepEqual(
      (await source.fetchIndex()).map((entry) => entry.packageId),
      ids,
    )
    for (const id of ids) {
      assert.equal(await source.hasPackage(id), true)
      assert.deepEqual((await source.loadPackage(id)).components, [{ id: `${id}_root` }])
      assert.deepEqual(await source.getVersions(id), ['1.0.0'])
    }
  })

  test('in fields named like object members stays data', async (t) => {
    const folder = packagesFolder(t)
    folder.file(
      'a/seed/metadata.json',
      '{ "packageId": "a", "version": "1.0.0", "__proto__": { "polluted": true }, "constructor": 1, "toString": "x" }',
    )
    folder.file('a/seed/components.json', '[{ "id": "c", "__proto__": { "polluted": true } }]')
    const { metadata, components } = await localSource(folder).loadPackage('a')
    for (const value of [metadata, components[0]]) {
      assert.equal(Object.getPrototypeOf(value), Object.prototype)
      assert.equal(value.polluted, undefined)
      assert.deepEqual(Object.getOwnPropertyDescriptor(value, '__proto__')?.value, { polluted: true })
    }
    assert.equal(Object.hasOwn(metadata, 'constructor'), true)
    assert.equal(metadata.toString, 'x')
  })
})
