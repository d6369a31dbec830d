// What a registry says its bytes are, they must be: else they are neither given nor kept.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { cacheFolder } from './helpers/cache-folder.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { remoteSource, watchedRemote } from './helpers/remote.mjs'
import { until } from './helpers/until.mjs'

const WRONG = 'ab'.repeat(32)

/** A registry with one package, and the bytes that it sends of it. */
async function registryWithPackage(t, options = {}) {
  const registry = await startRegistry(t, options)
  registry.publish({ packageId: 'a', version: '1.0.0' })
  return { registry, bytes: JSON.stringify(registry.packages.get('a')[0]) }
}

/** Lets the index claim this checksum of the package, whatever is true. */
function claim(registry, checksum) {
  const { metadata } = registry.packages.get('a').at(-1)
  registry.fault({ body: { packages: [{ ...metadata, checksum }] } }, { path: /^\/packages$/ })
}

const digest = (algorithm, text, encoding) => createHash(algorithm).update(text).digest(encoding)

describe('A package whose checksum is right is given', () => {
  const FORMS = {
    'as 64 hex digits': (text) => digest('sha256', text, 'hex'),
    'as hex digits in upper case': (text) => digest('sha256', text, 'hex').toUpperCase(),
    'with its algorithm': (text) => `sha256:${digest('sha256', text, 'hex')}`,
    'as SRI with SHA-256': (text) => `sha256-${digest('sha256', text, 'base64')}`,
    'as SRI with SHA-384': (text) => `sha384-${digest('sha384', text, 'base64')}`,
    'as SRI with SHA-512': (text) => `sha512-${digest('sha512', text, 'base64')}`,
  }

  for (const [form, checksum] of Object.entries(FORMS)) {
    test(form, async (t) => {
      const { registry, bytes } = await registryWithPackage(t)
      claim(registry, checksum(bytes))
      const { source, reports } = watchedRemote(registry)
      await source.fetchIndex()
      assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
      assert.equal((await source.loadPackage('a', '1.0.0')).metadata.version, '1.0.0')
      assert.deepEqual(reports, [])
    })

    test(`${form}, and not where it is of other bytes`, async (t) => {
      const { registry, bytes } = await registryWithPackage(t)
      claim(registry, checksum(`${bytes} `))
      const { source, reports } = watchedRemote(registry)
      await source.fetchIndex()
      assert.equal(await source.loadPackage('a'), null)
      assert.deepEqual(
        reports.map(({ error }) => error.code),
        ['EINTEGRITY'],
      )
    })
  }

  for (const encoding of ['gzip', 'br', 'zstd']) {
    test(`whose bytes were compressed with ${encoding} on the way`, async (t) => {
      const { registry } = await registryWithPackage(t, { checksums: true, encodings: [encoding] })
      const { source, reports } = watchedRemote(registry)
      await source.fetchIndex()
      await source.getVersions('a')
      assert.notEqual(await source.loadPackage('a'), null)
      assert.notEqual(await source.loadPackage('a', '1.0.0'), null)
      assert.deepEqual(reports, [])
    })
  }

  for (const none of ['', null, undefined]) {
    test(`and one whose checksum is ${JSON.stringify(none)} has none`, async (t) => {
      const { registry } = await registryWithPackage(t)
      claim(registry, none)
      const source = remoteSource(registry)
      await source.fetchIndex()
      assert.notEqual(await source.loadPackage('a'), null)
    })
  }
})

describe('A package whose checksum is wrong', () => {
  for (const checksum of [WRONG, 'sha256-????', 'md5:d41d8cd98f00b204e9800998ecf8427e', 'abc', 'sha256:']) {
    test(`is not given where the index says ${JSON.stringify(checksum)}`, async (t) => {
      const { registry } = await registryWithPackage(t)
      claim(registry, checksum)
      const { source, manager, reports, status } = watchedRemote(registry)
      assert.equal((await manager.fetchMergedIndex()).length, 1)
      assert.equal(await manager.loadPackage('a'), null)
      assert.equal(reports.at(-1).error.code, 'EINTEGRITY')
      assert.equal(reports.at(-1).context.packageId, 'a')
      assert.equal(status().lastError.code, 'EINTEGRITY')
      assert.equal(await source.loadPackage('a'), null)
      assert.equal(await source.loadPackage('a', '1.0.0'), null)
    })
  }

  test('is not given where the list of versions says so', async (t) => {
    const registry = await startRegistry(t, { checksums: true })
    registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'a', version: '2.0.0' })
    const body = { packageId: 'a', versions: [{ version: '1.0.0', checksum: WRONG }, { version: '2.0.0' }] }
    registry.fault({ body }, { path: /versions$/ })
    const { source, reports } = watchedRemote(registry)
    assert.deepEqual(await source.getVersions('a'), ['1.0.0', '2.0.0'])
    assert.equal(await source.loadPackage('a', '1.0.0'), null)
    assert.equal(reports.at(-1).error.code, 'EINTEGRITY')
    assert.equal((await source.loadPackage('a', '2.0.0')).metadata.version, '2.0.0')
  })

  test('is not asked for again and again, is not kept, and is given once it is right', async (t) => {
    const { registry } = await registryWithPackage(t)
    claim(registry, WRONG)
    const source = remoteSource(registry)
    await source.fetchIndex()
    assert.equal(await source.loadPackage('a'), null)
    assert.equal(registry.count(/^\/packages\/a$/), 1)
    registry.heal()
    source.setCacheExpiry(0)
    registry.checksums = true
    await source.fetchIndex()
    assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
  })

  test('takes no place of a copy that was right', async (t) => {
    const { registry } = await registryWithPackage(t, { checksums: true })
    const { source, reports } = watchedRemote(registry)
    source.setCacheExpiry(0)
    await source.fetchIndex()
    assert.notEqual(await source.loadPackage('a'), null)
    const { metadata } = registry.packages.get('a')[0]
    registry.fault(
      { body: { metadata, components: [{ id: 'planted' }], scriptFiles: [] } },
      { path: /^\/packages\/a$/ },
    )
    assert.equal((await source.loadPackage('a')).components[0].id, 'a_root')
    assert.equal(reports.at(-1).error.code, 'EINTEGRITY')
  })

  test('is taken from another source', async (t) => {
    const [bad, good] = [await registryWithPackage(t), await registryWithPackage(t, { checksums: true })]
    claim(bad.registry, WRONG)
    const { manager, reports } = managerOf([
      remoteSource(bad.registry, { id: 'bad', priority: 1 }),
      remoteSource(good.registry, { id: 'good', priority: 2 }),
    ])
    assert.equal((await manager.fetchMergedIndex())[0].selectedSource, 'bad')
    assert.equal((await manager.loadPackage('a')).metadata.sourceId, 'good')
    assert.deepEqual(
      reports.map(({ error, context }) => [error.code, context.sourceId]),
      [['EINTEGRITY', 'bad']],
    )
    assert.equal(statusOf(manager, 'bad').lastError.code, 'EINTEGRITY')
  })
})

test('where the index says another checksum than the list of versions, the list counts: it was asked for last', async (t) => {
  const { registry } = await registryWithPackage(t, { checksums: true })
  claim(registry, WRONG)
  const { source, reports } = watchedRemote(registry)
  await source.fetchIndex()
  assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
  assert.deepEqual(reports, [])
})

test('after a restart a package is measured by the index on disk', async (t) => {
  const { registry } = await registryWithPackage(t, { checksums: true })
  const cacheDir = cacheFolder(t)
  const first = watchedRemote(registry, { cacheDir })
  await first.source.fetchIndex()
  await first.manager.whenIdle()
  const { metadata } = registry.packages.get('a')[0]
  registry.fault({ body: { metadata, components: [{ id: 'planted' }], scriptFiles: [] } }, { path: /^\/packages\/a$/ })
  const { source, reports } = watchedRemote(registry, { cacheDir })
  assert.equal(await source.loadPackage('a'), null)
  assert.equal(reports.at(-1).error.code, 'EINTEGRITY')
})

test('a version that is newer than the index is not measured by what the index says of an older one', async (t) => {
  const { registry } = await registryWithPackage(t, { checksums: true })
  const { source, reports } = watchedRemote(registry)
  await source.fetchIndex()
  registry.publish({ packageId: 'a', version: '2.0.0' })
  assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
  assert.deepEqual(reports, [])
})

test('a package is measured by the index as it was read last', async (t) => {
  const { registry } = await registryWithPackage(t)
  const { source, reports } = watchedRemote(registry)
  source.setCacheExpiry(0)
  await source.fetchIndex()
  assert.notEqual(await source.loadPackage('a'), null)
  claim(registry, WRONG)
  await source.fetchIndex()
  await until(async () => {
    await source.loadPackage('a')
    return reports.some(({ error }) => error.code === 'EINTEGRITY')
  })
})

describe('A package in another version than the one asked for', () => {
  test('is refused, and not kept', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'a', version: '1.0.1' })
    registry.fault({ body: registry.packages.get('a')[1] }, { path: /versions\/1\.0\.0$/ })
    const { source, reports } = watchedRemote(registry)
    assert.equal(await source.loadPackage('a', '1.0.0'), null)
    assert.deepEqual(
      reports.map(({ error }) => error.code),
      ['EPROTOCOL'],
    )
    registry.heal()
    assert.equal((await source.loadPackage('a', '1.0.0')).metadata.version, '1.0.0')
  })

  test('is not on disk after a restart', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'a', version: '1.0.1' })
    registry.fault({ body: registry.packages.get('a')[1] }, { path: /versions\/1\.0\.0$/ })
    const cacheDir = cacheFolder(t)
    const first = watchedRemote(registry, { cacheDir })
    assert.equal(await first.source.loadPackage('a', '1.0.0'), null)
    await first.manager.whenIdle()
    const { source } = watchedRemote(registry, { cacheDir, offline: true })
    assert.equal(await source.loadPackage('a', '1.0.0'), null)
  })

  test('takes no place of the right one', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'a', version: '1.0.1' })
    const { source, reports } = watchedRemote(registry)
    source.setCacheExpiry(0)
    assert.equal((await source.loadPackage('a', '1.0.0')).metadata.version, '1.0.0')
    registry.fault({ body: registry.packages.get('a')[1] }, { path: /versions\/1\.0\.0$/ })
    assert.equal((await source.loadPackage('a', '1.0.0')).metadata.version, '1.0.0')
    assert.equal(reports.at(-1).error.code, 'EPROTOCOL')
  })
})

describe('A newest version of which no checksum is known, where the index has checksums of the package', () => {
  /** The index was read with 1.0.0; since then there is 2.0.0, and `versions` is what the list of versions says. */
  async function newerThanIndex(t, versions) {
    const { registry } = await registryWithPackage(t, { checksums: true })
    const remote = watchedRemote(registry)
    await remote.source.fetchIndex()
    registry.publish({ packageId: 'a', version: '2.0.0' })
    if (versions) registry.fault(versions, { path: /versions$/ })
    return { registry, ...remote }
  }
  const list = (...versions) => ({ body: { packageId: 'a', versions } })

  test('is measured by the list of versions, which is asked once', async (t) => {
    const { registry, source, reports } = await newerThanIndex(t)
    for (let n = 0; n < 5; n++) assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
    assert.equal(registry.count(/versions$/), 1)
    assert.deepEqual(reports, [])
  })

  for (const [name, answer] of Object.entries({
    'gives another checksum of it': list({ version: '2.0.0', checksum: WRONG }, { version: '1.0.0', checksum: WRONG }),
    'has only others': list({ version: '1.0.0', checksum: WRONG }),
  })) {
    test(`is refused where that list ${name}`, async (t) => {
      const { source, manager, reports } = await newerThanIndex(t, answer)
      assert.equal(await source.loadPackage('a'), null)
      assert.equal(await manager.loadPackage('a'), null)
      for (const { error } of reports) assert.equal(error.code, 'EINTEGRITY')
      assert.ok(reports.length > 0)
    })
  }

  test('is believed where the registry has no such list', async (t) => {
    const { source, reports } = await newerThanIndex(t, { status: 404 })
    assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
    assert.deepEqual(reports, [])
  })

  test('is refused where the list of versions, and not the index, gave checksums of the others', async (t) => {
    const { registry } = await registryWithPackage(t)
    registry.publish({ packageId: 'a', version: '2.0.0' })
    registry.fault(list({ version: '1.0.0', checksum: WRONG }), { path: /versions$/ })
    const { source, reports } = watchedRemote(registry)
    assert.deepEqual(await source.getVersions('a'), ['1.0.0'])
    assert.equal(await source.loadPackage('a'), null)
    assert.equal(reports.at(-1).error.code, 'EINTEGRITY')
  })

  test('costs no further request where the index has no checksums', async (t) => {
    const { registry } = await registryWithPackage(t)
    const { source } = watchedRemote(registry)
    await source.fetchIndex()
    registry.publish({ packageId: 'a', version: '2.0.0' })
    assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
    assert.equal(registry.count(/versions$/), 0)
  })
})
