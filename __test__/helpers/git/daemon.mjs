/**
 * Repositories over `git://`, by the real `git daemon` on 127.0.0.1.
 *
 * ```js
 * const repository = gitRepository(t)
 * const daemon = await startGitDaemon(t, repository.directory)
 * await askGit(['ls-remote', `${daemon.url}/${repository.name}`])
 * ```
 */

import { gitEnvironment, gitProgram } from './program.mjs'
import { startOnFreePort, startProcess } from './server-process.mjs'

/**
 * Starts a daemon, which is stopped with its children when the test ends.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {string} directory Every repository below it is served.
 * @param {{ args?: string[], env?: Record<string, string> }} [options] `args`: further ones, such as `--init-timeout=1`.
 */
export async function startGitDaemon(t, directory, options = {}) {
  const daemon = new GitDaemon(directory, options)
  t.after(() => daemon.stop())
  await daemon.start()
  return daemon
}

class GitDaemon {
  #directory
  #args
  #env
  #process = null

  constructor(directory, { args = [], env = {} }) {
    this.#directory = directory
    this.#args = args
    this.#env = env
  }

  /** The port that it has, or had before it was stopped. */
  port = undefined

  /** Its URL, without a trailing slash. */
  get url() {
    return `git://127.0.0.1:${this.port}`
  }

  /** What it has logged since it was started: each connection, and what was asked for. */
  get log() {
    return this.#process?.log() ?? ''
  }

  /** Serves again, on the port that it had before. */
  async start() {
    const program = gitProgram('git-daemon')
    const run = (port) => {
      const place = [`--base-path=${this.#directory}`, '--listen=127.0.0.1', `--port=${port}`]
      const args = ['--verbose', '--export-all', '--reuseaddr', ...place, ...this.#args, this.#directory]
      return startProcess(program, args, { env: gitEnvironment(this.#env), ready: /Ready to rumble/ })
    }
    const { port, server } = await startOnFreePort(run, this.port)
    this.port = port
    this.#process = server
  }

  /** Refuses connections, and cuts those that stand. Calling it twice does no harm. */
  async stop() {
    const stopped = this.#process
    this.#process = null
    await stopped?.stop()
  }
}
