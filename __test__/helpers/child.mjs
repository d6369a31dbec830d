import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's root as a `file:` URL with a trailing slash. */
export const rootUrl = new URL('../../', import.meta.url)

/** The repository's root as a path. */
export const rootPath = fileURLToPath(rootUrl)

/** Ends a child that hangs, milliseconds. */
const CHILD_TIMEOUT = 120_000

/**
 * Runs a module in a Node process of its own, for what depends on the environment or the working directory.
 *
 * The addon is there as `addon`; what the module passes to `answer(value)` comes back by way of JSON.
 * @param {string} code The module's text, without imports of the addon.
 * @param {{ env?: Record<string, string | undefined>, cwd?: string, args?: string[] }} [options] `env` is laid over
 * this process's environment; `undefined` takes a variable away.
 * @returns {Promise<{ answer: any, stdout: string, stderr: string }>}
 */
export async function inChild(code, { env = {}, cwd, args = [] } = {}) {
  const entry = new URL('index.mjs', rootUrl).href
  const module = [
    `import * as addon from ${JSON.stringify(entry)}`,
    "const answer = (value) => process.stdout.write('<<answer ' + JSON.stringify(value ?? null) + ' answer>>')",
    code,
  ].join('\n')
  const { stdout, stderr } = await runNode([...args, '--input-type=module', '-e', module], { env, cwd })
  const found = /<<answer (.*) answer>>/s.exec(stdout)
  if (!found) throw new Error(`The child process gave no answer.\nstdout: ${stdout}\nstderr: ${stderr}`)
  return { answer: JSON.parse(found[1]), stdout: stdout.replace(found[0], ''), stderr }
}

/** Runs Node with these arguments; rejects with both outputs where it fails. */
export function runNode(args, { env = {}, cwd } = {}) {
  const merged = { ...process.env, ...env }
  // What the test runner puts into the environment would make the child speak the runner's own protocol.
  delete merged.NODE_TEST_CONTEXT
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete merged[name]
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { env: merged, cwd, maxBuffer: 64 << 20, timeout: CHILD_TIMEOUT },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${error.message}\nstdout: ${stdout}\nstderr: ${stderr}`))
        else resolve({ stdout, stderr })
      },
    )
  })
}
