import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { managerOf } from './helpers/manager.mjs'
import { brokenSource, plainSource } from './helpers/sources.mjs'

/** Explains the package `x` of these sources. */
async function explain(conflictResolution, ...sources) {
  const { manager } = managerOf(sources, { conflictResolution })
  return manager.explain('x')
}

const source = (id, version, fields) => plainSource(id, [{ packageId: 'x', version }], fields)
const reasons = (explanation) => explanation.candidates.map((one) => [one.sourceId, one.reason])

describe('explain', () => {
  test('gives every candidate in priority order, the selected one marked', async () => {
    const explanation = await explain(
      'priority',
      source('registry', '2.0.0', { type: 'remote', priority: 10 }),
      source('folder', '1.0.0', { type: 'local', priority: 0 }),
      plainSource('without', ['y'], { priority: 5 }),
    )
    assert.deepEqual(explanation, {
      packageId: 'x',
      conflictResolution: 'priority',
      selectedSource: 'folder',
      candidates: [
        { sourceId: 'folder', type: 'local', version: '1.0.0', priority: 0, selected: true, reason: null },
        {
          sourceId: 'registry',
          type: 'remote',
          version: '2.0.0',
          priority: 10,
          selected: false,
          reason: 'shadowed by priority',
        },
      ],
    })
  })

  test('says "added later" where a tie of priority decided', async () => {
    const explanation = await explain('priority', source('one', '1.0.0'), source('two', '2.0.0'))
    assert.deepEqual(reasons(explanation), [
      ['one', null],
      ['two', 'added later'],
    ])
  })

  test('says "older version" where latest-version decided', async () => {
    const explanation = await explain(
      'latest-version',
      source('low', '1.9.0', { priority: 0 }),
      source('high', '1.10.0', { priority: 1 }),
      source('pre', '1.10.0-rc.1', { priority: 2 }),
      source('none', 'latest', { priority: 3 }),
    )
    assert.equal(explanation.selectedSource, 'high')
    assert.deepEqual(reasons(explanation), [
      ['low', 'older version'],
      ['high', null],
      ['pre', 'older version'],
      ['none', 'older version'],
    ])
  })

  test('says what broke the tie where versions are equal', async () => {
    const explanation = await explain(
      'latest-version',
      source('first', '1.0', { priority: 1 }),
      source('second', '1.0.0+build', { priority: 1 }),
      source('third', 'v1.0.0', { priority: 2 }),
    )
    assert.deepEqual(reasons(explanation), [
      ['first', null],
      ['second', 'added later'],
      ['third', 'shadowed by priority'],
    ])
  })

  test('says "source type" where local-first or remote-first decided', async () => {
    const sources = () => [
      source('registry', '9.0.0', { type: 'remote', priority: 0 }),
      source('repository', '9.0.0', { type: 'git', priority: 1 }),
      source('folder', '1.0.0', { type: 'local', priority: 2 }),
      source('folder two', '1.0.0', { type: 'local', priority: 3 }),
    ]
    const local = await explain('local-first', ...sources())
    assert.equal(local.conflictResolution, 'local-first')
    assert.deepEqual(reasons(local), [
      ['registry', 'source type'],
      ['repository', 'source type'],
      ['folder', null],
      ['folder two', 'shadowed by priority'],
    ])
    const remote = await explain('remote-first', ...sources())
    assert.deepEqual(reasons(remote), [
      ['registry', null],
      ['repository', 'source type'],
      ['folder', 'source type'],
      ['folder two', 'source type'],
    ])
  })

  test('says "duplicate in source" for the further occurrences in one index', async () => {
    const twice = plainSource('twice', [
      { packageId: 'x', version: '1.0.0' },
      { packageId: 'x', version: '1.0.0' },
    ])
    const explanation = await explain('priority', twice)
    assert.deepEqual(explanation.candidates, [
      { sourceId: 'twice', type: 'local', version: '1.0.0', priority: 0, selected: true, reason: null },
      {
        sourceId: 'twice',
        type: 'local',
        version: '1.0.0',
        priority: 0,
        selected: false,
        reason: 'duplicate in source',
      },
    ])
  })

  test('says "source failing" for a source that may or may not have the package', async () => {
    const explanation = await explain(
      'priority',
      source('fine', '1.0.0', { priority: 1 }),
      brokenSource('broken', 'throws', ['x'], { priority: 0, type: 'remote' }),
    )
    assert.equal(explanation.selectedSource, 'fine')
    assert.deepEqual(explanation.candidates[0], {
      sourceId: 'broken',
      type: 'remote',
      version: null,
      priority: 0,
      selected: false,
      reason: 'source failing',
    })
    assert.equal(explanation.candidates[1].selected, true)
  })

  test('selects nothing for a package that no source has', async () => {
    const { manager } = managerOf([plainSource('a', ['y'])])
    for (const packageId of ['x', '', '__proto__']) {
      assert.deepEqual(await manager.explain(packageId), {
        packageId,
        conflictResolution: 'priority',
        selectedSource: null,
        candidates: [],
      })
    }
  })

  test('names the failing sources also for a package that no source has', async () => {
    const explanation = await explain('priority', brokenSource('broken', 'rejects'), plainSource('fine', ['y']))
    assert.equal(explanation.selectedSource, null)
    assert.deepEqual(reasons(explanation), [['broken', 'source failing']])
  })

  test('agrees with the merged index for every strategy', async () => {
    for (const strategy of ['priority', 'latest-version', 'local-first', 'remote-first']) {
      const { manager } = managerOf(
        [
          source('folder', '1.0.0', { type: 'local', priority: 2 }),
          source('registry', '1.5.0', { type: 'remote', priority: 3 }),
          source('repository', '2.0.0', { type: 'git', priority: 4 }),
          source('bucket', '0.1.0', { type: 's3', priority: 1 }),
        ],
        { conflictResolution: strategy },
      )
      const [merged] = await manager.fetchMergedIndex()
      const explanation = await manager.explain('x')
      assert.equal(explanation.selectedSource, merged.selectedSource, strategy)
      assert.deepEqual(
        explanation.candidates.map((one) => one.sourceId),
        merged.availableSources,
      )
      for (const one of explanation.candidates) {
        assert.equal(one.selected, one.sourceId === merged.selectedSource)
        assert.equal(one.reason === null, one.selected)
      }
    }
  })

  test('explains the merge as it was made, until the next one', async () => {
    const one = source('one', '1.0.0', { priority: 1 })
    const two = source('two', '1.0.0', { priority: 2 })
    const { manager } = managerOf([one, two])
    assert.equal((await manager.explain('x')).selectedSource, 'one')
    two.config.priority = 0
    const before = await manager.explain('x')
    assert.deepEqual(
      before.candidates.map((candidate) => [candidate.sourceId, candidate.priority]),
      [
        ['one', 1],
        ['two', 2],
      ],
    )
    manager.clearAllCaches()
    assert.deepEqual(
      (await manager.explain('x')).candidates.map((candidate) => [candidate.sourceId, candidate.priority]),
      [
        ['two', 0],
        ['one', 1],
      ],
    )
  })
})
