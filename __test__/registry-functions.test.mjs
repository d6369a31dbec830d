import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  exportAllPackagesForSeed,
  getAllPackageScripts,
  getPackage,
  getPackageComponents,
  getPackageExamples,
  getPackageScriptFiles,
  getPackageScripts,
  getPackagesByCategory,
} from '../index.mjs'
import { definition, INHERITED_NAMES, registryOf } from './helpers/registry.mjs'

const scriptFile = (name, fields = {}) => ({ name, path: `scripts/${name}.lua`, code: `-- ${name}`, ...fields })

describe('getPackage', () => {
  const registry = registryOf(definition('dashboard'), definition('data_table'))

  test('gives the very definition', () => {
    assert.equal(getPackage(registry, 'dashboard'), registry.dashboard)
  })

  test('gives undefined where there is none', () => {
    assert.equal(getPackage(registry, 'forum'), undefined)
    assert.equal(getPackage({}, ''), undefined)
  })

  test('finds own entries only', () => {
    for (const id of INHERITED_NAMES) assert.equal(getPackage(registry, id), undefined, id)
    assert.equal(getPackage(Object.create(registry), 'dashboard'), undefined)
  })

  test('finds an entry that has such a name', () => {
    const odd = registryOf(...INHERITED_NAMES.map((id) => definition(id)))
    for (const id of INHERITED_NAMES) assert.equal(getPackage(odd, id).packageId, id)
  })
})

describe('getPackagesByCategory', () => {
  const registry = registryOf(
    definition('c', { category: 'ui' }),
    definition('a', { category: 'tools' }),
    definition('b', { category: 'ui' }),
  )

  test("gives the packages of exactly that category, in the registry's order", () => {
    assert.deepEqual(getPackagesByCategory(registry, 'ui'), [registry.c, registry.b])
    assert.equal(getPackagesByCategory(registry, 'tools')[0], registry.a)
    for (const category of ['UI', 'u', '', 'toString']) assert.deepEqual(getPackagesByCategory(registry, category), [])
  })
})

describe("A package's parts", () => {
  const full = definition('full', {
    components: [{ id: 'a' }, { id: 'b' }],
    scripts: 'return {}',
    scriptFiles: [scriptFile('init')],
    examples: { rows: [1, 2] },
  })
  const bare = definition('bare')
  delete bare.components

  test('are the very ones of the definition', () => {
    assert.equal(getPackageComponents(full), full.components)
    assert.equal(getPackageScripts(full), 'return {}')
    assert.equal(getPackageScriptFiles(full), full.scriptFiles)
    assert.deepEqual(getAllPackageScripts(full), { legacy: 'return {}', files: full.scriptFiles })
    assert.equal(getPackageExamples(full), full.examples)
  })

  test('are empty where the definition has none', () => {
    assert.deepEqual(getPackageComponents(bare), [])
    assert.equal(getPackageScripts(bare), '')
    assert.deepEqual(getPackageScriptFiles(bare), [])
    assert.deepEqual(getAllPackageScripts(bare), { legacy: '', files: [] })
    assert.deepEqual(getPackageExamples(bare), {})
  })

  test('that are empty are new each time, so that no caller changes those of another', () => {
    getPackageComponents(bare).push({ id: 'mine' })
    getPackageScriptFiles(bare).push(scriptFile('mine'))
    getAllPackageScripts(bare).files.push(scriptFile('mine'))
    getPackageExamples(bare).mine = true
    assert.deepEqual(getPackageComponents(bare), [])
    assert.deepEqual(getPackageScriptFiles(bare), [])
    assert.deepEqual(getAllPackageScripts(bare).files, [])
    assert.deepEqual(getPackageExamples(bare), {})
  })
})

describe('exportAllPackagesForSeed', () => {
  test('gives nothing for an empty registry', () => {
    assert.deepEqual(exportAllPackagesForSeed({}), { components: [], scripts: [], packages: [] })
  })

  test('gives components, scripts and metadata of all packages', () => {
    const registry = registryOf(
      definition('dashboard', {
        name: 'Dashboard',
        category: 'ui',
        minLevel: 2,
        dependencies: ['data_table'],
        components: [{ id: 'StatCard', type: 'card' }, { id: 'Grid' }],
        scripts: 'return 1',
        scriptFiles: [
          scriptFile('init', { category: 'lifecycle', description: 'Start and stop' }),
          scriptFile('layout', { description: 'Layouts' }),
        ],
        examples: { rows: [] },
      }),
      definition('data_table', { name: 'Data Table', icon: 'icons/table.svg', components: [{ id: 'Table' }] }),
    )
    const seed = exportAllPackagesForSeed(registry)
    assert.deepEqual(Object.keys(seed).sort(), ['components', 'packages', 'scripts'])
    assert.deepEqual(seed.components, [{ id: 'StatCard', type: 'card' }, { id: 'Grid' }, { id: 'Table' }])
    assert.deepEqual(seed.scripts, [
      {
        id: 'package_dashboard',
        name: 'Dashboard Scripts',
        code: 'return 1',
        category: 'package',
        packageId: 'dashboard',
      },
      {
        id: 'package_dashboard_init',
        name: 'Dashboard - init',
        code: '-- init',
        category: 'lifecycle',
        packageId: 'dashboard',
        path: 'scripts/init.lua',
        description: 'Start and stop',
      },
      {
        id: 'package_dashboard_layout',
        name: 'Dashboard - layout',
        code: '-- layout',
        category: 'package',
        packageId: 'dashboard',
        path: 'scripts/layout.lua',
        description: 'Layouts',
      },
    ])
    assert.deepEqual(seed.packages, [
      {
        packageId: 'dashboard',
        name: 'Dashboard',
        version: '1.0.0',
        description: 'What dashboard does',
        author: 'MetaBuilder',
        category: 'ui',
        minLevel: 2,
        dependencies: ['data_table'],
        icon: 'static_content/icon.svg',
      },
      {
        packageId: 'data_table',
        name: 'Data Table',
        version: '1.0.0',
        description: 'What data_table does',
        author: 'MetaBuilder',
        category: 'ui',
        minLevel: 1,
        dependencies: [],
        icon: 'icons/table.svg',
      },
    ])
  })

  test('does without components, scripts and script files', () => {
    const bare = definition('bare')
    delete bare.components
    const seed = exportAllPackagesForSeed(registryOf(bare, definition('empty', { scripts: '', scriptFiles: [] })))
    assert.deepEqual([seed.components, seed.scripts], [[], []])
    assert.deepEqual(
      seed.packages.map((one) => one.packageId),
      ['bare', 'empty'],
    )
  })

  test('leaves the registry as it is, and what it gives can be written as JSON', () => {
    const registry = registryOf(definition('a', { components: [{ id: 'x' }], scriptFiles: [scriptFile('init')] }))
    const before = structuredClone(registry)
    const seed = exportAllPackagesForSeed(registry)
    const written = JSON.parse(JSON.stringify(seed))
    assert.deepEqual(written.components, seed.components)
    seed.packages[0].dependencies.push('mine')
    seed.packages[0].icon = 'mine'
    seed.components.push({ id: 'mine' })
    assert.deepEqual(registry.a.components, before.a.components)
    assert.equal(registry.a.icon, undefined)
  })

  test('takes ids such as __proto__ for ids like any other', () => {
    const seed = exportAllPackagesForSeed(
      registryOf(...INHERITED_NAMES.map((id) => definition(id, { scripts: `-- ${id}` }))),
    )
    assert.deepEqual(
      seed.packages.map((one) => one.packageId),
      INHERITED_NAMES,
    )
    assert.deepEqual(
      seed.scripts.map((one) => one.id),
      INHERITED_NAMES.map((id) => `package_${id}`),
    )
  })
})
