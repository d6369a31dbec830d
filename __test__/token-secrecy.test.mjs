import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import {
  createPackageSourceManager,
  createPackageSourceManagerFromConfig,
  PackageSourceManager,
  RemotePackageSource,
} from '../index.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { captureConsoleError, recordReports } from './helpers/reports.mjs'
import { sourceConfig } from './helpers/sources.mjs'

const TOKEN = 'tok_5f2c-VERY-secret'

/** Everything that a person might see of a value. */
const visible = (value) =>
  [
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, maxStringLength: null }),
    JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)),
    String(value),
  ].join('\n')

const assertSecret = (value, what) => assert.ok(!visible(value).includes(TOKEN), `${what} shows the token`)

/** Ways in which a registry fails; it knows the token and says it wherever it can. */
const FAULTS = {
  'refuses the token': { status: 401, body: { error: `Bad token ${TOKEN}`, token: TOKEN } },
  'is out of order': { status: 500, body: `Unhandled: authorization was Bearer ${TOKEN}` },
  'answers with what is no JSON': { body: `Bearer ${TOKEN} is not JSON` },
  'answers with the wrong JSON': { body: { packages: TOKEN } },
  'redirects elsewhere': { status: 302, headers: { location: `http://127.0.0.1:9/?token=${TOKEN}` } },
  'breaks off': { reset: true },
}

describe("A source's token is never seen", () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    test(`where the registry ${name}`, async (t) => {
      const registry = await startRegistry(t, { token: TOKEN })
      registry.fault(fault)
      const { reports, onError } = recordReports()
      const manager = new PackageSourceManager({ onError })
      const source = new RemotePackageSource({ id: 'r', url: registry.url, enabled: true, authToken: TOKEN })
      manager.addSource(source)
      await manager.fetchMergedIndex()
      await manager.loadPackageFromSource('x', 'r')
      await manager.getAllVersions('x')
      assert.ok(registry.requests.every((request) => request.headers.authorization === `Bearer ${TOKEN}`))
      assert.ok(reports.length >= 2, 'the failures are reported')
      for (const { error, context } of reports) {
        assert.equal(typeof error.code, 'string')
        for (let cause = error; cause; cause = cause.cause) {
          assertSecret(cause, 'an error')
          assert.ok(!`${cause.message}${cause.stack}`.includes(TOKEN), 'a message shows the token')
        }
        assertSecret(context, 'a context')
      }
      assertSecret(manager.getSourceStatus(), 'the status')
      assertSecret(manager, 'the manager')
      assertSecret(await manager.explain('x'), 'the explanation')
    })
  }

  test('on the console', async (t) => {
    const lines = captureConsoleError(t)
    const registry = await startRegistry(t, { token: TOKEN })
    registry.fault(FAULTS['refuses the token'])
    const source = new RemotePackageSource({ id: 'r', url: registry.url, enabled: true, authToken: TOKEN })
    const manager = new PackageSourceManager()
    manager.addSource(source)
    await manager.fetchMergedIndex()
    await source.loadPackage('x')
    assert.ok(lines.length > 0)
    assertSecret(lines, 'the console')
  })

  test('in a manager, in a source, in an index or a package', async (t) => {
    const registry = await startRegistry(t, { token: TOKEN })
    registry.publish({ packageId: 'x' })
    const manager = createPackageSourceManager({ enableRemote: true, remoteUrl: registry.url, remoteAuthToken: TOKEN })
    manager.removeSource('local')
    assert.equal(await manager.hasPackage('x'), true)
    assertSecret(manager, 'the manager')
    assertSecret(manager.getSource('remote'), 'the source')
    assertSecret(await manager.fetchMergedIndex(), 'the index')
    assertSecret(await manager.loadPackage('x'), 'the package')
    assertSecret(await manager.searchPackages(''), 'the search')
    assertSecret(manager.getSourceStatus(), 'the status')
  })

  test('in a source that was not used yet', () => {
    assertSecret(new RemotePackageSource({ authToken: TOKEN }), 'the source')
    assertSecret([new RemotePackageSource({ authToken: TOKEN })], 'a list with the source')
  })

  test('but is there for the caller who asks for the config', () => {
    assert.equal(new RemotePackageSource({ authToken: TOKEN }).getConfig().authToken, TOKEN)
  })

  test('in the error about a config that is no use', () => {
    const attempts = [
      () => new RemotePackageSource({ url: 'ftp://registry.example', authToken: TOKEN }),
      () => new RemotePackageSource({ priority: 'high', authToken: TOKEN }),
      () => new RemotePackageSource({ authToken: [TOKEN] }),
      () => new RemotePackageSource({ url: `https://user:${TOKEN}@:bad:/`, enabled: true }),
      () => createPackageSourceManager({ enableRemote: true, remoteUrl: 5, remoteAuthToken: TOKEN }),
      () => createPackageSourceManager({ enableRemote: true, remoteAuthToken: { token: TOKEN } }),
      () =>
        createPackageSourceManagerFromConfig({
          conflictResolution: 'priority',
          sources: [sourceConfig('r', { type: 'remote', url: 'nowhere', authToken: TOKEN })],
        }),
    ]
    for (const attempt of attempts) {
      assert.throws(attempt, (error) => {
        assert.match(error.code, /^E[A-Z]+$/)
        assertSecret(error, 'the error')
        return true
      })
    }
  })

  test('in the failure of a token that no header can hold', async () => {
    const { reports, onError } = recordReports()
    const manager = new PackageSourceManager({ onError })
    let refused
    try {
      manager.addSource(
        new RemotePackageSource({ url: 'http://127.0.0.1:9', enabled: true, authToken: `${TOKEN}\r\nX: y` }),
      )
    } catch (error) {
      refused = error
    }
    await manager.fetchMergedIndex()
    const failures = refused ? [refused] : reports.map(({ error }) => error)
    assert.ok(failures.length > 0)
    for (const error of failures) {
      assert.equal(typeof error.code, 'string')
      assertSecret(error, 'the error')
    }
  })

  test('where it stands in the URL as a password', async (t) => {
    const registry = await startRegistry(t)
    registry.fault({ status: 500 })
    const { reports, onError } = recordReports()
    const manager = new PackageSourceManager({ onError })
    const url = registry.url.replace('http://', `http://user:${TOKEN}@`)
    manager.addSource(new RemotePackageSource({ id: 'r', url, enabled: true }))
    await manager.fetchMergedIndex()
    assert.equal(reports.length, 1)
    assertSecret(reports[0].error, 'the error')
    assertSecret(manager.getSourceStatus(), 'the status')
    assertSecret(manager, 'the manager')
  })

  const SPELLINGS = {
    'as usual': 'https://USER:TOKEN@h.test/api',
    'after a space': ' https://USER:TOKEN@h.test/api',
    'with one slash': 'https:/USER:TOKEN@h.test/api',
    'with none': 'https:USER:TOKEN@h.test/api',
    'with three': 'https:///USER:TOKEN@h.test/api',
    'with backslashes': 'https:\\\\USER:TOKEN@h.test/api',
    'with tabs and line breaks': '\tht\ttps:/\n/USER:TOKEN@h.test\r/api',
    'with a tab in the password': 'https://USER:TOK\tEN@h.test/api',
    'with an @ in the password': 'https://USER:a@TOKEN@h.test/api',
    'in upper case': 'HTTPS://USER:TOKEN@h.test/api',
    'before a fragment': ' https://USER:TOKEN@h.test/api#part',
  }
  for (const [name, spelling] of Object.entries(SPELLINGS)) {
    test(`where it stands in a URL that is written ${name}`, () => {
      const user = 'user-4711'
      const [head, tail] = [TOKEN.slice(0, 8), TOKEN.slice(8)]
      const url = spelling.replaceAll('TOKEN', TOKEN).replace('TOK\tEN', `${head}\t${tail}`).replace('USER', user)
      const assertHidden = (value) => {
        for (const part of [user, head, tail]) assert.ok(!visible(value).includes(part), `${part} is seen`)
      }
      let source
      try {
        source = new RemotePackageSource({ id: 'r', url, enabled: true })
      } catch (error) {
        assert.equal(error.code, 'EINVALIDARG')
        assertHidden(error)
        return
      }
      const manager = new PackageSourceManager()
      manager.addSource(source)
      for (const value of [source.getConfig(), source, [{ deep: source.getConfig() }], manager]) assertHidden(value)
    })
  }

  for (const url of ['https://h.test/api?token=TOKEN', ' https:/h.test?TOKEN', 'https://h.test/api?TOKEN#x']) {
    test(`where it stands in the query of a URL, which none may have: ${url}`, () => {
      assert.throws(
        () => new RemotePackageSource({ id: 'r', url: url.replace('TOKEN', TOKEN), enabled: true }),
        (error) => {
          assert.equal(error.code, 'EINVALIDARG')
          assertSecret(error, 'the error')
          return true
        },
      )
    })
  }
})
