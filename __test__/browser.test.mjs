import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { runNode } from './helpers/child.mjs'
import { definition, registryOf } from './helpers/registry.mjs'
import { MemoryStore } from './helpers/store.mjs'

const browser = await import('../browser.mjs')
const node = await import('../index.mjs')

const isBrowserError = (error) => error instanceof Error && error.code === 'EBROWSER'

const registry = registryOf(
  definition('dashboard', { minLevel: 2, dependencies: ['table'], components: [{ id: 'Card' }], scripts: '--' }),
  definition('table', { category: 'tools' }),
)

describe('In a browser bundle', () => {
  test('the same names are exported', () => {
    assert.deepEqual(Object.keys(browser).sort(), Object.keys(node).sort())
  })

  test('the permission, registry and dependency functions work', () => {
    assert.deepEqual(Object.keys(browser.getAccessiblePackages(registry, 1)), ['table'])
    assert.equal(browser.canAccessPackage(registry.dashboard, 2), true)
    assert.deepEqual(browser.getPackagesByLevel(registry)[2], [registry.dashboard])
    assert.equal(browser.getPackage(registry, 'table'), registry.table)
    assert.deepEqual(browser.getPackagesByCategory(registry, 'tools'), [registry.table])
    assert.deepEqual(browser.getPackageComponents(registry.dashboard), [{ id: 'Card' }])
    assert.equal(browser.getPackageScripts(registry.dashboard), '--')
    assert.deepEqual(browser.getPackageScriptFiles(registry.table), [])
    assert.deepEqual(browser.getAllPackageScripts(registry.table), { legacy: '', files: [] })
    assert.deepEqual(browser.getPackageExamples(registry.table), {})
    assert.deepEqual(browser.checkDependencies(registry, 'dashboard'), { satisfied: true, missing: [] })
    assert.deepEqual(browser.resolveDependencyOrder(registry).loadOrder, ['table', 'dashboard'])
    assert.deepEqual(browser.getAllDependencies(registry, 'dashboard'), ['table'])
    assert.deepEqual(browser.getDependents(registry, 'table'), ['dashboard'])
    assert.deepEqual(browser.exportAllPackagesForSeed(registry), node.exportAllPackagesForSeed(registry))
  })

  test('the installing functions work', async () => {
    const db = new MemoryStore()
    assert.deepEqual(await browser.installPackage(registry, 'dashboard', db), { success: true })
    assert.equal(await browser.isPackageInstalled('dashboard', db), true)
    assert.deepEqual(await browser.getInstalledPackages(db), ['dashboard'])
    assert.deepEqual(await browser.uninstallPackage(registry, 'dashboard', db), { success: true })
    assert.deepEqual(db.contents(), {})
  })

  test('the configurations and their check are there', () => {
    for (const name of [
      'DEFAULT_LOCAL_SOURCE',
      'DEFAULT_REMOTE_SOURCE',
      'DEFAULT_PACKAGE_REPO_CONFIG',
      'DEVELOPMENT_PACKAGE_REPO_CONFIG',
      'PRODUCTION_PACKAGE_REPO_CONFIG',
    ]) {
      assert.deepEqual(browser[name], node[name], name)
    }
    assert.deepEqual(browser.validatePackageRepoConfig(browser.DEFAULT_PACKAGE_REPO_CONFIG), [])
    assert.equal(browser.validatePackageRepoConfig({ sources: [] }).length, 2)
    assert.deepEqual(browser.getPackageRepoConfig(), node.getPackageRepoConfig())
  })

  test('the object form works', () => {
    assert.ok(browser.packageGlue instanceof browser.PackageGlue)
    assert.equal(browser.getPackageGlue(), browser.packageGlue)
    assert.equal(browser.packageGlue.getPackage(registry, 'table'), registry.table)
  })

  for (const name of ['LocalPackageSource', 'RemotePackageSource', 'PackageSourceManager']) {
    test(`${name} is a class that throws an Error with the code EBROWSER`, () => {
      assert.equal(typeof browser[name], 'function')
      assert.throws(() => new browser[name](), isBrowserError)
      assert.throws(() => new browser[name]({ url: '/packages' }), { code: 'EBROWSER', message: new RegExp(name) })
    })

    test(`${name} can be extended, and its subclass throws when it is constructed`, () => {
      class Mine extends browser[name] {}
      assert.throws(() => new Mine(), isBrowserError)
    })
  }

  test('the functions that make sources and managers throw an Error with the code EBROWSER', () => {
    for (const name of [
      'createLocalSource',
      'createRemoteSource',
      'createPackageSourceManager',
      'createPackageSourceManagerFromConfig',
    ]) {
      assert.throws(() => browser[name](), isBrowserError, name)
    }
  })

  test('the functions that read packages reject with an Error with the code EBROWSER', async () => {
    for (const name of ['buildPackageRegistry', 'loadPackageIndex']) {
      const answer = browser[name]()
      assert.ok(answer instanceof Promise, name)
      await assert.rejects(answer, isBrowserError, name)
    }
  })

  test('the condition "browser" leads there', async () => {
    const cwd = new URL('..', import.meta.url)
    const code =
      "import('@metabuilder/package-sources').then((m) => { try { new m.PackageSourceManager() } catch (e) { console.log(e.code) } })"
    const { stdout } = await runNode(['--conditions=browser', '-e', code], { cwd })
    assert.equal(stdout.trim(), 'EBROWSER')
  })

  test('no module that is loaded needs Node', () => {
    const seen = new Map()
    const visit = (url) => {
      if (seen.has(url.href)) return
      const text = readFileSync(url, 'utf8')
      const imports = ts.preProcessFile(text, true, true).importedFiles.map((one) => one.fileName)
      seen.set(url.href, imports)
      for (const name of imports) if (name.startsWith('.')) visit(new URL(name, url))
    }
    visit(new URL('../browser.mjs', import.meta.url))
    assert.ok(seen.size > 1)
    for (const [href, imports] of seen) {
      assert.deepEqual(
        imports.filter((name) => !name.startsWith('.') || name.endsWith('binding.js')),
        [],
        href,
      )
    }
  })
})
