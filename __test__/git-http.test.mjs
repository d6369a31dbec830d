// A Git repository behind an HTTP server as networks have them: that redirects, fails, falls silent, sends too much, or
// speaks TLS.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { cacheFolder, filesBelow } from './helpers/cache-folder.mjs'
import { recordChannel } from './helpers/channels.mjs'
import { inChild } from './helpers/child.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { heldRelay } from './helpers/git/held-relay.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { listedVersion, publish, servedOverHttp, twoPackages } from './helpers/git/served.mjs'
import { watchedGit } from './helpers/git/source.mjs'
import { silentListener } from './helpers/silent-listener.mjs'
import { certificateAuthority } from './helpers/tls.mjs'
import { until } from './helpers/until.mjs'

const REFS = '/info/refs?service=git-upload-pack'

/** Why a source can't give anything. */
async function failureOf(git) {
  assert.deepEqual(await git.source.fetchIndex(), [])
  assert.equal(git.reports.length, 1)
  return git.reports[0].error
}

const advertising = ({ command }) => command === 'advertise'
const fetching = ({ command }) => command === 'fetch'

describe('A redirect', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`of the refs with status ${status} is followed, and what follows goes there at once`, async (t) => {
      const { repository, server, url } = await servedOverHttp(t)
      server.respond((request) =>
        request.url.startsWith('/old/') ? { status, redirect: `/${repository.name}${REFS}` } : undefined,
      )
      const { source, reports } = watchedGit(t, url.replace(repository.name, 'old/place'), { cacheExpiry: 0 })
      assert.equal(await listedVersion(source), '1.0.0')
      assert.ok(server.count('fetch') > 0)
      assert.deepEqual(
        server.requests
          .filter(({ url: path }) => path.startsWith('/old/'))
          .map(({ method, url: path }) => [method, path]),
        [['GET', `/old/place${REFS}`]],
      )
      publish(repository, 'a', '2.0.0')
      assert.equal(await listedVersion(source), '2.0.0')
      assert.deepEqual(reports, [])
    })
  }

  test('is followed to another origin, which gets all that follows', async (t) => {
    const { repository, server, url } = await servedOverHttp(t)
    const first = await startGitHttp(t, repository.directory)
    first.respond(() => ({ redirect: `${url}${REFS}` }))
    const { source } = watchedGit(t, `${first.url}/old`)
    assert.equal(await listedVersion(source), '1.0.0')
    assert.equal(first.requests.length, 1)
    assert.ok(server.count('advertise') === 1 && server.count('fetch') > 0)
  })

  test('of what is no longer the refs is refused', async (t) => {
    const { url, server } = await servedOverHttp(t)
    server.respond(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }))
    const first = await startGitHttp(t, '/nowhere')
    first.respond(() => ({ redirect: `${url}/login` }))
    assert.match((await failureOf(watchedGit(t, `${first.url}/old`))).code, /^E(REDIRECT|PROTOCOL)$/)
  })

  test('of a POST is refused', async (t) => {
    const { server, url } = await servedOverHttp(t)
    const elsewhere = await servedOverHttp(t)
    server.respond((request) =>
      fetching(request) ? { status: 307, redirect: `${elsewhere.url}/git-upload-pack` } : undefined,
    )
    const git = watchedGit(t, url, { maxAttempts: 3 })
    assert.equal((await failureOf(git)).code, 'EREDIRECT')
    assert.deepEqual([server.count('fetch'), elsewhere.server.requests.length], [1, 0])
    server.respond(null)
    assert.equal(await listedVersion(git.source), '1.0.0')
  })

  test('from https to http is refused', async (t) => {
    const { caFile, certificate } = await certificateAuthority(t)
    const plain = await servedOverHttp(t)
    const secure = await startGitHttp(t, plain.repository.directory, { tls: await certificate() })
    secure.respond(() => ({ redirect: `${plain.url}${REFS}` }))
    const git = watchedGit(t, `${secure.url}/${plain.repository.name}`, { caFile })
    assert.equal((await failureOf(git)).code, 'EREDIRECT')
    assert.deepEqual([secure.requests.length, plain.server.requests.length], [1, 0])
  })

  for (const target of ['file:///etc', 'git://127.0.0.1/a', 'ssh://127.0.0.1/a', 'package-sources://repository']) {
    test(`to ${target} is refused`, async (t) => {
      const { server, url } = await servedOverHttp(t)
      server.respond(() => ({ redirect: `${target}${REFS}` }))
      assert.equal((await failureOf(watchedGit(t, url))).code, 'EREDIRECT')
      assert.equal(server.requests.length, 1)
    })
  }

  test('in a circle ends', async (t) => {
    const { server, url } = await servedOverHttp(t)
    server.respond((request) => ({ redirect: `${request.url.startsWith('/one') ? '/two' : '/one'}${REFS}` }))
    assert.equal((await failureOf(watchedGit(t, url, { maxAttempts: 3 }))).code, 'EREDIRECT')
    assert.ok(server.requests.length <= 11)
  })
})

describe('TLS', () => {
  async function secureServer(t) {
    const { caFile, certificate } = await certificateAuthority(t)
    const repository = twoPackages(t)
    const server = await startGitHttp(t, repository.directory, { tls: await certificate() })
    return { server, caFile, url: `${server.url}/${repository.name}` }
  }

  test('of an authority in caFile is trusted', async (t) => {
    const { url, caFile } = await secureServer(t)
    const { source, reports } = watchedGit(t, url, { caFile })
    assert.equal(await listedVersion(source), '1.0.0')
    assert.deepEqual(reports, [])
  })

  test('of an authority that nobody named is not, and nothing is asked', async (t) => {
    const { server, url } = await secureServer(t)
    assert.equal((await failureOf(watchedGit(t, url, { maxAttempts: 3, authToken: 'token' }))).code, 'ETLS')
    assert.equal(server.requests.length, 0)
  })

  test('of an authority in NODE_EXTRA_CA_CERTS is trusted', async (t) => {
    const { url, caFile } = await secureServer(t)
    const config = { url, cacheDir: cacheFolder(t) }
    const code = `answer((await new addon.GitPackageSource(${JSON.stringify(config)}).fetchIndex()).length)`
    assert.equal((await inChild(code, { env: { NODE_EXTRA_CA_CERTS: caFile } })).answer, 2)
  })

  test('is gone on with where a caFile comes to be', async (t) => {
    const { url } = await secureServer(t)
    assert.equal((await failureOf(watchedGit(t, url, { caFile: '/nowhere/ca.pem' }))).code, 'EREAD')
  })
})

describe('A server that fails', () => {
  for (const status of [500, 502, 503, 429, 408]) {
    test(`with status ${status} is asked again`, async (t) => {
      const retries = recordChannel(t, 'package-sources:retry')
      const { server, url } = await servedOverHttp(t)
      const failing = [advertising, fetching]
      server.respond((request) => {
        if (!failing[0]?.(request)) return undefined
        failing.shift()
        return { status }
      })
      const { source, reports } = watchedGit(t, url, { maxAttempts: 3 })
      assert.equal(await listedVersion(source), '1.0.0')
      assert.deepEqual([failing, reports], [[], []])
      await until(() => retries.length === 2)
      assert.deepEqual(
        retries.map(({ sourceId, attempt, error }) => [sourceId, attempt, error.code]),
        [
          ['git', 2, 'EHTTP'],
          ['git', 3, 'EHTTP'],
        ],
      )
    })
  }

  test('again and again is given up after maxAttempts', async (t) => {
    const { server, url } = await servedOverHttp(t)
    server.respond(() => ({ status: 500 }))
    const error = await failureOf(watchedGit(t, url, { maxAttempts: 3 }))
    assert.equal(error.code, 'EHTTP')
    assert.match(error.message, /status 500/)
    assert.equal(server.requests.length, 3)
  })

  for (const [status, code] of [
    [404, 'ENOREPOSITORY'],
    [400, 'EHTTP'],
    [401, 'EHTTP'],
    [403, 'EHTTP'],
    [410, 'EHTTP'],
  ]) {
    test(`with status ${status} is ${code}, and not asked again`, async (t) => {
      const { server, url } = await servedOverHttp(t)
      server.respond(() => ({ status }))
      const git = watchedGit(t, url, { maxAttempts: 3 })
      assert.equal((await failureOf(git)).code, code)
      assert.deepEqual([server.requests.length, git.status().breaker], [1, 'closed'])
    })
  }

  const html = { headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>Sign in</html>' }
  const NO_GIT = {
    'a page in the place of the refs': (request) => (advertising(request) ? { status: 200, ...html } : undefined),
    'a page in the place of the pack': (request) => (fetching(request) ? { status: 200, ...html } : undefined),
    'no type': (request) => (advertising(request) ? { status: 200, body: 'x' } : undefined),
    'a page that says that it is the refs': (request) =>
      advertising(request)
        ? { ...html, status: 200, headers: { 'content-type': 'application/x-git-upload-pack-advertisement' } }
        : undefined,
  }
  for (const [what, answer] of Object.entries(NO_GIT)) {
    test(`to speak Git, and gives ${what}, is EPROTOCOL`, async (t) => {
      const { server, url } = await servedOverHttp(t)
      server.respond(answer)
      const cacheDir = cacheFolder(t)
      const git = watchedGit(t, url, { maxAttempts: 3, cacheDir })
      const error = await failureOf(git)
      assert.equal(error.code, 'EPROTOCOL')
      assert.ok(!error.message.includes('Sign in'))
      assert.deepEqual(filesBelow(cacheDir), [])
      server.respond(null)
      assert.equal(await listedVersion(git.source), '1.0.0')
    })
  }
})

/** A repository whose pack is some 250 KB long, whatever is tried. */
async function bulkyOverHttp(t) {
  const served = await servedOverHttp(t)
  served.repository.packages.seed('bulky').file('static_content/noise', randomBytes(250_000))
  served.repository.commit()
  return served
}

describe('A pack that', () => {
  const FAULTS = {
    'is cut after its first byte': [{ cutAfterBytes: 1 }, 'ENETWORK'],
    'is cut in its midst': [{ cutAfterBytes: 100_000 }, 'ENETWORK'],
    'has a turned bit': [{ corruptAt: 100_000 }, 'EPROTOCOL'],
  }
  for (const [name, [fault, code]] of Object.entries(FAULTS)) {
    test(`${name} is ${code}, leaves nothing, and the next call heals`, async (t) => {
      const { server, url } = await bulkyOverHttp(t)
      server.respond((request) => (fetching(request) ? fault : undefined))
      const cacheDir = cacheFolder(t)
      const git = watchedGit(t, url, { cacheDir })
      assert.equal((await failureOf(git)).code, code)
      assert.deepEqual(filesBelow(cacheDir), [])
      server.respond(null)
      assert.equal((await git.source.fetchIndex()).length, 3)
    })

    test(`${name} does no harm to the clone that is there`, async (t) => {
      const { repository, server, url } = await servedOverHttp(t)
      const git = watchedGit(t, url, { cacheExpiry: 0 })
      assert.equal(await listedVersion(git.source), '1.0.0')
      repository.packages.seed('bulky').file('static_content/noise', randomBytes(250_000))
      publish(repository, 'a', '2.0.0')
      server.respond((request) => (fetching(request) ? fault : undefined))
      assert.equal(await listedVersion(git.source), '1.0.0')
      assert.equal((await git.source.loadPackage('b')).metadata.version, '1.0.0')
      assert.equal(git.reports[0].error.code, code)
      server.respond(null)
      assert.equal(await listedVersion(git.source), '2.0.0')
    })
  }

  test('is cut once is fetched again within the call', async (t) => {
    const { server, url } = await bulkyOverHttp(t)
    let cuts = 0
    server.respond((request) => (fetching(request) && cuts++ === 0 ? { cutAfterBytes: 20 } : undefined))
    const { source, reports } = watchedGit(t, url, { maxAttempts: 2 })
    assert.equal((await source.fetchIndex()).length, 3)
    assert.deepEqual(reports, [])
  })
})

describe('A server that is silent is given up', () => {
  const assertTimeout = (error, words) => {
    assert.equal(error.code, 'ETIMEOUT')
    assert.match(error.message, words)
  }

  for (const scheme of ['http', 'git']) {
    test(`after connectTimeoutMs, over ${scheme}`, async (t) => {
      const { url } = await silentListener(t)
      const git = watchedGit(t, `${url.replace('http', scheme)}/a`, { connectTimeoutMs: 200 })
      assertTimeout(await failureOf(git), /connect/)
    })
  }

  for (const [where, fault] of Object.entries({
    'before the refs': (request) => (advertising(request) ? { hang: true } : undefined),
    'within the refs': (request) => (advertising(request) ? { hang: true, cutAfterBytes: 100 } : undefined),
    'before the pack': (request) => (fetching(request) ? { hang: true } : undefined),
    'within the pack': (request) => (fetching(request) ? { hang: true, cutAfterBytes: 100_000 } : undefined),
  })) {
    test(`after readTimeoutMs, ${where} over http`, async (t) => {
      const { server, url } = await bulkyOverHttp(t)
      server.respond(fault)
      const cacheDir = cacheFolder(t)
      const git = watchedGit(t, url, { readTimeoutMs: 300, cacheDir })
      assertTimeout(await failureOf(git), /0\.3 s/)
      assert.deepEqual(filesBelow(cacheDir), [])
      server.respond(null)
      // A machine that is busy may take longer to build a pack.
      const { source } = watchedGit(t, url, { cacheDir })
      assert.equal((await source.fetchIndex()).length, 3)
    })
  }

  for (const bytes of [0, 100, 60_000]) {
    test(`after readTimeoutMs, after ${bytes} bytes over git`, async (t) => {
      const { repository } = await bulkyOverHttp(t)
      const daemon = await startGitDaemon(t, repository.directory)
      const relay = await heldRelay(t, daemon.port, bytes)
      const cacheDir = cacheFolder(t)
      const url = `git://127.0.0.1:${relay.port}/${repository.name}`
      assertTimeout(await failureOf(watchedGit(t, url, { readTimeoutMs: 500, cacheDir })), /took too long/)
      await until(() => relay.open === 0)
      assert.deepEqual(filesBelow(cacheDir), [])
      relay.bytes = Number.POSITIVE_INFINITY
      assert.equal((await watchedGit(t, url, { cacheDir }).source.fetchIndex()).length, 3)
    })
  }

  test('after fetchTimeoutMs where it always says a little more', async (t) => {
    const { server, url } = await servedOverHttp(t)
    server.respond((request) => (advertising(request) ? drip() : undefined))
    const git = watchedGit(t, url, { fetchTimeoutMs: 700, maxAttempts: 10 })
    assertTimeout(await failureOf(git), /0\.7 s \(fetchTimeoutMs\)/)
    assert.equal(server.requests.length, 1)
    server.respond(null)
    const { source } = watchedGit(t, url)
    assert.equal(await listedVersion(source), '1.0.0')
  })

  test('after fetchTimeoutMs with all its tries', async (t) => {
    const { server, url } = await servedOverHttp(t)
    server.respond(() => ({ status: 503 }))
    const git = watchedGit(t, url, { fetchTimeoutMs: 1000, maxAttempts: 100, breakerFailures: 1 })
    assert.match((await failureOf(git)).code, /^E(HTTP|TIMEOUT)$/)
    assert.ok(server.requests.length < 100)
    assert.equal(git.status().breaker, 'open')
  })
})

/** Refs that come byte by byte, and never whole. */
function drip() {
  const body = async function* () {
    yield Buffer.from('001e# service=git-upload-pack\n0000')
    const line = Buffer.from(`fff0${'a'.repeat(40)} refs/heads/${'x'.repeat(60_000)}`)
    for (const byte of line) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      yield Buffer.from([byte])
    }
  }
  return { status: 200, headers: { 'content-type': 'application/x-git-upload-pack-advertisement' }, body: body() }
}

describe('maxRepositoryBytes', () => {
  test('bounds a clone, of which nothing is left', async (t) => {
    const { server, url } = await bulkyOverHttp(t)
    const cacheDir = cacheFolder(t)
    const git = watchedGit(t, url, { cacheDir, maxRepositoryBytes: 100_000, maxAttempts: 3 })
    const error = await failureOf(git)
    assert.equal(error.code, 'ETOOLARGE')
    assert.match(error.message, /100000 bytes \(maxRepositoryBytes\)/)
    assert.deepEqual(filesBelow(cacheDir), [])
    assert.equal(server.count('advertise'), 1)
    const { source } = watchedGit(t, url, { cacheDir, maxRepositoryBytes: 1_000_000 })
    assert.equal((await source.fetchIndex()).length, 3)
  })

  test('bounds what comes to a clone over time: it is made anew where that helps', async (t) => {
    const { repository, url } = await bulkyOverHttp(t)
    const cacheDir = cacheFolder(t)
    const git = watchedGit(t, url, { cacheDir, cacheExpiry: 0, maxRepositoryBytes: 600_000 })
    for (let n = 1; n <= 5; n++) {
      repository.packages.seed('bulky').file('static_content/noise', randomBytes(250_000))
      publish(repository, 'a', `1.${n}.0`)
      assert.equal(await listedVersion(git.source), `1.${n}.0`)
      const bytes = filesBelow(cacheDir).reduce((sum, { size }) => sum + size, 0)
      assert.ok(bytes < 700_000, `${bytes} bytes`)
    }
    assert.deepEqual(git.reports, [])
    repository.packages.seed('bulky').file('static_content/noise', randomBytes(700_000))
    publish(repository, 'a', '2.0.0')
    assert.equal(await listedVersion(git.source), '1.5.0')
    assert.equal(git.reports[0].error.code, 'ETOOLARGE')
    assert.equal((await git.source.loadPackage('b')).metadata.version, '1.0.0')
  })
})

test('maxFileBytes leaves larger files out, with a warning that names them', async (t) => {
  const { repository, url } = await servedOverHttp(t)
  const text = 'x'.repeat(5000)
  repository.packages.seed('big_script').script(`-- ${text}`)
  repository.packages.seed('big_components').components([{ id: 'one', text }])
  repository.packages.manifest('big_manifest', { description: text })
  repository.packages.seed('just_small_enough').script('y'.repeat(4096))
  repository.commit()
  const { source, manager, status } = watchedGit(t, url, { maxFileBytes: 4096 })
  const ids = (await manager.fetchMergedIndex()).map(({ packageId }) => packageId)
  assert.deepEqual(ids, ['a', 'b', 'big_components', 'big_script', 'just_small_enough'])
  assert.equal((await source.loadPackage('big_script')).scripts, undefined)
  assert.deepEqual((await source.loadPackage('big_components')).components, [])
  assert.equal((await source.loadPackage('just_small_enough')).scripts.length, 4096)
  assert.equal(await source.loadPackage('big_manifest'), null)
  for (const path of [
    'big_script/seed/scripts.lua',
    'big_components/seed/components.json',
    'big_manifest/package.json',
  ]) {
    const warning = status().warnings.find((one) => one.path === path)
    assert.match(warning?.reason ?? `none of ${path}`, /larger than 4096 bytes \(maxFileBytes\)/)
  }
})
