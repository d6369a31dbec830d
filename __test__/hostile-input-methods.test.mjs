// Every method, given what it must not be given: a coded error or the documented empty result.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as addon from '../index.mjs'
import { gitRepository } from './helpers/git/repository.mjs'
import { gitSource } from './helpers/git/source.mjs'
import { HOSTILE_IDS, shown } from './helpers/hostile.mjs'
import { ANYTHING, assertFails, guarded, NOT_STRINGS, outcomeOf } from './helpers/hostile-arguments.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { rawServer } from './helpers/remote.mjs'
import { plainSource } from './helpers/sources.mjs'

guarded()

describe('methods of sources', () => {
  const makers = {
    GitPackageSource: (t) => {
      const repository = gitRepository(t)
      repository.packages.seed('a')
      repository.commit()
      return gitSource(t, repository)
    },
    LocalPackageSource: (t) => {
      const folder = packagesFolder(t)
      folder.seed('a')
      return new addon.LocalPackageSource({ url: folder.path })
    },
    RemotePackageSource: async (t) => {
      const { url } = await rawServer(t, (_, response) => response.writeHead(404).end())
      return new addon.RemotePackageSource({ url })
    },
  }

  for (const [name, make] of Object.entries(makers)) {
    for (const method of ['loadPackage', 'hasPackage', 'getVersions']) {
      test(`${name}.${method}: an id that is no string rejects`, async (t) => {
        const source = await make(t)
        for (const value of NOT_STRINGS) {
          const promise = source[method](value)
          assert.ok(promise instanceof Promise)
          await assertFails(() => promise, 'EINVALIDARG', `${method}(${shown(value)})`)
        }
      })
    }

    test(`${name}: methods with a foreign this fail`, async (t) => {
      const source = await make(t)
      for (const method of ['fetchIndex', 'loadPackage', 'hasPackage', 'getVersions']) {
        for (const self of [undefined, null, {}, [], new addon.PackageSourceManager()]) {
          await assert.rejects(async () => source[method].call(self, 'a'), Error)
        }
      }
      for (const self of [undefined, null, {}]) assert.throws(() => source.clearCache.call(self), Error)
    })
  }

  for (const name of ['GitPackageSource', 'RemotePackageSource']) {
    test(`${name}.loadPackage: a version that is no string rejects`, async (t) => {
      const source = await makers[name](t)
      for (const value of NOT_STRINGS.slice(1)) {
        await assertFails(() => source.loadPackage('a', value), 'EINVALIDARG', shown(value))
      }
    })

    test(`${name}.setCacheExpiry: what is no time throws`, async (t) => {
      const source = await makers[name](t)
      for (const value of [...NOT_STRINGS.filter((one) => typeof one !== 'number'), -1, Number.NaN, '5']) {
        await assertFails(() => source.setCacheExpiry(value), 'EINVALIDARG', shown(value))
      }
      for (const value of [0, 1.5, 1e15, Number.MAX_SAFE_INTEGER]) assert.equal(source.setCacheExpiry(value), undefined)
    })
  }

  test('GitPackageSource.loadPackage: hostile versions find nothing', async (t) => {
    const source = await makers.GitPackageSource(t)
    for (const version of HOSTILE_IDS) assert.equal(await source.loadPackage('a', version), null, shown(version))
    assert.notEqual(await source.loadPackage('a', '1.0.0'), null)
  })

  test('RemotePackageSource.searchPackages: arguments of the wrong type reject', async (t) => {
    const source = await makers.RemotePackageSource(t)
    for (const value of NOT_STRINGS) await assertFails(() => source.searchPackages(value), 'EINVALIDARG', shown(value))
    for (const options of [null, true, 5, 'text', Symbol('s')]) {
      await assertFails(() => source.searchPackages('x', options), 'EINVALIDARG', shown(options))
    }
    const options = {
      category: NOT_STRINGS.slice(1),
      minLevel: ['1', {}, null, 5n],
      page: [0, -1, 1.5, '1', null, Number.NaN, Number.POSITIVE_INFINITY, {}, 5n],
      pageSize: [0, -1, 1.5, 1001, '1', null, Number.NaN, Number.POSITIVE_INFINITY, {}, 5n],
    }
    for (const [option, values] of Object.entries(options)) {
      for (const value of values) {
        const what = `{ ${option}: ${shown(value)} }`
        await assertFails(() => source.searchPackages('x', { [option]: value }), 'EINVALIDARG', what)
      }
    }
  })
})

describe('methods of the manager', () => {
  const make = () => {
    const manager = new addon.PackageSourceManager()
    manager.addSource(plainSource('plain', ['a']))
    return manager
  }

  test('addSource: what is no source throws', async () => {
    const manager = make()
    for (const value of ANYTHING) await assertFails(() => manager.addSource(value), 'EINVALIDSOURCE', shown(value))
    for (const method of ['getConfig', 'fetchIndex', 'loadPackage', 'hasPackage', 'getVersions']) {
      for (const value of NOT_STRINGS.filter((one) => typeof one !== 'function')) {
        const source = { ...plainSource('x'), [method]: value }
        await assertFails(() => manager.addSource(source), 'EINVALIDSOURCE', `${method}: ${shown(value)}`)
      }
    }
    assert.equal(manager.getSources().length, 1)
  })

  test('addSource: an unusable config throws', async () => {
    const manager = make()
    const good = plainSource('x').getConfig()
    const configs = [
      ...ANYTHING,
      ...NOT_STRINGS.map((id) => ({ ...good, id })),
      { ...good, id: '' },
      ...[null, '1', {}, Number.NaN].map((priority) => ({ ...good, priority })),
    ]
    for (const config of configs) {
      const source = { ...plainSource('x'), getConfig: () => config }
      const what = config?.id === undefined ? shown(config) : `${shown(config.id)} ${shown(config.priority)}`
      await assertFails(() => manager.addSource(source), 'EINVALIDSOURCE', `getConfig() → ${what}`)
    }
    assert.equal(manager.getSources().length, 1)
  })

  test('methods with a source id: any value finds nothing', async () => {
    const manager = make()
    for (const value of ANYTHING) {
      const { value: removed, error } = await outcomeOf(
        () => manager.removeSource(value),
        `removeSource(${shown(value)})`,
      )
      if (error) assert.equal(error.code, 'EINVALIDARG')
      else assert.equal(removed, false)
      const got = await outcomeOf(() => manager.getSource(value), `getSource(${shown(value)})`)
      if (got.error) assert.equal(got.error.code, 'EINVALIDARG')
      else assert.equal(got.value, undefined)
      const loaded = await outcomeOf(() => manager.loadPackageFromSource('a', value), `from ${shown(value)}`)
      if (loaded.error) assert.equal(loaded.error.code, 'EINVALIDARG')
      else assert.equal(loaded.value, null)
    }
    assert.equal(manager.getSources().length, 1)
  })

  for (const method of ['loadPackage', 'hasPackage', 'getAllVersions', 'explain']) {
    test(`${method}: an id that is no string rejects`, async () => {
      const manager = make()
      for (const value of NOT_STRINGS) {
        const promise = manager[method](value)
        assert.ok(promise instanceof Promise)
        await assertFails(() => promise, 'EINVALIDARG', `${method}(${shown(value)})`)
      }
    })
  }

  test('every method: hostile ids find nothing', async () => {
    const manager = make()
    for (const id of HOSTILE_IDS) {
      assert.equal(await manager.loadPackage(id), null)
      assert.equal(await manager.hasPackage(id), false)
      assert.equal(await manager.loadPackageFromSource(id, 'plain'), null)
      assert.deepEqual(await manager.getAllVersions(id), new Map())
      assert.deepEqual(await manager.explain(id), {
        packageId: id,
        conflictResolution: 'priority',
        selectedSource: null,
        candidates: [],
      })
    }
  })

  test('searchPackages: hostile queries find nothing, or everything where they hold no word', async () => {
    const manager = make()
    for (const query of HOSTILE_IDS) {
      const { value, error } = await outcomeOf(() => manager.searchPackages(query), shown(query))
      if (error) {
        assert.equal(error.code, 'EINVALIDARG')
        assert.ok(query.length > 1000, 'a short query was refused')
        continue
      }
      const { packages, totalCount, page, pageSize } = value
      assert.equal(packages.length, totalCount)
      assert.deepEqual([page, pageSize], [1, 20])
      for (const { packageId } of packages) assert.equal(packageId, 'a')
    }
  })

  test('searchPackages: arguments of the wrong type reject', async () => {
    const manager = make()
    for (const value of NOT_STRINGS) await assertFails(() => manager.searchPackages(value), 'EINVALIDARG', shown(value))
    for (const options of [null, true, 5, 'text', Symbol('s')]) {
      await assertFails(() => manager.searchPackages('x', options), 'EINVALIDARG', shown(options))
    }
    const options = {
      category: NOT_STRINGS.slice(1),
      minLevel: ['1', {}, null, 5n],
      userLevel: ['1', {}, null, 5n],
      page: [0, -1, 1.5, '1', null, Number.NaN, Number.POSITIVE_INFINITY, {}, 5n],
      pageSize: [0, -1, 1.5, 1001, '1', null, Number.NaN, Number.POSITIVE_INFINITY, {}, 5n],
    }
    for (const [option, values] of Object.entries(options)) {
      for (const value of values) {
        const what = `{ ${option}: ${shown(value)} }`
        await assertFails(() => manager.searchPackages('x', { [option]: value }), 'EINVALIDARG', what)
      }
    }
  })

  test('methods with a foreign this fail', async () => {
    const { prototype } = addon.PackageSourceManager
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === 'constructor') continue
      for (const self of [undefined, null, {}]) {
        await assert.rejects(async () => prototype[name].call(self, 'a', 'b'), Error, name)
      }
    }
  })
})
