// Files of packages in a repository that mean no good: ids that are paths, JSON without measure, scripts from elsewhere.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { blobOf, manifestOf, packageOf, repositoryOf, SOUND, treeOf } from './helpers/git/hostile-repository.mjs'
import { assertHeals, CLONE, hostileServer } from './helpers/git/hostile-source.mjs'
import { ODD_IDS, PATH_IDS, shown } from './helpers/hostile.mjs'

const MIB = 2 ** 20

/** A package whose manifest has this content, beside a sound one. */
const withManifest = (content) =>
  repositoryOf([['40000', 'other', treeOf([['100644', 'package.json', blobOf(content)]])], SOUND])

/** A package with these entries beside its manifest, beside a sound one. */
const withParts = (entries) => repositoryOf([['40000', 'other', packageOf('other', entries)], SOUND])

describe('A manifest in a repository', () => {
  const isPath = (id) => /[/\\:\0\n\ud800\udc00]|^\.*$/u.test(id)
  for (const id of [...PATH_IDS, ...ODD_IDS].filter((id) => isPath(id) && id.length < 1000)) {
    test(`with the id ${shown(id)} is passed over with a warning`, async (t) => {
      const hostile = await hostileServer(t, withManifest(JSON.stringify({ packageId: id })))
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.equal(hostile.warnings().length, 1)
      assert.match(hostile.warnings()[0], /^other\/package.json /)
      assert.equal(await hostile.source.loadPackage(id), null)
      assert.deepEqual(await hostile.source.getVersions(id), [])
      hostile.assertHarmless()
    })
  }

  const PROTOTYPES = ['__proto__', 'constructor', 'toString']
  for (const id of PROTOTYPES) {
    test(`may have the id ${id}`, async (t) => {
      const hostile = await hostileServer(t, withManifest(`{"packageId":"${id}","version":"1.0.0"}`))
      assert.deepEqual((await hostile.ids()).toSorted(), [id, 'sound'].toSorted())
      assert.equal((await hostile.source.loadPackage(id)).metadata.packageId, id)
      assert.equal({}.version, undefined)
    })
  }

  const BOMBS = {
    'of 17 MiB': [manifestOf('other', { long: 'x'.repeat(17 * MIB) }), /is larger than/],
    'nested too deep': [`{"packageId":"other","x":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, /is nested deeper than/],
    'nested without end': ['{"a":'.repeat(1e6), /is nested deeper than/],
    'that is no JSON': ['<html>', /./],
    'of zeros': [Buffer.alloc(MIB), /./],
    'with control characters in it': ['{"packageId":"a\u001b[31m"', /./],
  }
  for (const [what, [content, reason]] of Object.entries(BOMBS)) {
    test(`${what} is passed over with a warning`, async (t) => {
      const hostile = await hostileServer(t, withManifest(content), { maxFileBytes: 64 * MIB })
      assert.deepEqual(await hostile.ids(), ['sound'])
      assert.equal(hostile.warnings().length, 1)
      assert.match(hostile.warnings()[0], /^other\/package.json /)
      assert.match(hostile.warnings()[0], reason)
      assert.equal(hostile.server.requests.length, CLONE)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  test('is not read beyond maxFileBytes', async (t) => {
    const words = withManifest(manifestOf('other', { long: 'x'.repeat(2000) }))
    const hostile = await hostileServer(t, words, { maxFileBytes: 1000 })
    assert.deepEqual(await hostile.ids(), ['sound'])
    assert.deepEqual(hostile.warnings(), ['other/package.json is larger than 1000 bytes (maxFileBytes)'])
  })
})

describe("A repository's index.json", () => {
  test('that lists what is not there, or can not be, lists it and reads nothing', async (t) => {
    const listed = ['../../etc', '/etc/passwd', '.git', 'missing', 'sound'].map((packageId) => ({ packageId }))
    const index = blobOf(JSON.stringify({ packages: [...listed, null, 5, []] }))
    const hostile = await hostileServer(t, repositoryOf([['100644', 'index.json', index], SOUND]))
    const ids = await hostile.ids()
    assert.deepEqual(ids.includes('sound') && ids.filter((id) => !/^[\w.]+$/.test(id)), [])
    for (const id of ['missing', '../../etc', '/etc/passwd', '.git']) {
      assert.equal(await hostile.source.loadPackage(id), null)
    }
    hostile.assertHarmless()
  })

  for (const [what, entry] of Object.entries({
    'a link out': ['120000', 'index.json', blobOf('/etc/passwd')],
    'a submodule': ['160000', 'index.json', '1'.repeat(40)],
    'a folder': ['40000', 'index.json', treeOf([])],
    'too large': ['100644', 'index.json', blobOf(`{"packages":[],"x":"${'x'.repeat(17 * MIB)}"}`)],
  })) {
    test(`that is ${what} counts as none`, async (t) => {
      const hostile = await hostileServer(t, repositoryOf([entry, SOUND]))
      assert.deepEqual(await hostile.ids(), ['sound'])
      hostile.assertHarmless()
    })
  }
})

describe('A script manifest in a repository', () => {
  const withScripts = (manifest, entries = []) =>
    withParts([['40000', 'scripts', treeOf([['100644', 'manifest.json', blobOf(manifest)], ...entries])]])

  test('reads no file but those below scripts', async (t) => {
    const files = [
      '../../x',
      '../package.json',
      '/etc/passwd',
      '.git/config',
      'a/../../package.json',
      'C:\\x',
      'a\0',
      '',
    ]
    const manifest = JSON.stringify({ scripts: [...files, 'init.lua'].map((file) => ({ file })) })
    const words = withScripts(manifest, [['100644', 'init.lua', blobOf('-- init')]])
    const hostile = await hostileServer(t, words)
    const { scriptFiles } = await hostile.source.loadPackage('other')
    assert.deepEqual(
      scriptFiles.map(({ path, code }) => [path, code]),
      [['scripts/init.lua', '-- init']],
    )
    assert.equal(hostile.reports.length, files.length)
    assert.deepEqual(hostile.codes(), ['EMALFORMED'])
    hostile.assertHarmless()
  })

  test('that names 50,000 files that can not be is told of with a bounded number of warnings', async (t) => {
    const scripts = Array.from({ length: 50_000 }, (_, n) => ({ file: `../../x${n}` }))
    const hostile = await hostileServer(t, withScripts(JSON.stringify({ scripts })))
    assert.notEqual(await hostile.source.loadPackage('other'), null)
    assert.ok(hostile.reports.length > 0 && hostile.reports.length <= 200, `${hostile.reports.length} reports`)
    hostile.assertHarmless()
  })

  test('that names a file by 100 KB is told of in short', async (t) => {
    const files = ['a/'.repeat(50_000), `${'x'.repeat(100_000)}.lua`, `../${'x'.repeat(100_000)}`]
    const hostile = await hostileServer(t, withScripts(JSON.stringify({ scripts: files.map((file) => ({ file })) })))
    assert.deepEqual((await hostile.source.loadPackage('other')).scriptFiles, [])
    assert.equal(hostile.reports.length, files.length)
    hostile.assertHarmless()
  })

  test('that names the same file again and again gives 32 MiB of it at most', async (t) => {
    const manifest = JSON.stringify({ scripts: new Array(100).fill({ file: 'large.lua' }) })
    const words = withScripts(manifest, [['100644', 'large.lua', blobOf('x'.repeat(MIB))]])
    const hostile = await hostileServer(t, words)
    const { scriptFiles } = await hostile.source.loadPackage('other')
    assert.equal(scriptFiles.length, 32)
    assert.equal(hostile.reports.length, 1)
    assert.match(hostile.reports[0].error.message, /exceeds 32 MiB of scripts/)
    hostile.assertHarmless()
  })

  test('may name a file 5,000 folders down', async (t) => {
    const depth = 5000
    let folder = treeOf([['100644', 'x.lua', blobOf('-- deep')]])
    for (let n = 1; n < depth; n++) folder = treeOf([['40000', 'a', folder]])
    const manifest = JSON.stringify({ scripts: [{ file: `${'a/'.repeat(depth)}x.lua`, name: 'deep' }] })
    const hostile = await hostileServer(t, withScripts(manifest, [['40000', 'a', folder]]))
    const { scriptFiles } = await hostile.source.loadPackage('other')
    assert.deepEqual(
      scriptFiles.map(({ name, code }) => [name, code]),
      [['deep', '-- deep']],
    )
    hostile.assertHarmless()
  })
})
