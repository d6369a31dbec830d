import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { relative } from 'node:path'

/** A command that could not be started or ended with a failure. */
export class CommandError extends Error {}

/**
 * Runs a command to its end, its output going where ours goes.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, capture?: boolean, shell?: boolean }} [options]
 *   `env` is laid over ours; `signal` ends the command; `capture` returns what it prints instead of showing it.
 * @returns {Promise<string>} What it printed, with `capture`.
 */
export async function run(command, args, { cwd, env, signal, capture = false, shell = false } = {}) {
  const where = relative(process.cwd(), cwd ?? '.')
  const title = `${[command, ...args].join(' ')}${where ? ` (in ${where})` : ''}`
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    shell,
    signal,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
  })
  endWithUs(child)
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  let code
  let killedBy
  try {
    ;[code, killedBy] = await once(child, 'close')
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new CommandError(`${title} could not be started: ${error.message}`, { cause: error })
  }
  if (code !== 0)
    throw new CommandError(`${title} ${code === null ? `ended by ${killedBy}` : `failed with code ${code}`}`)
  return output
}

/** Ends a child when this process ends, whatever ends it short of a kill. */
export function endWithUs(child) {
  const end = () => child.kill()
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}

/** Runs npm, the one that runs us where there is one. */
export function npm(args, options) {
  const cli = process.env.npm_execpath
  if (cli && /npm-cli\.[cm]?js$/.test(cli)) return run(process.execPath, [cli, ...args], options)
  return run('npm', args, { ...options, shell: process.platform === 'win32' })
}
