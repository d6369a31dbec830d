// One of the servers whose index is asked for, in a process of its own. Answers with the index's URL.

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { createRegistryHandlers, createRegistryServer, LocalPackageSource, PackageSourceManager } from '../../index.mjs'

const { contender, folder, store } = JSON.parse(process.argv[2])

const SERVERS = {
  async registryServer() {
    const server = await createRegistryServer({ store })
    return { url: `${server.url}/packages?pageSize=1000`, close: () => server.close() }
  },
  async registryHandlers() {
    const { GET } = createRegistryHandlers({ store })
    return listen('/api/v1/packages?pageSize=1000', byHandler(GET))
  },
  async indexHandler() {
    return listen('/api/packages/index', byHandler(manager().createIndexHandler()))
  },
  async stringify() {
    const packages = manager()
    return listen('/api/packages/index', async (request, response) => {
      await send(request, response, JSON.stringify({ packages: await packages.fetchMergedIndex() }))
    })
  },
}

const { url, close } = await SERVERS[contender]()
process.once('disconnect', close)
process.send(url)

function manager() {
  const made = new PackageSourceManager()
  made.addSource(new LocalPackageSource({ url: folder }))
  return made
}

async function listen(path, answer) {
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${server.address().port}${path}`, close }
}

/** A Web-standard handler as a listener of Node's server: about what a framework does. */
function byHandler(handler) {
  return async (request, response) => {
    const answer = await handler(new Request(`http://${request.headers.host}${request.url}`, request))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(answer.body === null ? undefined : Buffer.from(await answer.arrayBuffer()))
  }
}

/** What one writes by hand: the text made, compressed and tagged for every request. */
async function send(request, response, text) {
  const [coding, encode] = codingFor(request.headers['accept-encoding'] ?? '')
  const etag = `"${createHash('sha1').update(text).digest('base64url')}${coding ?? ''}"`
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { ETag: etag })
    response.end()
    return
  }
  const body = await encode(Buffer.from(text))
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length, ETag: etag }
  response.writeHead(200, coding ? { ...headers, 'Content-Encoding': coding } : headers)
  response.end(body)
}

function codingFor(accepted) {
  // The quality that is usual for what is compressed on the fly; Node's default is that for files.
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
  if (accepted.includes('br')) return ['br', (bytes) => promisify(brotliCompress)(bytes, quick)]
  if (accepted.includes('gzip')) return ['gzip', promisify(gzip)]
  return [undefined, async (bytes) => bytes]
}
