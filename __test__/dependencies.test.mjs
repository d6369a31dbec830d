import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkDependencies, getAllDependencies, getDependents, resolveDependencyOrder } from '../index.mjs'
import { definition, dependencyGraph, INHERITED_NAMES, registryOf } from './helpers/registry.mjs'

/** A definition whose manifest names no dependencies at all. */
const undeclared = (id) => {
  const pkg = definition(id)
  delete pkg.dependencies
  return pkg
}

describe('checkDependencies', () => {
  const registry = dependencyGraph({ a: ['b', 'c'], b: [], c: ['d'], lost: ['x', 'b', 'y'] })

  test('is satisfied where the registry has all direct dependencies', () => {
    assert.deepEqual(checkDependencies(registry, 'a'), { satisfied: true, missing: [] })
    assert.deepEqual(checkDependencies(registry, 'b'), { satisfied: true, missing: [] })
  })

  test('names the missing ones in the order of the manifest', () => {
    assert.deepEqual(checkDependencies(registry, 'lost'), { satisfied: false, missing: ['x', 'y'] })
  })

  test('takes an unknown id for its own missing dependency', () => {
    assert.deepEqual(checkDependencies(registry, 'nowhere'), { satisfied: false, missing: ['nowhere'] })
  })

  test('finds own entries only', () => {
    for (const id of INHERITED_NAMES) {
      assert.deepEqual(checkDependencies(registry, id), { satisfied: false, missing: [id] })
      assert.deepEqual(checkDependencies(registryOf(definition('a', { dependencies: [id] })), 'a'), {
        satisfied: false,
        missing: [id],
      })
    }
    const odd = registryOf(
      definition('a', { dependencies: INHERITED_NAMES }),
      ...INHERITED_NAMES.map((id) => definition(id)),
    )
    assert.deepEqual(checkDependencies(odd, 'a'), { satisfied: true, missing: [] })
  })

  test('takes no dependencies for none', () => {
    assert.deepEqual(checkDependencies(registryOf(undeclared('a')), 'a'), { satisfied: true, missing: [] })
  })
})

describe('resolveDependencyOrder', () => {
  const resolve = (graph) => resolveDependencyOrder(dependencyGraph(graph))

  test('gives nothing for an empty registry', () => {
    assert.deepEqual(resolve({}), { loadOrder: [], unresolvable: [], circular: [] })
  })

  test("goes depth first in the registry's order, dependencies before dependents", () => {
    assert.deepEqual(resolve({ app: ['table', 'core'], table: ['core'], core: [], other: [] }), {
      loadOrder: ['core', 'table', 'app', 'other'],
      unresolvable: [],
      circular: [],
    })
  })

  test('lists every package once, also where many need it', () => {
    const { loadOrder } = resolve({ a: ['d', 'b', 'c'], b: ['d'], c: ['d', 'b'], d: [] })
    assert.deepEqual(loadOrder, ['d', 'b', 'c', 'a'])
  })

  test('names what is missing for whom, and loads those packages all the same', () => {
    const { loadOrder, unresolvable, circular } = resolve({ a: ['x', 'b', 'y'], b: ['x'], c: ['a'] })
    assert.deepEqual(loadOrder, ['b', 'a', 'c'])
    assert.deepEqual(circular, [])
    assert.deepEqual(
      unresolvable.toSorted((one, other) => one.packageId.localeCompare(other.packageId)),
      [
        { packageId: 'a', missing: ['x', 'y'] },
        { packageId: 'b', missing: ['x'] },
      ],
    )
  })

  test('lists a circle from its first member back to it', () => {
    assert.deepEqual(resolve({ a: ['b'], b: ['a'] }), {
      loadOrder: ['b', 'a'],
      unresolvable: [],
      circular: [['a', 'b', 'a']],
    })
    assert.deepEqual(resolve({ a: ['b'], b: ['c'], c: ['a'] }).circular, [['a', 'b', 'c', 'a']])
  })

  test('lists a package that needs itself as a circle', () => {
    assert.deepEqual(resolve({ a: ['a'] }), { loadOrder: ['a'], unresolvable: [], circular: [['a', 'a']] })
  })

  test('leaves out of a circle what only leads to it', () => {
    const { loadOrder, circular } = resolve({ start: ['a'], a: ['b'], b: ['c'], c: ['b', 'd'], d: [] })
    assert.deepEqual(circular, [['b', 'c', 'b']])
    assert.deepEqual(loadOrder, ['d', 'c', 'b', 'a', 'start'])
  })

  test('lists each of several circles', () => {
    const { loadOrder, circular } = resolve({ a: ['b'], b: ['a'], c: ['d'], d: ['c'], e: [] })
    assert.deepEqual(circular, [
      ['a', 'b', 'a'],
      ['c', 'd', 'c'],
    ])
    assert.deepEqual(loadOrder, ['b', 'a', 'd', 'c', 'e'])
  })

  test('lists the first thousand circles where there are more', () => {
    const ids = Array.from({ length: 100 }, (_, at) => `p${at}`)
    const { loadOrder, circular } = resolve(Object.fromEntries(ids.map((id) => [id, ids])))
    assert.deepEqual(loadOrder, ids.toReversed())
    assert.equal(circular.length, 1000)
    assert.deepEqual(circular.slice(0, 3), [
      ['p0', 'p0'],
      ['p0', 'p1', 'p0'],
      ['p1', 'p1'],
    ])
    for (const circle of circular) assert.equal(circle[0], circle.at(-1))
  })

  test('takes no dependencies for none', () => {
    const registry = registryOf(undeclared('a'), definition('b', { dependencies: ['a'] }))
    assert.deepEqual(resolveDependencyOrder(registry).loadOrder, ['a', 'b'])
  })

  test('takes ids such as __proto__ for ids like any other', () => {
    const registry = registryOf(
      definition('a', { dependencies: ['__proto__', 'toString'] }),
      definition('__proto__', { dependencies: ['constructor'] }),
      definition('constructor'),
    )
    assert.deepEqual(resolveDependencyOrder(registry), {
      loadOrder: ['constructor', '__proto__', 'a'],
      unresolvable: [{ packageId: 'a', missing: ['toString'] }],
      circular: [],
    })
  })

  test('gets through a chain as long as a big registry', () => {
    const length = 20_000
    const graph = {}
    for (let at = 0; at < length; at++) graph[`p${at}`] = at + 1 < length ? [`p${at + 1}`] : []
    const { loadOrder } = resolve(graph)
    assert.equal(loadOrder.length, length)
    assert.deepEqual([loadOrder[0], loadOrder.at(-1)], [`p${length - 1}`, 'p0'])
  })
})

describe('getAllDependencies', () => {
  const all = (graph, id) => getAllDependencies(dependencyGraph(graph), id).sort()

  test('gives direct and indirect ones, each once', () => {
    const graph = { a: ['b', 'c'], b: ['d'], c: ['d', 'b'], d: ['e'], e: [], other: ['a'] }
    assert.deepEqual(all(graph, 'a'), ['b', 'c', 'd', 'e'])
    assert.deepEqual(all(graph, 'd'), ['e'])
    assert.deepEqual(all(graph, 'e'), [])
  })

  test('leaves out what the registry lacks', () => {
    assert.deepEqual(all({ a: ['x', 'b'], b: ['y'] }, 'a'), ['b'])
    assert.deepEqual(all({ a: [] }, 'nowhere'), [])
  })

  test('comes to an end in a circle', () => {
    const found = all({ a: ['b'], b: ['c'], c: ['a'] }, 'a')
    assert.deepEqual(
      found.filter((id) => id !== 'a'),
      ['b', 'c'],
    )
    assert.equal(new Set(found).size, found.length)
  })

  test('takes ids such as __proto__ for ids like any other', () => {
    const registry = registryOf(
      definition('a', { dependencies: ['__proto__', 'toString'] }),
      definition('__proto__', { dependencies: ['constructor'] }),
      definition('constructor'),
    )
    assert.deepEqual(getAllDependencies(registry, 'a').sort(), ['__proto__', 'constructor'])
    assert.deepEqual(getAllDependencies(registry, 'valueOf'), [])
  })

  test('gets through a chain as long as a big registry', () => {
    const graph = {}
    for (let at = 0; at < 20_000; at++) graph[`p${at}`] = [`p${at + 1}`]
    assert.equal(getAllDependencies(dependencyGraph(graph), 'p0').length, 19_999)
  })
})

describe('getDependents', () => {
  const registry = dependencyGraph({ z: ['core', 'core'], a: ['z'], m: ['x', 'core'], core: [] })

  test("gives the direct dependents, each once, in the registry's order", () => {
    assert.deepEqual(getDependents(registry, 'core'), ['z', 'm'])
    assert.deepEqual(getDependents(registry, 'z'), ['a'])
    assert.deepEqual(getDependents(registry, 'a'), [])
  })

  test('also of a package that the registry lacks', () => {
    assert.deepEqual(getDependents(registry, 'x'), ['m'])
  })

  test('takes ids such as __proto__ for ids like any other', () => {
    for (const id of INHERITED_NAMES) {
      assert.deepEqual(getDependents(registry, id), [])
      assert.deepEqual(getDependents(registryOf(definition(id, { dependencies: [id] })), id), [id])
    }
  })

  test('passes over a package without dependencies', () => {
    assert.deepEqual(getDependents(registryOf(undeclared('a'), definition('b', { dependencies: ['a'] })), 'a'), ['b'])
  })
})
