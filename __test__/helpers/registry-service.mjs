/** Registry services over stores of the test's own. */

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createRegistryHandlers, createRegistryServer, importPackages } from '../../index.mjs'
import { packagesFolder, temporaryDirectory } from './package-builder.mjs'

/** The path of a store that is not there yet, deleted when the test ends. */
export function emptyStore(t) {
  return join(temporaryDirectory(t), 'store')
}

/**
 * Publishes packages into a store: each a manifest's fields (`{ packageId, version, … }`) and, as `components`, its
 * components. Versions of one package may stand beside each other.
 * @returns {Promise<import('../../index.js').PublishedVersion[]>} What was added.
 */
export async function publish(t, store, ...packages) {
  const rounds = new Map()
  for (const { components, ...fields } of packages) {
    const before = [...rounds.values()].filter((folder) => folder.ids.has(fields.packageId)).length
    if (!rounds.has(before)) rounds.set(before, Object.assign(packagesFolder(t), { ids: new Set() }))
    const folder = rounds.get(before)
    folder.ids.add(fields.packageId)
    const builder = folder.manifest(fields.packageId, fields, { folder: `folder-${folder.ids.size}` })
    if (components) builder.components(components)
  }
  const added = []
  for (const folder of rounds.values()) {
    const result = await importPackages(folder.path, { store })
    assert.deepEqual(result.failed, [])
    added.push(...result.added)
  }
  return added
}

/**
 * Handlers over a store with these packages. `ask(path, headers?, method?)` sends them a request for a path below
 * `/api/v1`; what they report is in `reports`.
 */
export async function serve(t, packages, options = {}) {
  const store = options.store ?? emptyStore(t)
  const added = await publish(t, store, ...packages)
  const reports = []
  const handlers = createRegistryHandlers({ onError: (error) => reports.push(error), ...options, store })
  const ask = (path, headers = {}, method = 'GET') =>
    handlers[method === 'HEAD' ? 'HEAD' : 'GET'](new Request(`http://app.invalid/api/v1${path}`, { method, headers }))
  return { store, added, handlers, ask, reports }
}

/** A registry server over a store with these packages, closed when the test ends. */
export async function startService(t, packages, options = {}) {
  const store = options.store ?? emptyStore(t)
  await publish(t, store, ...packages)
  const reports = []
  const server = await createRegistryServer({ onError: (error) => reports.push(error), ...options, store })
  t.after(() => server.close())
  return Object.assign(server, { store, reports })
}

/** Asserts a problem document, and returns it. */
export async function assertProblem(response, status, code) {
  assert.equal(response.status, status)
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const text = await response.text()
  assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)))
  const problem = JSON.parse(text)
  assert.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'detail', 'code'])
  assert.deepEqual([problem.type, problem.status, problem.code], ['about:blank', status, code])
  assert.ok(problem.detail.length > 10 && !problem.detail.endsWith('.'), problem.detail)
  return problem
}

/**
 * Sends bytes over a socket, and gives all that comes back until the server ends the connection.
 * @returns {Promise<string>}
 */
export function sendRaw(port, text) {
  return new Promise((resolve, reject) => {
    const chunks = []
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}
