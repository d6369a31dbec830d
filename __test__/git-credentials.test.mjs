// Credentials of a Git source over HTTP: which go where, when they are asked for, and that nobody sees them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { GitPackageSource } from '../index.mjs'
import { cacheFolder, filesBelow } from './helpers/cache-folder.mjs'
import { recordChannel } from './helpers/channels.mjs'
import { errorAnswer } from './helpers/git/answers.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { listedVersion, publish, servedOverHttp, twoPackages } from './helpers/git/served.mjs'
import { gitSource, watchedGit } from './helpers/git/source.mjs'
import { captureConsoleError } from './helpers/reports.mjs'
import { until } from './helpers/until.mjs'

const SECRET = 's3cr3t-Wort'
const USER = 'user-4711'
const BASIC = `${USER}:${SECRET}`

const REFS = '/info/refs?service=git-upload-pack'

const basic = (pair) => `Basic ${Buffer.from(pair).toString('base64')}`

/** With a user and a password in it. */
const withUser = (url, user = USER, password = SECRET) => url.replace('//', `//${user}:${password}@`)

/** Every way to give credentials: the source's settings, what the server asks for, and the header that goes along. */
const WAYS = {
  'user and password in the URL': {
    config: (url) => ({ url: withUser(url) }),
    auth: { basic: BASIC },
    header: basic(BASIC),
  },
  'user:token as authToken': {
    config: (url) => ({ url, authToken: BASIC }),
    auth: { basic: BASIC },
    header: basic(BASIC),
  },
  'a bearer token': {
    config: (url) => ({ url, authToken: SECRET }),
    auth: { bearer: SECRET },
    header: `Bearer ${SECRET}`,
  },
  'a function that gives user:token': {
    config: (url) => ({ url, authToken: () => BASIC }),
    auth: { basic: BASIC },
    header: basic(BASIC),
  },
  'a function that promises a bearer token': {
    config: (url) => ({ url, authToken: async () => SECRET }),
    auth: { bearer: SECRET },
    header: `Bearer ${SECRET}`,
  },
}

/** A source that gives its credentials in one of the ways, and all that may show of them. */
async function authorised(t, { config, auth }, more = {}) {
  const served = await servedOverHttp(t, { auth })
  const cacheDir = cacheFolder(t)
  const { url, ...settings } = { ...config(served.url), cacheDir, cacheExpiry: 0, ...more }
  return { ...served, cacheDir, ...watchedGit(t, url, settings) }
}

for (const [way, credentials] of Object.entries(WAYS)) {
  describe(`Given as ${way}, credentials`, () => {
    test('go along with every request', async (t) => {
      const { repository, server, source, reports } = await authorised(t, credentials)
      assert.equal(await listedVersion(source), '1.0.0')
      publish(repository, 'a', '2.0.0')
      assert.equal(await listedVersion(source), '2.0.0')
      assert.ok(server.count('fetch') > 1)
      for (const { headers, status } of server.requests) {
        assert.deepEqual([headers.authorization, status], [credentials.header, 200])
      }
      assert.deepEqual(reports, [])
    })

    test('go to no other origin, whatever is asked there', async (t) => {
      const { repository, server, source } = await authorised(t, credentials)
      const elsewhere = await startGitHttp(t, repository.directory)
      server.respond(() => ({ redirect: `${elsewhere.url}/${repository.name}${REFS}` }))
      assert.equal(await listedVersion(source), '1.0.0')
      assert.equal(server.requests[0].headers.authorization, credentials.header)
      assert.ok(elsewhere.count('fetch') > 0)
      assert.ok(elsewhere.requests.every(({ headers }) => headers.authorization === undefined))
      assert.ok(!JSON.stringify(elsewhere.requests).includes(SECRET))
    })

    test('are told to be missing where another origin asks for them', async (t) => {
      const { repository, server, source, reports } = await authorised(t, credentials)
      const elsewhere = await startGitHttp(t, repository.directory, { auth: credentials.auth })
      server.respond(() => ({ redirect: `${elsewhere.url}/${repository.name}${REFS}` }))
      assert.deepEqual(await source.fetchIndex(), [])
      assert.equal(reports[0].error.code, 'EHTTP')
      assert.match(reports[0].error.message, /not sent along with the redirect/)
      assert.ok(elsewhere.requests.every(({ headers }) => headers.authorization === undefined))
    })

    test('that are wrong are EHTTP, and what was fetched before goes on answering', async (t) => {
      const { server, source, reports } = await authorised(t, credentials, { maxAttempts: 3 })
      assert.equal(await listedVersion(source), '1.0.0')
      const asked = server.requests.length
      server.auth = { basic: 'other:one' }
      assert.equal(await listedVersion(source), '1.0.0')
      assert.equal((await source.loadPackage('b')).metadata.version, '1.0.0')
      for (const { error } of reports) {
        assert.equal(error.code, 'EHTTP')
        assert.match(error.message, /status 401: check the source's authToken/)
      }
      // Once for each of the two calls: what was refused is not tried again.
      assert.equal(server.requests.length, asked + 2)
    })
  })
}

test('A user and password are decoded, and an authToken goes before them', async (t) => {
  const pair = 'us er:p%ä:ss/@'
  const { server, url } = await servedOverHttp(t, { auth: { basic: pair } })
  const named = withUser(url, encodeURIComponent('us er'), encodeURIComponent('p%ä:ss/@'))
  assert.equal(await listedVersion(gitSource(t, named)), '1.0.0')
  server.auth = { bearer: SECRET }
  const asked = server.requests.length
  assert.equal(await listedVersion(gitSource(t, named, { authToken: SECRET })), '1.0.0')
  assert.ok(server.requests.slice(asked).every(({ headers }) => headers.authorization === `Bearer ${SECRET}`))
})

describe('A function that gives the token', () => {
  async function asking(t, tokens, config) {
    const served = await servedOverHttp(t, { auth: { bearer: SECRET } })
    let asked = 0
    const authToken = () => tokens[Math.min(asked++, tokens.length - 1)]
    return { ...served, asked: () => asked, ...watchedGit(t, served.url, { authToken, cacheExpiry: 0, ...config }) }
  }

  test('is not asked before it is needed, and then once', async (t) => {
    const { source, asked } = await asking(t, [SECRET])
    assert.equal(asked(), 0)
    await Promise.all([source.fetchIndex(), source.loadPackage('a'), source.getVersions('b')])
    await source.fetchIndex()
    assert.equal(asked(), 1)
  })

  for (const [refused, status] of [
    ['advertise', 401],
    ['advertise', 403],
    ['fetch', 401],
  ]) {
    test(`is asked anew where ${refused} was refused with status ${status}`, async (t) => {
      const { repository, server, source, reports, asked } = await asking(t, ['old', SECRET])
      server.auth = { bearer: 'old' }
      assert.equal(await listedVersion(source), '1.0.0')
      publish(repository, 'a', '2.0.0')
      let refusals = 0
      server.respond(({ command, headers }) => {
        if (command === refused) server.auth = { bearer: SECRET }
        if (command !== refused || headers.authorization !== 'Bearer old') return undefined
        refusals++
        return { status }
      })
      assert.equal(await listedVersion(source), '2.0.0')
      assert.deepEqual([refusals, asked(), reports], [1, 2, []])
    })
  }

  test('is asked once more, and not again and again, where the new token is refused too', async (t) => {
    const { server, source, reports, asked } = await asking(t, ['old', 'older', 'oldest'], { maxAttempts: 3 })
    assert.deepEqual(await source.fetchIndex(), [])
    assert.deepEqual([asked(), server.requests.length], [2, 2])
    assert.deepEqual(
      reports.map(({ error }) => error.code),
      ['EHTTP'],
    )
  })

  const FAILURES = {
    throws: () => {
      throw new Error(SECRET)
    },
    rejects: async () => {
      throw new Error(SECRET)
    },
    'never answers': () => new Promise(() => {}),
    'gives nothing': () => undefined,
    'gives an object': () => ({ token: SECRET }),
    'gives what no header can hold': () => `${SECRET}\r\nx`,
  }
  for (const [name, fail] of Object.entries(FAILURES)) {
    test(`that ${name} is ECREDENTIALS, asks nothing of the server and is got over`, async (t) => {
      const { server, url } = await servedOverHttp(t, { auth: { bearer: SECRET } })
      let give = fail
      const git = watchedGit(t, url, { authToken: () => give(), fetchTimeoutMs: 1000, breakerFailures: 1 })
      assert.deepEqual(await git.source.fetchIndex(), [])
      assert.equal(server.requests.length, 0)
      assert.equal(git.reports[0].error.code, 'ECREDENTIALS')
      assert.ok(!visible(git.reports).includes(SECRET))
      assert.equal(git.status().breaker, 'closed')
      give = () => SECRET
      assert.equal(await listedVersion(git.source), '1.0.0')
    })
  }

  test('is not asked offline', async (t) => {
    const { source, asked } = await asking(t, [SECRET], { offline: true })
    assert.deepEqual(await source.fetchIndex(), [])
    assert.equal(asked(), 0)
  })
})

/** Everything that a person might see of a value. */
function visible(value) {
  const errors = []
  const shown = JSON.stringify(value, (_, item) => {
    if (item instanceof Error) errors.push(item.stack, item.message, String(item.cause))
    return item
  })
  return [inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: null }), shown, ...errors].join(
    '\n',
  )
}

/** The secret, and every form of it that is as good. */
const FORMS = [SECRET, encodeURIComponent(SECRET), Buffer.from(BASIC).toString('base64'), USER]

function assertSecret(text, what) {
  for (const form of FORMS) assert.ok(!text.includes(form), `${what} shows ${form}`)
}

/** Ways in which a server fails that knows the secret and says it wherever it can. */
const FAULTS = {
  'refuses it': () => ({ status: 401, body: BASIC, headers: { 'www-authenticate': `Basic realm="${BASIC}"` } }),
  'is out of order': () => ({ status: 500, body: `Unhandled: ${BASIC}` }),
  'has no such repository': () => ({ status: 404, body: BASIC }),
  'answers with a page': () => ({ status: 200, body: BASIC, headers: { 'content-type': 'text/html' } }),
  'answers with a type of its own': () => ({ status: 200, body: 'x', headers: { 'content-type': `text/${SECRET}` } }),
  'says it as an error of the protocol': () => errorAnswer(`bad credentials ${BASIC}`),
  'redirects with it in the query': ({ url }) => ({ redirect: `/elsewhere${url}&token=${SECRET}` }),
  'redirects to it as a user': () => ({ redirect: `ftp://${BASIC}@127.0.0.1/` }),
  'breaks off': () => ({ cutAfterBytes: 10 }),
}

/** Of those ways, one of each kind. */
const KINDS = ['user and password in the URL', 'user:token as authToken', 'a function that promises a bearer token']

describe('Nobody sees credentials', () => {
  for (const way of KINDS) {
    const credentials = WAYS[way]
    for (const [fault, answer] of Object.entries(FAULTS)) {
      test(`given as ${way}, where the server ${fault}`, async (t) => {
        const lines = captureConsoleError(t)
        const channels = ['request', 'retry', 'revalidate', 'breaker', 'error'].map((name) =>
          recordChannel(t, `package-sources:${name}`),
        )
        const git = await authorised(t, credentials, { maxAttempts: 2 })
        const { server, source, manager, reports, status, cacheDir } = git
        const alone = new GitPackageSource({ ...credentials.config(git.url), cacheDir, cacheExpiry: 0 })
        server.respond(answer)
        const failed = [await source.fetchIndex(), await alone.fetchIndex()]
        assert.deepEqual(failed, [[], []])
        await manager.fetchMergedIndex()
        server.respond(null)
        // What is fetched and what fails after that has a clone beside it.
        const index = await source.fetchIndex()
        assert.equal(index.length, 2)
        server.respond(answer)
        const data = [await source.loadPackage('a'), await source.getVersions('a'), await manager.loadPackage('b')]
        await manager.whenIdle()
        assert.ok(reports.length >= 2 && lines.length > 0 && channels[0].length > 0)
        const seen = { source, alone, manager, reports, status: status(), index, data, lines, channels }
        for (const [what, value] of Object.entries(seen)) assertSecret(visible(value), what)
        assertSecret(visible(await manager.explain('a')), 'the explanation')
        assertSecret(visible([{ deep: source.getConfig() }]), 'the config')
        const files = filesBelow(cacheDir)
        assert.ok(files.some(({ path }) => path.includes('/clone/')))
        for (const { path, read } of files) assertSecret(`${path}\n${read().toString('latin1')}`, path)
      })
    }
  }

  test('but whoever asks for the config has the token', () => {
    assert.equal(new GitPackageSource({ url: 'https://h.test/a', authToken: SECRET }).getConfig().authToken, SECRET)
  })

  const SPELLINGS = {
    'as usual': 'https://USER:TOKEN@h.test/a.git',
    'with a prefix as npm has it': 'git+https://USER:TOKEN@h.test/a.git',
    'with a prefix, in upper case': 'GIT+HTTPS://USER:TOKEN@h.test/a.git',
    'in upper case': 'HTTPS://USER:TOKEN@h.test/a.git',
    'after a space': ' https://USER:TOKEN@h.test/a.git',
    'with one slash': 'https:/USER:TOKEN@h.test/a.git',
    'with none': 'https:USER:TOKEN@h.test/a.git',
    'with three': 'https:///USER:TOKEN@h.test/a.git',
    'with backslashes': 'https:\\\\USER:TOKEN@h.test/a.git',
    'with a tab': '\thttps://USER:TOKEN@h.test/a.git',
    'with an @ in the password': 'https://USER:a@TOKEN@h.test/a.git',
    'for ssh, which takes none': 'ssh://USER:TOKEN@h.test/a.git',
    'for ssh with a prefix': 'git+ssh://USER:TOKEN@h.test/a.git',
    'for ssh as scp has it': 'USER:TOKEN@h.test:a.git',
    'for a daemon, which takes none': 'git://USER:TOKEN@h.test/a.git',
    'for a scheme that there is not': 'ftp://USER:TOKEN@h.test/a.git',
    'for a program': 'ext::https://USER:TOKEN@h.test/a.git',
    'with a query': 'https://USER:TOKEN@h.test/a.git?token=TOKEN',
    'in a fragment': 'https://h.test/a.git#TOKEN-of-USER',
    'of no host': 'https://USER:TOKEN@:bad:/a.git',
  }
  for (const [name, spelling] of Object.entries(SPELLINGS)) {
    test(`in a URL that is written ${name}: refused or hidden`, (t) => {
      const url = spelling.replaceAll('TOKEN', SECRET).replaceAll('USER', USER)
      let source
      try {
        source = gitSource(t, url)
      } catch (error) {
        assert.equal(error.code, 'EINVALIDARG')
        assertSecret(visible([error]), 'the error')
        return
      }
      assertSecret(visible([source, source.getConfig(), [{ deep: source.getConfig() }]]), 'the source')
    })
  }

  for (const [name, config] of Object.entries({
    'another type of token': { authToken: [SECRET] },
    'a token that no header can hold': { authToken: `${SECRET}\r\nx` },
    'another setting that is wrong': { authToken: SECRET, depth: 0 },
  })) {
    test(`in the error about ${name}`, (t) => {
      assert.throws(
        () => gitSource(t, 'https://h.test/a', config),
        (error) => {
          assert.equal(error.code, 'EINVALIDARG')
          assertSecret(visible([error]), 'the error')
          return true
        },
      )
    })
  }
})

test('Whoever has other credentials gets no copy of what these may read', async (t) => {
  const repository = twoPackages(t)
  const server = await startGitHttp(t, repository.directory, { auth: { bearer: SECRET } })
  const url = `${server.url}/${repository.name}`
  const cacheDir = cacheFolder(t)
  const { source, manager } = watchedGit(t, url, { cacheDir, authToken: SECRET })
  assert.equal((await source.fetchIndex()).length, 2)
  await manager.whenIdle()
  for (const [config, code] of [
    [{}, 'EHTTP'],
    [{ authToken: 'other' }, 'EHTTP'],
    [{ authToken: () => 'other' }, 'EHTTP'],
    [{ offline: true }, 'EOFFLINE'],
    [{ offline: true, authToken: 'other' }, 'EOFFLINE'],
  ]) {
    const other = watchedGit(t, url, { cacheDir, ...config })
    assert.deepEqual(await other.source.fetchIndex(), [])
    assert.equal(await other.source.loadPackage('a'), null)
    assert.equal(other.reports[0].error.code, code)
  }
  await server.stop()
  await until(async () => (await watchedGit(t, url, { cacheDir, authToken: SECRET }).source.fetchIndex()).length === 2)
})
