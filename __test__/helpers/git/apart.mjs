/** A Git source in a process of its own, of which a crash, a hang and the memory that it takes can be seen. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const READER = fileURLToPath(new URL('reader.mjs', import.meta.url))

/** Between two looks at a process's memory, milliseconds. */
const LOOK = 20

const PAGE = 4096

/**
 * Reads a source's index, packages and versions.
 * @param {object} question
 * @param {object} question.config What the source is made with.
 * @param {string[]} [question.ids] Packages that are loaded.
 * @param {string[]} [question.versionsOf] Packages whose versions are asked for.
 * @param {number} [question.again] How often the index is read after that.
 * @param {number} [question.atOnce] Packages that are not there, which are asked for all at once.
 * @param {{ mostMiB?: number, mostMs?: number, env?: Record<string, string | undefined>, cwd?: string }} [bounds] A
 * process that exceeds them is ended. `mostMs` bounds a hang and measures nothing.
 * @returns {Promise<{
 *   index: string[], packages: object, versions: object, status: object, ms: number, peakMiB: number
 *   reports: { code: string, message: string, operation: string }[]
 * }>}
 * @throws {Error} Where the process crashes, hangs or takes too much memory.
 */
export async function readApart(question, { mostMiB = 400, mostMs = 60_000, env = {}, cwd } = {}) {
  const merged = { ...process.env, NODE_TEST_CONTEXT: undefined, ...env }
  const child = spawn(process.execPath, [READER, JSON.stringify(question)], {
    env: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)),
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let why
  const end = (reason) => {
    why ??= reason
    child.kill('SIGKILL')
  }
  let most = 0
  const looking = setInterval(() => {
    most = Math.max(most, residentMiB(child.pid))
    if (most > mostMiB) end(`took ${most} MiB of memory, more than ${mostMiB}`)
  }, LOOK)
  const hanging = setTimeout(() => end(`hung: it was not done within ${mostMs} ms, with ${most} MiB`), mostMs)
  const output = Promise.all([child.stdout.toArray(), child.stderr.toArray()])
  const [[status, signal], [stdout, stderr]] = await Promise.all([once(child, 'close'), output])
  clearInterval(looking)
  clearTimeout(hanging)
  if (why) throw new Error(`the reading process ${why}`)
  const said = Buffer.concat(stderr).toString()
  if (status !== 0) throw new Error(`the reading process ended with ${signal ?? status}: ${said}`)
  const answer = JSON.parse(Buffer.concat(stdout).toString())
  if (answer.peakMiB > mostMiB) throw new Error(`the reading process took ${answer.peakMiB} MiB, more than ${mostMiB}`)
  return answer
}

/** What a process has in memory now; 0 where the system doesn't tell, and then what it says itself at its end counts. */
function residentMiB(pid) {
  try {
    return Math.round((Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE) / 2 ** 20)
  } catch {
    return 0
  }
}
