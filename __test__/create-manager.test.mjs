import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createPackageSourceManager,
  createPackageSourceManagerFromConfig,
  DEFAULT_LOCAL_SOURCE,
  DEFAULT_REMOTE_SOURCE,
  LocalPackageSource,
  PackageSourceManager,
  RemotePackageSource,
  validatePackageRepoConfig,
} from '../index.mjs'
import { inChild } from './helpers/child.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { captureConsoleError, recordReports } from './helpers/reports.mjs'
import { brokenSource, plainSource, sourceConfig } from './helpers/sources.mjs'

const configsOf = (manager) => manager.getSources().map((one) => one.getConfig())

/** The strategy that a manager uses, found out by what it does. */
async function strategyOf(manager) {
  for (const source of manager.getSources()) manager.removeSource(source.getConfig().id)
  manager.addSource(plainSource('p', [{ packageId: 'x', version: '1.0.0' }], { priority: 0, type: 'git' }))
  return (await manager.explain('x')).conflictResolution
}

describe('createPackageSourceManager', () => {
  test('has the local source alone by default', () => {
    for (const manager of [createPackageSourceManager(), createPackageSourceManager({})]) {
      assert.ok(manager instanceof PackageSourceManager)
      assert.deepEqual(configsOf(manager), [DEFAULT_LOCAL_SOURCE])
      assert.ok(manager.getSources()[0] instanceof LocalPackageSource)
    }
  })

  test('adds an enabled remote source where asked for', () => {
    const manager = createPackageSourceManager({
      enableRemote: true,
      remoteUrl: 'https://registry.example/api/v1',
      remoteAuthToken: 'a-token',
    })
    const [local, remote] = configsOf(manager)
    assert.deepEqual(local, DEFAULT_LOCAL_SOURCE)
    assert.deepEqual(remote, {
      ...DEFAULT_REMOTE_SOURCE,
      url: 'https://registry.example/api/v1',
      enabled: true,
      authToken: 'a-token',
    })
    assert.ok(manager.getSources()[1] instanceof RemotePackageSource)
  })

  test('takes a URL and a token for nothing where no remote source is asked for', () => {
    for (const enableRemote of [false, undefined]) {
      const manager = createPackageSourceManager({
        enableRemote,
        remoteUrl: 'https://registry.example',
        remoteAuthToken: 't',
      })
      assert.deepEqual(configsOf(manager), [DEFAULT_LOCAL_SOURCE])
    }
  })

  test('counts an option that is undefined as not given', async () => {
    const manager = createPackageSourceManager({
      enableRemote: true,
      remoteUrl: undefined,
      remoteAuthToken: undefined,
      conflictResolution: undefined,
    })
    const [, remote] = configsOf(manager)
    assert.equal(remote.url, DEFAULT_REMOTE_SOURCE.url)
    assert.equal(remote.enabled, true)
    assert.equal(remote.authToken, undefined)
    assert.equal(await strategyOf(manager), 'priority')
  })

  test('hands the strategy on', async () => {
    for (const conflictResolution of ['priority', 'latest-version', 'local-first', 'remote-first']) {
      assert.equal(await strategyOf(createPackageSourceManager({ conflictResolution })), conflictResolution)
    }
  })

  test('leaves the default settings as they are', () => {
    const before = structuredClone([DEFAULT_LOCAL_SOURCE, DEFAULT_REMOTE_SOURCE])
    const manager = createPackageSourceManager({ enableRemote: true, remoteUrl: 'https://elsewhere.example' })
    for (const source of manager.getSources()) source.getConfig().priority = 77
    assert.deepEqual([DEFAULT_LOCAL_SOURCE, DEFAULT_REMOTE_SOURCE], before)
    assert.deepEqual(configsOf(createPackageSourceManager()), [before[0]])
  })

  test('refuses options of the wrong type with EINVALIDARG', () => {
    const faulty = [
      5,
      'remote',
      { enableRemote: 'yes' },
      { enableRemote: true, remoteUrl: 5 },
      { enableRemote: true, remoteUrl: 'ftp://registry.example' },
      { enableRemote: true, remoteAuthToken: {} },
      { conflictResolution: 'newest' },
    ]
    for (const options of faulty) {
      assert.throws(
        () => createPackageSourceManager(options),
        (error) => error instanceof Error && error.code === 'EINVALIDARG',
        JSON.stringify(options),
      )
    }
  })

  test("finds the application's own packages folder", async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard')
    folder.file('../app/deep/below/here.txt', '')
    const code = `
      const manager = addon.createPackageSourceManager()
      answer((await manager.fetchMergedIndex()).map((one) => [one.packageId, one.selectedSource]))
    `
    const env = { METABUILDER_PACKAGES_DIR: undefined }
    const upwards = await inChild(code, { cwd: `${folder.parent}/app/deep/below`, env })
    assert.deepEqual(upwards.answer, [['dashboard', 'local']])
    const named = await inChild(code, { cwd: '/', env: { METABUILDER_PACKAGES_DIR: folder.path } })
    assert.deepEqual(named.answer, [['dashboard', 'local']])
  })
})

const MANAGERS = {
  createPackageSourceManager: (options) => createPackageSourceManager(options),
  createPackageSourceManagerFromConfig: (options) =>
    createPackageSourceManagerFromConfig(
      { conflictResolution: 'priority', sources: [sourceConfig('local', { url: '/nowhere' })] },
      options,
    ),
}

describe('onError and sourceTimeoutMs', () => {
  for (const [name, make] of Object.entries(MANAGERS)) {
    test(`${name} hands them on`, async () => {
      const { reports, onError } = recordReports()
      const manager = make({ onError, sourceTimeoutMs: 5 })
      manager.removeSource('local')
      manager.addSource(brokenSource('slow', 'never settles', ['x']))
      manager.addSource(plainSource('quick', ['y']))
      assert.deepEqual(
        (await manager.fetchMergedIndex()).map((one) => one.packageId),
        ['y'],
      )
      assert.deepEqual(
        reports.map(({ error, context }) => [error.code, context.sourceId]),
        [['ETIMEOUT', 'slow']],
      )
    })

    test(`${name} counts one that is undefined as not given`, () => {
      assert.ok(make({ onError: undefined, sourceTimeoutMs: undefined }) instanceof PackageSourceManager)
    })

    test(`${name} refuses one of the wrong type with EINVALIDARG`, () => {
      for (const options of [
        { onError: 'console' },
        { onError: null },
        { sourceTimeoutMs: 0 },
        { sourceTimeoutMs: '5' },
      ]) {
        assert.throws(() => make(options), { code: 'EINVALIDARG' }, JSON.stringify(options))
      }
    })
  }
})

describe("createPackageSourceManagerFromConfig's options", () => {
  const make = MANAGERS.createPackageSourceManagerFromConfig

  test('may say how many sources are asked at once', async () => {
    for (const [options, most] of [
      [{ parallelFetch: false }, 1],
      [{ maxParallelSources: 2 }, 2],
      [{}, 3],
    ]) {
      const manager = make(options)
      manager.removeSource('local')
      let running = 0
      let seen = 0
      for (const id of ['a', 'b', 'c']) {
        const source = plainSource(id, [id])
        source.fetchIndex = async function () {
          running++
          seen = Math.max(seen, running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          return this.entries
        }
        manager.addSource(source)
      }
      assert.equal((await manager.fetchMergedIndex()).length, 3)
      assert.equal(seen, most)
    }
  })

  test('are refused with EINVALIDARG where they are wrong', () => {
    for (const options of [null, 5, 'fast', { parallelFetch: 'yes' }, { maxParallelSources: 0 }]) {
      assert.throws(() => make(options), { code: 'EINVALIDARG' }, JSON.stringify(options))
    }
  })

  test('leave the strategy to the configuration', async () => {
    assert.equal(await strategyOf(make({ conflictResolution: 'local-first' })), 'priority')
  })

  test('go with the default configuration, too', async (t) => {
    const lines = captureConsoleError(t)
    const { reports, onError } = recordReports()
    const manager = createPackageSourceManagerFromConfig(undefined, { onError })
    manager.addSource(brokenSource('broken', 'rejects'))
    await manager.fetchMergedIndex()
    assert.ok(reports.some(({ context }) => context.sourceId === 'broken'))
    assert.deepEqual(lines, [])
  })
})

describe('createPackageSourceManagerFromConfig', () => {
  test('makes a source of the right class from each config that is enabled', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard')
    const sources = [
      sourceConfig('folder', { url: folder.path, priority: 3 }),
      sourceConfig('off', { url: '/nowhere', enabled: false }),
      sourceConfig('registry', {
        type: 'remote',
        url: 'https://registry.example/api',
        priority: 1,
        authToken: 'token',
      }),
    ]
    const manager = createPackageSourceManagerFromConfig({ conflictResolution: 'local-first', sources })
    assert.deepEqual(configsOf(manager), [sources[0], sources[2]])
    assert.ok(manager.getSource('folder') instanceof LocalPackageSource)
    assert.ok(manager.getSource('registry') instanceof RemotePackageSource)
    assert.equal((await manager.loadPackageFromSource('dashboard', 'folder')).metadata.sourceId, 'folder')
    assert.equal(await strategyOf(manager), 'local-first')
  })

  test('leaves the config that it was given as it is', () => {
    const config = {
      conflictResolution: 'priority',
      sources: [Object.freeze(sourceConfig('folder', { url: '/packages' }))],
    }
    const before = structuredClone(config)
    const manager = createPackageSourceManagerFromConfig(Object.freeze(config))
    manager.getSource('folder').getConfig().priority = 9
    assert.deepEqual(config, before)
  })

  test('throws EINVALIDCONFIG with all messages for an invalid config', () => {
    const config = {
      conflictResolution: 'priority',
      sources: [
        sourceConfig('twice', { url: '', enabled: false }),
        sourceConfig('twice', { url: '/packages', enabled: false }),
        sourceConfig('far', { type: 'remote', url: 'ftp://far.example', enabled: false }),
      ],
    }
    const messages = validatePackageRepoConfig(config)
    assert.equal(messages.length, 4)
    assert.throws(
      () => createPackageSourceManagerFromConfig(config),
      (error) => {
        assert.ok(error instanceof Error)
        assert.equal(error.code, 'EINVALIDCONFIG')
        assert.deepEqual(error.messages, messages)
        for (const message of messages) assert.ok(error.message.includes(message), message)
        return true
      },
    )
  })

  test('throws EINVALIDCONFIG for what is no config at all', () => {
    for (const nonsense of [null, 5, 'config', [], {}, { sources: null }, { sources: [null] }]) {
      assert.throws(
        () => createPackageSourceManagerFromConfig(nonsense),
        (error) => error.code === 'EINVALIDCONFIG' && error.messages.length > 0,
        JSON.stringify(nonsense),
      )
    }
  })

  test('throws EINVALIDCONFIG for a strategy that does not exist', () => {
    const config = { conflictResolution: 'newest', sources: [sourceConfig('folder', { url: '/packages' })] }
    assert.throws(() => createPackageSourceManagerFromConfig(config), { code: 'EINVALIDCONFIG' })
  })

  test('takes getPackageRepoConfig() where no config is given', async () => {
    const code = `
      const manager = addon.createPackageSourceManagerFromConfig()
      const sources = manager.getSources().map((one) => one.getConfig())
      const expected = addon.getPackageRepoConfig().sources.filter((one) => one.enabled)
      const conflictResolution = addon.getPackageRepoConfig().conflictResolution
      answer({ sources, expected, strategy: (await manager.explain('x')).conflictResolution, conflictResolution })
    `
    for (const [NODE_ENV, ids] of [
      ['production', ['local']],
      ['development', ['local']],
    ]) {
      const env = { NODE_ENV, NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: undefined, PACKAGE_REGISTRY_AUTH_TOKEN: undefined }
      const { answer } = await inChild(code, { env })
      assert.deepEqual(answer.sources, answer.expected)
      assert.deepEqual(
        answer.sources.map((one) => one.id),
        ids,
      )
      assert.equal(answer.strategy, answer.conflictResolution)
    }
  })

  test('lets the environment decide nothing that the caller passed', async () => {
    const { answer } = await inChild(
      `
      const remote = { id: 'r', name: 'R', type: 'remote', url: 'http://127.0.0.1:9/api', priority: 0, enabled: true }
      const off = { ...remote, id: 'off', enabled: false }
      const config = { conflictResolution: 'remote-first', sources: [remote, off] }
      const manager = addon.createPackageSourceManagerFromConfig(config)
      answer(manager.getSources().map((one) => one.getConfig()))
    `,
      {
        env: {
          NODE_ENV: 'production',
          NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: 'true',
          PACKAGE_REGISTRY_AUTH_TOKEN: 'from-the-environment',
        },
      },
    )
    assert.deepEqual(answer, [
      { id: 'r', name: 'R', type: 'remote', url: 'http://127.0.0.1:9/api', priority: 0, enabled: true },
    ])
  })
})
