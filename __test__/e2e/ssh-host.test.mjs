// The SSH host that the Git source's tests trust, asked by the real git and ssh clients.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { runNode } from '../helpers/child.mjs'
import { assertServed, clone, failureOf, smallRepository } from '../helpers/git/client.mjs'
import { askGit } from '../helpers/git/program.mjs'
import { isListening } from '../helpers/git/server-process.mjs'
import { startSshd } from '../helpers/git/ssh.mjs'
import { findSshd } from '../helpers/git/ssh-keys.mjs'
import { temporaryDirectory } from '../helpers/package-builder.mjs'
import { until } from '../helpers/until.mjs'

const run = promisify(execFile)

/** A host of the small repository, the repository's URL there, and how a client is let in. */
async function hosted(t) {
  const repository = smallRepository(t, { bare: true })
  const host = await startSshd(t, repository.directory)
  const as = (options, env = {}) => ({ env: { ...env, GIT_SSH_COMMAND: host.sshCommand(options) } })
  return { repository, host, url: host.url(repository.name), as }
}

describe('A Git host over SSH', () => {
  test('serves whoever has the key', async (t) => {
    const { repository, host, url, as } = await hosted(t)
    await assertServed(t, repository, url, as())
    await assertServed(t, repository, host.scpUrl(repository.name), as())
    assert.equal(host.connections, 4)
    assert.deepEqual(host.commands, Array(4).fill(`git-upload-pack '${repository.path}'`))
  })

  for (const version of [0, 2]) {
    test(`serves by version ${version} of the protocol`, async (t) => {
      const { repository, url, as } = await hosted(t)
      const settings = [`protocol.version=${version}`]
      await assertServed(t, repository, url, { ...as(), settings })
      const { env } = as()
      const trace = await askGit(['-c', settings[0], 'ls-remote', url], { env: { ...env, GIT_TRACE_PACKET: '1' } })
      assert.equal(/< version 2/.test(trace.stderr), version === 2)
    })
  }

  test('serves whoever has the key in an agent', async (t) => {
    const { repository, host, url, as } = await hosted(t)
    await assertServed(t, repository, url, as({ keyFile: null }, { SSH_AUTH_SOCK: await host.agent() }))
    const other = await host.agent({ keyFile: host.otherKeyFile })
    assert.match(await failureOf(url, as({ keyFile: null }, { SSH_AUTH_SOCK: other })), /Permission denied/)
  })

  test('lets nobody in with another key, or with none, however often it is tried', async (t) => {
    const { repository, host, url, as } = await hosted(t)
    for (let n = 0; n < 5; n++) {
      assert.match(await failureOf(url, as({ keyFile: host.otherKeyFile })), /Permission denied \(publickey\)/)
    }
    assert.match(await failureOf(url, as({ keyFile: null })), /Permission denied \(publickey\)/)
    await assertServed(t, repository, url, as())
  })

  test('is refused by clients that know another host key, or none', async (t) => {
    const { host, url, as } = await hosted(t)
    const wrong = await clone(t, url, as({ knownHostsFile: host.wrongKnownHostsFile }))
    assert.equal(wrong.status, 128)
    assert.match(wrong.stderr, /REMOTE HOST IDENTIFICATION HAS CHANGED/)
    assert.equal(existsSync(wrong.path), false)
    const unknown = await failureOf(url, as({ knownHostsFile: host.emptyKnownHostsFile }))
    assert.match(unknown, /No ED25519 host key is known for \[127\.0\.0\.1\]/)
    assert.deepEqual(host.commands, [])
  })

  test('says what is not there', async (t) => {
    const { host, as } = await hosted(t)
    assert.match(await failureOf(host.url('other'), as()), /other' does not appear to be a git repository/)
  })

  test('stops with its sessions, and starts again at the same place', async (t) => {
    const { repository, host, url, as } = await hosted(t)
    // Its input stays open, so it goes on until it is cut.
    const session = run('sh', ['-c', `${host.sshCommand()} -p ${host.port} ${host.user}@127.0.0.1 cat`])
    const ended = session.then(
      () => 'by itself',
      (error) => error.stderr,
    )
    await until(() => host.commands.includes('cat'), { what: 'the session' })
    await host.stop()
    await host.stop()
    assert.match(await ended, /closed by remote host|Connection reset|Broken pipe/)
    assert.match(await failureOf(url, as()), /Connection refused/)
    await host.start()
    assert.equal(host.url(repository.name), url)
    await assertServed(t, repository, url, as())
  })

  test('goes with the process that started it, however that ends', async (t) => {
    const helper = new URL('../helpers/git/ssh.mjs', import.meta.url).href
    const code = `import { startSshd } from ${JSON.stringify(helper)}
      const host = await startSshd({ after() {} }, '/')
      const [port] = /(?<=listening on 127.0.0.1 port )\\d+/.exec(host.log)
      const places = JSON.stringify([Number(port), await host.agent()])
      process.stdout.write('<' + places + '>', () => process.kill(process.pid, 'SIGKILL'))`
    // What it makes it can't delete any more.
    const env = { TMPDIR: temporaryDirectory(t) }
    const error = await runNode(['--input-type=module', '-e', code], { env }).catch((failure) => failure)
    for (const place of JSON.parse(/stdout: <(.*?)>/.exec(error.message)[1])) {
      await until(async () => !(await isListening(place)), { what: `the end of ${place}` })
    }
  })

  test('says what to install where there is no sshd', () => {
    assert.throws(() => findSshd(['/nowhere']), /"sshd": install the system package "openssh-server"/)
  })
})
