/**
 * Loopback servers over TLS, with certificates of an authority that each test makes for itself: no key is committed,
 * none expires.
 *
 * Node can't make certificates. The `openssl` program is on most machines, and a package that made them would bring
 * twenty others along.
 */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256', '-days', '2']
const NAMES = 'DNS:localhost,IP:127.0.0.1'

/**
 * A certificate authority of the test's own: `caFile` is the path of its certificate, and `certificate(names)` gives
 * `{ key, cert }` of a server that it vouches for.
 * @param {{ after: (fn: () => unknown) => void }} t
 */
export async function certificateAuthority(t) {
  const folder = mkdtempSync(join(tmpdir(), 'package-sources-ca-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name) => join(folder, name)
  const request = (name, ...more) =>
    run('openssl', ['req', '-x509', ...KEY, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), ...more])
  await request('ca', '-subj', '/CN=Test authority', '-addext', 'keyUsage=critical,keyCertSign')

  let made = 0
  const certificate = async (names = NAMES) => {
    const name = `server-${made++}`
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-subj', '/CN=Test server']
    const extensions = [`subjectAltName=${names}`, 'basicConstraints=critical,CA:FALSE']
    await request(name, ...signed, ...extensions.flatMap((extension) => ['-addext', extension]))
    return { key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) }
  }
  return { caFile: at('ca.pem'), certificate }
}

/**
 * A server over TLS: `{ url, port, requests, connections, setCertificate }`, closed when the test ends. `requests` holds `{ url, version,
 * headers }` each; `connections()` counts those made so far.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {{ key: Buffer, cert: Buffer }} certificate
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} handler
 * @param {{ http2?: boolean }} [options] `http2`: speaks HTTP/2 with those who can, HTTP/1.1 with the others.
 */
export async function tlsServer(t, certificate, handler, { http2 = false } = {}) {
  const requests = []
  const sockets = new Set()
  let connections = 0
  const server = http2 ? createSecureServer({ ...certificate, allowHTTP1: true }) : createServer(certificate)
  server.on('request', (request, response) => {
    requests.push({ url: request.url, version: request.httpVersion, headers: request.headers })
    handler(request, response)
  })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  // Clients that don't trust the certificate end the handshake.
  server.on('tlsClientError', () => {})
  server.on('sessionError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address()
  return {
    url: `https://localhost:${port}`,
    port,
    requests,
    connections: () => connections,
    /** For the connections made from now on. */
    setCertificate: (other) => server.setSecureContext(other),
  }
}
