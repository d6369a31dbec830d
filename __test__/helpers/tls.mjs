/**
 * Loopback servers over TLS, with certificates of an authority that each test makes for itself: no key is committed,
 * none expires.
 */

// @peculiar/x509 injects its dependencies by their metadata.
import 'reflect-metadata'
import { KeyObject, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

cryptoProvider.set(webcrypto)

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000

/**
 * A certificate authority of the test's own: `caFile` is the path of its certificate, and `certificate(names)` gives
 * `{ key, cert }` of a server that it vouches for.
 * @param {{ after: (fn: () => unknown) => void }} t
 */
export async function certificateAuthority(t) {
  const folder = mkdtempSync(join(tmpdir(), 'package-sources-ca-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const issuer = 'CN=Test authority'
  const keys = await makeKeys()
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) }
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: issuer,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  })
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, `${ca.toString('pem')}\n`)

  const certificate = async (names = ['localhost', '127.0.0.1']) => {
    const { privateKey, publicKey } = await makeKeys()
    const alternatives = names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))
    const made = await X509CertificateGenerator.create({
      ...validity,
      subject: 'CN=Test server',
      issuer,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new SubjectAlternativeNameExtension(alternatives),
      ],
    })
    const key = KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' })
    return { key, cert: made.toString('pem') }
  }
  return { caFile, certificate }
}

function makeKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
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
