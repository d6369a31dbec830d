import { spawn } from 'node:child_process'
import { once } from 'node:events'

// A group of its own per child makes it possible to end what the child has started, too.
const GROUPS = process.platform !== 'win32'
const GRACE_MS = 5000
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** @type {Set<import('node:child_process').ChildProcess>} */
const alive = new Set()
let watching = false
let ending = false

/**
 * Starts a program that outlives neither this process nor its own first process: what it started and left behind ends
 * with it.
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function startChild(program, args, options = {}) {
  watchForOurEnd()
  const child = spawn(program, args, { ...options, detached: GROUPS, shell: !GROUPS && /^(npm|npx)$/.test(program) })
  alive.add(child)
  child.once('exit', () => endGroup(child))
  child.once('error', () => alive.delete(child))
  return child
}

/** Ends a child and what it started: asks first, and makes sure after a while. */
export async function stopChild(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  signal(child, 'SIGTERM')
  const force = setTimeout(() => signal(child, 'SIGKILL'), GRACE_MS)
  await exited
  clearTimeout(force)
}

function endGroup(child) {
  if (GROUPS) signal(child, 'SIGKILL')
  alive.delete(child)
}

function signal(child, name) {
  try {
    if (GROUPS) process.kill(-child.pid, name)
    else child.kill(name)
  } catch (error) {
    // Nobody is left in the group; macOS says EPERM where only zombies are.
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error
  }
}

function watchForOurEnd() {
  if (watching) return
  watching = true
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, async () => {
      // Whoever asks twice doesn't want to wait for the children.
      if (!ending) {
        ending = true
        await Promise.all([...alive].map(stopChild))
      }
      process.exit(code)
    })
  }
  process.on('exit', () => {
    for (const child of alive) signal(child, 'SIGKILL')
  })
}
