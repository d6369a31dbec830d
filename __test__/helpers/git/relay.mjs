/**
 * A TCP relay on 127.0.0.1 before a server whose connections are processes of their own: through it they can be cut,
 * and the server keeps its port while it is started anew.
 */

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export class Relay {
  #server = null
  #sockets = new Set()

  /** The port that it has, or had before it was closed. */
  port = 0

  /** Where the server listens at the moment. */
  targetPort = 0

  /** Connections made so far. */
  connections = 0

  /** Takes connections, on the port that it had before. */
  async listen() {
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = this.#server.address().port
  }

  /** Refuses connections, and cuts those that stand. */
  async close() {
    const server = this.#server
    this.#server = null
    for (const socket of this.#sockets) socket.destroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  #accept(client) {
    this.connections++
    const server = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(socket)
      // Whoever goes takes the other along, with or without an error.
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}
