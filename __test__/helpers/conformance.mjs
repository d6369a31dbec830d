/**
 * What every source does, whoever wrote it: one suite that runs unchanged over each kind.
 *
 * ```js
 * sourceConformance('local, seed layout', (t, catalogue) => new LocalPackageSource({ url: write(t, catalogue) }))
 * ```
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PackageSourceManager } from '../../index.mjs'
import { assertPlain, HOSTILE_IDS } from './hostile.mjs'
import { recordReports } from './reports.mjs'
import { entry } from './sources.mjs'

/** The packages that a source under test is to hold, ordered by id: `{ fields, contents }` each. */
export const CATALOGUE = [
  {
    fields: { packageId: 'admin_dialog', name: 'Admin Dialog', version: '1.0.0', minLevel: 4 },
    contents: { components: [] },
  },
  {
    fields: {
      packageId: 'dashboard',
      name: 'Dashboard',
      version: '2.1.0-beta.1+build.7',
      description: 'Numbers at a glance: “ä€😀”',
      author: 'MetaBuilder',
      category: 'ui',
      minLevel: 2,
      dependencies: ['data_table', 'nav_menu'],
      icon: 'static_content/icon.svg',
      license: 'MIT',
      tests: { suites: ['a', 'b'], nested: [1, null, { deep: true }] },
    },
    contents: {
      components: [{ id: 'stat_card', type: 'Card', props: { title: 'Visitors', series: [1, 2.5, -3e-7] } }],
      scripts: 'return { single = true }\n',
      scriptFiles: [
        { name: 'Init', path: 'scripts/init.lua', code: '-- init\n', category: 'lifecycle', description: 'Starts' },
        { name: 'Format', path: 'scripts/format.lua', code: '' },
      ],
      examples: { widgets: [{ title: 'Hello' }] },
    },
  },
  {
    fields: { packageId: 'ui_level6', name: 'Level 6', version: 'v2', minLevel: 6, category: 'ui' },
    contents: { components: [{ id: 'tenants' }, { id: 'transfer' }] },
  },
]

const IDS = CATALOGUE.map(({ fields }) => fields.packageId)

/** The complete entry that a source gives for these fields. */
export const completeEntry = (fields, sourceId) => entry(fields.packageId, { category: '', ...fields, sourceId })

const expectedData = ({ fields, contents }, sourceId) => ({
  metadata: completeEntry(fields, sourceId),
  scriptFiles: [],
  ...contents,
})

/**
 * Runs the suite over one kind of source.
 * @param {string} name
 * @param {(t: import('node:test').TestContext, catalogue: typeof CATALOGUE) => object | Promise<object>} makeSource
 * A new source that holds exactly these packages, with any id and config.
 */
export function sourceConformance(name, makeSource) {
  const make = (t, catalogue = CATALOGUE) => makeSource(t, structuredClone(catalogue))
  const managed = (source) => {
    const { reports, onError } = recordReports()
    const manager = new PackageSourceManager({ onError })
    manager.addSource(source)
    return { manager, reports }
  }

  describe(`conformance: ${name}`, () => {
    test('has a complete config, the same one each time', async (t) => {
      const source = await make(t)
      const config = source.getConfig()
      for (const key of ['id', 'name', 'type', 'url']) assert.equal(typeof config[key], 'string', key)
      assert.match(config.type, /^(local|remote|git|s3)$/)
      assert.equal(typeof config.priority, 'number')
      assert.equal(config.enabled, true)
      assert.deepEqual(source.getConfig(), config)
    })

    test('lists every package with every field and its own id', async (t) => {
      const source = await make(t)
      const { id } = source.getConfig()
      assert.deepEqual(
        await source.fetchIndex(),
        CATALOGUE.map(({ fields }) => completeEntry(fields, id)),
      )
    })

    test('lists the same each time, also at the same time', async (t) => {
      const source = await make(t)
      const [one, two] = await Promise.all([source.fetchIndex(), source.fetchIndex()])
      assert.deepEqual(one, two)
      assert.deepEqual(await source.fetchIndex(), one)
    })

    test('lists nothing where it holds nothing', async (t) => {
      const source = await make(t, [])
      assert.deepEqual(await source.fetchIndex(), [])
      assert.equal(await source.loadPackage('dashboard'), null)
      assert.equal(await source.hasPackage('dashboard'), false)
      assert.deepEqual(await source.getVersions('dashboard'), [])
    })

    test('loads every package whole', async (t) => {
      const source = await make(t)
      const { id } = source.getConfig()
      for (const item of CATALOGUE) {
        assert.deepEqual(await source.loadPackage(item.fields.packageId), expectedData(item, id))
      }
    })

    test('loads without having listed', async (t) => {
      const source = await make(t)
      assert.equal((await source.loadPackage('ui_level6')).metadata.packageId, 'ui_level6')
    })

    test('has what it lists, in the version that it lists', async (t) => {
      const source = await make(t)
      for (const { packageId, version } of await source.fetchIndex()) {
        assert.equal(await source.hasPackage(packageId), true)
        assert.deepEqual(await source.getVersions(packageId), [version])
      }
    })

    test('has nothing else', async (t) => {
      const source = await make(t)
      for (const packageId of ['unknown', 'Dashboard', 'dashboard ', 'dash', ...HOSTILE_IDS]) {
        assert.equal(await source.loadPackage(packageId), null)
        assert.equal(await source.hasPackage(packageId), false)
        assert.deepEqual(await source.getVersions(packageId), [])
      }
    })

    test('gives plain data', async (t) => {
      const source = await make(t)
      assertPlain(await source.fetchIndex())
      for (const id of IDS) assertPlain(await source.loadPackage(id))
    })

    test('answers after its cache was cleared', async (t) => {
      const source = await make(t)
      const before = await source.fetchIndex()
      if (typeof source.clearCache === 'function') assert.equal(await source.clearCache(), undefined)
      assert.deepEqual(await source.fetchIndex(), before)
    })

    test('merges into a manager, entry by entry', async (t) => {
      const source = await make(t)
      const { id } = source.getConfig()
      const { manager, reports } = managed(source)
      assert.deepEqual(
        await manager.fetchMergedIndex(),
        CATALOGUE.map(({ fields }) => ({
          ...completeEntry(fields, id),
          availableSources: [id],
          selectedSource: id,
        })),
      )
      assert.deepEqual(reports, [])
    })

    test('keeps its own entries free of what the merge adds', async (t) => {
      const source = await make(t)
      const { manager } = managed(source)
      await manager.fetchMergedIndex()
      for (const own of await source.fetchIndex()) {
        assert.equal('availableSources' in own, false)
        assert.equal('selectedSource' in own, false)
      }
    })

    test('loads through a manager what it loads itself', async (t) => {
      const source = await make(t)
      const { id } = source.getConfig()
      const { manager } = managed(source)
      for (const packageId of IDS) {
        const own = await source.loadPackage(packageId)
        assert.deepEqual(await manager.loadPackage(packageId), own)
        assert.deepEqual(await manager.loadPackageFromSource(packageId, id), own)
        assert.equal(await manager.hasPackage(packageId), true)
      }
      assert.equal(await manager.loadPackage('unknown'), null)
      assert.equal(await manager.loadPackageFromSource('unknown', id), null)
      assert.equal(await manager.hasPackage('unknown'), false)
    })

    test("shows in a manager's versions, status, explanation and search", async (t) => {
      const source = await make(t)
      const { id, type, priority } = source.getConfig()
      const { manager } = managed(source)
      assert.deepEqual(await manager.getAllVersions('ui_level6'), new Map([[id, ['v2']]]))
      assert.deepEqual(await manager.getAllVersions('unknown'), new Map())
      assert.deepEqual((await manager.explain('ui_level6')).candidates, [
        { sourceId: id, type, version: 'v2', priority, selected: true, reason: null },
      ])
      const [status] = manager.getSourceStatus()
      assert.equal(typeof status.lastSuccessAt, 'number')
      const expected = {
        sourceId: id,
        type,
        state: 'ok',
        packageCount: CATALOGUE.length,
        lastError: null,
        warnings: [],
      }
      // Sources over a network say more.
      assert.deepEqual({ ...status, ...expected }, status)
      const { packages, totalCount } = await manager.searchPackages('glance')
      assert.deepEqual([packages.map(({ packageId }) => packageId), totalCount], [['dashboard'], 1])
    })

    test('gives way to a better source and stands in where that one fails', async (t) => {
      const source = await make(t)
      const { id, priority } = source.getConfig()
      const { manager } = managed(source)
      const better = {
        getConfig: () => ({ ...source.getConfig(), id: 'better', priority: priority - 1 }),
        fetchIndex: () => [entry('dashboard', { version: '9.9.9', sourceId: 'better' })],
        loadPackage: () => null,
        hasPackage: () => true,
        getVersions: () => ['9.9.9'],
      }
      manager.addSource(better)
      const merged = (await manager.fetchMergedIndex()).find(({ packageId }) => packageId === 'dashboard')
      assert.equal(merged.version, '9.9.9')
      assert.deepEqual([merged.selectedSource, merged.availableSources], ['better', ['better', id]])
      assert.equal((await manager.loadPackage('dashboard')).metadata.version, '2.1.0-beta.1+build.7')
      assert.equal(manager.removeSource('better'), true)
      assert.deepEqual(
        (await manager.fetchMergedIndex()).map(({ packageId }) => packageId),
        IDS,
      )
    })
  })
}
