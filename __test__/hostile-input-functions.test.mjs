// Every exported function, given what it must not be given: a coded error or the documented empty result.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as addon from '../index.mjs'
import { assertPlain, HOSTILE_IDS, shown } from './helpers/hostile.mjs'
import { ANYTHING, assertFails, guarded, NOT_STRINGS, outcomeOf } from './helpers/hostile-arguments.mjs'

guarded()

const definition = (packageId, fields = {}) => ({
  packageId,
  name: packageId,
  version: '1.0.0',
  description: '',
  author: '',
  category: 'ui',
  dependencies: [],
  minLevel: 1,
  exports: { components: [] },
  components: [{ id: `${packageId}_root` }],
  ...fields,
})

const GOOD = {
  registry: { a: definition('a', { dependencies: ['b'] }), b: definition('b') },
  pkg: definition('a'),
  id: 'a',
  level: 3,
  category: 'ui',
  db: { set: async () => {}, get: async () => null, getAll: async () => ({}), delete: async () => {} },
}

const isRegistry = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isList = Array.isArray
const isInstallResult = ({ success, error }) =>
  success ? error === undefined : success === false && typeof error === 'string' && error !== ''

/** Each function: its parameters, and what it may answer where it doesn't throw. */
const FUNCTIONS = {
  getAccessiblePackages: [['registry', 'level'], isRegistry],
  canAccessPackage: [['pkg', 'level'], (value) => typeof value === 'boolean'],
  getPackagesByLevel: [['registry'], (value) => [1, 2, 3, 4, 5, 6].every((level) => isList(value[level]))],
  getPackage: [['registry', 'id'], (value) => value === undefined || isRegistry(value)],
  getPackagesByCategory: [['registry', 'category'], isList],
  getPackageComponents: [['pkg'], isList],
  getPackageScripts: [['pkg'], (value) => typeof value === 'string'],
  getPackageScriptFiles: [['pkg'], isList],
  getAllPackageScripts: [['pkg'], ({ legacy, files }) => typeof legacy === 'string' && isList(files)],
  getPackageExamples: [['pkg'], isRegistry],
  exportAllPackagesForSeed: [
    ['registry'],
    ({ components, scripts, packages }) => isList(components) && isList(scripts) && isList(packages),
  ],
  checkDependencies: [
    ['registry', 'id'],
    ({ satisfied, missing }) => isList(missing) && satisfied === (missing.length === 0),
  ],
  resolveDependencyOrder: [
    ['registry'],
    ({ loadOrder, unresolvable, circular }) => isList(loadOrder) && isList(unresolvable) && isList(circular),
  ],
  getAllDependencies: [['registry', 'id'], isList],
  getDependents: [['registry', 'id'], isList],
  installPackage: [['registry', 'id', 'db'], isInstallResult],
  installPackageComponents: [['pkg', 'db'], (value) => value === undefined],
  installPackageScripts: [['pkg', 'db'], (value) => value === undefined],
  uninstallPackage: [['registry', 'id', 'db'], isInstallResult],
  isPackageInstalled: [['id', 'db'], (value) => value === false],
  getInstalledPackages: [['db'], isList],
}

/** Functions with tests of their own, below or in a file beside, or without parameters. */
const OTHERS = [
  'buildPackageRegistry',
  'createGitSource',
  'createLocalSource',
  'createPackageSourceManager',
  'createPackageSourceManagerFromConfig',
  'createRegistryHandlers',
  'createRegistryServer',
  'createRemoteSource',
  'getPackageGlue',
  'getPackageRepoConfig',
  'importPackages',
  'loadPackageIndex',
  'validatePackageRepoConfig',
]
const CLASSES = ['GitPackageSource', 'LocalPackageSource', 'PackageGlue', 'PackageSourceManager', 'RemotePackageSource']

test('every export is covered here', () => {
  const functions = Object.keys(addon).filter((name) => typeof Reflect.get(addon, name) === 'function')
  assert.deepEqual(functions.sort(), [...Object.keys(FUNCTIONS), ...OTHERS, ...CLASSES].sort())
})

describe('functions over registries and packages', () => {
  for (const [name, [parameters, isAnswer]] of Object.entries(FUNCTIONS)) {
    const call = Reflect.get(addon, name)
    const good = parameters.map((parameter) => GOOD[parameter])

    for (const [at, parameter] of parameters.entries()) {
      test(`${name}: any value as ${parameter}`, async () => {
        for (const value of ANYTHING) {
          const what = `${name}(${parameter}: ${shown(value)})`
          const { value: answer, error } = await outcomeOf(() => call(...good.with(at, value)), what)
          if (error) assert.equal(error.code, 'EINVALIDARG', what)
          else assert.ok(isAnswer(answer), what)
        }
      })
    }

    test(`${name}: no arguments`, async () => {
      await assertFails(() => call(), 'EINVALIDARG', `${name}()`)
    })
  }

  const ODD_DEFINITIONS = [
    ...[
      'components',
      'scripts',
      'scriptFiles',
      'examples',
      'dependencies',
      'exports',
      'minLevel',
      'name',
      'version',
    ].flatMap((field) => NOT_STRINGS.map((value) => ({ [field]: value }))),
    { components: [null, 1, 'x', {}, { id: 5 }] },
    { scriptFiles: [null] },
    { scriptFiles: [1, {}, { name: Symbol('s') }] },
    { dependencies: [null, 1, {}, Symbol('s'), ['b'], undefined] },
    { dependencies: HOSTILE_IDS },
    { packageId: undefined },
    { packageId: Symbol('s') },
  ]

  for (const [name, [parameters, isAnswer]] of Object.entries(FUNCTIONS)) {
    if (!parameters.includes('registry') && !parameters.includes('pkg')) continue
    test(`${name}: packages with fields of the wrong type`, async () => {
      for (const fields of ODD_DEFINITIONS) {
        const pkg = definition('a', fields)
        const values = { ...GOOD, pkg, registry: { a: pkg, b: definition('b') } }
        const [[field, value]] = Object.entries(fields)
        const what = `${name} over ${field}: ${shown(value)}`
        const call = () => Reflect.get(addon, name)(...parameters.map((parameter) => values[parameter]))
        const { value: answer, error } = await outcomeOf(call, what)
        if (error) assert.equal(error.code, 'EINVALIDARG', what)
        else assert.ok(isAnswer(answer), what)
      }
    })
  }

  test('ids that object members have find own entries only', () => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(addon.getPackage(GOOD.registry, id), undefined)
      assert.deepEqual(addon.checkDependencies(GOOD.registry, id), { satisfied: false, missing: [id] })
      assert.deepEqual(addon.getAllDependencies(GOOD.registry, id), [])
      assert.deepEqual(addon.getDependents(GOOD.registry, id), [])
    }
    const needy = { a: definition('a', { dependencies: ['__proto__', 'constructor', 'toString'] }) }
    assert.deepEqual(addon.checkDependencies(needy, 'a').missing, ['__proto__', 'constructor', 'toString'])
    assert.deepEqual(addon.getAllDependencies(needy, 'a'), [])
  })

  test('ids that object members have are entries like any other', async () => {
    const registry = JSON.parse(
      JSON.stringify({
        p: definition('__proto__', { dependencies: ['constructor'] }),
        constructor: definition('constructor'),
      }).replace('"p":', '"__proto__":'),
    )
    assert.deepEqual(Object.keys(registry), ['__proto__', 'constructor'])
    const accessible = addon.getAccessiblePackages(registry, 6)
    assert.deepEqual(Object.keys(accessible), ['__proto__', 'constructor'])
    assert.equal(Object.getPrototypeOf(accessible), Object.prototype)
    assert.equal(addon.getPackage(registry, '__proto__').packageId, '__proto__')
    assert.deepEqual(addon.getAllDependencies(registry, '__proto__'), ['constructor'])
    assert.deepEqual(addon.getDependents(registry, 'constructor'), ['__proto__'])
    assert.deepEqual(addon.resolveDependencyOrder(registry).loadOrder, ['constructor', '__proto__'])
    assertPlain(addon.getPackagesByLevel(registry))
    assertPlain(addon.exportAllPackagesForSeed(registry))
    assert.equal((await addon.installPackage(registry, '__proto__', GOOD.db)).success, true)
  })
})

describe('configuration', () => {
  test('validatePackageRepoConfig never throws and says what is wrong', () => {
    const source = { id: 'a', name: 'A', type: 'local', url: '/x', priority: 0, enabled: true }
    const configs = [
      ...ANYTHING,
      ...ANYTHING.map((sources) => ({ conflictResolution: 'priority', sources })),
      ...NOT_STRINGS.map((one) => ({ conflictResolution: 'priority', sources: [one] })),
      ...['id', 'url'].flatMap((field) =>
        NOT_STRINGS.map((value) => ({ conflictResolution: 'priority', sources: [{ ...source, [field]: value }] })),
      ),
    ]
    for (const [at, config] of configs.entries()) {
      const messages = addon.validatePackageRepoConfig(config)
      assert.ok(isList(messages) && messages.length > 0, `config ${at}`)
      for (const message of messages) assert.equal(typeof message, 'string')
    }
  })

  test('createPackageSourceManagerFromConfig throws EINVALIDCONFIG with all messages', async () => {
    for (const config of ANYTHING) {
      if (config === undefined) continue
      const what = `createPackageSourceManagerFromConfig(${shown(config)})`
      const { error } = await outcomeOf(() => addon.createPackageSourceManagerFromConfig(config), what)
      assert.equal(error?.code, 'EINVALIDCONFIG', what)
      assert.deepEqual(error.messages, addon.validatePackageRepoConfig(config))
    }
  })

  test('createPackageSourceManagerFromConfig throws EINVALIDCONFIG for fields of the wrong type', async () => {
    const source = { id: 'a', name: 'A', type: 'local', url: '/x', priority: 0, enabled: true }
    const wrong = {
      priority: ['0', null, Number.NaN, {}],
      enabled: ['true', 1, {}],
      name: [5, null, {}],
      type: [5, null, {}, 'carrier-pigeon'],
      authToken: [5, null, {}],
    }
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const sources = [source, { ...source, id: 'b', [field]: value }]
        const call = () => addon.createPackageSourceManagerFromConfig({ conflictResolution: 'priority', sources })
        await assertFails(call, 'EINVALIDCONFIG', `${field}: ${shown(value)}`)
      }
    }
    for (const conflictResolution of [null, 5, 'text', '__proto__']) {
      const call = () => addon.createPackageSourceManagerFromConfig({ conflictResolution, sources: [source] })
      await assertFails(call, 'EINVALIDCONFIG', shown(conflictResolution))
    }
  })

  test('getPackageRepoConfig, getPackageGlue and the readers take no notice of arguments', async () => {
    for (const value of ANYTHING) {
      assert.deepEqual(addon.getPackageRepoConfig(value), addon.getPackageRepoConfig())
      assert.equal(addon.getPackageGlue(value), addon.packageGlue)
    }
  })
})
