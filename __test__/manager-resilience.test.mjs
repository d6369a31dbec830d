// What goes wrong around sources stays where it went wrong: no call waits long for it, nothing is lost for good.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { LocalPackageSource, loadPackageIndex, PackageSourceManager, RemotePackageSource } from '../index.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { managerOf, statusOf } from './helpers/manager.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { remoteSource } from './helpers/remote.mjs'
import { plainSource } from './helpers/sources.mjs'
import { deferred, until } from './helpers/until.mjs'

/** A remote source whose fetchIndex asks the built-in one, as subclasses do. */
class Filtering extends RemotePackageSource {
  async fetchIndex() {
    return (await super.fetchIndex()).filter((entry) => entry.packageId !== 'hidden')
  }
}

describe('a failing source', () => {
  test('is tried again also where an overridden method asks the built-in one', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' }).fault({ status: 500 })
    const { manager } = managerOf([new Filtering({ id: 'mine', url: registry.url, enabled: true })])
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(statusOf(manager, 'mine').state, 'failing')
    registry.heal()
    await until(async () => (await manager.fetchMergedIndex()).length === 1, { every: 50 })
    assert.equal(statusOf(manager, 'mine').state, 'ok')
  })

  test('that hangs when it is tried again holds nobody up', async () => {
    const hung = plainSource('hung', ['x'])
    hung.fetchIndex = () => new Promise(() => {})
    const { manager } = managerOf([plainSource('fine', ['a']), hung], { sourceTimeoutMs: 3_000 })
    await manager.fetchMergedIndex()
    let tries = 0
    hung.fetchIndex = () => {
      tries += 1
      return new Promise(() => {})
    }
    await until(async () => (await manager.hasPackage('a')) && tries === 1, { every: 20 })
    // The retry is under way for three seconds, of which no call waits for more than its grace.
    for (let n = 0; n < 20; n++) assert.equal(await manager.hasPackage('a'), true)
    assert.equal(tries, 1)
    assert.equal(statusOf(manager, 'hung').lastError.code, 'ETIMEOUT')
  })

  test('that gave an old copy is asked again, and its status recovers', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const source = remoteSource(registry)
    source.setCacheExpiry(0)
    const { manager } = managerOf([source])
    const { id } = source.getConfig()
    await manager.fetchMergedIndex()
    registry.fault({ status: 500 })
    manager.addSource(plainSource('other', ['b']))
    await manager.fetchMergedIndex()
    assert.equal(statusOf(manager, id).state, 'stale')
    registry.heal()
    await until(async () => (await manager.fetchMergedIndex()) && statusOf(manager, id).state === 'ok', { every: 50 })
  })

  test('that serves an old package has that failure in its status', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a' })
    const source = remoteSource(registry)
    const { manager } = managerOf([source])
    await manager.loadPackage('a')
    source.setCacheExpiry(0)
    registry.fault({ status: 500 })
    assert.equal((await manager.loadPackage('a')).metadata.packageId, 'a')
    assert.equal(statusOf(manager, source.getConfig().id).lastError.code, 'EHTTP')
  })
})

describe('what a source throws', () => {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {})
  revoke()
  const odd = {
    'a revoked proxy': revoked,
    'an object whose code throws': {
      get code() {
        throw new Error('no')
      },
    },
    'an object without a prototype': Object.create(null),
    'a symbol': Symbol('s'),
    undefined: undefined,
  }
  for (const [name, thrown] of Object.entries(odd)) {
    test(`is a failure of that source alone where it is ${name}`, async () => {
      const bad = plainSource('bad', ['x'])
      for (const method of ['fetchIndex', 'loadPackage', 'getVersions']) {
        bad[method] = () => {
          throw thrown
        }
      }
      const { manager, reports } = managerOf([bad, plainSource('fine', ['a'])])
      assert.equal(await manager.hasPackage('a'), true)
      assert.deepEqual([...(await manager.getAllVersions('a')).keys()], ['fine'])
      assert.equal(await manager.loadPackageFromSource('x', 'bad'), null)
      for (const { error } of reports) assert.equal(error.code, 'ESOURCE')
    })
  }

  test('never shows the token of the source, however deep it lies', async () => {
    const token = 'a-secret-token'
    class Leaky extends RemotePackageSource {
      async fetchIndex() {
        const request = { config: { headers: { Authorization: `Bearer ${token}` } } }
        throw Object.assign(new Error(`refused with ${token}`), { code: 'lower case', ...request })
      }
    }
    const source = new Leaky({ id: 'leaky', url: 'http://127.0.0.1:9', enabled: true, authToken: token })
    const { manager, reports } = managerOf([source])
    await manager.fetchMergedIndex()
    assert.equal(reports[0].error.code, 'ESOURCE')
    assert.equal(reports[0].error.message, 'refused with ***')
    for (const shown of [reports, manager.getSourceStatus()]) {
      assert.ok(!inspect(shown, { depth: 12, showHidden: true }).includes(token))
    }
  })

  test('late, after the source was replaced, is not held against its successor', async () => {
    const gate = deferred()
    const old = plainSource('x', ['a'])
    let isAsked = false
    old.loadPackage = () => {
      isAsked = true
      return gate.promise
    }
    const { manager } = managerOf([old])
    const loading = manager.loadPackage('a')
    await until(() => isAsked)
    manager.addSource(plainSource('x', ['a']))
    gate.reject(new Error('old source died'))
    await loading
    assert.equal(statusOf(manager, 'x').lastError, null)
  })
})

describe('an index', () => {
  test('of nothing but malformed entries is named by its first hundred', async () => {
    const bad = plainSource('bad', [])
    bad.fetchIndex = () => Array(100_000).fill(5)
    const { manager, reports } = managerOf([bad])
    await manager.fetchMergedIndex()
    const { warnings } = statusOf(manager, 'bad')
    assert.equal(warnings.length, 101)
    assert.match(warnings[100].reason, /99900 further/)
    assert.equal(reports.length, 101)
  })

  test('of a registry that is nothing but malformed entries, too', async (t) => {
    const registry = await startRegistry(t)
    registry.fault({ body: JSON.stringify({ packages: Array(50_000).fill(5) }), status: 200 })
    const source = remoteSource(registry)
    const { manager } = managerOf([source])
    await manager.fetchMergedIndex()
    const { warnings } = statusOf(manager, source.getConfig().id)
    assert.equal(warnings.length, 101)
    assert.match(warnings[100].reason, /49900 further/)
  })

  test('of instances whose fields are getters keeps what they give', async () => {
    class Entry {
      get packageId() {
        return 'a'
      }
      get name() {
        return 'A'
      }
      get version() {
        return '1.0.0'
      }
    }
    const source = plainSource('mine', [])
    source.fetchIndex = () => [new Entry()]
    const { manager } = managerOf([source])
    const [entry] = await manager.fetchMergedIndex()
    assert.deepEqual([entry.packageId, entry.name, entry.version], ['a', 'A', '1.0.0'])
    assert.equal(await manager.hasPackage('a'), true)
  })

  test('that was cleared by another manager while it was fetched is not kept', async (t) => {
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'a', version: '1.0.0' }).hold()
    const source = remoteSource(registry)
    const [one, two] = [managerOf([source]).manager, managerOf([source]).manager]
    const fetched = two.fetchMergedIndex()
    await until(() => registry.requests.length > 0)
    one.clearAllCaches()
    registry.release().publish({ packageId: 'a', version: '2.0.0' })
    await fetched
    await until(async () => (await two.fetchMergedIndex())[0].version === '2.0.0', { every: 20 })
  })
})

test('a package that is listed but not there is looked for once', async (t) => {
  const folder = packagesFolder(t)
  folder.index([{ packageId: 'ghost', version: '1.0.0' }])
  const source = new LocalPackageSource({ url: folder.path })
  const manager = new PackageSourceManager({ onError: () => {} })
  manager.addSource(source)
  assert.equal(await manager.loadPackage('ghost'), null)
  folder.seed('ghost')
  assert.equal(await manager.loadPackage('ghost'), null)
  source.clearCache()
  assert.notEqual(await manager.loadPackage('ghost'), null)
})

test('sources that are not used again hold no files open', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = packagesFolder(t)
  folder.seed('a')
  const open = () => readdirSync('/proc/self/fd').length
  const source = new LocalPackageSource({ url: folder.path })
  await source.fetchIndex()
  const before = open()
  for (let n = 0; n < 200; n++) {
    source.clearCache()
    await source.fetchIndex()
    await loadPackageIndex()
  }
  assert.ok(open() < before + 20, `${open()} files are open, ${before} were`)
})
