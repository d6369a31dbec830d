// The Git source over ssh, by the machine's own ssh program and a real sshd.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { inChild } from '../helpers/child.mjs'
import { sourceConformance } from '../helpers/conformance.mjs'
import { smallRepository } from '../helpers/git/client.mjs'
import { catalogueRepository, RevisedSource, WHOLE_FILE } from '../helpers/git/conformance.mjs'
import { gitCache, gitSource, idle, watchedGit } from '../helpers/git/source.mjs'
import { startSshd } from '../helpers/git/ssh.mjs'
import { temporaryDirectory } from '../helpers/package-builder.mjs'
import { until } from '../helpers/until.mjs'

/** Another user of the machine that the tests run on may have an agent of his own. */
const ENVIRONMENT = { SSH_AUTH_SOCK: undefined }
delete process.env.SSH_AUTH_SOCK

// ── Conformance ──────────────────────────────────────────────────────────────────────────────────────────────────────

let started
/** The host that the conformance tests share. */
const sharedHost = () => {
  started ??= startSshd(WHOLE_FILE, '/').then(async (host) => ({ host, agent: await host.agent() }))
  return started
}

/** How a source logs in to a host. */
const LOGINS = {
  'a key file': ({ host }) => ({ keyFile: host.keyFile, agent: false, knownHostsFile: host.knownHostsFile }),
  'an agent': ({ host, agent }) => ({ agent, knownHostsFile: host.knownHostsFile }),
}

for (const [name, login] of Object.entries(LOGINS)) {
  sourceConformance(`git, over ssh with ${name}`, async (t, catalogue) => {
    const shared = await sharedHost()
    const url = shared.host.url(catalogueRepository(catalogue).path)
    return gitSource(t, url, { ssh: login(shared) }, RevisedSource)
  })
}

// ── What ssh is told, and what it says ───────────────────────────────────────────────────────────────────────────────

/** A host of the small repository, and what a source needs to be let in, with `ssh` laid over. */
async function hosted(t) {
  const repository = smallRepository(t, { bare: true })
  const host = await startSshd(t, repository.directory)
  const login = { keyFile: host.keyFile, agent: false, knownHostsFile: host.knownHostsFile }
  const watched = (ssh = {}, config = {}) =>
    watchedGit(t, host.url(repository.name), { ssh: { ...login, ...ssh }, ...config })
  return { repository, host, login, watched }
}

/** Asserts that a source has the small repository's newest package. */
async function assertReads(source) {
  const [entry] = await source.fetchIndex()
  assert.equal(entry.version, '1.1.0')
}

/** Asserts that a source has nothing, and that the one report says why. */
async function assertFails({ manager, reports }, code, message) {
  assert.deepEqual(await manager.fetchMergedIndex(), [])
  assert.deepEqual(
    reports.map(({ error }) => error.code),
    [code],
  )
  assert.match(reports[0].error.message, message)
}

/** A folder with a program `ssh` that is the real one under these settings of a user's; for the front of `PATH`. */
function sshWithSettings(t, settings) {
  const folder = temporaryDirectory(t)
  writeFileSync(join(folder, 'config'), settings)
  const script = `#!/bin/sh\nPATH='${process.env.PATH}' exec ssh -F '${folder}/config' "$@"\n`
  writeFileSync(join(folder, 'ssh'), script, { mode: 0o755 })
  return folder
}

/** The versions of the index, and what was reported, of a source in a process of its own. */
async function inChildWith(t, config, env) {
  const { answer } = await inChild(
    `
    const source = new addon.GitPackageSource(${JSON.stringify({ maxAttempts: 1, ...config, cacheDir: gitCache(t) })})
    const reports = []
    const manager = new addon.PackageSourceManager({ onError: ({ code, message }) => reports.push({ code, message }) })
    manager.addSource(source)
    const versions = (await manager.fetchMergedIndex()).map((one) => one.version)
    await manager.whenIdle()
    answer({ versions, reports })
  `,
    { env: { ...ENVIRONMENT, ...env } },
  )
  return answer
}

describe('A Git source over ssh', () => {
  test('asks for the repository and nothing else, once', async (t) => {
    const { repository, host, watched } = await hosted(t)
    const { source, status } = watched()
    await assertReads(source)
    assert.deepEqual(await source.getVersions('dashboard'), ['1.1.0', '1.0.0'])
    assert.equal((await source.loadPackage('dashboard', '1.0.0')).metadata.version, '1.0.0')
    assert.deepEqual(host.commands, [`git-upload-pack '${repository.path}'`])
    assert.equal(status().requests, 1)
  })

  test('sees a new commit', async (t) => {
    const { repository, host, watched } = await hosted(t)
    const { source } = watched({}, { cacheExpiry: 0 })
    await assertReads(source)
    repository.packages.seed('dashboard', { version: '2.0.0' })
    repository.commit()
    const [entry] = await source.fetchIndex()
    assert.deepEqual([entry.version, entry.revision], ['2.0.0', repository.head()])
    await source.fetchIndex()
    assert.ok(host.connections >= 3)
  })

  test('takes the form of a URL that scp has', async (t) => {
    const { repository, host, login } = await hosted(t)
    await assertReads(gitSource(t, host.scpUrl(repository.name), { ssh: login }))
  })

  test("takes a host's name and settings from the user's own", async (t) => {
    const { repository, host } = await hosted(t)
    const settings = [
      'Host packages-host',
      'HostName 127.0.0.1',
      `Port ${host.port}`,
      `User ${host.user}`,
      `IdentityFile ${host.keyFile}`,
      `UserKnownHostsFile ${host.knownHostsFile}`,
    ]
    const PATH = [sshWithSettings(t, settings.join('\n')), process.env.PATH].join(delimiter)
    for (const url of [
      `packages-host:${repository.path}`,
      `${host.user}@packages-host:${repository.path}`,
      `ssh://packages-host${repository.path}`,
      `git+ssh://${host.user}@packages-host${repository.path}`,
    ]) {
      assert.deepEqual(await inChildWith(t, { url }, { PATH }), { versions: ['1.1.0'], reports: [] }, url)
    }
  })

  test('takes a path below the home folder there', async (t) => {
    const { repository, host, login } = await hosted(t)
    // A session's home is where the host has its keys.
    symlinkSync(repository.path, join(dirname(host.keyFile), 'mine'))
    const source = gitSource(t, `ssh://${host.user}@127.0.0.1:${host.port}/~/mine`, { ssh: login })
    await assertReads(source)
    assert.deepEqual(host.commands, ["git-upload-pack '~/mine'"])
  })

  test('takes the key of the agent that is named, of SSH_AUTH_SOCK, or of none', async (t) => {
    const { repository, host, watched, login } = await hosted(t)
    const socket = await host.agent()
    await assertReads(watched({ keyFile: undefined, agent: socket }).source)
    await assertFails(watched({ keyFile: undefined, agent: false }), 'ESSH', /refuses to be read with the keys/)
    const url = host.url(repository.name)
    const env = { SSH_AUTH_SOCK: socket }
    for (const [agent, versions] of [
      [undefined, ['1.1.0']],
      [true, ['1.1.0']],
      [false, []],
    ]) {
      const ssh = { ...login, keyFile: undefined, agent }
      assert.deepEqual((await inChildWith(t, { url, ssh }, env)).versions, versions, String(agent))
    }
  })

  test('fails where the key is not the right one, with ESSH and what to look at', async (t) => {
    const { host, watched } = await hosted(t)
    await assertFails(watched({ keyFile: host.otherKeyFile }), 'ESSH', /ssh\.keyFile .*Permission denied/)
    await assertFails(watched({ keyFile: join(temporaryDirectory(t), 'none') }), 'ESSH', /ssh\.keyFile/)
    assert.deepEqual(host.commands, [])
  })

  test('trusts no host that it does not know, nor one that has another key now', async (t) => {
    const { host, watched } = await hosted(t)
    const known = /key is not the known one.*known hosts/
    await assertFails(watched({ knownHostsFile: host.emptyKnownHostsFile }), 'ESSH', known)
    await assertFails(watched({ knownHostsFile: host.wrongKnownHostsFile }), 'ESSH', known)
    await assertFails(watched({ knownHostsFile: join(temporaryDirectory(t), 'none') }), 'ESSH', known)
    assert.deepEqual(host.commands, [])
    // Nor does it learn the key by itself.
    assert.equal(readFileSync(host.emptyKnownHostsFile, 'utf8'), '')
  })

  test('fails where there is no such repository, with ENOREPOSITORY', async (t) => {
    const { repository, host, login } = await hosted(t)
    const absent = watchedGit(t, host.url('other'), { ssh: login })
    await assertFails(absent, 'ENOREPOSITORY', /no repository at ssh:.*other/)
    repository.remove()
    await assertFails(watchedGit(t, host.url(repository.name), { ssh: login }), 'ENOREPOSITORY', /no repository/)
  })

  test('fails where nothing listens, with ENETWORK, and goes on where something does again', async (t) => {
    const { host, watched } = await hosted(t)
    await host.stop()
    const one = watched()
    await assertFails(one, 'ENETWORK', /Connection refused/)
    await host.start()
    one.source.clearCache()
    await assertReads(one.source)
  })

  test('fails where the machine has no ssh program, with ESSH and what to install', async (t) => {
    const { repository, host, login } = await hosted(t)
    const PATH = temporaryDirectory(t)
    const { versions, reports } = await inChildWith(t, { url: host.url(repository.name), ssh: login }, { PATH })
    assert.deepEqual(versions, [])
    assert.deepEqual(
      reports.map(({ code }) => code),
      ['ESSH'],
    )
    assert.match(reports[0].message, /ssh program, which is not installed: install the OpenSSH client/)
  })

  test('fails where a host takes the connection and says nothing, with ETIMEOUT', async (t) => {
    const { url, connections } = await hangingHost(t)
    const config = { connectTimeoutMs: 100, readTimeoutMs: 100, ssh: { agent: false } }
    await assertFails(watchedGit(t, url, config), 'ETIMEOUT', /took too long/)
    await until(() => childrenNamed('ssh').length === 0, { what: 'the end of the ssh program' })
    await until(() => connections.every((socket) => socket.destroyed), { what: 'the end of the connection' })
  })

  test('ends the ssh program where nobody waits for it any more', async (t) => {
    const { url, connections } = await hangingHost(t)
    const source = gitSource(t, url, { ssh: { agent: false } })
    const abort = new AbortController()
    const asking = source.fetchIndex({ signal: abort.signal })
    await until(() => connections.length === 1, { what: 'the connection' })
    assert.equal(childrenNamed('ssh').length, 1)
    abort.abort(new Error('enough'))
    await assert.rejects(asking, /enough/)
    await until(() => connections[0].destroyed, { what: 'the end of the connection' })
    await until(() => childrenNamed('ssh').length === 0, { what: 'the end of the ssh program' })
    await idle(source)
  })

  test('keeps what another login has fetched from a source that may not read it', async (t) => {
    const { host, watched } = await hosted(t)
    const cacheDir = gitCache(t)
    await assertReads(watched({}, { cacheDir }).source)
    await assertFails(watched({ keyFile: host.otherKeyFile }, { cacheDir }), 'ESSH', /Permission denied/)
  })
})

/** A host that takes connections and never says a word: its `url`, and the sockets. */
async function hangingHost(t) {
  const connections = []
  const server = createServer((socket) => {
    connections.push(socket)
    // A killed client may reset it. Its bytes are read, for else its end would not be seen.
    socket.on('error', () => {}).resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of connections) socket.destroy()
    server.close()
  })
  return { url: `ssh://git@127.0.0.1:${server.address().port}/repository`, connections }
}

/** This process's children of a name, also those that have ended and that nobody has waited for (Linux). */
function childrenNamed(name) {
  const pids = readdirSync('/proc/self/task').flatMap((task) => textOf(`/proc/self/task/${task}/children`).split(' '))
  return pids.filter((pid) => pid !== '' && textOf(`/proc/${pid}/comm`) === name)
}

/** A file of `/proc`; nothing where the thread or process has just ended. */
function textOf(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return ''
    throw error
  }
}
