/**
 * A Git server over HTTP that is no Git: it says word for word what a test tells it, as version 0 of the protocol has it.
 *
 * ```js
 * const server = await serveRaw(t, { refs: [['HEAD', commit.oid]], objects: [commit, tree, blob] })
 * server.says({ pack: Buffer.from('no pack') })
 * ```
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { FLUSH, pktLine } from './answers.mjs'
import { packOf } from './raw-pack.mjs'

const NAK = pktLine('NAK\n')

/** What fits in one line beside its length and the number of its band. */
const LINE = 65_515

/**
 * What a server says.
 * @typedef {object} Words
 * @property {Iterable<[string | Uint8Array, string]>} [refs] Name and id each.
 * @property {import('./raw-pack.mjs').Packed[]} [objects] What is in its pack, whatever it is asked for.
 * @property {string} [capabilities]
 * @property {() => Body} [advertisement] In the place of the refs.
 * @property {Body} [pack] In the place of the objects' pack.
 * @property {(asked: string) => Body} [answer] In the place of all that goes around the pack.
 * @property {Record<string, string>} [headers]
 *
 * @typedef {Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>} Body
 */

/**
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {Words} words
 */
export async function serveRaw(t, words) {
  const server = new RawServer(words)
  t.after(() => server.stop())
  await server.start()
  return server
}

class RawServer {
  #words
  #server = null

  constructor(words) {
    this.#words = words
  }

  /** Every request so far: `{ method, url, headers, body, sent }`. */
  requests = []

  async start() {
    this.#server = createServer((request, response) => this.#handle(request, response))
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${this.#server.address().port}/repository.git`
  }

  async stop() {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** From now on it says this, and what is not in it as before. @param {Words} words */
  says(words) {
    this.#words = { ...this.#words, ...words }
    return this
  }

  async #handle(request, response) {
    const chunks = await request.toArray().catch(() => [])
    const body = Buffer.concat(chunks).toString('latin1')
    const record = { method: request.method, url: request.url, headers: request.headers, body, sent: 0 }
    this.requests.push(record)
    const isAsking = request.method === 'GET'
    const kind = isAsking ? 'advertisement' : 'result'
    response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${kind}`, ...this.#words.headers })
    const said = isAsking ? this.#advertisement() : this.#answer(body)
    const counted = async function* () {
      for await (const chunk of said instanceof Uint8Array ? [said] : said) {
        record.sent += chunk.length
        yield chunk
        // An endless answer leaves others a turn.
        await turn()
      }
    }
    // A client may go when it likes.
    await pipeline(counted, response).catch(() => response.destroy())
  }

  #advertisement() {
    const { advertisement, refs = [], capabilities } = this.#words
    return advertisement?.() ?? advertise(refs, capabilities)
  }

  #answer(asked) {
    const { answer, objects = [], pack = packOf(objects) } = this.#words
    if (answer) return answer(asked)
    // Who asks for a depth is first told where it ends: nowhere.
    if (!asked.includes('done\n')) return FLUSH
    return inBands(pack)
  }
}

/**
 * The refs as a server says that it has them.
 * @param {Iterable<[string | Uint8Array, string]>} refs Names of any bytes.
 * @param {string} [capabilities]
 */
export function advertise(refs, capabilities = 'multi_ack side-band-64k ofs-delta shallow agent=test') {
  const lines = [pktLine('# service=git-upload-pack\n'), FLUSH]
  let behind = `\0${capabilities}`
  for (const [name, oid] of refs) {
    lines.push(pktLine(Buffer.concat([Buffer.from(`${oid} `), Buffer.from(name), Buffer.from(`${behind}\n`)])))
    behind = ''
  }
  return Buffer.concat([...lines, FLUSH])
}

/** A pack as a server sends it. @param {Body} pack */
export async function* inBands(pack) {
  yield NAK
  for await (const chunk of pack instanceof Uint8Array ? [pack] : pack) {
    for (let at = 0; at < chunk.length; at += LINE) yield band(1, chunk.subarray(at, at + LINE))
  }
  yield FLUSH
}

/** A line of one band: 1 has the pack, 2 what people shall read, 3 why it ends. */
export const band = (number, content) => pktLine(Buffer.concat([Buffer.from([number]), Buffer.from(content)]))
