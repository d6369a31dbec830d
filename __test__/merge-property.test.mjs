// The manager held against a simple model, for random sources and random sequences of what a caller may do.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { ModelManager, VERSIONS } from './helpers/merge-model.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { entry, packageData } from './helpers/sources.mjs'

const STRATEGIES = ['priority', 'latest-version', 'local-first', 'remote-first']
const SOURCE_IDS = ['alpha', 'beta', 'gamma', 'delta', '__proto__', 'local-copy']
const PACKAGE_IDS = ['a', 'b', 'c', 'd', 'e', 'constructor', '__proto__', '7']

const entries = fc.array(
  fc.record({ packageId: fc.constantFrom(...PACKAGE_IDS), version: fc.constantFrom(...VERSIONS) }),
  { maxLength: 10 },
)
const priority = fc.oneof(fc.integer({ min: -2, max: 3 }), fc.constantFrom(0.5, -0.5, 1e9, -1e9))
const sourceSpec = fc.record({
  id: fc.constantFrom(...SOURCE_IDS),
  type: fc.constantFrom('local', 'remote', 'git', 's3'),
  priority,
  enabled: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  entries,
})

/** A source as a caller writes it, over a specification that the test may change. */
function sourceOf(spec) {
  const own =
    ({ packageId }) =>
    (one) =>
      one.packageId === packageId
  return {
    getConfig: () => ({ id: spec.id, name: spec.id, type: spec.type, url: 'memory:', ...pick(spec) }),
    fetchIndex: () => spec.entries.map(({ packageId, version }) => entry(packageId, { version, sourceId: spec.id })),
    loadPackage: (packageId) =>
      spec.entries.some(own({ packageId })) ? packageData(entry(packageId, { sourceId: spec.id })) : null,
    hasPackage: (packageId) => spec.entries.some(own({ packageId })),
    getVersions: (packageId) => spec.entries.filter(own({ packageId })).map(({ version }) => version),
  }
}

const pick = ({ priority, enabled }) => ({ priority, enabled })

async function assertAgrees(manager, model) {
  assert.deepEqual(
    manager.getSources().map((source) => source.getConfig().id),
    model.ids(),
  )
  assert.deepEqual(
    manager.getSourcesByPriority().map((source) => source.getConfig().id),
    model.byPriority().map(({ id }) => id),
  )
  const merged = await manager.fetchMergedIndex()
  const relevant = ({ packageId, version, selectedSource, availableSources }) => ({
    packageId,
    version,
    selectedSource,
    availableSources,
  })
  assert.deepEqual(merged.map(relevant), model.merged().map(relevant))
  for (const one of merged) assert.equal(one.sourceId, one.selectedSource)
  for (const packageId of PACKAGE_IDS) {
    const expected = model.find(packageId)
    assert.equal(await manager.hasPackage(packageId), expected !== undefined)
    const { candidates, selectedSource } = await manager.explain(packageId)
    assert.equal(selectedSource, expected?.selectedSource ?? null)
    assert.deepEqual(
      candidates.map(({ sourceId, version, selected }) => [sourceId, version, selected]),
      expected?.candidates ?? [],
    )
    for (const { selected, reason } of candidates) assert.equal(reason === null, selected)
  }
}

describe('the manager agrees with the model', () => {
  for (const strategy of STRATEGIES) {
    test(`about random sources, by ${strategy}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(sourceSpec, { maxLength: 7 }), fc.boolean(), async (specs, parallelFetch) => {
          const manager = new PackageSourceManager({ conflictResolution: strategy, parallelFetch })
          const model = new ModelManager(strategy)
          for (const spec of specs) {
            manager.addSource(sourceOf(spec))
            model.add(spec)
          }
          await assertAgrees(manager, model)
        }),
        { numRuns: 150 },
      )
    })

    test(`about random sequences of changes, by ${strategy}`, async () => {
      const id = fc.constantFrom(...SOURCE_IDS)
      const step = fc.oneof(
        { weight: 4, arbitrary: fc.record({ do: fc.constant('add'), spec: sourceSpec }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), id }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('clear') }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant('change'), id, entries }) },
        { weight: 3, arbitrary: fc.record({ do: fc.constant('compare') }) },
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
          const manager = new PackageSourceManager({ conflictResolution: strategy })
          const model = new ModelManager(strategy)
          for (const one of [...steps, { do: 'compare' }]) {
            if (one.do === 'add') {
              // Each source has a specification of its own: a step may change it later.
              const spec = { ...one.spec }
              manager.addSource(sourceOf(spec))
              model.add(spec)
            } else if (one.do === 'remove') {
              assert.equal(manager.removeSource(one.id), model.remove(one.id))
            } else if (one.do === 'clear') {
              manager.clearAllCaches()
              model.clear()
            } else if (one.do === 'change') {
              // What a source lists anew shows only after the merged index was dropped.
              const spec = model.get(one.id)
              if (spec) spec.entries = one.entries
            } else {
              await assertAgrees(manager, model)
            }
          }
        }),
        { numRuns: 150 },
      )
    })
  }

  test('about priorities that change while sources are there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...STRATEGIES),
        fc.uniqueArray(sourceSpec, { selector: ({ id }) => id, minLength: 1 }),
        fc.array(priority, { minLength: 6, maxLength: 6 }),
        async (strategy, specs, priorities) => {
          const manager = new PackageSourceManager({ conflictResolution: strategy })
          const model = new ModelManager(strategy)
          for (const given of specs) {
            const spec = { ...given, enabled: true }
            manager.addSource(sourceOf(spec))
            model.add(spec)
          }
          await assertAgrees(manager, model)
          for (const [at, id] of model.ids().entries()) model.get(id).priority = priorities[at]
          manager.clearAllCaches()
          model.clear()
          await assertAgrees(manager, model)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('about folders and callers’ sources side by side', async (t) => {
    const folder = packagesFolder(t)
    let written = 0
    const native = fc.record({ spec: sourceSpec, isNative: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...STRATEGIES), fc.array(native, { maxLength: 5 }), async (strategy, specs) => {
        const manager = new PackageSourceManager({ conflictResolution: strategy })
        const model = new ModelManager(strategy)
        for (const { spec: given, isNative } of specs) {
          const spec = isNative ? { ...given, type: 'local' } : given
          const name = `catalogue_${written++}`
          folder.file(`${name}/index.json`, { packages: spec.entries })
          const url = join(folder.path, name)
          manager.addSource(isNative ? new LocalPackageSource({ id: spec.id, url, ...pick(spec) }) : sourceOf(spec))
          model.add(spec)
        }
        await assertAgrees(manager, model)
      }),
      { numRuns: 60 },
    )
  })
})

test('loadPackage asks the selected source first, then the others in order', async () => {
  const scenario = fc.record({
    strategy: fc.constantFrom(...STRATEGIES),
    specs: fc.uniqueArray(sourceSpec, { selector: ({ id }) => id, minLength: 1 }),
    // Which sources have nothing to give although they list the package.
    empty: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ strategy, specs, empty }) => {
      const asked = []
      const manager = new PackageSourceManager({ conflictResolution: strategy })
      const model = new ModelManager(strategy)
      const givesNothing = new Set()
      for (const [at, given] of specs.entries()) {
        const spec = { ...given, enabled: true }
        const source = sourceOf(spec)
        const load = source.loadPackage
        source.loadPackage = (packageId) => {
          asked.push(spec.id)
          return empty[at] ? null : load(packageId)
        }
        if (empty[at]) givesNothing.add(spec.id)
        manager.addSource(source)
        model.add(spec)
      }
      for (const packageId of PACKAGE_IDS) {
        asked.length = 0
        const data = await manager.loadPackage(packageId)
        const expected = model.find(packageId)
        const { selectedSource, availableSources = [] } = expected ?? {}
        const order = expected ? [selectedSource, ...availableSources.filter((id) => id !== selectedSource)] : []
        const giver = order.findIndex((id) => !givesNothing.has(id))
        assert.deepEqual(asked, giver === -1 ? order : order.slice(0, giver + 1))
        assert.equal(data?.metadata.sourceId, order[giver])
      }
    }),
    { numRuns: 100 },
  )
})

test('getAllVersions asks every source, in the order added', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sourceSpec, { maxLength: 6 }), async (specs) => {
      const manager = new PackageSourceManager()
      const model = new ModelManager('priority')
      for (const spec of specs) {
        manager.addSource(sourceOf(spec))
        model.add(spec)
      }
      for (const packageId of PACKAGE_IDS) {
        const expected = model
          .ids()
          .map((id) => [
            id,
            model
              .get(id)
              .entries.filter((one) => one.packageId === packageId)
              .map(({ version }) => version),
          ])
          .filter(([, versions]) => versions.length > 0)
        assert.deepEqual([...(await manager.getAllVersions(packageId))], expected)
      }
    }),
    { numRuns: 60 },
  )
})
