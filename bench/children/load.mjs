// The load: as many requests as a few connections carry, each sent when the answer before it is there. On bare sockets,
// so that the client costs little beside the server.

import { once } from 'node:events'
import { connect } from 'node:net'
import { AnswerReader } from '../load/answers.mjs'

const { url, headers, connections, durationMs } = JSON.parse(process.argv[2])
const { hostname, port, host, pathname, search } = new URL(url)
const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
const request = Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`)

const sockets = Array.from({ length: connections }, () =>
  connect({ host: hostname, port: Number(port), noDelay: true }),
)
await Promise.all(sockets.map((socket) => once(socket, 'connect')))
const start = performance.now()
const results = await Promise.all(sockets.map((socket) => keepAsking(socket, start + durationMs)))
const seconds = (performance.now() - start) / 1000
const total = (count) => results.reduce((sum, result) => sum + count(result), 0)
const statuses = new Set(results.flatMap((result) => [...result.statuses]))
process.send({
  requestsPerSecond: total((result) => result.answers) / seconds,
  bytesPerAnswer: total((result) => result.bytes) / total((result) => result.answers),
  statuses: [...statuses],
})
process.disconnect()

/** Asks on one connection until the time is over; counts the answers and all their bytes, heads included. */
function keepAsking(socket, end) {
  return new Promise((resolve, reject) => {
    const result = { answers: 0, bytes: 0, statuses: new Set() }
    const reader = new AnswerReader((status) => {
      result.answers++
      result.statuses.add(status)
      if (performance.now() < end) socket.write(request)
      else socket.destroy()
    })
    socket.on('data', (chunk) => {
      result.bytes += chunk.length
      try {
        reader.read(chunk)
      } catch (error) {
        socket.destroy(error)
      }
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (performance.now() < end) reject(new Error(`the server closed a connection after ${result.answers} answers`))
      else resolve(result)
    })
    socket.write(request)
  })
}
