/**
 * A registry as an HTTP server. The one file of the face that opens a socket: what is answered is decided natively.
 *
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('../../index.js').RegistryServer} RegistryServer
 * @typedef {import('../../index.js').RegistryServerOptions} RegistryServerOptions
 * @typedef {import('./answers.js').Answer} Answer
 */

const http = require('node:http')
const { expectCount, expectObject, expectString, sourcesError } = require('../errors.js')
const { Registry } = require('./registry.js')

/** How long a client may take for its header, and for a whole request, in milliseconds. */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000

/** How often those are looked at, in milliseconds. */
const CHECKING_INTERVAL = 5_000

/** How long a connection may be without a byte in either direction, in milliseconds: some clients never read on. */
const SILENCE_TIMEOUT = 60_000

/** Most connections where the caller sets none. */
const MAX_CONNECTIONS = 1024

/** Most requests that a connection may be ahead of its answers. */
const MAX_AHEAD = 128

/** Bytes of a request's header. */
const MAX_HEADER_SIZE = 16 * 1024

/** Largest body that is sure to be taken over by the system at once, in bytes. */
const MAX_AT_ONCE = 16 * 1024

/** How long the answers under way have once the server closes, in milliseconds. */
const CLOSING_GRACE = 10_000

/**
 * @param {RegistryServerOptions} options
 * @returns {Promise<RegistryServer>}
 */
async function createRegistryServer(options) {
  expectObject(options, 'options')
  const { host = '127.0.0.1', port = 0, maxConnections = MAX_CONNECTIONS, ...registryOptions } = options
  expectString(host, 'host')
  expectCount(port, 'port', 0, 65535)
  expectCount(maxConnections, 'maxConnections', 1, 1_000_000)
  const registry = new Registry(registryOptions)
  await registry.open()
  const server = http.createServer({
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: CHECKING_INTERVAL,
    maxHeaderSize: MAX_HEADER_SIZE,
  })
  server.timeout = SILENCE_TIMEOUT
  server.maxConnections = maxConnections
  const answerNext = inTurn((request, response) => {
    respond(registry, request, response)
    response.on('close', () => {
      if (!server.listening) server.closeIdleConnections()
    })
  })
  const handle = (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    // A body that nobody reads would be taken for the next request: the connection ends with the answer.
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers
    if (coding !== undefined || Number(length ?? 0) > 0) response.shouldKeepAlive = false
    answerNext(request, response)
  }
  server.on('request', handle)
  // Bodies are not read, so nobody is asked to send one.
  server.on('checkContinue', handle)
  await listening(server, port, host)
  // Such as too many open files: that connection is lost, and the server goes on.
  server.on('error', (cause) => {
    registry.tell(sourcesError('ENETWORK', `a connection could not be accepted: ${cause.message}`, { cause }))
  })
  const { port: actualPort } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const authority = host.includes(':') ? `[${host}]` : host
  /** @type {Promise<void> | undefined} */
  let closing
  const close = () => {
    closing ??= closed(server)
    return closing
  }
  return {
    url: `http://${authority}:${actualPort}${registry.basePath}`,
    port: actualPort,
    close,
    ...(Symbol.asyncDispose && { [Symbol.asyncDispose]: close }),
  }
}

/**
 * Answers the requests of one connection one after another, as HTTP has it anyway: whoever sends many ahead takes no
 * more of the server than who waits for each answer. What was not begun when the connection ends is forgotten; Node
 * tells nobody that its response is closed.
 *
 * @param {(request: IncomingMessage, response: ServerResponse) => void} answer
 * @returns {(request: IncomingMessage, response: ServerResponse) => void}
 */
function inTurn(answer) {
  /** @type {WeakMap<import('node:net').Socket, (() => void)[]>} */
  const waiting = new WeakMap()
  return (request, response) => {
    const { socket } = request
    const begin = () => {
      response.on('close', () => {
        const next = socket.destroyed ? undefined : waiting.get(socket)?.shift()
        if (next) next()
        else waiting.delete(socket)
      })
      answer(request, response)
    }
    const before = waiting.get(socket)
    if (before === undefined) {
      waiting.set(socket, [])
      begin()
    } else if (before.length < MAX_AHEAD) before.push(begin)
    else socket.destroy()
  }
}

/**
 * @param {Registry} registry
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
function respond(registry, request, response) {
  const { method = '', url = '', headers } = request
  const question = {
    method,
    target: url,
    acceptEncoding: headers['accept-encoding'],
    ifNoneMatch: headers['if-none-match'],
    authorization: headers.authorization,
    isCodedOnItsWay: false,
  }
  const answer = registry.answer(question)
  if (answer instanceof Promise) answer.then((made) => send(response, made, method))
  else send(response, answer, method)
}

/**
 * @param {ServerResponse} response
 * @param {Answer} answer
 * @param {string} method
 */
function send(response, { status, headers, body }, method) {
  if (response.destroyed) return
  response.writeHead(status, headers)
  if (body === null || method === 'HEAD') response.end()
  // Node takes a connection for idle once its answer has an end, sent or not: a large one gets it when it is sent.
  else if (body.length > MAX_AT_ONCE) response.write(body, () => response.end())
  else response.end(body)
}

/**
 * @param {http.Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<void>}
 */
function listening(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/**
 * Takes no more connections, and ends those that there are as soon as they have their answers.
 *
 * @param {http.Server} server
 * @returns {Promise<void>}
 */
function closed(server) {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => server.closeAllConnections(), CLOSING_GRACE)
    server.close(() => {
      clearTimeout(impatience)
      resolve()
    })
    server.closeIdleConnections()
  })
}

module.exports = { createRegistryServer }
