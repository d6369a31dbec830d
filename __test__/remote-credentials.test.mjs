// `authToken` as a function: asked when it is needed, asked anew when the registry refuses what it gave, and never
// waited for without end.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { recordChannel } from './helpers/channels.mjs'
import { idsOf } from './helpers/local.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { rawServer, remoteSource, sendJson, watchedRemote } from './helpers/remote.mjs'
import { captureConsoleError } from './helpers/reports.mjs'
import { deferred, until } from './helpers/until.mjs'

const TOKEN = 'tok_91e-VERY-secret'

/** A registry that asks for a token, and a function that gives what `tokens` say, the last for ever. */
async function privateRegistry(t, tokens, wrap = (token) => token) {
  const registry = await startRegistry(t, { token: TOKEN })
  registry.publish({ packageId: 'a', version: '1.0.0' }).publish({ packageId: 'b' })
  let asked = 0
  const authToken = () => wrap(tokens[Math.min(asked++, tokens.length - 1)])
  return { registry, authToken, asked: () => asked }
}

const KINDS = {
  'that answers at once': (token) => token,
  'that promises': async (token) => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return token
  },
}

for (const [kind, wrap] of Object.entries(KINDS)) {
  describe(`A function ${kind}`, () => {
    test('is asked once for many requests', async (t) => {
      const { registry, authToken, asked } = await privateRegistry(t, [TOKEN], wrap)
      const source = remoteSource(registry, { authToken })
      assert.equal(asked(), 0)
      const ids = ['a', 'b', 'c', 'd']
      await Promise.all(ids.map((id) => source.loadPackage(id)))
      await source.fetchIndex()
      await source.getVersions('a')
      assert.equal(asked(), 1)
      assert.equal(registry.requests.length, 6)
      for (const { headers } of registry.requests) assert.equal(headers.authorization, `Bearer ${TOKEN}`)
    })

    test('is asked anew after a 401, and the new token is what counts', async (t) => {
      const { registry, authToken, asked } = await privateRegistry(t, ['old', TOKEN], wrap)
      const { source, reports } = watchedRemote(registry, { authToken })
      assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
      assert.equal(asked(), 2)
      assert.deepEqual(
        registry.requests.map(({ headers }) => headers.authorization),
        ['Bearer old', `Bearer ${TOKEN}`],
      )
      assert.deepEqual(reports, [])
      assert.notEqual(await source.loadPackage('b'), null)
      assert.equal(asked(), 2)
    })

    test('is asked once more and not again and again where the new token is refused too', async (t) => {
      const { registry, authToken, asked } = await privateRegistry(t, ['old', 'older'], wrap)
      const { source, reports } = watchedRemote(registry, { authToken })
      assert.equal(await source.loadPackage('a'), null)
      assert.equal(asked(), 2)
      assert.equal(registry.requests.length, 2)
      assert.deepEqual(
        reports.map(({ error }) => error.code),
        ['EHTTP'],
      )
    })

    test('is asked once where many requests are refused together', async (t) => {
      const { registry, authToken, asked } = await privateRegistry(t, ['old', TOKEN], wrap)
      const source = remoteSource(registry, { authToken })
      registry.hold()
      const loads = ['a', 'b', 'a', 'b'].map((id) => source.loadPackage(id))
      await until(() => registry.requests.length === 2)
      registry.release()
      assert.ok((await Promise.all(loads)).every((data) => data !== null))
      assert.equal(asked(), 2)
      assert.equal(registry.requests.length, 4)
    })
  })
}

test('a function is not asked anew where another origin refuses, to which a redirect led', async (t) => {
  const elsewhere = await rawServer(t, (_, response) => response.writeHead(401).end())
  const { url, requests } = await rawServer(t, (request, response) => {
    response.writeHead(302, { location: elsewhere.url + request.url }).end()
  })
  let asked = 0
  const { source, reports } = watchedRemote({ url }, { authToken: () => `token ${++asked}` })
  for (const id of ['a', 'b', 'c']) assert.equal(await source.loadPackage(id), null)
  assert.equal(asked, 1)
  assert.equal(requests.length, 3)
  assert.equal(elsewhere.requests.length, 3)
  assert.deepEqual(
    reports.map(({ error }) => error.code),
    ['EHTTP', 'EHTTP', 'EHTTP'],
  )
})

test('a token that is a string is not tried again after a 401', async (t) => {
  const { registry } = await privateRegistry(t, [])
  const source = remoteSource(registry, { authToken: 'old' })
  assert.equal(await source.loadPackage('a'), null)
  assert.equal(registry.requests.length, 1)
})

describe('A function that gives no token is ECREDENTIALS, asks nothing of the registry and is got over', () => {
  const FAILURES = {
    throws: () => {
      throw new Error(`no token like ${TOKEN}`)
    },
    'throws what is no error': () => {
      throw TOKEN
    },
    rejects: async () => {
      throw new Error(`no token like ${TOKEN}`)
    },
    'never answers': () => new Promise(() => {}),
    'gives nothing': () => undefined,
    'promises null': async () => null,
    'gives a number': () => 5,
    'gives an object': () => ({ token: TOKEN }),
    'gives what no header can hold': () => `${TOKEN}\r\nx-other: header`,
    'gives what throws when it is looked at': () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error(TOKEN)
          },
        },
      ),
  }

  for (const [name, fail] of Object.entries(FAILURES)) {
    test(`where it ${name}`, async (t) => {
      const { registry } = await privateRegistry(t, [])
      let give = fail
      const { source, manager, reports, status } = watchedRemote(registry, {
        authToken: () => give(),
        requestTimeoutMs: 500,
      })
      assert.equal(await source.loadPackage('a'), null)
      assert.deepEqual(await manager.fetchMergedIndex(), [])
      assert.equal(registry.requests.length, 0)
      assert.equal(reports.length, 2)
      for (const { error } of reports) {
        assert.equal(error.code, 'ECREDENTIALS')
        assert.ok(!error.message.includes(TOKEN))
      }
      assert.equal(status().lastError.code, 'ECREDENTIALS')
      assert.ok(!JSON.stringify(status()).includes(TOKEN))
      give = () => TOKEN
      assert.notEqual(await source.loadPackage('a'), null)
    })
  }
})

test('a function that never answers says nothing of the registry: the breaker stays closed', async (t) => {
  const { registry } = await privateRegistry(t, [])
  const { source, status } = watchedRemote(registry, {
    authToken: () => new Promise(() => {}),
    requestTimeoutMs: 300,
    breakerFailures: 1,
  })
  assert.equal(await source.loadPackage('a'), null)
  assert.equal(registry.requests.length, 0)
  assert.equal(status().breaker, 'closed')
})

test('a function that is slow holds up nobody who has a copy', async (t) => {
  const { registry } = await privateRegistry(t, [])
  let gate = Promise.resolve()
  const source = remoteSource(registry, { authToken: () => gate.then(() => TOKEN) })
  source.setCacheExpiry(1)
  assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
  registry.token = 'another'
  const later = deferred()
  gate = later.promise
  registry.publish({ packageId: 'a', version: '2.0.0' })
  for (let n = 0; n < 20; n++) {
    assert.equal((await source.loadPackage('a')).metadata.version, '1.0.0')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  registry.token = TOKEN
  later.resolve()
  await until(async () => (await source.loadPackage('a')).metadata.version === '2.0.0')
})

test('a token of another type is refused at once', () => {
  for (const authToken of [5, null, {}, [TOKEN], true]) {
    assert.throws(
      () => remoteSource({ url: 'http://127.0.0.1:9' }, { authToken }),
      (error) => error.code === 'EINVALIDARG' && !inspect(error).includes(TOKEN),
    )
  }
})

test('a token from a function is seen nowhere', async (t) => {
  const lines = captureConsoleError(t)
  const channels = ['request', 'retry', 'revalidate', 'breaker', 'error'].map((name) =>
    recordChannel(t, `package-sources:${name}`),
  )
  let wrong = false
  const { url } = await rawServer(t, (request, response) => {
    if (wrong) response.writeHead(500).end(`refused ${request.headers.authorization}`)
    else sendJson(response, { packages: [{ packageId: 'a', version: '1.0.0' }] }, { etag: '"one"' })
  })
  const { source, manager, reports, status } = watchedRemote({ url }, { authToken: async () => TOKEN })
  const alone = remoteSource({ url }, { authToken: async () => TOKEN })
  source.setCacheExpiry(0)
  await manager.fetchMergedIndex()
  wrong = true
  await source.fetchIndex()
  await source.loadPackage('a')
  await alone.loadPackage('a')
  await manager.loadPackage('a')
  assert.ok(reports.length > 0)
  assert.ok(lines.length > 0)
  const [requests, retries] = channels
  assert.ok(requests.length > 0)
  assert.ok(retries.length > 0)
  const shown = inspect([source, manager, alone, reports, status(), lines, channels, await manager.explain('a')], {
    depth: 10,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  })
  assert.ok(!shown.includes(TOKEN))
  for (const { error } of reports) assert.ok(!`${error.stack}${error.cause}`.includes(TOKEN))
  assert.ok(!JSON.stringify([source.getConfig(), reports, status(), channels]).includes(TOKEN))
})

test('a token that a registry knows no more, and answers 403 to, is asked for anew', async (t) => {
  const registry = await startRegistry(t, { token: 'new' })
  registry.publish({ packageId: 'a' }).fault({ status: 403 }, { times: 1 })
  const given = []
  const { source } = watchedRemote(registry, {
    authToken: () => {
      given.push(given.length === 0 ? 'old' : 'new')
      return given.at(-1)
    },
  })
  assert.deepEqual(await idsOf(source), ['a'])
  assert.deepEqual(given, ['old', 'new'])
})
