/** The real `git`, run so that no settings of the machine's or the user's show in what it does. */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Variables through which a machine, a user or a Git hook around the tests would have a say. */
const FOREIGN = /^(GIT_.*|SSH_.*|HOME|XDG_CONFIG_HOME|GNUPGHOME|(HTTPS?|ALL|NO)_PROXY)$/i

/** Nothing goes on in the background after a command's end, and nothing waits for the disk. */
const SETTINGS = ['init.defaultBranch=main', 'gc.auto=0', 'maintenance.auto=false', 'core.fsync=none']

/** Whoever commits or tags here. */
export const PERSON = { name: 'Test Author', email: 'author@example.invalid' }

/** Bounds a client that hangs, milliseconds; nothing is measured by it. */
const CLIENT_TIMEOUT = 120_000

/**
 * The environment for `git` and its servers.
 * @param {Record<string, string>} [extra] Laid over it.
 */
export function gitEnvironment(extra = {}) {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)))
  return {
    ...own,
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: PERSON.name,
    GIT_AUTHOR_EMAIL: PERSON.email,
    GIT_COMMITTER_NAME: PERSON.name,
    GIT_COMMITTER_EMAIL: PERSON.email,
    ...extra,
  }
}

/** Why a program couldn't be started, in words that help. */
export function startError(error, program, systemPackage) {
  if (error.code !== 'ENOENT') return error
  return new Error(`These tests need the program "${program}": install the system package "${systemPackage}"`)
}

/**
 * Runs git to its end. Not for a client of a server in this process, which couldn't answer meanwhile: see {@link askGit}.
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, input?: string | Uint8Array }} [options]
 * @returns {Buffer} What it wrote to its standard output.
 * @throws {Error} With what it wrote to its standard error, where it fails.
 */
export function git(args, { env, input } = {}) {
  const options = { env: gitEnvironment(env), input, maxBuffer: 1 << 30 }
  const { error, status, signal, stdout, stderr } = spawnSync('git', withSettings(args), options)
  // One that ends before it has read its input (EPIPE) says better why.
  if (error && error.code !== 'EPIPE') throw startError(error, 'git', 'git')
  if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${signal ?? status}: ${stderr}`)
  return stdout
}

/**
 * Runs git as a client and says how it went; a failure is an answer as well.
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, signal?: AbortSignal }} [options] `signal` ends it.
 * @returns {Promise<{ status: number | null, stdout: string, stderr: string }>} `status` is `null` where it was ended.
 */
export function askGit(args, { env, signal } = {}) {
  return new Promise((resolve, reject) => {
    // A group of its own, so that the transport helpers that it starts can be ended with it.
    const child = spawn('git', withSettings(args), {
      env: gitEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text
      })
    }
    const end = () => process.kill(-child.pid, 'SIGKILL')
    const timer = setTimeout(end, CLIENT_TIMEOUT)
    signal?.addEventListener('abort', end)
    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
    child.on('exit', finish)
    child.on('error', (error) => {
      finish()
      reject(startError(error, 'git', 'git'))
    })
    child.on('close', (status) => resolve({ status, ...output }))
  })
}

/**
 * The path of one of git's own servers, such as `git-daemon`; some systems keep them in a package of their own.
 * @param {string} name
 */
export function gitProgram(name) {
  const path = join(git(['--exec-path']).toString().trim(), name)
  if (existsSync(path)) return path
  throw new Error(`These tests need "${name}", which isn't beside this git: install the system package "git-daemon"`)
}

const withSettings = (args) => [...SETTINGS.flatMap((setting) => ['-c', setting]), ...args]
