// Publishing packages folders into a store.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createRegistryHandlers, importPackages, LocalPackageSource, RemotePackageSource } from '../index.mjs'
import { inChild, rootPath } from './helpers/child.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { emptyStore, publish, serve, startService } from './helpers/registry-service.mjs'

const nested = (depth) => (depth > 0 ? [nested(depth - 1)] : 'x')
const ids = (list) => list.map(({ packageId }) => packageId).sort()

describe('importPackages', () => {
  test('adds every package of either layout, and makes the store', async (t) => {
    const store = join(emptyStore(t), 'deep', 'er')
    const folder = packagesFolder(t)
    folder
      .seed('forum', { version: '2.0.0' })
      .components([{ id: 'thread' }])
      .script('return 1\n')
    folder.manifest('chat', { dependencies: { forum: '>=1' } }, { folder: 'another-name' }).examples({ a: 1 })
    const { added, unchanged, failed, warnings } = await importPackages(folder.path, { store })
    assert.deepEqual(ids(added), ['chat', 'forum'])
    assert.deepEqual([unchanged, failed, warnings], [[], [], []])
    const { GET } = createRegistryHandlers({ store })
    for (const { packageId, version, checksum } of added) {
      const response = await GET(new Request(`http://app.invalid/api/v1/packages/${packageId}`))
      const text = await response.text()
      assert.equal(createHash('sha256').update(text).digest('hex'), checksum)
      const { metadata, ...contents } = JSON.parse(text)
      const { metadata: expected, ...expectedContents } = await new LocalPackageSource({
        url: folder.path,
      }).loadPackage(packageId)
      assert.deepEqual({ ...metadata, sourceId: 'local' }, expected)
      assert.deepEqual(contents, expectedContents)
      assert.equal(metadata.version, version)
    }
  })

  test('takes a folder by file: URL, and paths relative to the working directory', async (t) => {
    const folder = packagesFolder(t)
    folder.manifest('a')
    const store = emptyStore(t)
    assert.equal((await importPackages(folder.fileUrl, { store: pathToFileURL(store).href })).added.length, 1)
    const { answer } = await inChild(`answer(await addon.importPackages('packages', { store: 'own/store' }))`, {
      cwd: folder.parent,
    })
    assert.equal(answer.added.length, 1)
    assert.ok(existsSync(join(folder.parent, 'own/store/registry.json')))
  })

  test('does nothing for what is there already', async (t) => {
    const store = emptyStore(t)
    const folder = packagesFolder(t)
    folder.manifest('a')
    folder.seed('b')
    const first = await importPackages(folder.path, { store })
    const files = () =>
      readdirSync(join(store, 'packages'), { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => readFileSync(join(one.parentPath ?? one.path, one.name), 'utf8'))
    const before = files()
    const again = await importPackages(folder.path, { store })
    assert.deepEqual(again.unchanged, first.added)
    assert.deepEqual([again.added, again.failed], [[], []])
    assert.deepEqual(files(), before)
  })

  test('never changes a version: other contents for it are a conflict', async (t) => {
    const store = emptyStore(t)
    const one = packagesFolder(t)
    one.manifest('a', { version: '1.0.0' }).components([{ id: 'one' }])
    const { added } = await importPackages(one.path, { store })
    const two = packagesFolder(t)
    two.manifest('a', { version: '1.0.0' }).components([{ id: 'two' }])
    two.manifest('b', { version: '1.0.0' })
    const result = await importPackages(two.path, { store })
    assert.deepEqual(ids(result.added), ['b'], 'the others are added all the same')
    const [{ packageId, version, code, message }, ...more] = result.failed
    assert.deepEqual([packageId, version, code, more], ['a', '1.0.0', 'ECONFLICT', []])
    assert.match(message, /a 1\.0\.0 .*new version/)
    const { ask } = await serve(t, [], { store })
    const text = await (await ask('/packages/a')).text()
    assert.equal(createHash('sha256').update(text).digest('hex'), added[0].checksum)
  })

  test('keeps every version that comes in the course of time', async (t) => {
    const store = emptyStore(t)
    for (const version of ['1.0.0', '1.2', 'v1.1.0', '1.3.0-rc.1+build'])
      await publish(t, store, { packageId: 'a', version })
    const { ask } = await serve(t, [], { store })
    const { versions } = await (await ask('/packages/a/versions')).json()
    assert.deepEqual(
      versions.map(({ version }) => version),
      ['1.3.0-rc.1+build', '1.2', 'v1.1.0', '1.0.0'],
    )
  })

  test('refuses what can not be published as it is, and says why', async (t) => {
    const folder = packagesFolder(t)
    folder.manifest('none', { version: undefined })
    folder.manifest('word', { version: 'latest' })
    folder.manifest('search')
    folder.manifest('half').file('components/ui.json', '{ "components": [')
    folder.manifest('spaced', { version: ' 1.0.0' })
    folder.manifest('endless', { version: `1.0.0-${'x'.repeat(300)}` })
    folder.manifest('deep', { extra: nested(127) })
    folder.seed('deep-part').components([{ id: 'x', value: nested(126) }])
    folder.manifest('not-too-deep', { extra: nested(125) }).components([{ id: 'x', value: nested(125) }])
    folder.manifest('listed-only')
    folder.manifest('good', { author: { name: 'No text' }, checksum: 'of something else', sourceId: 'mine' })
    const store = emptyStore(t)
    const { added, failed, warnings } = await importPackages(folder.path, { store })
    assert.deepEqual(ids(added), ['good', 'listed-only', 'not-too-deep'])
    const reasons = Object.fromEntries(failed.map(({ packageId, code, message }) => [packageId, `${code} ${message}`]))
    assert.match(reasons.none, /^EINVALIDPACKAGE none has the version "", which is none/)
    assert.match(reasons.word, /^EINVALIDPACKAGE word has the version "latest"/)
    assert.match(reasons.search, /^EINVALIDPACKAGE search has an id/)
    assert.match(reasons.half, /^EINVALIDPACKAGE half is not whole: half\/components\/ui\.json/)
    assert.match(reasons.spaced, /^EINVALIDPACKAGE spaced has the version " 1\.0\.0", which is none/)
    assert.match(reasons.endless, /^EINVALIDPACKAGE endless has a version of more than 256 characters/)
    assert.match(reasons.deep, /^EINVALIDPACKAGE deep is nested deeper than 128 levels where it is served/)
    assert.match(reasons['deep-part'], /^EINVALIDPACKAGE deep-part is nested deeper/)
    assert.equal(failed.length, 8)
    assert.ok(warnings.some(({ path, reason }) => path === 'good/package.json' && reason.includes('author')))
    assert.ok(warnings.some(({ path }) => path === 'half/components/ui.json'))
    const { ask } = await serve(t, [], { store })
    const { url } = await startService(t, [], { store })
    const remote = new RemotePackageSource({ id: 'own', url, enabled: true })
    assert.equal((await remote.fetchIndex()).length, 3, 'clients take what was published')
    assert.equal((await remote.loadPackage('not-too-deep')).components.length, 1)
    const { metadata } = await (await ask('/packages/good')).json()
    assert.deepEqual([metadata.author, metadata.checksum, metadata.sourceId], ['', undefined, undefined])
  })

  test('tells of a package that an index file lists and nobody finds', async (t) => {
    const folder = packagesFolder(t)
    folder.manifest('here')
    folder.index([{ packageId: 'here' }, { packageId: 'gone' }, { packageId: 'here' }])
    const { added, unchanged, failed } = await importPackages(folder.path, { store: emptyStore(t) })
    assert.deepEqual([ids(added), ids(unchanged), ids(failed)], [['here'], [], ['gone']])
    assert.equal(failed[0].code, 'EINVALIDPACKAGE')
  })

  test('rejects where folder or store can not be used at all', async (t) => {
    const folder = packagesFolder(t).manifest('a').folder
    const store = emptyStore(t)
    await assert.rejects(importPackages(join(folder.parent, 'nowhere'), { store }), { code: 'ENOPACKAGES' })
    assert.equal(existsSync(store), false, 'no store is made for nothing')
    await assert.rejects(importPackages(folder.path, { store: folder.parent }), {
      code: 'ESTORE',
      message: /registry\.json/,
    })
    await assert.rejects(importPackages(folder.path, { store: join(folder.path, 'a/package.json/x') }), {
      code: 'ESTORE',
    })
    await assert.rejects(importPackages(folder.path, { store: 'file://elsewhere/store' }), { code: 'EREAD' })
    for (const wrong of [undefined, '', 7, 'a\0']) {
      await assert.rejects(importPackages(wrong, { store }), { code: 'EINVALIDARG' })
      await assert.rejects(importPackages(folder.path, { store: wrong }), { code: 'EINVALIDARG' })
    }
    await assert.rejects(importPackages(folder.path), { code: 'EINVALIDARG' })
    await assert.rejects(importPackages(folder.path, { store, signal: true }), { code: 'EINVALIDARG' })
  })

  test('ends when it is aborted, with what was added whole', async (t) => {
    const folder = packagesFolder(t)
    for (let number = 0; number < 300; number++) folder.manifest(`p${String(number).padStart(3, '0')}`)
    const store = emptyStore(t)
    const reason = new Error('enough')
    await assert.rejects(importPackages(folder.path, { store, signal: AbortSignal.abort(reason) }), reason)
    assert.equal(existsSync(store), false)
    const controller = new AbortController()
    const importing = importPackages(folder.path, { store, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 40)
    await assert.rejects(importing, reason)
    const { ask, reports } = await serve(t, [], { store })
    const { totalCount } = await (await ask('/packages')).json()
    assert.ok(totalCount < 300, String(totalCount))
    assert.deepEqual(reports, [])
    const { added, unchanged } = await importPackages(folder.path, { store })
    assert.deepEqual([added.length, unchanged.length], [300 - totalCount, totalCount])
  })
})

for (const [name, layout] of [
  ['metabuilder-2025-12', 'seed'],
  ['metabuilder-2026-01', 'manifest'],
]) {
  const path = join(rootPath, '../shared/data', name)
  const skip = !existsSync(path) && 'the real packages are not on this machine'

  test(`the real packages in the ${layout} layout are served as the folder holds them`, { skip }, async (t) => {
    const { url, store } = await startService(t, [])
    const local = new LocalPackageSource({ id: 'real', url: path })
    const { added, failed } = await importPackages(path, { store })
    const listed = (await local.fetchIndex()).map(({ packageId }) => packageId)
    assert.equal(added.length + failed.length, listed.length)
    assert.deepEqual(
      failed.map(({ packageId, code }) => [packageId, code]),
      layout === 'seed' ? [] : [['nerd_mode_ide', 'EINVALIDPACKAGE']],
      'its components are malformed',
    )
    const remote = new RemotePackageSource({ id: 'real', url, enabled: true })
    assert.equal((await remote.fetchIndex()).length, added.length)
    for (const { packageId } of added) {
      assert.deepEqual(await remote.loadPackage(packageId), await local.loadPackage(packageId), packageId)
    }
  })
}
