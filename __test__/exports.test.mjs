import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const require = createRequire(import.meta.url)
const cjs = require('../index.js')
const esm = await import('../index.mjs')
const root = fileURLToPath(new URL('..', import.meta.url))

/** What the system's description and its callers import by name. */
const CONTRACT_NAMES = [
  'LocalPackageSource createLocalSource RemotePackageSource createRemoteSource DEFAULT_LOCAL_SOURCE DEFAULT_REMOTE_SOURCE',
  'PackageSourceManager createPackageSourceManager createPackageSourceManagerFromConfig',
  'DEFAULT_PACKAGE_REPO_CONFIG DEVELOPMENT_PACKAGE_REPO_CONFIG PRODUCTION_PACKAGE_REPO_CONFIG getPackageRepoConfig',
  'validatePackageRepoConfig getAccessiblePackages canAccessPackage getPackagesByLevel buildPackageRegistry',
  'loadPackageIndex getPackage getPackagesByCategory getPackageComponents getPackageScripts getPackageScriptFiles',
  'getAllPackageScripts getPackageExamples exportAllPackagesForSeed checkDependencies resolveDependencyOrder',
  'getAllDependencies getDependents installPackage installPackageComponents installPackageScripts uninstallPackage',
  'isPackageInstalled getInstalledPackages PackageGlue packageGlue getPackageGlue',
].flatMap((line) => line.split(' '))

const CONTRACT_TYPES = [
  'PackageSourceType PackageSourceConfig PackageIndexEntry PackageData PackageSource ConflictResolution',
  'PackageSourceManagerConfig MergedPackageEntry PackageRepoConfig LuaScriptFile PackageComponent PackageExamples',
  'PackageDefinition PackageRegistry DependencyResolutionResult PackageSeedData',
].flatMap((line) => line.split(' '))

/** What a class can't be constructed without. */
const ARGUMENTS = { GitPackageSource: [{ url: root }] }

/** Names that Node's module systems add to a namespace on their own. */
const namesOf = (namespace) =>
  Object.keys(namespace)
    .filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
    .sort()

/** The declarations' exports, by way of the TypeScript compiler. */
function declared() {
  const file = fileURLToPath(new URL('../index.d.ts', import.meta.url))
  const program = ts.createProgram([file], {
    noLib: false,
    types: [],
    module: ts.ModuleKind.Node16,
    skipLibCheck: true,
  })
  const checker = program.getTypeChecker()
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
  const classes = symbols.filter((one) => one.flags & ts.SymbolFlags.Class)
  const membersOf = (symbol) =>
    [...symbol.members.values()].filter((one) => one.flags & (ts.SymbolFlags.Method | ts.SymbolFlags.Property))
  return {
    names: symbols.map((one) => one.name),
    values: symbols.filter((one) => one.flags & ts.SymbolFlags.Value).map((one) => one.name),
    functions: symbols.filter((one) => one.flags & ts.SymbolFlags.Function).map((one) => one.name),
    classes: new Map(classes.map((one) => [one.name, membersOf(one).map((member) => member.name)])),
  }
}

describe('The package exports', () => {
  const declarations = declared()

  test('every value that the contract names', () => {
    const missing = CONTRACT_NAMES.filter((name) => !(name in esm))
    assert.deepEqual(missing, [])
  })

  test('every type that the contract names', () => {
    const missing = CONTRACT_TYPES.filter((name) => !declarations.names.includes(name))
    assert.deepEqual(missing, [])
  })

  test('at run time exactly the values that index.d.ts declares', () => {
    assert.deepEqual(namesOf(esm), declarations.values.sort())
  })

  test('functions where index.d.ts declares functions', () => {
    assert.ok(declarations.functions.length > 20)
    for (const name of declarations.functions) assert.equal(typeof esm[name], 'function', name)
  })

  test('classes with every member that index.d.ts declares', () => {
    assert.deepEqual([...declarations.classes.keys()].sort(), [
      'GitPackageSource',
      'LocalPackageSource',
      'PackageGlue',
      'PackageSourceManager',
      'RemotePackageSource',
    ])
    for (const [name, members] of declarations.classes) {
      const instance = new esm[name](...(ARGUMENTS[name] ?? []))
      assert.ok(members.length > 0, name)
      for (const member of members) assert.equal(typeof instance[member], 'function', `${name}.${member}`)
    }
  })

  test('the same names to require and to import', () => {
    assert.deepEqual(namesOf(cjs), namesOf(esm))
  })

  test('the very same values to require and to import', () => {
    for (const name of namesOf(esm)) assert.equal(cjs[name], esm[name], name)
  })

  test('the same values under its own package name as by path', async () => {
    const byName = await import('@metabuilder/package-sources')
    const required = require('@metabuilder/package-sources')
    for (const name of namesOf(esm)) {
      assert.equal(byName[name], esm[name], name)
      assert.equal(required[name], esm[name], name)
    }
  })

  test('classes whose instances pass instanceof on both sides', () => {
    assert.ok(new esm.LocalPackageSource({ url: root }) instanceof cjs.LocalPackageSource)
    assert.ok(new cjs.GitPackageSource({ url: root }) instanceof esm.GitPackageSource)
    assert.ok(new cjs.RemotePackageSource() instanceof esm.RemotePackageSource)
    assert.ok(new cjs.PackageSourceManager() instanceof esm.PackageSourceManager)
  })

  test('classes that can be told apart by their names', () => {
    for (const name of declarations.classes.keys()) {
      assert.equal(esm[name].name, name)
      assert.equal(new esm[name](...(ARGUMENTS[name] ?? [])).constructor, esm[name])
    }
  })

  test('classes that must be constructed with new', () => {
    for (const name of declarations.classes.keys()) assert.throws(() => esm[name](), TypeError, name)
  })

  test('the default settings of each kind of source', () => {
    assert.deepEqual(esm.DEFAULT_LOCAL_SOURCE, {
      id: 'local',
      name: 'Local Packages',
      type: 'local',
      url: '/packages',
      priority: 0,
      enabled: true,
    })
    assert.deepEqual(esm.DEFAULT_GIT_SOURCE, {
      id: 'git',
      name: 'Git Packages',
      type: 'git',
      url: '',
      priority: 20,
      enabled: true,
    })
    assert.deepEqual(esm.DEFAULT_REMOTE_SOURCE, {
      id: 'metabuilder-registry',
      name: 'MetaBuilder Registry',
      type: 'remote',
      url: 'https://registry.metabuilder.dev/api/v1',
      priority: 10,
      enabled: false,
    })
  })

  test('functions that make the sources that their names say', () => {
    assert.ok(esm.createLocalSource({ url: root }) instanceof esm.LocalPackageSource)
    assert.ok(esm.createGitSource({ url: root }) instanceof esm.GitPackageSource)
    assert.ok(esm.createRemoteSource({ id: 'mine' }) instanceof esm.RemotePackageSource)
    assert.deepEqual(esm.createRemoteSource({ id: 'mine', priority: undefined }).getConfig(), {
      ...esm.DEFAULT_REMOTE_SOURCE,
      id: 'mine',
    })
  })
})
