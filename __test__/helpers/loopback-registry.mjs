/**
 * A package registry on 127.0.0.1 that speaks the remote registry API, records what it is asked and goes wrong on
 * demand.
 *
 * ```js
 * const registry = await startRegistry(t)
 * registry.publish({ packageId: 'dashboard', version: '2.0.0' })
 * const source = new RemotePackageSource({ url: registry.url, enabled: true })
 * registry.fault({ status: 503 })
 * registry.heal()
 * ```
 */

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { entry, packageData } from './sources.mjs'

/**
 * Starts a registry, which is closed when the test ends.
 * @param {{ after: (fn: () => unknown) => void }} t The test context, or `{ after }` from node:test.
 * @param {object} [options]
 * @param {boolean} [options.paging] `false` answers with `{ packages }` alone.
 * @param {number} [options.maxPageSize] Caps what a client may ask for.
 * @param {string} [options.token] Is required of every request.
 * @param {string} [options.basePath]
 * @param {boolean} [options.checksums] Entries and versions carry the SHA-256 of the bytes sent for that version.
 * @param {boolean} [options.etags] Answers carry an entity tag, and a client that has it gets a 304.
 * @param {string[]} [options.encodings] Those of `gzip`, `br` and `zstd` that it compresses with where a client takes it.
 * @param {Record<string, string>} [options.headers] Further headers of every right answer.
 * @returns {Promise<LoopbackRegistry>}
 */
export async function startRegistry(t, options = {}) {
  const registry = new LoopbackRegistry(options)
  await registry.listen()
  t.after(() => registry.close())
  return registry
}

/**
 * What a fault does to a request.
 * @typedef {object} Fault
 * @property {number} [status] Answers with this status.
 * @property {string | Buffer | object} [body] Answers with this body (objects as JSON); with status 200 where none is given.
 * @property {Record<string, string>} [headers] Further headers of that answer.
 * @property {boolean} [hang] Never answers.
 * @property {boolean} [reset] Closes the connection without an answer.
 * @property {boolean} [truncate] Breaks the connection off in the middle of the right answer's body.
 */

export class LoopbackRegistry {
  #server = createServer((request, response) => this.#handle(request, response))
  #faults = []
  #held = null
  #basePath

  constructor({
    paging = true,
    maxPageSize = 100,
    token,
    basePath = '/api/v1',
    checksums = false,
    etags = false,
    encodings = [],
    headers = {},
  }) {
    /** Whether answers carry `totalCount`, `page` and `pageSize`. */
    this.paging = paging
    /** The largest page that it gives. */
    this.maxPageSize = maxPageSize
    /** The bearer token that it asks for; `undefined` for none. */
    this.token = token
    /** Whether entries and versions carry checksums. */
    this.checksums = checksums
    /** Whether answers carry entity tags. */
    this.etags = etags
    /** What it compresses with. */
    this.encodings = encodings
    /** Further headers of every right answer. */
    this.headers = headers
    /** Connections made so far. */
    this.connections = 0
    /** Every request so far: `{ method, url, path, query, headers }`; `path` is raw and below the base path. */
    this.requests = []
    /** Packages by id, each a list of `PackageData`, the newest last. */
    this.packages = new Map()
    this.#basePath = basePath
    this.#server.on('connection', () => {
      this.connections++
    })
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    /** The registry's base URL, without a trailing slash. */
    this.url = `http://127.0.0.1:${this.#server.address().port}${this.#basePath}`
  }

  /** Stops serving; open connections are cut. Calling it twice does no harm. */
  close() {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  /**
   * Adds a version of a package.
   * @param {{ packageId: string }} fields Over a complete entry.
   * @param {object} [contents] Over a package with one component.
   */
  publish(fields, contents = {}) {
    const metadata = entry(fields.packageId, { sourceId: 'what-the-registry-calls-itself', ...fields })
    this.packages.set(fields.packageId, [
      ...(this.packages.get(fields.packageId) ?? []),
      packageData(metadata, contents),
    ])
    return this
  }

  /**
   * From now on, requests go wrong.
   * @param {Fault} fault
   * @param {{ path?: RegExp, times?: number }} [where] Only requests whose path below the base matches, only so many.
   */
  fault(fault, { path = /^/, times = Number.POSITIVE_INFINITY } = {}) {
    this.#faults.push({ fault, path, times })
    return this
  }

  /** Takes all faults back. */
  heal() {
    this.#faults = []
    return this
  }

  /** From now on, requests wait for {@link LoopbackRegistry.release}. */
  hold() {
    this.#held ??= []
    return this
  }

  /** Answers the requests that wait, and holds no more. */
  release() {
    const held = this.#held ?? []
    this.#held = null
    for (const answer of held) answer()
    return this
  }

  /** How many requests came for paths that match. */
  count(path = /^/) {
    return this.requests.filter((request) => path.test(request.path)).length
  }

  #handle(request, response) {
    const url = new URL(request.url, 'http://registry.invalid')
    const path = url.pathname.startsWith(this.#basePath) ? url.pathname.slice(this.#basePath.length) : url.pathname
    const query = Object.fromEntries(url.searchParams)
    this.requests.push({ method: request.method, url: request.url, path, query, headers: request.headers })
    const answer = () => this.#answer(path, query, request, response)
    if (this.#held) this.#held.push(answer)
    else answer()
  }

  #answer(path, query, request, response) {
    const active = this.#faults.find((one) => one.times > 0 && one.path.test(path))
    if (active) active.times--
    const fault = active?.fault ?? {}
    if (fault.hang) return
    if (fault.reset) return request.socket.destroy()
    if (fault.status !== undefined || fault.body !== undefined) return send(response, fault.status ?? 200, fault)
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      return send(response, 401, { body: { error: 'A token is required' } })
    }
    const body = this.#route(path, query)
    if (body === undefined) return send(response, 404, { body: { error: 'Not found' } })
    if (fault.truncate) return truncate(response, body)
    this.#send(request, response, Buffer.from(JSON.stringify(body)))
  }

  /** The right answer, tagged and compressed as the registry is told to. */
  #send(request, response, body) {
    const headers = { ...this.headers }
    if (this.etags) headers.etag = `"${sha256(body)}"`
    if (this.etags && request.headers['if-none-match'] === headers.etag) return send(response, 304, { headers })
    const accepted = (request.headers['accept-encoding'] ?? '').split(',').map((one) => one.trim())
    const encoding = this.encodings.find((one) => accepted.includes(one))
    if (encoding) headers['content-encoding'] = encoding
    send(response, 200, { body: encoding ? COMPRESS[encoding](body) : body, headers })
  }

  /** The answer's body; `undefined` where there is nothing. */
  #route(path, query) {
    const parts = path.split('/').slice(1)
    if (parts[0] !== 'packages' || parts.length > 4) return undefined
    if (parts.length === 1) return this.#page(this.#newest(), query)
    if (parts.length === 2 && parts[1] === 'search') return this.#page(this.#matching(query), query)
    const versions = this.packages.get(decodeURIComponent(parts[1]))
    if (!versions) return undefined
    if (parts.length === 2) return versions.at(-1)
    if (parts[2] !== 'versions') return undefined
    if (parts.length === 3) return this.#versionList(decodeURIComponent(parts[1]), versions)
    return versions.find((one) => one.metadata.version === decodeURIComponent(parts[3]))
  }

  #newest() {
    return [...this.packages.values()].map((versions) => {
      const newest = versions.at(-1)
      return this.checksums ? { ...newest.metadata, checksum: checksumOf(newest) } : newest.metadata
    })
  }

  #matching({ q = '', category, minLevel }) {
    return this.#newest().filter(
      (one) =>
        `${one.packageId} ${one.name} ${one.description}`.toLowerCase().includes(q.toLowerCase()) &&
        (category === undefined || one.category === category) &&
        (minLevel === undefined || one.minLevel === Number(minLevel)),
    )
  }

  #page(entries, query) {
    if (!this.paging) return { packages: entries }
    const page = Math.max(1, Number(query.page ?? 1))
    const pageSize = Math.min(this.maxPageSize, Number(query.pageSize ?? this.maxPageSize))
    const packages = entries.slice((page - 1) * pageSize, page * pageSize)
    return { packages, totalCount: entries.length, page, pageSize }
  }

  #versionList(packageId, versions) {
    const list = versions.map((data) => ({
      version: data.metadata.version,
      publishedAt: '2026-01-01T00:00:00.000Z',
      checksum: this.checksums ? checksumOf(data) : (data.metadata.checksum ?? ''),
    }))
    return { packageId, versions: list }
  }
}

const COMPRESS = { br: brotliCompressSync, gzip: gzipSync, zstd: zstdStored }

/** Longest block of a zstd frame, bytes. */
const ZSTD_BLOCK = 128 * 1024

/** A zstd frame of stored blocks (RFC 8878), for Node 20 can't compress with zstd. */
function zstdStored(bytes) {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0])
  header.writeUInt32LE(bytes.length, 5)
  const blocks = []
  for (let start = 0; start === 0 || start < bytes.length; start += ZSTD_BLOCK) {
    const block = bytes.subarray(start, start + ZSTD_BLOCK)
    const isLast = start + ZSTD_BLOCK >= bytes.length
    const size = Buffer.alloc(3)
    size.writeUIntLE((block.length << 3) | Number(isLast), 0, 3)
    blocks.push(size, block)
  }
  return Buffer.concat([header, ...blocks])
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** The checksum of a package's bytes as they are sent. */
export const checksumOf = (data) => sha256(JSON.stringify(data))

function send(response, status, { body = '', headers = {} }) {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const length = status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(bytes) }
  response.writeHead(status, { 'content-type': 'application/json', ...length, ...headers })
  response.end(bytes)
}

function truncate(response, body) {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
}
