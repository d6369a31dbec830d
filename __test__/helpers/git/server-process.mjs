/** Servers in processes of their own, which never outlive the process of the tests. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { startError } from './program.mjs'

/**
 * Runs a program beside a watcher that reads from a pipe of ours. However this process ends, the pipe ends with it, and
 * the watcher kills the group of the two, and whatever the program has started in it.
 */
const WATCHED = '{ read -r _ <&3; kill -KILL 0; } & exec 3<&-; exec "$@"'

/** Attempts to start where the port that was free a moment ago is taken. */
const ATTEMPTS = 20

/**
 * Starts a program and waits until it says that it is ready.
 * @param {string} file Its path.
 * @param {string[]} args
 * @param {{ env: Record<string, string>, ready: RegExp }} options `ready`: what it writes once it serves.
 * @returns {Promise<{ log: () => string, stop: () => Promise<void> }>} `log()` is what it has written so far.
 */
export async function startProcess(file, args, { env, ready }) {
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', file, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let log = ''
  const isReady = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        log += text
        if (ready.test(log)) resolve(true)
      })
    }
  })
  const leash = child.stdio[3]
  // The watcher's end of it is gone with the watcher.
  leash.on('error', () => {})
  const closed = new Promise((resolve, reject) => {
    child.on('exit', () => leash.destroy())
    child.on('close', () => resolve(false))
    child.on('error', (error) => reject(startError(error, '/bin/sh', 'dash')))
  })
  if (!(await Promise.race([isReady, closed]))) throw new Error(`${file} ended before it was ready: ${log}`)
  const stop = async () => {
    leash.destroy()
    await closed
  }
  return { log: () => log, stop }
}

/**
 * Starts a server that has to be told its port, on one that is free.
 * @template T
 * @param {(port: number) => Promise<T>} start Rejects with what the server says where the port is taken.
 * @param {number} [port] The one that it had before and shall have again.
 * @returns {Promise<{ port: number, server: T }>}
 */
export async function startOnFreePort(start, port) {
  for (let attempt = 1; ; attempt++) {
    const candidate = port ?? (await freePort())
    try {
      return { port: candidate, server: await start(candidate) }
    } catch (error) {
      if (attempt === ATTEMPTS || !/address already in use/i.test(error.message)) throw error
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Whether anything takes connections there.
 * @param {number | string} place A port of 127.0.0.1, or a socket's path.
 */
export async function isListening(place) {
  const socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
