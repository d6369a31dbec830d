/** The two halves of an exchange over smart HTTP: what a request asks, and how far its answer's body gets. */

import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { constants, gunzipSync } from 'node:zlib'

/**
 * What a request is in Git's protocol, by its URL and the start of its body, which stays to be read.
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<'advertise' | 'ls-refs' | 'fetch' | undefined>}
 */
export async function commandOf(request) {
  if (/\/info\/refs\?service=git-upload-pack/.test(request.url)) return 'advertise'
  if (request.method !== 'POST' || !/\/git-upload-pack$/.test(request.url)) return undefined
  const start = decoded(await firstChunk(request), request.headers['content-encoding']).toString('latin1')
  const [, command] = /^[0-9a-f]{4}command=([a-z-]+)/.exec(start) ?? []
  // Before version 2 there was nothing to ask for but objects.
  return command ?? (/^[0-9a-f]{4}want /.test(start) ? 'fetch' : undefined)
}

async function firstChunk(request) {
  await Promise.race([once(request, 'readable'), once(request, 'close')])
  const chunk = request.read()
  if (chunk === null) return Buffer.alloc(0)
  request.unshift(chunk)
  return chunk
}

function decoded(bytes, encoding) {
  // Only the start is there, so its end isn't looked for.
  return encoding === 'gzip' ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes
}

/**
 * Sends a body as far as it shall get, and ends the answer as it shall end.
 * @param {import('node:http').ServerResponse} response Its head is written.
 * @param {Iterable<Uint8Array> | AsyncIterable<Uint8Array>} body
 * @param {{ cutAfterBytes?: number, corruptAt?: number, hang?: boolean }} told
 * @param {{ sent: number }} record Counts what is sent.
 */
export async function sendBody(response, body, { cutAfterBytes, corruptAt, hang }, record) {
  const limit = cutAfterBytes ?? Number.POSITIVE_INFINITY
  const passed = async function* () {
    for await (const chunk of body) {
      const part = Buffer.from(chunk.subarray(0, limit - record.sent))
      const place = corruptAt - record.sent
      if (place >= 0 && place < part.length) part[place] ^= 0xff
      record.sent += part.length
      yield part
      if (record.sent >= limit) return
      // A body that never ends, read by a fast client, would leave nobody else in this process a turn.
      await turn()
    }
  }
  // The head goes ahead of a body that may be long in coming.
  response.flushHeaders()
  await pipeline(passed, response, { end: false })
  if (hang) return
  // What was written is sent before the connection ends.
  if (record.sent >= limit) response.socket.destroySoon()
  else response.end()
}
