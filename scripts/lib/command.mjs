import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startChild, stopChild } from './children.mjs'

// Far beyond what the slowest step takes on a slow machine: it only ends what hangs.
const HANG_MS = 45 * 60_000

/**
 * Runs a program to its end and shows its output.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, onLine?: (line: string) => void }} [options]
 * `env` is laid over this process's; `onLine` is told every line of standard output.
 * @throws Where the program can't be started, fails or hangs.
 */
export async function command(program, args, { cwd, env = {}, onLine = () => {} } = {}) {
  console.log(`$ ${[program, ...args].join(' ')}`)
  const child = startChild(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line)
    onLine(line)
  })
  let hung = false
  const hang = setTimeout(() => {
    hung = true
    void stopChild(child)
  }, HANG_MS)
  try {
    const [code, signal] = await once(child, 'close')
    if (hung) throw new Error(`${program} hung and was stopped`)
    if (signal) throw new Error(`${program} was ended by ${signal}`)
    if (code !== 0) throw new Error(`${program} ${args[0] ?? ''} ended with ${code}`)
  } finally {
    clearTimeout(hang)
  }
}

/** Runs npm like {@link command}: the one that runs us, where there is one. */
export function npmCommand(args, options) {
  const cli = process.env.npm_execpath
  if (cli && /npm-cli\.[cm]?js$/.test(cli)) return command(process.execPath, [cli, ...args], options)
  return command('npm', args, options)
}
