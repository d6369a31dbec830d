// Refs, tags and commits that lead nowhere, in circles, or to what they don't say.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  blobOf,
  commitOf,
  packageOf,
  repositoryOf,
  SOUND,
  servedCommit,
  tagOf,
  treeOf,
} from './helpers/git/hostile-repository.mjs'
import { assertHeals, CLONE, CLONE_ONCE_MORE, hostileServer } from './helpers/git/hostile-source.mjs'
import { objectOf } from './helpers/git/raw-pack.mjs'

const NOWHERE = '7'.repeat(40)

const folder = treeOf([SOUND])
const commit = commitOf(treeOf([['40000', 'packages', folder]]))

/** So many annotated tags, each of the one before. */
function chain(length) {
  let object = commit
  for (let n = 0; n < length; n++) object = tagOf(object, { name: `tag-${n}` })
  return object
}

/** What a version's tag may lead to, and what is told of it. */
const TAGS = {
  'a chain of 50 tags': [chain(50), 'leads to a commit over more than 16 tags, if at all'],
  'a folder': [folder, 'leads to no commit'],
  'a file': [blobOf('a file'), 'leads to no commit'],
  'a tag of a folder': [tagOf(folder), 'leads to no commit'],
  'a tag of a file': [tagOf(blobOf('a file')), 'leads to no commit'],
  'a tag that says that a file is a commit': [tagOf(blobOf('a file'), { type: 'commit' }), 'leads to no commit'],
  'a tag that is garbage': [objectOf('tag', 'garbage'), 'is no tag that can be read'],
  'an empty tag': [objectOf('tag', ''), 'is no tag that can be read'],
  'a tag of what is not there': [tagOf(NOWHERE, { type: 'commit' }), /^can't be read: /],
}

describe("A version's tag", () => {
  for (const [what, [object, reason]] of Object.entries(TAGS)) {
    test(`that is ${what} is passed over with a warning`, async (t) => {
      const words = servedCommit(commit, [
        ['v1.5.0', commit],
        ['v2.0.0', object],
      ])
      const hostile = await hostileServer(t, words)
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.equal(hostile.warnings().length, 1)
      const [warning] = hostile.warnings()
      assert.ok(warning.startsWith('tag v2.0.0 '), warning)
      if (typeof reason === 'string') assert.equal(warning, `tag v2.0.0 ${reason}`)
      else assert.match(warning.slice('tag v2.0.0 '.length), reason)
      assert.deepEqual(await hostile.source.getVersions('sound'), ['1.5.0', '1.0.0'])
      assert.equal(await hostile.source.loadPackage('sound', '2.0.0'), null)
      // What is not there might have been lost here, so that it is asked for once more, and not again and again.
      assert.ok(hostile.server.requests.length <= CLONE_ONCE_MORE, `${hostile.server.requests.length} requests`)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })

    test(`that is ${what} can't be chosen`, async (t) => {
      const hostile = await hostileServer(t, servedCommit(commit, [['chosen', object]]), { tag: 'chosen' })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ENOREF'])
      hostile.assertHarmless()
    })
  }

  test('whose object is not sent is passed over with a warning', async (t) => {
    const hostile = await hostileServer(t, servedCommit(commit, [['v2.0.0', NOWHERE]]))
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.equal(hostile.warnings().length, 1)
    assert.match(hostile.warnings()[0], /^tag v2.0.0 can't be read: /)
    hostile.assertHarmless()
    await assertHeals(hostile)
  })

  test('whose commit has a file for its folder is passed over', async (t) => {
    const words = servedCommit(commit, [['v2.0.0', commitOf(blobOf('no folder'))]])
    const hostile = await hostileServer(t, words)
    assert.deepEqual(await hostile.source.getVersions('sound'), ['1.0.0'])
    assert.equal(await hostile.source.loadPackage('sound', '2.0.0'), null)
    assert.equal(hostile.server.requests.length, CLONE)
    hostile.assertHarmless()
  })
})

describe("A version's commit", () => {
  for (const [what, object] of Object.entries({
    'has no folder': objectOf('commit', 'author A <a> 1 +0000\n\nNo folder\n'),
    'is empty': objectOf('commit', ''),
    'is garbage': objectOf('commit', `tree ${folder.oid}\nparent of nobody\n\n`),
    'has a folder that is not sent': commitOf(NOWHERE),
    'has a folder that is garbage': commitOf(objectOf('tree', 'garbage')),
  })) {
    test(`that ${what} is passed over, the others are served, and it isn't asked for at each call`, async (t) => {
      const words = servedCommit(commit, [
        ['v1.5.0', commit],
        ['v2.0.0', object],
      ])
      const hostile = await hostileServer(t, words)
      assert.deepEqual(await hostile.ids(), ['sound'])
      for (let n = 0; n < 5; n++) {
        assert.deepEqual(await hostile.source.getVersions('sound'), ['1.5.0', '1.0.0'])
        assert.equal(await hostile.source.loadPackage('sound', '2.0.0'), null)
        assert.equal((await hostile.source.loadPackage('sound', '1.5.0')).metadata.version, '1.5.0')
      }
      assert.doesNotMatch(hostile.codes().join(), /ECACHE/)
      assert.ok(hostile.server.requests.length <= CLONE_ONCE_MORE, `${hostile.server.requests.length} requests`)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })

    test(`that ${what} and is served is an error with a code, and not asked for again and again`, async (t) => {
      const hostile = await hostileServer(t, servedCommit(object))
      for (let n = 0; n < 5; n++) {
        assert.deepEqual(await hostile.source.fetchIndex(), [])
        assert.equal(await hostile.source.loadPackage('sound'), null)
      }
      assert.notEqual(hostile.reports.length, 0)
      assert.doesNotMatch(hostile.codes().join(), /ECACHE/)
      assert.ok(hostile.server.requests.length <= CLONE_ONCE_MORE, `${hostile.server.requests.length} requests`)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }
})

describe('A commit', () => {
  test('whose earlier commits are not sent is read all the same', async (t) => {
    const hostile = await hostileServer(t, servedCommit(commitOf(commit.needs[0], { parents: [NOWHERE] })))
    assert.deepEqual(await hostile.ids(), ['sound'])
    hostile.assertHarmless()
  })

  test('with a file for its folder is an error with a code', async (t) => {
    const hostile = await hostileServer(t, servedCommit(commitOf(blobOf('no folder'))))
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ENOPACKAGES'])
    hostile.assertHarmless()
    await assertHeals(hostile)
  })

  for (const [what, object] of Object.entries({ 'a folder': folder, 'a file': blobOf('a file') })) {
    test(`that is ${what} is none`, async (t) => {
      const hostile = await hostileServer(t, servedCommit(object))
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ENOREF'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  test('that is chosen by its id, and is a folder, is none', async (t) => {
    const capabilities = 'multi_ack side-band-64k shallow allow-tip-sha1-in-want allow-reachable-sha1-in-want'
    const hostile = await hostileServer(t, { ...servedCommit(commit), capabilities }, { commit: folder.oid })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ENOREF'])
    hostile.assertHarmless()
  })

  test('that no server has is none', async (t) => {
    const hostile = await hostileServer(t, servedCommit(commit), { commit: NOWHERE })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ENOREF'])
    hostile.assertHarmless()
  })
})

describe('Refs', () => {
  const sound = repositoryOf([SOUND])
  const at = (...names) => [...sound.refs, ...names.map((name) => [name, sound.refs[0][1]])]

  test('with names that none may have are passed over', async (t) => {
    const names = [
      Buffer.concat([Buffer.from('refs/tags/v2.0.0-'), Buffer.from([0xff])]),
      'refs/tags/../../../v3.0.0',
      'refs/tags/v4.0.0-\u001b[31m',
      'refs/tags/v5.0.0.lock',
      'refs/tags/v6.0.0 x',
      `refs/tags/v7.0.0-${'x'.repeat(10_240)}`,
      'refs/tags/',
      'v8.0.0',
      'refs/heads/../HEAD',
      '-v9.0.0',
      '--upload-pack=touch',
    ]
    const hostile = await hostileServer(t, { ...sound, refs: at(...names, 'refs/tags/v10.0.0') })
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(await hostile.source.getVersions('sound'), ['10.0.0', '1.0.0'])
    assert.deepEqual(hostile.warnings(), [])
    hostile.assertHarmless()
  })

  test('with a name that is empty are an error with a code, or passed over', async (t) => {
    const hostile = await hostileServer(t, { ...sound, refs: at('') })
    const ids = await hostile.ids()
    assert.deepEqual([ids, hostile.codes()], ids.length > 0 ? [['sound'], []] : [[], ['EPROTOCOL']])
    hostile.assertHarmless()
  })

  test('of one name count as the first', async (t) => {
    const other = commitOf(treeOf([['40000', 'packages', treeOf([['40000', 'other', packageOf('other')]])]]))
    const { refs, objects } = servedCommit(commit, [['x', other]])
    const twice = [...refs, ['refs/heads/main', other.oid], ['HEAD', other.oid]]
    const hostile = await hostileServer(t, { refs: twice, objects })
    assert.deepEqual(await hostile.ids(), ['sound'])
    hostile.assertHarmless()
  })

  for (const [what, refs, config, code] of [
    ['without a HEAD', sound.refs.slice(1), {}, 'ENOREF'],
    ['without the branch', sound.refs, { branch: 'other' }, 'ENOREF'],
    ['with an id of zeros', [['HEAD', '0'.repeat(40)]], {}, 'EPROTOCOL'],
  ]) {
    test(`${what} are an error with a code`, async (t) => {
      const hostile = await hostileServer(t, { ...sound, refs }, config)
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), [code])
      hostile.assertHarmless()
    })
  }

  test('without a HEAD serve the branch that is chosen', async (t) => {
    const hostile = await hostileServer(t, { ...sound, refs: sound.refs.slice(1) }, { branch: 'main' })
    assert.deepEqual(await hostile.ids(), ['sound'])
  })

  test('that are none are an empty repository', async (t) => {
    const hostile = await hostileServer(t, { refs: [], objects: [] })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.warnings(), ['. is an empty repository'])
    hostile.assertHarmless()
    await assertHeals(hostile)
  })
})
