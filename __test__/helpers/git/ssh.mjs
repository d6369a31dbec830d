/**
 * Repositories over SSH, by a real `sshd` on 127.0.0.1 that runs as whoever runs the tests.
 *
 * ```js
 * const host = await startSshd(t, repository.directory)
 * const env = { GIT_SSH_COMMAND: host.sshCommand() }
 * await askGit(['ls-remote', host.url(repository.name)], { env })
 * ```
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { temporaryDirectory } from '../package-builder.mjs'
import { gitEnvironment } from './program.mjs'
import { Relay } from './relay.mjs'
import { startOnFreePort, startProcess } from './server-process.mjs'
import { writeConfig } from './ssh-config.mjs'
import { findSshd, makeKey, runTool } from './ssh-keys.mjs'

/**
 * Starts a host, which is stopped with its sessions when the test ends.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {string} directory Where the paths of URLs begin.
 */
export async function startSshd(t, directory) {
  const host = new SshHost(t, directory)
  t.after(() => host.stop())
  await host.start()
  return host
}

class SshHost {
  #t
  #directory
  #folder
  #sshd = findSshd()
  #config
  #hostKey
  #otherKey
  #process = null
  // A session is a process in a group of its own, which ends with its connection: the relay can end that.
  #relay = new Relay()

  constructor(t, directory) {
    this.#t = t
    this.#directory = directory
    this.#folder = temporaryDirectory(t)
    this.#hostKey = makeKey(this.#file('host_key')).publicKey
    const { file, publicKey } = makeKey(this.#file('key'))
    /** The private key that the host lets in. */
    this.keyFile = file
    writeFileSync(this.#file('authorized_keys'), `${publicKey}\n`)
    const other = makeKey(this.#file('other_key'))
    /** A private key that the host doesn't know. */
    this.otherKeyFile = other.file
    /** Knows the host by its key. */
    this.knownHostsFile = this.#file('known_hosts')
    /** Knows no host. */
    this.emptyKnownHostsFile = this.#file('no_known_hosts')
    /** Knows the host by a key that it doesn't have. */
    this.wrongKnownHostsFile = this.#file('wrong_known_hosts')
    this.#otherKey = other.publicKey
    this.#config = writeConfig(this.#sshd, this.#folder)
  }

  /** Who logs in. */
  user = userInfo().username

  /** Its port. */
  get port() {
    return this.#relay.port
  }

  /** Connections made so far. */
  get connections() {
    return this.#relay.connections
  }

  /** What clients have asked it to run so far. */
  get commands() {
    const file = this.#file('commands')
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
  }

  /** What sshd has logged since it was started. */
  get log() {
    return this.#process?.log() ?? ''
  }

  /** A repository's `ssh:` URL. */
  url(path) {
    return `ssh://${this.user}@127.0.0.1:${this.port}${join(this.#directory, path)}`
  }

  /** The same as `scp` writes it; the brackets are how git takes a port there. */
  scpUrl(path) {
    return `[${this.user}@127.0.0.1:${this.port}]:${join(this.#directory, path)}`
  }

  /**
   * The value of `GIT_SSH_COMMAND` for git's own client, without a look at the user's settings.
   * @param {{ keyFile?: string | null, knownHostsFile?: string }} [options] `null` for no key but the agent's.
   */
  sshCommand({ keyFile = this.keyFile, knownHostsFile = this.knownHostsFile } = {}) {
    const options = {
      BatchMode: 'yes',
      StrictHostKeyChecking: 'yes',
      UserKnownHostsFile: knownHostsFile,
      GlobalKnownHostsFile: '/dev/null',
      IdentityFile: keyFile ?? 'none',
      IdentitiesOnly: keyFile === null ? 'no' : 'yes',
    }
    return ['ssh -F /dev/null', ...Object.entries(options).map(([name, value]) => `-o ${name}=${value}`)].join(' ')
  }

  /**
   * Starts an agent, which is stopped when the test ends.
   * @param {{ keyFile?: string }} [options] The key that it holds.
   * @returns {Promise<string>} Its socket's path, for `SSH_AUTH_SOCK`.
   */
  async agent({ keyFile = this.keyFile } = {}) {
    const socket = join(temporaryDirectory(this.#t), 'agent')
    const options = { env: gitEnvironment(), ready: /SSH_AUTH_SOCK=/ }
    const agent = await startProcess('ssh-agent', ['-D', '-a', socket], options)
    this.#t.after(() => agent.stop())
    runTool('ssh-add', ['-q', keyFile], { SSH_AUTH_SOCK: socket })
    return socket
  }

  /** Serves again, on the port that it had before. */
  async start() {
    const run = (port) => {
      const args = ['-D', '-e', '-f', this.#config, '-p', String(port)]
      return startProcess(this.#sshd, args, { env: gitEnvironment(), ready: /Server listening on/ })
    }
    const { port, server } = await startOnFreePort(run)
    this.#process = server
    this.#relay.targetPort = port
    await this.#relay.listen()
    const knownAs = (key) => `[127.0.0.1]:${this.port} ${key}\n`
    writeFileSync(this.knownHostsFile, knownAs(this.#hostKey))
    writeFileSync(this.emptyKnownHostsFile, '')
    writeFileSync(this.wrongKnownHostsFile, knownAs(this.#otherKey))
  }

  /** Refuses connections, and cuts those that stand. Calling it twice does no harm. */
  async stop() {
    const stopped = this.#process
    this.#process = null
    await this.#relay.close()
    await stopped?.stop()
  }

  #file(name) {
    return join(this.#folder, name)
  }
}
