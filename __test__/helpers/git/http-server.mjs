/**
 * Repositories over HTTP or HTTPS: Node's server and the real `git http-backend`, which can be told to misbehave.
 *
 * ```js
 * const server = await startGitHttp(t, repository.directory, { auth: { basic: 'user:token' } })
 * await askGit(['ls-remote', `${server.url}/${repository.name}`])
 * server.respond(({ command }) => (command === 'fetch' ? { cutAfterBytes: 100 } : undefined))
 * server.respond(null)
 * ```
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { askBackend, endBackends } from './cgi.mjs'
import { refusal, userOf } from './http-auth.mjs'
import { commandOf, sendBody } from './http-exchange.mjs'
import { gitProgram } from './program.mjs'

/**
 * What a client asked.
 * @typedef {object} GitRequest
 * @property {string} method
 * @property {string} url Path and query.
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {'advertise' | 'ls-refs' | 'fetch' | undefined} command What it is in Git's protocol.
 * @property {number | undefined} status Of the answer, once there is one.
 * @property {number} sent Bytes of the answer's body that were sent so far.
 */

/**
 * What happens to a request. With `status`, `body` or `redirect` the backend isn't asked, nor are credentials.
 * @typedef {object} Told
 * @property {number} [delay] Milliseconds before anything else.
 * @property {number} [status] Answers with this status; 200 where there is a body alone.
 * @property {string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>} [body] Answers with this body, in one
 * piece or as it comes.
 * @property {string} [redirect] Answers with a redirect there, by status 302 if none is given.
 * @property {Record<string, string>} [headers] Laid over the answer's.
 * @property {number} [corruptAt] The body's byte at this place is sent with its bits turned.
 * @property {number} [cutAfterBytes] So many bytes of the body are sent, then the connection ends.
 * @property {boolean} [hang] Never answers; with `cutAfterBytes`, says no more after those and keeps the connection.
 */

/**
 * Starts a server, which is stopped when the test ends.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {string} directory Every repository below it is served.
 * @param {object} [options]
 * @param {{ basic?: string, bearer?: string }} [options.auth] `basic` as `user:token`; either will do where both are given.
 * @param {{ key: string | Buffer, cert: string | Buffer }} [options.tls] A certificate of `certificateAuthority`.
 * @param {(request: GitRequest) => void} [options.onRequest] Is told of each request before it is answered.
 * @param {Record<string, string>} [options.env] For the backend.
 * @returns {Promise<GitHttpServer>}
 */
export async function startGitHttp(t, directory, options = {}) {
  const server = new GitHttpServer(directory, options)
  t.after(() => server.stop())
  await server.start()
  return server
}

class GitHttpServer {
  #directory
  #tls
  #onRequest
  #env
  #program = gitProgram('git-http-backend')
  #server = null
  #respond = null
  #sockets = new Set()
  #children = new Set()
  #failure = null

  constructor(directory, { auth = {}, tls, onRequest, env }) {
    /** The credentials that it asks for from now on; a test may change them. */
    this.auth = auth
    this.#directory = directory
    this.#tls = tls
    this.#onRequest = onRequest
    this.#env = env
  }

  /** The port that it has, or had before it was stopped. */
  port = 0

  /** Every request so far. @type {GitRequest[]} */
  requests = []

  /** Its URL, without a trailing slash. */
  get url() {
    return this.#tls ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`
  }

  /** Serves again, on the port that it had before. */
  async start() {
    const handler = (request, response) => this.#handle(request, response)
    const server = this.#tls ? createSecureServer(this.#tls, handler) : createServer(handler)
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.port = server.address().port
    this.#server = server
  }

  /** Refuses connections, and cuts those that stand. Throws what a test's own function threw, if one did. */
  async stop() {
    const server = this.#server
    this.#server = null
    for (const socket of this.#sockets) socket.destroy()
    endBackends(this.#children)
    if (server) await new Promise((resolve) => server.close(resolve))
    const failure = this.#failure
    this.#failure = null
    if (failure) throw failure
  }

  /**
   * From now on, requests are answered as a function says.
   * @param {((request: GitRequest) => Told | undefined | Promise<Told | undefined>) | null} fn `undefined` leaves a request
   * to the backend; `null` for `fn` leaves it all.
   */
  respond(fn) {
    this.#respond = fn
    return this
  }

  /** How many requests had this command. */
  count(command) {
    return this.requests.filter((request) => request.command === command).length
  }

  async #handle(request, response) {
    const { method, url, headers } = request
    const record = { method, url, headers, command: undefined, status: undefined, sent: 0 }
    this.requests.push(record)
    try {
      record.command = await commandOf(request)
      this.#onRequest?.(record)
      const told = (await this.#respond?.(record)) ?? {}
      // Nobody waits for it once the server is stopped.
      if (told.delay !== undefined) await sleep(told.delay, undefined, { ref: false })
      if (request.socket.destroyed) return
      if (told.hang && told.cutAfterBytes === undefined) return
      const own = ownAnswer(told) ?? refusal(request, this.auth)
      // A body that nobody reads is in the way of the connection's next request.
      if (own) request.resume()
      const answer = own ?? (await this.#ask(request))
      record.status = answer.status
      response.writeHead(answer.status, { ...answer.headers, ...told.headers })
      await sendBody(response, answer.body, told, record)
    } catch (error) {
      // A client may go when it likes.
      if (!request.socket.destroyed) this.#failure ??= error
      response.destroy()
    }
  }

  /** The backend's answer. */
  #ask(request) {
    const user = userOf(request.headers.authorization, this.auth)
    const options = { directory: this.#directory, user, env: this.#env, children: this.#children }
    return askBackend(this.#program, request, options)
  }
}

/** The answer that a test gives in the backend's place, if it does. */
function ownAnswer({ status, body, redirect }) {
  if (redirect !== undefined) return { status: status ?? 302, headers: { location: redirect }, body: [] }
  if (status === undefined && body === undefined) return undefined
  const isWhole = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  if (!isWhole) return { status: status ?? 200, headers: {}, body }
  const bytes = Buffer.from(body ?? '')
  return { status: status ?? 200, headers: { 'content-length': bytes.length }, body: [bytes] }
}
