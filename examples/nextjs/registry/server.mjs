// A package registry on loopback: a folder of packages, served over HTTP as remote sources expect it.
//
//   node registry/server.mjs [port]
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { LocalPackageSource, PackageSourceManager } from '@metabuilder/package-sources'

const BASE = '/api/v1'
// Only paths and queries count here; a URL needs some host in front of them.
const ORIGIN = 'http://registry'
const DEFAULT_PORT = 4873
const DEFAULT_PAGE_SIZE = 20
const MAX_PAGE_SIZE = 100

/**
 * Serves the packages of a folder.
 * @param {{ catalogue?: string, port?: number, host?: string }} [options] `port` 0 (the default) takes a free one.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} `url` is the registry's base URL.
 */
export async function startRegistry({ catalogue = defaultCatalogue(), port = 0, host = '127.0.0.1' } = {}) {
  const packages = new LocalPackageSource({ id: 'catalogue', url: catalogue })
  const manager = new PackageSourceManager()
  manager.addSource(packages)
  // When this process began to serve a package is the only publication that it knows of.
  const publishedAt = new Date().toISOString()
  const server = createServer((request, response) => {
    answer({ manager, packages, publishedAt }, request).then(
      ({ status, body, headers }) => send(request, response, status, body, headers),
      (error) => {
        const { status = 500, code = 'EINTERNAL', message } = error instanceof RequestError ? error : {}
        if (status === 500) console.error(error)
        send(request, response, status, { error: { code, message: message ?? 'The registry failed.' } }, error.headers)
      },
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.address().port}${BASE}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

class RequestError extends Error {
  constructor(status, code, message, headers) {
    super(message)
    Object.assign(this, { status, code, headers })
  }
}

async function answer(registry, request) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new RequestError(405, 'EMETHOD', 'Only GET and HEAD are answered here.', { Allow: 'GET, HEAD' })
  }
  if (!URL.canParse(request.url, ORIGIN)) throw new RequestError(400, 'EINVALIDARG', 'The request names no URL.')
  const url = new URL(request.url, ORIGIN)
  const [collection, id, versions, version, ...rest] = segments(url.pathname)
  if (collection !== 'packages' || rest.length > 0) throw notFound()
  if (id === undefined) return ok(await list(registry, url.searchParams))
  if (id === 'search' && versions === undefined) return ok(await search(registry, url.searchParams))
  if (versions !== undefined && versions !== 'versions') throw notFound()

  const data = await registry.packages.loadPackage(id)
  if (data === null) throw notFound()
  if (versions === undefined || version === data.metadata.version) return ok(data)
  if (version !== undefined) throw notFound()
  return ok(describeVersions(data, registry.publishedAt))
}

/** The path below the base URL, decoded; what does not stand below it gives no segment at all. */
function segments(pathname) {
  if (!pathname.startsWith(`${BASE}/`)) return []
  try {
    return pathname
      .slice(BASE.length + 1)
      .split('/')
      .map(decodeURIComponent)
  } catch {
    throw new RequestError(400, 'EINVALIDARG', 'The path is not percent-encoded text.')
  }
}

async function list({ packages }, params) {
  const { page, pageSize } = paging(params)
  const index = await packages.fetchIndex()
  const start = (page - 1) * pageSize
  return { packages: index.slice(start, start + pageSize), totalCount: index.length, page, pageSize }
}

async function search({ manager }, params) {
  const options = {
    category: params.get('category') || undefined,
    minLevel: wholeNumber(params, 'minLevel'),
    ...paging(params),
  }
  const { packages, ...paged } = await manager.searchPackages(params.get('q') ?? '', options).catch((error) => {
    // The manager has bounds of its own, for the query's length and the page.
    throw error.code === 'EINVALIDARG' ? new RequestError(400, error.code, error.message) : error
  })
  // Which of the registry's own sources a package comes from is none of its callers' business.
  return { packages: packages.map(({ availableSources, selectedSource, ...entry }) => entry), ...paged }
}

function describeVersions(data, publishedAt) {
  const { packageId, version } = data.metadata
  const checksum = createHash('sha256').update(JSON.stringify(data)).digest('hex')
  return { packageId, versions: [{ version, publishedAt, checksum }] }
}

function paging(params) {
  return {
    page: wholeNumber(params, 'page') ?? 1,
    pageSize: Math.min(wholeNumber(params, 'pageSize') ?? DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
  }
}

function wholeNumber(params, name) {
  const text = params.get(name)
  if (text === null) return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1) {
    throw new RequestError(400, 'EINVALIDARG', `${name} must be a whole number from 1`)
  }
  return number
}

function notFound() {
  return new RequestError(404, 'ENOTFOUND', 'The registry has nothing here.')
}

function ok(body) {
  return { status: 200, body }
}

function send(request, response, status, body, headers = {}) {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

function defaultCatalogue() {
  return fileURLToPath(new URL('./catalogue', import.meta.url))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.argv[2] ?? process.env.REGISTRY_PORT ?? DEFAULT_PORT)
  const registry = await startRegistry({ port })
  console.log(`Registry: ${registry.url}`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => registry.close())
}
