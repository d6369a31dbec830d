/** A TCP relay on 127.0.0.1 before a server, which says no more than a test lets it. */

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Starts a relay, which is closed when the test ends. Of each answer it passes on the first bytes; the rest comes never, and
 * the connection stays.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {number} targetPort
 * @param {number} bytes
 */
export async function heldRelay(t, targetPort, bytes) {
  const clients = new Set()
  const relay = {
    /** Where it listens. */
    port: 0,
    /** Bytes of each answer that are passed on from now on. */
    bytes,
    /** Connections made so far. */
    connections: 0,
    /** Bytes passed on so far. */
    passed: 0,
    /** Connections that stand now. */
    get open() {
      return clients.size
    },
  }
  const server = createServer((client) => {
    relay.connections++
    clients.add(client)
    let left = relay.bytes
    const target = connect(targetPort, '127.0.0.1')
    for (const socket of [client, target]) socket.on('error', () => {})
    client.on('close', () => {
      clients.delete(client)
      target.destroy()
    })
    // A server that is done goes; who is held still waits.
    target.on('close', () => left > 0 && client.destroy())
    client.on('data', (chunk) => target.write(chunk))
    target.on('data', (chunk) => {
      const part = chunk.subarray(0, left)
      left -= part.length
      relay.passed += part.length
      client.write(part)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const client of clients) client.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  relay.port = server.address().port
  return relay
}
