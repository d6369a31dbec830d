// Every constructor, and the functions that stand for one, given what they must not be given: a coded error.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as addon from '../index.mjs'
import { HOSTILE_IDS, shown } from './helpers/hostile.mjs'
import { assertFails, guarded, NOT_STRINGS, outcomeOf } from './helpers/hostile-arguments.mjs'

guarded()

describe('constructors', () => {
  // A Git source has to be told where its repository is.
  const WHERE = { url: '/nowhere' }
  const somewhere = (config) => (typeof config === 'object' && config !== null ? { ...WHERE, ...config } : config)
  const SOURCES = {
    GitPackageSource: (config) => new addon.GitPackageSource(somewhere(config)),
    createGitSource: (config) => addon.createGitSource(somewhere(config)),
    LocalPackageSource: (config) => new addon.LocalPackageSource(config),
    createLocalSource: (config) => addon.createLocalSource(config),
    RemotePackageSource: (config) => new addon.RemotePackageSource(config),
    createRemoteSource: (config) => addon.createRemoteSource(config),
  }
  const NO_CONFIGS = [null, true, 0, 1, Number.NaN, 10n, Symbol('s'), '', 'text', '\0', 'x'.repeat(10_000_000)]

  for (const [name, make] of Object.entries(SOURCES)) {
    test(`${name}: a config that is no object`, async () => {
      for (const config of NO_CONFIGS) await assertFails(() => make(config), 'EINVALIDARG', `${name}(${shown(config)})`)
    })

    test(`${name}: fields of the wrong type`, async () => {
      const wrong = (isRight) => NOT_STRINGS.filter((value) => value !== undefined && !isRight(value))
      const fields = {
        id: NOT_STRINGS.slice(1),
        name: NOT_STRINGS.slice(1),
        url: NOT_STRINGS.slice(1),
        authToken: NOT_STRINGS.slice(1).filter((value) => name.includes('Local') || typeof value !== 'function'),
        type: NOT_STRINGS.slice(1),
        priority: [...wrong((value) => typeof value === 'number'), 'text', '1', Number.NaN],
        enabled: [...wrong((value) => typeof value === 'boolean'), 'true'],
      }
      for (const [field, values] of Object.entries(fields)) {
        for (const value of values) {
          await assertFails(() => make({ [field]: value }), 'EINVALIDARG', `${name}({ ${field}: ${shown(value)} })`)
        }
      }
    })

    test(`${name}: hostile texts in every field`, async () => {
      for (const field of ['id', 'name', 'url', 'authToken']) {
        for (const text of HOSTILE_IDS) {
          const { value: source, error } = await outcomeOf(
            () => make({ [field]: text }),
            `${name}({ ${field}: ${shown(text)} })`,
          )
          if (error) assert.equal(error.code, 'EINVALIDARG')
          else assert.equal(source.getConfig()[field], text)
        }
      }
    })
  }

  test('a config with a __proto__ field changes no prototype', () => {
    const config = JSON.parse('{ "id": "a", "__proto__": { "polluted": true } }')
    for (const make of [SOURCES.GitPackageSource, SOURCES.LocalPackageSource, SOURCES.RemotePackageSource]) {
      const source = make(config)
      assert.equal(source.getConfig().polluted, undefined)
      assert.equal(Object.getPrototypeOf(source.getConfig()), Object.prototype)
    }
  })

  test('a local source with a hostile url gives nothing', async () => {
    for (const url of HOSTILE_IDS.filter((text) => text !== '.' && text !== '..')) {
      const { value: source, error } = await outcomeOf(() => new addon.LocalPackageSource({ url }), shown(url))
      if (error) continue
      assert.deepEqual(await source.fetchIndex(), [], shown(url))
      assert.equal(await source.loadPackage('a'), null, shown(url))
    }
  })

  test('RemotePackageSource: a url that is no http(s) URL', async () => {
    for (const url of [
      '',
      'x',
      '/packages',
      'ftp://127.0.0.1/',
      'file:///etc',
      'http://',
      'http://[',
      'javascript:1',
    ]) {
      await assertFails(() => new addon.RemotePackageSource({ url }), 'EINVALIDARG', url)
    }
  })

  test('RemotePackageSource: a token that no header can hold', async () => {
    for (const authToken of ['a\nb', 'a\r\nX-Injected: 1', 'a\0b']) {
      const { error } = await outcomeOf(() => new addon.RemotePackageSource({ authToken }), 'a token')
      assert.equal(error?.code, 'EINVALIDARG')
      assert.ok(!error.message.includes(authToken))
    }
  })

  test('PackageSourceManager and createPackageSourceManager: a config that is no object', async () => {
    for (const config of NO_CONFIGS) {
      await assertFails(() => new addon.PackageSourceManager(config), 'EINVALIDARG', shown(config))
      await assertFails(() => addon.createPackageSourceManager(config), 'EINVALIDARG', shown(config))
    }
  })

  test('PackageSourceManager: fields of the wrong type or out of range', async () => {
    const fields = {
      conflictResolution: [...NOT_STRINGS.slice(1), 'text', '', '__proto__', 'toString'],
      parallelFetch: [null, 0, 1, 'true', {}, []],
      maxParallelSources: [null, '5', 0, -1, 1.5, Number.NaN, {}, [], 5n],
      sourceTimeoutMs: [null, '5', -1, Number.NaN, {}, [], 5n],
      onError: [null, 'text', 5, {}, [], true],
    }
    for (const [field, values] of Object.entries(fields)) {
      for (const value of values) {
        const what = `{ ${field}: ${shown(value)} }`
        await assertFails(() => new addon.PackageSourceManager({ [field]: value }), 'EINVALIDARG', what)
      }
    }
  })

  test('createPackageSourceManager: options of the wrong type', async () => {
    const options = {
      enableRemote: [null, 0, 1, 'true', {}, []],
      remoteUrl: [...NOT_STRINGS.slice(1), 'no url'],
      remoteAuthToken: NOT_STRINGS.slice(1).filter((value) => typeof value !== 'function'),
      conflictResolution: [...NOT_STRINGS.slice(1), 'text'],
    }
    for (const [option, values] of Object.entries(options)) {
      for (const value of values) {
        const what = `{ ${option}: ${shown(value)} }`
        const given = { enableRemote: true, [option]: value }
        await assertFails(() => addon.createPackageSourceManager(given), 'EINVALIDARG', what)
      }
    }
  })
})
