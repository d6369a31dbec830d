// Links in a repository: those that stay in their package are followed, all others read nothing.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { blobOf, manifestOf, repositoryOf, SOUND, treeOf } from './helpers/git/hostile-repository.mjs'
import { assertHeals, CLONE, hostileServer } from './helpers/git/hostile-source.mjs'

const manifest = blobOf(manifestOf('linked'))

/** What a link may lead to in the package, and what else is there. */
const AROUND = [
  ['100644', 'real.json', blobOf(manifestOf('linked', { name: 'The real one' }))],
  ['40000', 'sub', treeOf([['100644', 'deep.json', blobOf(manifestOf('linked', { name: 'The deep one' }))]])],
  ['100644', 'text.lua', blobOf('return "secret"')],
]

/** A chain of so many links from the manifest to a file. */
const chain = (length) =>
  Array.from({ length }, (_, n) => [
    '120000',
    n === 0 ? 'package.json' : `link-${n}`,
    blobOf(n === length - 1 ? 'real.json' : `link-${n + 1}`),
  ])

const link = (name, target) => ['120000', name, blobOf(target)]

/** A package whose manifest is a link, beside a sound one. */
const linked = (entries) => repositoryOf([['40000', 'linked', treeOf([...entries, ...AROUND])], SOUND])

/** Links that lead nowhere that they may: target and what is told of it; nothing for what just isn't there. */
const REFUSED = {
  'an absolute path': ['/etc/passwd', 'leads out of the package'],
  'out of the packages folder': ['../../../etc/passwd', 'leads out of the package'],
  'to another package': ['../sound/package.json', 'leads out of the package'],
  'out and back in': ['../linked/real.json', 'leads out of the package'],
  'down and out': ['sub/../../sound/package.json', 'leads out of the package'],
  'to itself': ['package.json', 'is a link over too many links'],
  'to a folder': ['sub', 'is not a regular file'],
  'to the package itself': ['.', 'is not a regular file'],
  'to its parent': ['..', 'leads out of the package'],
  nowhere: ['', 'leads out of the package'],
  'to a name with a NUL': ['real.json\0x', 'leads out of the package'],
  'to a name of NUL alone': ['\0', 'leads out of the package'],
  'to a path of Windows': ['sub\\deep.json', 'leads out of the package'],
  'to what is not there': ['missing.json', undefined],
  "to a repository's own files": ['.git/config', undefined],
  'below a file': ['real.json/x', undefined],
  'to a name that is not UTF-8': [Buffer.from([0x72, 0xff]), 'leads out of the package'],
}

describe('A link in the place of a manifest', () => {
  for (const [where, [target, reason]] of Object.entries(REFUSED)) {
    test(`that leads ${where} reads nothing`, async (t) => {
      const hostile = await hostileServer(t, linked([link('package.json', target)]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.deepEqual(hostile.warnings(), reason ? [`linked/package.json ${reason}`] : [])
      assert.equal(await hostile.source.loadPackage('linked'), null)
      assert.equal(hostile.server.requests.length, CLONE)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  for (const [where, target, name] of [
    ['to a file beside it', 'real.json', 'The real one'],
    ['down', 'sub/deep.json', 'The deep one'],
    ['down and up again', './sub/.././/real.json', 'The real one'],
  ]) {
    test(`that leads ${where} is followed`, async (t) => {
      const hostile = await hostileServer(t, linked([link('package.json', target)]))
      assert.deepEqual(await hostile.ids(), ['linked', 'sound'])
      assert.equal((await hostile.source.loadPackage('linked')).metadata.name, name)
      assert.deepEqual(hostile.warnings(), [])
    })
  }

  test('may lead over eight links, and not over nine', async (t) => {
    const short = await hostileServer(t, linked(chain(8)))
    assert.deepEqual(await short.ids(), ['linked', 'sound'])
    const long = await hostileServer(t, linked(chain(9)))
    assert.deepEqual(await long.ids(), ['sound'])
    assert.deepEqual(long.warnings(), ['linked/package.json is a link over too many links'])
  })

  test('in a circle of two reads nothing', async (t) => {
    const hostile = await hostileServer(t, linked([link('package.json', 'other'), link('other', 'package.json')]))
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(hostile.warnings(), ['linked/package.json is a link over too many links'])
    hostile.assertHarmless()
  })
})

describe('A folder of a package that is a link', () => {
  const inPackage = (entries) =>
    repositoryOf([['40000', 'linked', treeOf([['100644', 'package.json', manifest], ...entries])], SOUND])

  test('is followed within the package', async (t) => {
    const code = treeOf([['100644', 'init.lua', blobOf('-- init')]])
    const hostile = await hostileServer(t, inPackage([['40000', 'code', code], link('scripts', 'code')]))
    const { scriptFiles } = await hostile.source.loadPackage('linked')
    assert.deepEqual(
      scriptFiles.map(({ path, code: text }) => [path, text]),
      [['scripts/init.lua', '-- init']],
    )
  })

  for (const target of ['/etc', '../sound', '../../..', '..', 'scripts']) {
    test(`to ${target} reads nothing`, async (t) => {
      const hostile = await hostileServer(t, inPackage([link('scripts', target), link('components', target)]))
      const { scriptFiles, components } = await hostile.source.loadPackage('linked')
      assert.deepEqual([scriptFiles, components], [[], []])
      const told = hostile.reports.map(({ error }) => error)
      assert.ok(told.length > 0)
      assert.deepEqual(hostile.codes(), ['EMALFORMED'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }
})
