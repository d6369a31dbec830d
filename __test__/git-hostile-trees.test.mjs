// Folders that Git would never make: names that are paths, wrong kinds and modes, and objects that aren't there.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  blobOf,
  commitOf,
  packageOf,
  repositoryOf,
  SOUND,
  servedCommit,
  treeOf,
} from './helpers/git/hostile-repository.mjs'
import { assertHeals, CLONE, CLONE_ONCE_MORE, hostileServer } from './helpers/git/hostile-source.mjs'
import { objectOf } from './helpers/git/raw-pack.mjs'

const other = packageOf('other')

/** The id of what is not sent. */
const NOWHERE = '1'.repeat(40)

/** Names of folders that no package can have; the warning shows them as they can be shown. */
const NAMES = {
  '..': '..',
  '.': '.',
  'a/../../x': 'a/../../x',
  '/etc': '/etc',
  'a\\b': 'a\\b',
  'C:': 'C:',
  '\u001b[31mred': '\ufffd[31mred',
  'two\nlines': 'two\ufffdlines',
}

describe('A folder in the packages folder', () => {
  for (const [name, shown] of Object.entries(NAMES)) {
    test(`that is called ${JSON.stringify(name)} is passed over with a warning`, async (t) => {
      const hostile = await hostileServer(t, repositoryOf([['40000', name, other], SOUND]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.deepEqual(hostile.warnings(), [`${shown} has a name that no folder can have`])
      for (const id of [name, 'other', '../other']) assert.equal(await hostile.source.loadPackage(id), null)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  for (const name of ['.git', '.GIT', '.git ', '.hidden']) {
    test(`that is called ${name} is none`, async (t) => {
      const hostile = await hostileServer(t, repositoryOf([['40000', name, other], SOUND]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.equal(await hostile.source.loadPackage(name), null)
      hostile.assertHarmless()
    })
  }

  test('that is called as Windows calls .git is one like any other, for nothing is ever written to a disk', async (t) => {
    const hostile = await hostileServer(t, repositoryOf([['40000', 'git~1', packageOf('git~1')], SOUND]))
    assert.deepEqual(await hostile.ids(), ['git~1', 'sound'])
    hostile.assertHarmless()
  })

  test('with a name that is not UTF-8 is passed over with a warning', async (t) => {
    const name = Buffer.from([0x62, 0xff, 0x1b])
    const hostile = await hostileServer(t, repositoryOf([['40000', name, other], SOUND]))
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(hostile.warnings(), ['b\ufffd\ufffd has a name that is not UTF-8'])
    hostile.assertHarmless()
  })

  test('with a name of 10 KB is passed over with a short warning', async (t) => {
    const hostile = await hostileServer(t, repositoryOf([['40000', 'n'.repeat(10_240), other], SOUND]))
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(hostile.warnings(), [`${'n'.repeat(100)} has a name that no folder can have`])
    hostile.assertHarmless()
  })

  test('that is there twice counts once', async (t) => {
    const hostile = await hostileServer(t, repositoryOf([SOUND, SOUND, SOUND]))
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(hostile.warnings(), [])
    hostile.assertHarmless()
  })

  test('whose manifest has the id of another one is passed over with a warning', async (t) => {
    const hostile = await hostileServer(t, repositoryOf([['40000', 'else', packageOf('sound')], SOUND]))
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(hostile.warnings(), ['else has the packageId of the folder sound'])
    hostile.assertHarmless()
  })

  for (const [what, mode, object, warning] of [
    ['a submodule', '160000', NOWHERE, 'other is a submodule, which is not fetched'],
    ['a link', '120000', blobOf('sound'), 'other is a link, which is not followed here'],
  ]) {
    test(`that is ${what} is passed over with a warning`, async (t) => {
      const hostile = await hostileServer(t, repositoryOf([[mode, 'other', object], SOUND]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.deepEqual(hostile.warnings(), [warning])
      assert.equal(await hostile.source.loadPackage('other'), null)
      hostile.assertHarmless()
    })
  }
})

describe('A folder that can not be read', () => {
  const raw = (text) => objectOf('tree', Buffer.from(text, 'latin1'))
  const ID = '\u0001'.repeat(20)

  /** Folders that libgit2 takes for damaged, and objects that are not sent. */
  const UNREADABLE = {
    'has a name of no bytes': treeOf([['100644', '', blobOf('x')]]),
    'has a name of 70 KB': treeOf([['100644', 'n'.repeat(70_000), blobOf('x')]]),
    'has a mode that is too large': raw(`777777 a\0${ID}`),
    'has a mode that is negative': raw(`-1 a\0${ID}`),
    'has a mode that is none': raw(`abc a\0${ID}`),
    'has no mode': raw(` a\0${ID}`),
    'has a name without an end': raw('100644 abc'),
    'ends in an id': raw('100644 a\0short'),
    'is garbage': raw('garbage'),
    'is not sent': NOWHERE,
    'has a manifest that is not sent': treeOf([['100644', 'package.json', '2'.repeat(40)]]),
  }
  for (const [what, folder] of Object.entries(UNREADABLE)) {
    test(`for it ${what}, is passed over with a warning, and not asked for at each call`, async (t) => {
      const hostile = await hostileServer(t, repositoryOf([['40000', 'other', folder], SOUND]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.ok(
        hostile.warnings().some((warning) => warning.startsWith('other/')),
        `${hostile.warnings()}`,
      )
      assert.equal((await hostile.source.loadPackage('sound')).metadata.packageId, 'sound')
      assert.equal(await hostile.source.loadPackage('other'), null)
      // What is not there might have been lost here, so it may be asked for once more.
      assert.ok(hostile.server.requests.length <= CLONE_ONCE_MORE, `${hostile.server.requests.length} requests`)
      const asked = hostile.server.requests.length
      for (const id of ['other', 'sound', 'none']) {
        await hostile.source.loadPackage(id)
        await hostile.source.getVersions(id)
      }
      assert.equal(hostile.server.requests.length, asked)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })

    test(`for it ${what}, and is the packages folder itself, is an error with a code, and not asked for again and again`, async (t) => {
      const packages = treeOf([['40000', 'packages', what.includes('manifest') ? NOWHERE : folder]])
      const hostile = await hostileServer(t, servedCommit(commitOf(packages)))
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

  test('in part is served without the part', async (t) => {
    const components = treeOf([['100644', 'ui.json', '3'.repeat(40)]])
    const other = packageOf('other', [
      ['40000', 'components', components],
      ['40000', 'scripts', raw('garbage')],
    ])
    const hostile = await hostileServer(t, repositoryOf([['40000', 'other', other], SOUND]))
    assert.deepEqual(await hostile.ids(), ['other', 'sound'])
    assert.deepEqual((await hostile.source.loadPackage('other')).components, [])
    const told = hostile.reports.map(({ error }) => error.message)
    assert.ok(
      told.some((message) => message.startsWith('other/components/ui.json ')),
      told.join('; '),
    )
    assert.deepEqual(hostile.codes(), ['EMALFORMED'])
    hostile.assertHarmless()
  })

  test('in its order hides no package without a word', async (t) => {
    const folders = ['d', 'b', 'sound', 'a', 'c'].map((name) => ['40000', name, packageOf(name)])
    const root = treeOf([['40000', 'packages', treeOf(folders, { asGiven: true })]])
    const hostile = await hostileServer(t, servedCommit(commitOf(root)))
    const found = await hostile.ids()
    const told = hostile.warnings()
    const isTold = (id) =>
      found.includes(id) || told.some((text) => text.startsWith(`${id} `) || text.startsWith(`${id}/`))
    const silent = ['a', 'b', 'c', 'd', 'sound'].filter((id) => !isTold(id))
    assert.deepEqual(silent, [])
    hostile.assertHarmless()
  })
})

describe('A part of a package', () => {
  /** Packages beside a sound one, one of which is broken in this way; and what is told of it. */
  const BROKEN = {
    'a folder that is a file': [['40000', 'other', blobOf('no folder')], /^other\/.* has a blob where a tree must be$/],
    'a manifest that is a folder': [
      ['40000', 'other', treeOf([['100644', 'package.json', treeOf([])]])],
      /^other\/package.json is not a regular file$/,
    ],
    'a manifest that is a submodule': [
      ['40000', 'other', treeOf([['160000', 'package.json', NOWHERE]])],
      /^other\/package.json is in a submodule, which is not fetched$/,
    ],
    'a folder that says that it is a file': [
      ['40000', 'other', treeOf([['40755', 'package.json', blobOf('{}')]])],
      /^other\/package.json has a blob where a tree must be$/,
    ],
  }
  for (const [what, [entry, warning]] of Object.entries(BROKEN)) {
    test(`that is ${what} is passed over with a warning, and asked for once`, async (t) => {
      const hostile = await hostileServer(t, repositoryOf([entry, SOUND]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.equal(hostile.warnings().length, 1)
      assert.match(hostile.warnings()[0], warning)
      assert.equal(await hostile.source.loadPackage('other'), null)
      assert.equal((await hostile.source.loadPackage('sound')).metadata.packageId, 'sound')
      assert.equal(hostile.server.requests.length, CLONE)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  for (const mode of ['0', '7', '100', '60000', '100777', '104755', '177777', '120755']) {
    test(`may have the mode ${mode}`, async (t) => {
      const folder = treeOf([[mode, 'package.json', blobOf('{"packageId":"other","version":"2.0.0"}')]])
      const hostile = await hostileServer(t, repositoryOf([['40000', 'other', folder], SOUND]))
      assert.deepEqual(await hostile.ids(), ['other', 'sound'])
      assert.equal((await hostile.source.loadPackage('other')).metadata.version, '2.0.0')
      hostile.assertHarmless()
    })
  }
})

describe('The packages folder', () => {
  const alone = (mode, object, further = []) => servedCommit(commitOf(treeOf([[mode, 'packages', object], ...further])))
  for (const [what, words] of Object.entries({
    'a link': alone('120000', blobOf('elsewhere'), [['40000', 'elsewhere', treeOf([SOUND])]]),
    'a file': alone('100644', blobOf('no folder')),
    'a submodule': alone('160000', NOWHERE),
  })) {
    test(`that is ${what} is none, so that packages are looked for in the root`, async (t) => {
      const hostile = await hostileServer(t, words)
      assert.deepEqual(await hostile.ids(), [])
      hostile.assertHarmless()
      const chosen = await hostileServer(t, words, { directory: 'packages' })
      assert.deepEqual(await chosen.ids(), [])
      assert.deepEqual(chosen.codes(), ['ENOPACKAGES'])
      chosen.assertHarmless()
      await assertHeals(chosen)
    })
  }

  test('that says it is a folder and is a file is an error with a code', async (t) => {
    const hostile = await hostileServer(t, alone('40000', blobOf('no folder')))
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ENOPACKAGES'])
    hostile.assertHarmless()
    await assertHeals(hostile)
  })

  test('may lie below a name that is a path for others', async (t) => {
    const root = treeOf([['40000', '..', treeOf([['40000', 'etc', treeOf([SOUND])]])]])
    for (const directory of ['etc', './etc', '%2e%2e/etc']) {
      const hostile = await hostileServer(t, servedCommit(commitOf(root)), { directory })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ENOPACKAGES'])
      hostile.assertHarmless()
    }
  })
})
