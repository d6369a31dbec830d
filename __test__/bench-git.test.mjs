// What the benchmark sets beside the addon reads the same of a repository, and would be told from one that doesn't.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSource } from '../bench/git/contenders.mjs'
import { filesOfPackage, manifestOfPackage } from '../bench/git/packages.mjs'
import { assertEqual } from '../bench/git/round.mjs'
import { fastImport, importCommits, manyPackages } from './helpers/git/fast-import.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

/** Both sources over a new repository of three packages and two tags. */
async function bothOver(t) {
  const repository = fastImport(t, manyPackages({ packages: 3, tags: 2, filesOf: filesOfPackage }))
  const root = temporaryDirectory(t)
  const open = (contender) =>
    openSource(contender, { url: repository.path, home: join(root, contender), cacheExpiry: 0 })
  return { repository, addon: await open('addon'), plain: await open('plain') }
}

test('both read the same index, packages and versions', async (t) => {
  const { repository, addon, plain } = await bothOver(t)
  const first = await plain.fetchIndex()
  assert.deepEqual(await addon.fetchIndex(), first)
  assert.deepEqual(
    first.map(({ packageId, version, revision }) => [packageId, version, revision]),
    ['1.0.0', '1.1.0', '1.0.0'].map((version, n) => [`package_${n}`, version, repository.git('rev-parse', 'main')]),
  )

  await plain.fetchTags()
  const files = [manifestOfPackage('packages/package_1', 'package_1', '2.0.0')]
  importCommits(repository, [{ files }])
  const moved = await plain.fetchIndex()
  assert.deepEqual(await addon.fetchIndex(), moved)
  assert.equal(moved[1].version, '2.0.0')

  for (const id of ['package_0', 'package_1', 'absent']) {
    assert.deepEqual(await addon.loadPackage(id), await plain.loadPackage(id))
    assert.deepEqual(await addon.getVersions(id), await plain.getVersions(id))
  }
  assert.deepEqual(await plain.getVersions('package_1'), ['2.0.0', '1.1.0', '1.0.0'])
  const { components, scriptFiles } = await plain.loadPackage('package_2')
  assert.deepEqual([components.length, scriptFiles.map(({ name }) => name)], [6, ['init', 'handlers', 'utils']])
})

test('what differs is told', () => {
  const outcomes = (addon, plain) => ({ addon: { value: addon }, plain: { value: plain } })
  assert.doesNotThrow(() => assertEqual('it', outcomes([{ a: 1 }], [{ a: 1 }]), 1))
  assert.throws(() => assertEqual('it', outcomes([{ a: 1 }], [{ a: 2 }]), 1), /differ in it/)
  assert.throws(() => assertEqual('it', outcomes([], []), 1), /0 in it, 1 expected/)
})

test('packages are as large as real ones are', () => {
  const files = [0, 1, 2, 999].flatMap((n) => filesOfPackage(`packages/package_${n}`, `package_${n}`, '1.0.0'))
  assert.equal(files.length, 4 * 5)
  for (const [path, text] of files) {
    const [least, most] = path.endsWith('ui.json') ? [2048, 4096] : [300, 1500]
    assert.ok(text.length >= least && text.length <= most, `${path} has ${text.length} bytes`)
  }
})
