// `cacheDir`: what was fetched once is there after a restart, whole or not at all. `offline`: nothing else is asked.

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { bytesBelow, cacheFolder, filesBelow } from './helpers/cache-folder.mjs'
import { inChild } from './helpers/child.mjs'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { ONE_TRY, watchedRemote } from './helpers/remote.mjs'
import { until } from './helpers/until.mjs'

/** A registry with entity tags, a cache folder, and `start(config)`: what a restarted application has. */
async function restartable(t, options = {}) {
  const registry = await startRegistry(t, { etags: true, checksums: true, ...options })
  registry.publish({ packageId: 'a', version: '1.0.0' }, { scripts: 'return "marker"' }).publish({ packageId: 'b' })
  const cacheDir = cacheFolder(t)
  const start = (config = {}) => watchedRemote(registry, { ...ONE_TRY, cacheDir, ...config })
  return { registry, cacheDir, start }
}

/** Everything that a source can be asked of package `a`, as one value. */
async function everything(source) {
  return {
    index: await source.fetchIndex(),
    newest: await source.loadPackage('a'),
    version: await source.loadPackage('a', '1.0.0'),
    versions: await source.getVersions('a'),
  }
}

/** What {@link everything} is where nothing is there. */
const NOTHING = { index: [], newest: null, version: null, versions: [] }

/** Asks for everything and waits until it is on the disk. */
async function fill({ source, manager }, cacheDir) {
  const given = await everything(source)
  assert.equal(given.index.length, 2)
  assert.equal(given.newest.scripts, 'return "marker"')
  await manager.whenIdle()
  assert.ok(filesBelow(cacheDir).length > 0)
  return given
}

describe('After a restart', () => {
  test('everything is there although the registry is not', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const given = await fill(start(), cacheDir)
    await registry.close()
    const { source, manager } = start()
    assert.deepEqual(await everything(source), given)
    assert.equal(await source.hasPackage('a'), true)
    assert.deepEqual(await idsOf(manager), ['a', 'b'])
    assert.equal(await source.loadPackage('b'), null)
  })

  test('of the process it is', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const given = await fill(start(), cacheDir)
    await registry.close()
    const config = { id: 'remote', url: registry.url, enabled: true, cacheDir, ...ONE_TRY }
    const { answer } = await inChild(`
      const source = new addon.RemotePackageSource(${JSON.stringify(config)})
      answer({
        index: await source.fetchIndex(),
        newest: await source.loadPackage('a'),
        version: await source.loadPackage('a', '1.0.0'),
        versions: await source.getVersions('a'),
      })
    `)
    assert.deepEqual(answer, given)
  })

  test('what a process before this one got is there', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const config = { id: 'remote', url: registry.url, enabled: true, cacheDir, ...ONE_TRY }
    await inChild(`
      const source = new addon.RemotePackageSource(${JSON.stringify(config)})
      const manager = new addon.PackageSourceManager()
      manager.addSource(source)
      await source.fetchIndex()
      await source.loadPackage('a')
      // What it writes to disk nobody waits for otherwise, and a process that ends earlier has not written it.
      await manager.whenIdle()
      answer(true)
    `)
    await registry.close()
    const { source } = start()
    assert.deepEqual(await idsOf(source), ['a', 'b'])
    assert.equal((await source.loadPackage('a')).scripts, 'return "marker"')
  })

  test('the old copy answers at once, and the registry is asked by its tag', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    await fill(start({ cacheExpiry: 1 }), cacheDir)
    const asked = registry.requests.length
    registry.publish({ packageId: 'a', version: '2.0.0' }).hold()
    const { source, manager } = start({ cacheExpiry: 1 })
    assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
    assert.equal((await source.fetchIndex())[0].version, '1.0.0')
    await until(() => registry.requests.length === asked + 2)
    for (const { headers } of registry.requests.slice(asked)) assert.match(headers['if-none-match'], /^"[0-9a-f]{64}"$/)
    registry.release()
    await manager.whenIdle()
    assert.equal((await source.loadPackage('a')).metadata.version, '2.0.0')
    assert.equal((await source.fetchIndex())[0].version, '2.0.0')
  })

  test('a copy that the registry confirms is fresh again, also for the next restart', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    await fill(start({ cacheExpiry: 1 }), cacheDir)
    const { source, manager } = start({ cacheExpiry: 1 })
    assert.notEqual(await source.loadPackage('a'), null)
    await manager.whenIdle()
    await registry.close()
    assert.equal((await start().source.loadPackage('a')).metadata.version, '1.0.0')
  })

  test('a copy beyond maxStaleMs answers no more', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    await fill(start(), cacheDir)
    await registry.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { source } = start({ cacheExpiry: 1, maxStaleMs: 1 })
    assert.equal(await source.loadPackage('a'), null)
    assert.deepEqual(await source.fetchIndex(), [])
  })

  test('an index of many pages is whole', async (t) => {
    const { registry, start } = await restartable(t, { maxPageSize: 10 })
    for (let n = 10; n < 55; n++) registry.publish({ packageId: `p${n}` })
    const first = start()
    const ids = await idsOf(first.source)
    assert.equal(ids.length, 47)
    await first.manager.whenIdle()
    await registry.close()
    assert.deepEqual(await idsOf(start().source), ids)
  })

  test('what the registry no longer has is gone', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    await fill(start(), cacheDir)
    registry.packages.delete('a')
    const second = start({ cacheExpiry: 0 })
    assert.equal(await second.source.loadPackage('a'), null)
    await second.manager.whenIdle()
    await registry.close()
    assert.equal(await start().source.loadPackage('a'), null)
  })

  test('what clearCache() forgot is gone', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const first = start()
    await fill(first, cacheDir)
    first.source.clearCache()
    await first.manager.whenIdle()
    await registry.close()
    assert.deepEqual(await first.source.fetchIndex(), [])
    const { source } = start()
    assert.equal(await source.loadPackage('a'), null)
    assert.deepEqual(await source.fetchIndex(), [])
  })

  test('what had the wrong checksum was never kept', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const { metadata } = registry.packages.get('a')[0]
    const planted = { metadata, components: [{ id: 'planted' }], scriptFiles: [] }
    registry.fault({ body: planted }, { path: /packages\/a/ })
    const first = start()
    await first.source.fetchIndex()
    assert.equal(await first.source.loadPackage('a'), null)
    assert.equal(await first.source.loadPackage('a', '1.0.0'), null)
    await first.manager.whenIdle()
    await registry.close()
    assert.equal(await start().source.loadPackage('a'), null)
    for (const { read } of filesBelow(cacheDir)) assert.ok(!read().includes('planted'))
  })
})

test('What was being written to the disk when clearCache() came does not come back', async (t) => {
  const registry = await startRegistry(t)
  registry.publish({ packageId: 'a' }, { scripts: 'x'.repeat(3_000_000) })
  const cleared = []
  // The writing takes a few milliseconds: some of these meet it before, some amid and some after it.
  for (let n = 0; n < 40; n++) {
    const cacheDir = cacheFolder(t)
    const { source, manager } = watchedRemote(registry, { cacheDir })
    assert.notEqual(await source.loadPackage('a'), null)
    await new Promise((resolve) => setTimeout(resolve, n % 20))
    source.clearCache()
    cleared.push({ n, cacheDir, manager })
    if (n % 2 === 0) await manager.whenIdle()
  }
  await Promise.all(cleared.map(({ manager }) => manager.whenIdle()))
  const back = []
  for (const { n, cacheDir } of cleared) {
    const { source } = watchedRemote(registry, { cacheDir, offline: true })
    if ((await source.loadPackage('a')) !== null) back.push(n)
  }
  assert.deepEqual(back, [])
})

test('What was being fetched when clearCache() came is not on the disk either', async (t) => {
  const { registry, start } = await restartable(t)
  registry.hold()
  const { source, manager } = start()
  const asking = everything(source)
  await until(() => registry.requests.length === 1)
  source.clearCache()
  registry.release()
  await asking
  source.clearCache()
  await manager.whenIdle()
  assert.deepEqual(await everything(start({ offline: true }).source), NOTHING)
})

describe('The copies of a source with a token', () => {
  const OTHERS = { 'another token': { authToken: 'mallory' }, 'no token': {} }

  for (const [name, config] of Object.entries(OTHERS)) {
    test(`are not for one with ${name}`, async (t) => {
      const { cacheDir, start } = await restartable(t, { token: 'alice' })
      await fill(start({ authToken: 'alice' }), cacheDir)
      const other = start(config)
      assert.deepEqual(await everything(other.source), NOTHING)
      assert.deepEqual(await idsOf(other.manager), [])
      assert.ok(other.reports.every(({ error }) => error.code === 'EHTTP'))
      assert.deepEqual(await everything(start({ ...config, offline: true }).source), NOTHING)
    })
  }

  test('are there for the next with that token, whoever asked in between', async (t) => {
    const { registry, cacheDir, start } = await restartable(t, { token: 'alice' })
    const given = await fill(start({ authToken: 'alice' }), cacheDir)
    for (const config of Object.values(OTHERS)) {
      const other = start(config)
      await everything(other.source)
      other.source.clearCache()
      await other.manager.whenIdle()
    }
    await registry.close()
    assert.deepEqual(await everything(start({ authToken: 'alice' }).source), given)
  })

  test('without one are not for a source that has one', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    await fill(start(), cacheDir)
    await registry.close()
    assert.deepEqual(await everything(start({ authToken: 'alice' }).source), NOTHING)
  })
})

describe('A damaged file is never served', () => {
  const flip = (path, bytes, at) => {
    const changed = Buffer.from(bytes)
    changed[at] ^= 1
    writeFileSync(path, changed)
  }
  const DAMAGES = {
    'one bit of it is another': ({ path, read }) => flip(path, read(), statSync(path).size >> 1),
    'its last byte is another': ({ path, read }) => flip(path, read(), statSync(path).size - 1),
    'it is cut off': ({ path, size }) => truncateSync(path, size >> 1),
    'it is empty': ({ path }) => truncateSync(path, 0),
    'it has grown': ({ path, read }) => writeFileSync(path, Buffer.concat([read(), Buffer.from(' ')])),
    'it is gone': ({ path }) => rmSync(path),
    'it is a folder': ({ path }) => {
      rmSync(path)
      mkdirSync(path)
    },
    'it is a link to another file': ({ path }, outside) => {
      rmSync(path)
      symlinkSync(outside, path)
    },
  }

  for (const [name, damage] of Object.entries(DAMAGES)) {
    test(`where ${name}`, async (t) => {
      const { registry, cacheDir, start } = await restartable(t)
      const given = await fill(start(), cacheDir)
      const outside = join(cacheFolder(t), 'outside')
      writeFileSync(outside, JSON.stringify({ metadata: { packageId: 'a' }, components: [{ id: 'planted' }] }))
      for (const file of filesBelow(cacheDir)) if (file.size > 0) damage(file, outside)

      registry.fault({ status: 503 })
      const down = start()
      assert.deepEqual(await everything(down.source), { index: [], newest: null, version: null, versions: [] })
      registry.heal()
      const up = start()
      assert.deepEqual(await everything(up.source), given)
      await up.manager.whenIdle()
      await registry.close()
      assert.deepEqual(await everything(start().source), given)
    })
  }

  test('where files have changed places', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const first = start()
    await fill(first, cacheDir)
    await first.source.loadPackage('b')
    await first.manager.whenIdle()
    const files = filesBelow(cacheDir)
    const contents = files.map(({ read }) => read())
    files.forEach(({ path }, n) => {
      writeFileSync(path, contents[(n + 1) % files.length])
    })
    await registry.close()
    const { source } = start()
    for (const id of ['a', 'b']) {
      const data = await source.loadPackage(id)
      assert.ok(data === null || data.metadata.packageId === id)
    }
    for (const entry of await source.fetchIndex()) assert.ok(['a', 'b'].includes(entry.packageId))
  })
})

describe('One cache folder', () => {
  test('serves two sources that have the same packages, each its own', async (t) => {
    const [one, two] = [await startRegistry(t), await startRegistry(t)]
    one.publish({ packageId: 'a', version: '1.0.0' })
    two.publish({ packageId: 'a', version: '2.0.0' })
    const cacheDir = cacheFolder(t)
    const sources = () => [
      watchedRemote(one, { ...ONE_TRY, id: 'one', cacheDir }),
      watchedRemote(two, { ...ONE_TRY, id: 'two', cacheDir }),
      // The same id as another, and another registry: as after a change of configuration.
      watchedRemote(two, { ...ONE_TRY, id: 'one', cacheDir }),
    ]
    const read = () =>
      Promise.all(
        sources().map(async ({ source, manager }) => {
          const [entry] = await source.fetchIndex()
          const { metadata } = await source.loadPackage('a')
          await manager.whenIdle()
          return [entry.version, entry.sourceId, metadata.version, metadata.sourceId]
        }),
      )
    const expected = [
      ['1.0.0', 'one', '1.0.0', 'one'],
      ['2.0.0', 'two', '2.0.0', 'two'],
      ['2.0.0', 'one', '2.0.0', 'one'],
    ]
    assert.deepEqual(await read(), expected)
    await Promise.all([one.close(), two.close()])
    assert.deepEqual(await read(), expected)
  })

  test('stays within cacheDirMaxBytes', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    for (let n = 0; n < 60; n++) registry.publish({ packageId: `p${n}` }, { scripts: 'x'.repeat(100_000) })
    const bound = 1_000_000
    const { source, manager } = start({ cacheDirMaxBytes: bound })
    for (let n = 0; n < 60; n++) {
      assert.equal((await source.loadPackage(`p${n}`)).scripts.length, 100_000)
      const bytes = bytesBelow(cacheDir)
      // One that is being written comes on top, and what was written since the last count.
      assert.ok(bytes <= 1.3 * bound, `${bytes} bytes`)
    }
    await manager.whenIdle()
    assert.ok(bytesBelow(cacheDir) > bound / 4)
    await registry.close()
    const after = start({ cacheDirMaxBytes: bound }).source
    const kept = await Promise.all(Array.from({ length: 60 }, (_, n) => after.loadPackage(`p${n}`)))
    const found = kept.filter((data) => data !== null)
    assert.ok(found.length > 0 && found.length <= 10, `${found.length} packages`)
    assert.notEqual(kept.at(-1), null)
    for (const data of found) assert.equal(data.scripts.length, 100_000)
  })

  test('holds no token, and nobody else can look into it', async (t) => {
    const token = 'tok_2b-VERY-secret'
    const { registry, cacheDir, start } = await restartable(t, { token })
    await fill(start({ authToken: token }), cacheDir)
    const files = filesBelow(cacheDir)
    assert.ok(files.length >= 3)
    for (const { path, read } of files) assert.ok(!`${path}${read().toString('latin1')}`.includes(token), path)
    assert.ok(registry.requests.length > 0)
    if (process.platform === 'win32') return
    for (const { path, mode } of files) {
      if (!path.endsWith('CACHEDIR.TAG')) assert.equal(mode & 0o077, 0, path)
    }
  })

  test('that can not be used is reported, and everything works without it', async (t) => {
    const { registry, cacheDir } = await restartable(t)
    const file = join(cacheDir, 'file')
    writeFileSync(file, 'no folder')
    const { source, reports } = watchedRemote(registry, { ...ONE_TRY, cacheDir: join(file, 'below') })
    assert.equal((await everything(source)).newest.scripts, 'return "marker"')
    await until(() => reports.length > 0, { what: 'a report' })
    assert.deepEqual([...new Set(reports.map(({ error }) => error.code))], ['ECACHE'])
    // Once is enough.
    assert.ok(reports.length <= 5, `${reports.length} reports`)
  })
})

describe('Offline', () => {
  test('nothing is asked, and what is on disk is given', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const given = await fill(start(), cacheDir)
    const asked = [registry.requests.length, registry.connections]
    const { source, manager, reports, status } = start({ offline: true, cacheExpiry: 1 })
    assert.deepEqual(await everything(source), given)
    assert.deepEqual(await idsOf(manager), ['a', 'b'])
    assert.equal(await source.loadPackage('b'), null)
    assert.deepEqual(await source.searchPackages('a'), [])
    assert.ok(reports.every(({ error }) => error.code === 'EOFFLINE'))
    assert.deepEqual(
      reports
        .filter(({ context }) => ['b', undefined].includes(context.packageId))
        .map(({ context }) => context.operation),
      ['loadPackage', 'searchPackages'],
    )
    await manager.whenIdle()
    assert.deepEqual([registry.requests.length, registry.connections], asked)
    assert.equal(status().packageCount, 2)
  })

  test('without a cache folder there is nothing', async (t) => {
    const { registry } = await restartable(t)
    const { source, manager, reports, status } = watchedRemote(registry, { offline: true })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.deepEqual(await everything(source), NOTHING)
    assert.equal(status().lastError.code, 'EOFFLINE')
    assert.ok(reports.length >= 4)
    for (const { error } of reports) assert.equal(error.code, 'EOFFLINE')
    assert.equal(registry.connections, 0)
  })

  test('what another source puts into the folder later is found', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const { source, manager } = start({ offline: true })
    assert.deepEqual(await everything(source), NOTHING)
    assert.deepEqual(await idsOf(manager), [])
    const given = await fill(start(), cacheDir)
    const asked = registry.requests.length
    await until(async () => (await source.fetchIndex()).length > 0, { what: 'the index', timeout: 10_000 })
    await until(() => source.loadPackage('a'), { what: 'the package', timeout: 10_000 })
    await until(async () => (await source.getVersions('a')).length > 0, { what: 'the versions', timeout: 10_000 })
    assert.deepEqual(await everything(source), given)
    await until(() => manager.hasPackage('a'), { what: 'the merged index', timeout: 10_000 })
    assert.equal(registry.requests.length, asked)
  })

  test('so is what another process puts there', async (t) => {
    const { registry, cacheDir, start } = await restartable(t)
    const { source } = start({ offline: true })
    assert.deepEqual(await everything(source), NOTHING)
    const config = { id: 'remote', url: registry.url, enabled: true, cacheDir }
    await inChild(`
      const source = new addon.RemotePackageSource(${JSON.stringify(config)})
      await source.fetchIndex()
      await source.loadPackage('a')
      answer(true)
    `)
    await until(async () => (await source.fetchIndex()).length === 2, { what: 'the index', timeout: 10_000 })
    await until(() => source.loadPackage('a'), { what: 'the package', timeout: 10_000 })
  })

  test('no token is asked for', async (t) => {
    const { registry } = await restartable(t)
    let asked = 0
    const authToken = () => {
      asked++
      return 'token'
    }
    assert.deepEqual(await watchedRemote(registry, { offline: true, authToken }).source.fetchIndex(), [])
    assert.equal(asked, 0)
  })
})
