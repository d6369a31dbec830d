import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inChild } from './helpers/child.mjs'
import { packagesFolder, temporaryDirectory } from './helpers/package-builder.mjs'
import { definition, registryOf } from './helpers/registry.mjs'
import { MemoryStore } from './helpers/store.mjs'

const addon = await import('../index.mjs')

const MEMBERS = [
  'loadPackageIndex buildPackageRegistry getPackage getPackagesByCategory getPackageComponents getPackageScripts',
  'getPackageScriptFiles getAllPackageScripts getPackageExamples exportAllPackagesForSeed getAccessiblePackages',
  'canAccessPackage getPackagesByLevel checkDependencies resolveDependencyOrder getAllDependencies getDependents',
  'installPackage installPackageComponents installPackageScripts uninstallPackage isPackageInstalled',
  'getInstalledPackages',
].flatMap((line) => line.split(' '))

describe('The object form', () => {
  test('is one shared instance of PackageGlue', () => {
    assert.ok(addon.packageGlue instanceof addon.PackageGlue)
    assert.equal(addon.getPackageGlue(), addon.packageGlue)
    assert.equal(addon.getPackageGlue(), addon.getPackageGlue())
  })

  test('has every function as a member', () => {
    for (const glue of [addon.packageGlue, new addon.PackageGlue()]) {
      for (const name of MEMBERS) assert.equal(typeof glue[name], 'function', name)
    }
  })

  test('lets a subclass override a member', () => {
    class Mine extends addon.PackageGlue {
      getPackage(registry, packageId) {
        return super.getPackage(registry, `my_${packageId}`)
      }
    }
    const registry = registryOf(definition('a'), definition('my_a'))
    const mine = new Mine()
    assert.equal(mine.getPackage(registry, 'a'), registry.my_a)
    assert.equal(mine.getPackageScripts(registry.a), '')
    assert.equal(addon.packageGlue.getPackage(registry, 'a'), registry.a)
  })

  test('has its members on the prototype, and no others', () => {
    assert.deepEqual(Object.keys(addon.packageGlue), [])
    assert.deepEqual(Object.keys(addon.PackageGlue.prototype).sort(), MEMBERS.toSorted())
  })

  test('answers as the functions do, also where a member is taken off', async () => {
    const registry = registryOf(
      definition('a', { dependencies: ['b'], scripts: '--', minLevel: 3 }),
      definition('b', { category: 'tools' }),
    )
    const { packageGlue: glue } = addon
    const { getPackage, resolveDependencyOrder, getPackagesByLevel } = glue
    assert.equal(getPackage(registry, 'a'), registry.a)
    assert.deepEqual(resolveDependencyOrder(registry), addon.resolveDependencyOrder(registry))
    assert.deepEqual(getPackagesByLevel(registry), addon.getPackagesByLevel(registry))
    assert.deepEqual(glue.getAccessiblePackages(registry, 2), addon.getAccessiblePackages(registry, 2))
    assert.deepEqual(glue.getPackagesByCategory(registry, 'tools'), [registry.b])
    assert.deepEqual(glue.checkDependencies(registry, 'a'), { satisfied: true, missing: [] })
    assert.deepEqual(glue.getDependents(registry, 'b'), ['a'])
    assert.deepEqual(glue.exportAllPackagesForSeed(registry), addon.exportAllPackagesForSeed(registry))
    assert.deepEqual(await glue.installPackage(registry, 'nowhere', new MemoryStore()), {
      success: false,
      error: 'Package nowhere not found',
    })
  })
})

/** What the two functions over the default local source give in a process with this packages folder. */
async function atDefault(folder) {
  const code = `
    const errors = []
    console.error = (...args) => errors.push(args.map(String).join(' '))
    const index = await addon.loadPackageIndex()
    const registry = await addon.buildPackageRegistry()
    answer({ index, registry, ids: Object.keys(registry), errors: errors.length })
  `
  const { answer } = await inChild(code, { env: { METABUILDER_PACKAGES_DIR: folder }, cwd: '/' })
  return answer
}

describe('buildPackageRegistry and loadPackageIndex', () => {
  test("give the default local folder's packages as definitions", async (t) => {
    const folder = packagesFolder(t)
    const exports = { components: ['StatCard'], scripts: ['stats'] }
    folder
      .seed('dashboard', { minLevel: 2, dependencies: ['data_table'], exports })
      .components([{ id: 'StatCard' }])
      .script('return 1')
      .listedScript('init.lua', '-- init', { name: 'start', category: 'lifecycle', description: 'Starts' })
      .examples({ rows: [1] })
    folder.manifest('data_table', { dependencies: { core: '^1.0.0' } }).components([{ id: 'Table' }])
    const { registry, ids, errors } = await atDefault(folder.path)
    assert.equal(errors, 0)
    assert.deepEqual(ids, ['dashboard', 'data_table'])
    const { dashboard, data_table: table } = registry
    const expected = {
      packageId: 'dashboard',
      name: 'Dashboard',
      version: '1.0.0',
      description: 'The package dashboard',
      author: 'MetaBuilder',
      category: 'ui',
      dependencies: ['data_table'],
      minLevel: 2,
      exports,
      components: [{ id: 'StatCard' }],
      scripts: 'return 1',
      scriptFiles: [
        {
          name: 'start',
          path: 'scripts/init.lua',
          code: '-- init',
          category: 'lifecycle',
          description: 'Starts',
        },
      ],
      examples: { rows: [1] },
    }
    for (const [field, value] of Object.entries(expected)) assert.deepEqual(dashboard[field], value, field)
    assert.deepEqual(table.dependencies, ['core'])
    assert.deepEqual(table.components, [{ id: 'Table' }])
    assert.ok(Array.isArray(table.exports.components))
  })

  test('give the index as index.json has it', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('b', { minLevel: 4 })
    folder.manifest('a', { dependencies: { b: '^1.0.0' } })
    const entries = [
      { packageId: 'b', name: 'From the index', custom: { nested: true } },
      { packageId: 'a', dependencies: { b: '^1.0.0' } },
    ]
    folder.index(entries, { generatedAt: '2026-01-01' })
    const { index, ids } = await atDefault(folder.path)
    assert.deepEqual(index, entries)
    assert.deepEqual(ids, ['b', 'a'])
  })

  test('give the scanned packages where there is no index.json', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('b', { minLevel: 4 })
    folder.manifest('a')
    const { index } = await atDefault(folder.path)
    assert.deepEqual(
      index.map((one) => [one.packageId, one.version]),
      [
        ['a', '1.0.0'],
        ['b', '1.0.0'],
      ],
    )
  })

  test('give null and an empty registry where there is no folder', async (t) => {
    const { index, ids } = await atDefault(`${temporaryDirectory(t)}/nowhere`)
    assert.equal(index, null)
    assert.deepEqual(ids, [])
  })

  test('take a package named __proto__ for one like any other', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('__proto__', { minLevel: 3 }, { folder: 'odd' })
    folder.seed('plain')
    const code = `
      const registry = await addon.buildPackageRegistry()
      answer([
        Object.keys(registry).sort(),
        Object.getPrototypeOf(registry) === Object.prototype,
        addon.getPackage(registry, '__proto__')?.minLevel,
      ])
    `
    const { answer } = await inChild(code, { env: { METABUILDER_PACKAGES_DIR: folder.path } })
    assert.deepEqual(answer, [['__proto__', 'plain'], true, 3])
  })
})
