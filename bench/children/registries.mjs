// Registries in plain JavaScript on one port, each below a base path of its own: pages made beforehand, so that asking
// them costs the benchmark nothing but the transfer.

import { createServer } from 'node:http'
import { makeCatalogues } from '../fixture.mjs'

const PAGE_SIZE = 1000

const { registries, entries } = JSON.parse(process.argv[2])
const pages = makeCatalogues(registries, entries).map(pagesOf)

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://registry')
  const [, base, collection] = url.pathname.split('/')
  const body = collection === 'packages' && pages[Number(base)]?.[Number(url.searchParams.get('page') ?? 1) - 1]
  response.writeHead(body ? 200 : 404, { 'Content-Type': 'application/json', 'Content-Length': body ? body.length : 0 })
  response.end(body || undefined)
})
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`))
process.once('disconnect', () => {
  server.close()
  server.closeAllConnections()
})

function pagesOf(catalogue) {
  const count = Math.ceil(catalogue.length / PAGE_SIZE)
  return Array.from({ length: count }, (_, at) => {
    const packages = catalogue.slice(at * PAGE_SIZE, (at + 1) * PAGE_SIZE)
    return Buffer.from(JSON.stringify({ packages, totalCount: catalogue.length, page: at + 1, pageSize: PAGE_SIZE }))
  })
}
