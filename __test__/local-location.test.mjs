// Which directory a local source's url means.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, parse } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { DEFAULT_LOCAL_SOURCE, LocalPackageSource } from '../index.mjs'
import { inChild } from './helpers/child.mjs'
import { idsOf, localSource, watched } from './helpers/local.mjs'
import { packagesFolder, temporaryDirectory } from './helpers/package-builder.mjs'

// The ids of a source with this config, in a process with this working directory and environment.
async function idsInChild({ config = {}, cwd, packagesDir }) {
  const code = `
    const source = new addon.LocalPackageSource(${JSON.stringify(config)})
    answer((await source.fetchIndex()).map((entry) => entry.packageId))
  `
  return (await inChild(code, { cwd, env: { METABUILDER_PACKAGES_DIR: packagesDir } })).answer
}

// Whether a directory above has a packages folder of its own, which the search upwards would rightly find.
function hasPackagesAbove(path) {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (existsSync(join(at, 'packages'))) return true
    if (at === parse(at).root) return false
  }
}

describe('the url', () => {
  test('may be an absolute path', async (t) => {
    const folder = packagesFolder(t, 'my packages äöü %41')
    folder.seed('a')
    assert.deepEqual(await idsOf(new LocalPackageSource({ url: folder.path })), ['a'])
    assert.deepEqual(await idsOf(new LocalPackageSource({ url: `${folder.path}/` })), ['a'])
  })

  test('may be a file: URL', async (t) => {
    const folder = packagesFolder(t, 'my packages äöü %41 #1')
    folder.seed('a')
    assert.deepEqual(await idsOf(new LocalPackageSource({ url: folder.fileUrl })), ['a'])
    assert.deepEqual(await idsOf(new LocalPackageSource({ url: `${folder.fileUrl}/` })), ['a'])
    assert.equal(await new LocalPackageSource({ url: folder.fileUrl }).hasPackage('a'), true)
  })

  test('may be relative to the working directory', async (t) => {
    const folder = packagesFolder(t, 'catalogue')
    folder.seed('a')
    const below = join(folder.parent, 'app')
    mkdirSync(below)
    assert.deepEqual(await idsInChild({ config: { url: 'catalogue' }, cwd: folder.parent }), ['a'])
    assert.deepEqual(await idsInChild({ config: { url: './catalogue/' }, cwd: folder.parent }), ['a'])
    assert.deepEqual(await idsInChild({ config: { url: '../catalogue' }, cwd: below }), ['a'])
  })

  test('that is given is not overruled by the environment', async (t) => {
    const [given, other] = [packagesFolder(t), packagesFolder(t)]
    given.seed('given')
    other.seed('other')
    assert.deepEqual(await idsInChild({ config: { url: given.path }, packagesDir: other.path }), ['given'])
  })

  test('that leads to nothing gives nothing, which is reported', async (t) => {
    const folder = packagesFolder(t)
    for (const url of [join(folder.path, 'gone'), pathToFileURL(join(folder.path, 'gone')).href]) {
      const { manager, reports, status } = watched(new LocalPackageSource({ url }))
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(await manager.loadPackage('a'), null)
      assert.equal(await manager.hasPackage('a'), false)
      assert.equal(status().state, 'failing')
      assert.equal(status().lastError.code, 'ENOPACKAGES')
      assert.equal(reports[0].error.code, 'ENOPACKAGES')
      assert.equal(reports[0].context.sourceId, 'local')
      assert.match(reports[0].error.message, /gone/)
    }
  })

  test('that leads to a file gives nothing, which is reported', async (t) => {
    const folder = packagesFolder(t).file('file.txt', 'text')
    const { manager, status } = watched(new LocalPackageSource({ url: join(folder.path, 'file.txt') }))
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'EREAD')
  })

  test('with a host in a file: URL gives nothing, which is reported', async () => {
    const { manager, status } = watched(new LocalPackageSource({ url: 'file://elsewhere/packages' }))
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.match(status().lastError.code, /^E[A-Z]+$/)
  })

  test('of a folder that is made later is found then', async (t) => {
    const folder = packagesFolder(t)
    const source = new LocalPackageSource({ url: join(folder.path, 'later') })
    assert.deepEqual(await source.fetchIndex(), [])
    folder.file('later/a/seed/metadata.json', { packageId: 'a' })
    source.clearCache()
    assert.deepEqual(await idsOf(source), ['a'])
  })
})

describe('the default', () => {
  test('is /packages', () => {
    assert.equal(DEFAULT_LOCAL_SOURCE.url, '/packages')
    assert.equal(new LocalPackageSource().getConfig().url, '/packages')
  })

  test('is METABUILDER_PACKAGES_DIR where it is set', async (t) => {
    const [named, near] = [packagesFolder(t, 'elsewhere'), packagesFolder(t)]
    named.seed('named')
    near.seed('near')
    const cwd = near.parent
    assert.deepEqual(await idsInChild({ cwd, packagesDir: named.path }), ['named'])
    assert.deepEqual(await idsInChild({ cwd, packagesDir: named.fileUrl }), ['named'])
    assert.deepEqual(await idsInChild({ cwd: named.parent, packagesDir: 'elsewhere' }), ['named'])
    assert.deepEqual(await idsInChild({ cwd, packagesDir: named.path, config: { url: '/packages' } }), ['named'])
  })

  test('is METABUILDER_PACKAGES_DIR also where that holds nothing', async (t) => {
    const [empty, near] = [packagesFolder(t), packagesFolder(t)]
    near.seed('near')
    assert.deepEqual(await idsInChild({ cwd: near.parent, packagesDir: empty.path }), [])
    assert.deepEqual(await idsInChild({ cwd: near.parent, packagesDir: join(empty.path, 'gone') }), [])
  })

  test('is the packages folder of the working directory', async (t) => {
    const folder = packagesFolder(t)
    folder.manifest('near')
    assert.deepEqual(await idsInChild({ cwd: folder.parent }), ['near'])
  })

  test('is the nearest packages folder above', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('above')
    const cwd = join(folder.parent, 'apps/site/src')
    mkdirSync(cwd, { recursive: true })
    assert.deepEqual(await idsInChild({ cwd }), ['above'])
    folder.outside('apps/packages/near/seed/metadata.json', { packageId: 'near' })
    assert.deepEqual(await idsInChild({ cwd }), ['near'])
  })

  test('passes over packages folders that hold no packages', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('right')
    // A monorepo's packages, an empty folder, and a file of that name.
    folder.outside('mono/packages/core/package.json', { name: 'core', version: '1.0.0' })
    folder.outside('mono/packages/index.json', { name: 'something else' })
    mkdirSync(join(folder.parent, 'mono/app/packages'), { recursive: true })
    folder.outside('mono/app/src/packages', 'a file')
    assert.deepEqual(await idsInChild({ cwd: join(folder.parent, 'mono/app/src') }), ['right'])
  })

  test('is a folder with an index.json alone, too', async (t) => {
    const folder = packagesFolder(t).index([{ packageId: 'listed' }])
    assert.deepEqual(await idsInChild({ cwd: folder.parent }), ['listed'])
  })

  test('found nowhere gives nothing', async (t) => {
    const cwd = temporaryDirectory(t)
    if (hasPackagesAbove(cwd)) {
      assert.ok(!process.env.CI, 'CI must not have a packages folder above the temporary directory')
      return t.skip('this machine has a packages folder above the temporary directory')
    }
    const { answer } = await inChild(
      `const errors = []
      console.error = (...args) => errors.push(args.map(String).join(' '))
      const index = await new addon.LocalPackageSource().fetchIndex()
      answer({ index, list: await addon.loadPackageIndex(), registry: await addon.buildPackageRegistry(), errors })`,
      { cwd, env: { METABUILDER_PACKAGES_DIR: undefined } },
    )
    assert.deepEqual(answer.index, [])
    assert.equal(answer.list, null)
    assert.deepEqual(answer.registry, {})
    assert.ok(answer.errors.some((line) => line.includes('ENOPACKAGES') || line.includes('packages folder')))
  })

  test('serves loadPackageIndex and buildPackageRegistry', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('a')
    const { answer } = await inChild(
      'answer([await addon.loadPackageIndex(), Object.keys(await addon.buildPackageRegistry())])',
      { cwd: folder.parent, env: { METABUILDER_PACKAGES_DIR: undefined } },
    )
    assert.deepEqual(
      answer[0].map((entry) => entry.packageId),
      ['a'],
    )
    assert.deepEqual(answer[1], ['a'])
  })
})

test('a source keeps its folder when the process changes its working directory between calls', async (t) => {
  const folder = packagesFolder(t)
  folder.seed('a', { version: '1.0.0' }).components([{ id: 'root' }])
  const { answer } = await inChild(
    `const source = new addon.LocalPackageSource({ url: 'packages' })
    const before = await source.fetchIndex()
    process.chdir('/')
    const data = await source.loadPackage('a')
    answer([before.length, data?.components])`,
    { cwd: folder.parent },
  )
  assert.deepEqual(answer, [1, [{ id: 'root' }]])
})

test('two sources over two folders know nothing of each other', async (t) => {
  const [one, two] = [packagesFolder(t), packagesFolder(t)]
  one.seed('a', { version: '1.0.0' })
  two.seed('a', { version: '2.0.0' })
  const sources = [localSource(one, { id: 'one' }), localSource(two, { id: 'two' })]
  assert.deepEqual(await Promise.all(sources.map((source) => source.getVersions('a'))), [['1.0.0'], ['2.0.0']])
})
