import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canAccessPackage, getAccessiblePackages, getPackagesByLevel } from '../index.mjs'
import { definition, INHERITED_NAMES, registryOf } from './helpers/registry.mjs'

const levels = registryOf(
  definition('six', { minLevel: 6 }),
  definition('one', { minLevel: 1 }),
  definition('four', { minLevel: 4 }),
  definition('two', { minLevel: 2 }),
  definition('one more', { minLevel: 1 }),
)

describe('getAccessiblePackages', () => {
  test("gives the packages up to the user's level, in the registry's order", () => {
    const expected = {
      0: [],
      1: ['one', 'one more'],
      2: ['one', 'two', 'one more'],
      3: ['one', 'two', 'one more'],
      5: ['one', 'four', 'two', 'one more'],
      6: ['six', 'one', 'four', 'two', 'one more'],
      100: ['six', 'one', 'four', 'two', 'one more'],
    }
    for (const [level, ids] of Object.entries(expected)) {
      assert.deepEqual(Object.keys(getAccessiblePackages(levels, Number(level))), ids)
    }
  })

  test('gives a new object with the same values and leaves the registry as it is', () => {
    const before = { ...levels }
    const accessible = getAccessiblePackages(levels, 6)
    assert.notEqual(accessible, levels)
    assert.deepEqual(accessible, levels)
    for (const id of Object.keys(levels)) assert.equal(accessible[id], levels[id])
    delete accessible.one
    assert.deepEqual(levels, before)
  })

  test('takes ids such as __proto__ for ids like any other', () => {
    const registry = registryOf(
      ...INHERITED_NAMES.map((id) => definition(id)),
      definition('hidden', { minLevel: 6, polluted: true }),
    )
    const accessible = getAccessiblePackages(registry, 3)
    assert.deepEqual(Object.keys(accessible), INHERITED_NAMES)
    for (const id of INHERITED_NAMES) {
      assert.equal(Object.getOwnPropertyDescriptor(accessible, id).value.packageId, id)
    }
    assert.equal(Object.getPrototypeOf(accessible), Object.prototype)
    assert.equal({}.packageId, undefined)
  })

  test('takes no package from the prototype of the registry', () => {
    const registry = Object.assign(Object.create(registryOf(definition('inherited'))), registryOf(definition('own')))
    assert.deepEqual(Object.keys(getAccessiblePackages(registry, 6)), ['own'])
  })
})

describe('canAccessPackage', () => {
  test('is true from the level of the package on', () => {
    const pkg = definition('four', { minLevel: 4 })
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((level) => canAccessPackage(pkg, level)),
      [false, false, false, false, true, true, true, true],
    )
  })

  test('agrees with getAccessiblePackages', () => {
    for (const level of [-1, 0, 1, 2, 3, 4, 5, 6, 2.5]) {
      const accessible = getAccessiblePackages(levels, level)
      for (const [id, pkg] of Object.entries(levels)) assert.equal(canAccessPackage(pkg, level), id in accessible)
    }
  })
})

describe('A package whose minLevel is no number', () => {
  test('is open to nobody', () => {
    for (const minLevel of [undefined, null, '1', Number.NaN, {}]) {
      const pkg = definition('closed', { minLevel })
      for (const level of [0, 1, 6, 100]) assert.equal(canAccessPackage(pkg, level), false)
      assert.deepEqual(getAccessiblePackages(registryOf(pkg), 100), {})
    }
  })
})

describe('getPackagesByLevel', () => {
  test('has the keys 1 to 6 also where there are no packages', () => {
    assert.deepEqual(getPackagesByLevel({}), { 1: [], 2: [], 3: [], 4: [], 5: [], 6: [] })
  })

  test("puts each package under its level, in the registry's order", () => {
    const byLevel = getPackagesByLevel(levels)
    assert.deepEqual(Object.keys(byLevel), ['1', '2', '3', '4', '5', '6'])
    assert.deepEqual(byLevel[1], [levels.one, levels['one more']])
    assert.equal(byLevel[1][0], levels.one)
    assert.deepEqual(
      [byLevel[2], byLevel[3], byLevel[4], byLevel[5], byLevel[6]],
      [[levels.two], [], [levels.four], [], [levels.six]],
    )
  })

  test('has a further key for a level beyond, where one occurs', () => {
    const byLevel = getPackagesByLevel(registryOf(definition('beyond', { minLevel: 7 })))
    assert.deepEqual(Object.keys(byLevel), ['1', '2', '3', '4', '5', '6', '7'])
    assert.equal(byLevel[7][0].packageId, 'beyond')
  })

  test('counts no minLevel as 1', () => {
    const pkg = definition('bare')
    delete pkg.minLevel
    assert.deepEqual(getPackagesByLevel(registryOf(pkg))[1], [pkg])
  })

  test('counts 0 and what is no number as 1', () => {
    const pkgs = [0, -0, Number.NaN, null, '4', undefined, {}].map((minLevel, at) => definition(`p${at}`, { minLevel }))
    assert.deepEqual(getPackagesByLevel(registryOf(...pkgs)), { 1: pkgs, 2: [], 3: [], 4: [], 5: [], 6: [] })
  })

  test('gives every other number its own key', () => {
    const numbers = [-1, 2.5, Number.POSITIVE_INFINITY]
    const byLevel = getPackagesByLevel(
      registryOf(...numbers.map((minLevel) => definition(`p${minLevel}`, { minLevel }))),
    )
    for (const number of numbers)
      assert.deepEqual(
        byLevel[number].map((one) => one.packageId),
        [`p${number}`],
      )
    assert.deepEqual(Object.keys(byLevel).sort(), ['-1', '1', '2', '2.5', '3', '4', '5', '6', 'Infinity'])
  })

  test('changes no prototype for a level such as __proto__', () => {
    const registry = registryOf(
      definition('a', { minLevel: '__proto__' }),
      definition('b', { minLevel: 'constructor' }),
    )
    const byLevel = getPackagesByLevel(registry)
    assert.equal(Object.getPrototypeOf(byLevel), Object.prototype)
    for (const key of Object.getOwnPropertyNames(byLevel)) {
      assert.ok(Array.isArray(Object.getOwnPropertyDescriptor(byLevel, key).value), key)
    }
    assert.equal({}.constructor, Object)
  })
})
