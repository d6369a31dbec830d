// Programs of the benchmark that run beside it: what they cost must not count as the event loop's own.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * Starts a module of this folder, which answers with one message once it is ready (or done).
 *
 * @param {string} name Its file's name.
 * @param {object} options Its first argument, as JSON.
 * @returns {Promise<{ answer: any, close: () => Promise<void> }>}
 */
export async function startChild(name, options) {
  const module = fileURLToPath(new URL(name, import.meta.url))
  const child = fork(module, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const close = async () => {
    if (child.connected) child.disconnect()
    await ended
  }
  const answer = await Promise.race([
    once(child, 'message').then(([message]) => message),
    ended.then(([code]) => {
      throw new Error(`${name} ended with ${code} before it answered`)
    }),
  ])
  return { answer, close }
}

/** Runs a module of this folder to its end and gives what it answered. */
export async function runChild(name, options) {
  const { answer, close } = await startChild(name, options)
  await close()
  return answer
}
