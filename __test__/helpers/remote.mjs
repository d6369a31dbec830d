/** Shorthands for tests of the remote source. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { RemotePackageSource } from '../../index.mjs'
import { watched } from './local.mjs'

/** For tests that look at one failure each: it is not tried again, and however many there are, the registry is asked. */
export const ONE_TRY = { maxAttempts: 1, breakerFailures: 1_000_000 }

/** A remote source over a loopback registry, with `config` laid over. */
export function remoteSource(registry, config = {}) {
  return new RemotePackageSource({ id: 'remote', url: registry.url, enabled: true, ...config })
}

/** A manager with a remote source alone, and what it reports. */
export function watchedRemote(registry, config = {}) {
  const source = remoteSource(registry, config)
  return { source, ...watched(source) }
}

/**
 * A server of the test's own, for answers that no registry gives: `{ url, requests }`, closed when the test ends.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} handler
 */
export async function rawServer(t, handler) {
  const requests = []
  const server = createServer((request, response) => {
    requests.push({ url: request.url, headers: request.headers })
    handler(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${server.address().port}`, requests }
}

/** Answers with JSON. */
export function sendJson(response, body, headers = {}) {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
}
