// Repositories with more than anybody has: of everything so much as is served, and then an end. The larger ones are in
// e2e/git-hostile.test.mjs.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { pktLine } from './helpers/git/answers.mjs'
import { readApart } from './helpers/git/apart.mjs'
import {
  blobOf,
  commitOf,
  manifestOf,
  packageOf,
  repositoryOf,
  SOUND,
  servedCommit,
  tagOf,
  treeOf,
} from './helpers/git/hostile-repository.mjs'
import { assertHeals, hostileServer } from './helpers/git/hostile-source.mjs'
import { packOf } from './helpers/git/raw-pack.mjs'
import { band, serveRaw } from './helpers/git/raw-server.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

const MIB = 2 ** 20

/** So many names, in order. */
const names = (count, suffix = '') => Array.from({ length: count }, (_, n) => `n${String(n).padStart(7, '0')}${suffix}`)

describe('A packages folder with', () => {
  const empty = treeOf([])
  for (const [what, entries, warnings] of [
    ['100,000 folders that are no packages', names(100_000).map((name) => ['40000', name, empty]), 1],
    ['100,000 folders whose names none can have', names(100_000, '\u001b').map((name) => ['40000', name, empty]), 101],
    ['100,000 links', names(100_000).map((name) => ['120000', name, blobOf('sound')]), 101],
    ['100,000 submodules', names(100_000).map((name) => ['160000', name, '1'.repeat(40)]), 101],
    ['200,000 files', names(200_000).map((name) => ['100644', name, blobOf('x')]), 0],
  ]) {
    test(`${what} serves the package beside them`, async (t) => {
      // Before all others by name, so that it is among those that are looked at.
      const words = repositoryOf([['40000', 'a', packageOf('sound')], ...entries])
      const server = await serveRaw(t, words)
      const config = { url: server.url, cacheDir: temporaryDirectory(t) }
      const { index, packages, reports, status } = await readApart({ config, ids: ['sound'] })
      assert.deepEqual(index, ['sound'])
      assert.equal(packages.sound.metadata.packageId, 'sound')
      assert.equal(status.warnings.length, warnings)
      assert.ok(reports.length <= warnings)
    })
  }

  test('a folder of more than 32 MiB is an error with a code', async (t) => {
    const large = treeOf(names(200_000, 'x'.repeat(150)).map((name) => ['100644', name, blobOf('x')]))
    assert.ok(large.data.length > 32 * MIB)
    const hostile = await hostileServer(t, servedCommit(commitOf(treeOf([['40000', 'packages', large]]))))
    assert.deepEqual(await hostile.ids(), [])
    assert.match(hostile.codes().join(), /^(ENOPACKAGES|ETOOLARGE)$/)
    hostile.assertHarmless()
    await assertHeals(hostile)
  })
})

describe('A package with', () => {
  const besides = (entries) => repositoryOf([['40000', 'other', packageOf('other', entries)], SOUND])

  test('100,000 files is served', async (t) => {
    const files = treeOf(names(100_000).map((name) => ['100644', name, blobOf('x')]))
    const server = await serveRaw(t, besides([['40000', 'files', files]]))
    const config = { url: server.url, cacheDir: temporaryDirectory(t) }
    const { index, packages, reports } = await readApart({ config, ids: ['other'] })
    assert.deepEqual([index, reports], [['other', 'sound'], []])
    assert.equal(packages.other.metadata.packageId, 'other')
  })

  for (const path of ['components/ui.json', 'scripts/init.lua', 'static_content/examples.json']) {
    test(`a file of 20 MiB for its ${path} is served without it`, async (t) => {
      const [folder, name] = path.split('/')
      const large = treeOf([['100644', name, blobOf(' '.repeat(20 * MIB))]])
      const hostile = await hostileServer(t, besides([['40000', folder, large]]))
      assert.deepEqual(await hostile.ids(), ['other', 'sound'])
      assert.equal((await hostile.source.loadPackage('other')).metadata.packageId, 'other')
      assert.deepEqual(hostile.codes(), ['EMALFORMED'])
      assert.match(hostile.reports[0].error.message, new RegExp(`^other/${path} .*larger than`))
      hostile.assertHarmless()
    })
  }
})

describe('A repository with', () => {
  test('20,000 tags has the first thousands of them', async (t) => {
    const { refs, objects } = repositoryOf([SOUND])
    const tags = Array.from({ length: 20_000 }, (_, n) => [`refs/tags/v1.0.${n}`, refs[0][1]])
    const hostile = await hostileServer(t, { refs: [...refs, ...tags], objects })
    assert.deepEqual(await hostile.ids(), ['sound'])
    const [warning, ...others] = hostile.warnings()
    const [, most] = /^tags beyond the first (\d000) by name are passed over$/.exec(warning)
    assert.deepEqual(others, [])
    assert.equal((await hostile.source.getVersions('sound')).length, Number(most))
    hostile.assertHarmless()
    await assertHeals(hostile)
  })

  test('3,000 commits that are tagged has all of them', async (t) => {
    const root = treeOf([['40000', 'packages', treeOf([SOUND])]])
    const tags = Array.from({ length: 3000 }, (_, n) => {
      const commit = commitOf(root, { message: `number ${n}` })
      return [`v2.0.${n}`, n % 2 === 0 ? commit : tagOf(commit)]
    })
    const hostile = await hostileServer(t, servedCommit(commitOf(root), tags))
    assert.deepEqual(await hostile.ids(), ['sound'])
    const versions = await hostile.source.getVersions('sound')
    assert.deepEqual([versions.length, versions[0]], [3001, '2.0.2999'])
    hostile.assertHarmless()
  })

  const MOST = 4 * MIB
  for (const [what, bytes] of [
    ['a byte more', MOST],
    ['ten times as much', 10 * MOST],
  ]) {
    test(`${what} than maxRepositoryBytes is an error with a code`, async (t) => {
      const { refs, objects } = repositoryOf([SOUND])
      const words = { refs, objects: [...objects, blobOf(randomBytes(bytes))] }
      const hostile = await hostileServer(t, words, { maxRepositoryBytes: MOST })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ETOOLARGE'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  test('packs without end is an error with a code', async (t) => {
    let sent = 0
    const answer = function* () {
      yield Buffer.concat([pktLine('NAK\n'), band(1, packOf([], { count: 1_000_000 }).subarray(0, 12))])
      for (;;) {
        const piece = packOf([blobOf(randomBytes(60_000))]).subarray(12, -20)
        sent += piece.length
        yield band(1, piece)
      }
    }
    const words = { ...repositoryOf([SOUND]), answer }
    const hostile = await hostileServer(t, words, { maxRepositoryBytes: MOST })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ETOOLARGE'])
    assert.ok(sent < 20 * MOST, `${sent} bytes were sent`)
    hostile.assertHarmless()
    await assertHeals(hostile)
  })

  test('more than maxRepositoryBytes beside it in the same cacheDir is none of its business', async (t) => {
    const cacheDir = temporaryDirectory(t)
    const large = await serveRaw(
      t,
      repositoryOf([['40000', 'large', packageOf('large', [['100644', 'x', blobOf(randomBytes(2 * MIB))]])]]),
    )
    const small = await serveRaw(t, repositoryOf([SOUND]))
    const ask = ({ url }, maxRepositoryBytes) => readApart({ config: { url, cacheDir, maxRepositoryBytes } })
    assert.deepEqual((await ask(large, 4 * MIB)).index, ['large'])
    assert.deepEqual((await ask(small, MIB)).index, ['sound'])
  })

  test('a manifest that is as large as may be is served', async (t) => {
    const manifest = blobOf(manifestOf('large', { long: 'x'.repeat(16 * MIB - 100) }))
    const server = await serveRaw(t, repositoryOf([['40000', 'large', treeOf([['100644', 'package.json', manifest]])]]))
    const config = { url: server.url, cacheDir: temporaryDirectory(t) }
    assert.deepEqual((await readApart({ config })).index, ['large'])
  })
})
