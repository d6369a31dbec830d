/**
 * A port that takes no connection and refuses none, like a host behind a firewall that drops packets: its queue is full
 * and nobody empties it. `{ url }`; it is gone when the test ends. Works where the system lets a full queue wait (Linux).
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'

const LISTEN = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    // The thread accepts nothing from here on. It wakes up now and then so that it can be ended.
    const cell = new Int32Array(new SharedArrayBuffer(4))
    for (;;) Atomics.wait(cell, 0, 0, 100)
  })
`

/** Connections that the queue takes before it is full, and some. */
const FILL = 8

/** @param {{ after: (fn: () => unknown) => void }} t */
export async function silentListener(t) {
  const worker = new Worker(LISTEN, { eval: true })
  const [port] = await once(worker, 'message')
  const waiting = Array.from({ length: FILL }, () => connect(port, '127.0.0.1').on('error', () => {}))
  t.after(async () => {
    for (const socket of waiting) socket.destroy()
    await worker.terminate()
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  return { url: `http://127.0.0.1:${port}` }
}
