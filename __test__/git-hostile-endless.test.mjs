// Servers that never end, or send little that is much.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { FLUSH, pktLine } from './helpers/git/answers.mjs'
import { repositoryOf, SOUND } from './helpers/git/hostile-repository.mjs'
import { assertHeals, hostileServer, hostileSource } from './helpers/git/hostile-source.mjs'
import { packOf } from './helpers/git/raw-pack.mjs'
import { advertise, band } from './helpers/git/raw-server.mjs'
import { rawServer } from './helpers/remote.mjs'

const MIB = 2 ** 20
const SERVICE = Buffer.concat([pktLine('# service=git-upload-pack\n'), FLUSH])

const sound = repositoryOf([SOUND])
const pack = packOf(sound.objects)
const [[, tip]] = sound.refs

describe('A server that never ends', () => {
  function* again(make) {
    for (let n = 0; ; n++) yield make(n)
  }

  /** A beginning, then the same for ever. */
  function* behind(beginning, make) {
    yield beginning
    yield* again(make)
  }

  const refs = advertise(sound.refs).subarray(0, -FLUSH.length)
  const NAK = pktLine('NAK\n')
  const aPiece = pktLine(Buffer.concat([Buffer.from([1]), Buffer.alloc(60_000)]))
  const lines = (line) => Buffer.concat(new Array(1000).fill(line))

  /** What it says for ever, and where; and the codes of which it must be one. */
  const ENDLESS = {
    'its refs': { advertisement: () => behind(refs, (n) => lines(pktLine(`${tip} refs/heads/x-${n}\n`))) },
    'garbage for its refs': { advertisement: () => behind(SERVICE, () => Buffer.alloc(65_536, 'x')) },
    'words beside its refs': { advertisement: () => behind(refs, () => lines(pktLine(`shallow ${tip}`))) },
    'that it has nothing in common with us': { answer: () => again(() => lines(NAK)) },
    'that it has something in common with us': { answer: () => again(() => lines(pktLine(`ACK ${tip} continue`))) },
    'where its history ends': { answer: () => again(() => lines(pktLine(`shallow ${tip}`))) },
    'the end of a section': { answer: () => again(() => lines(FLUSH)) },
    'how far it is': { answer: () => behind(NAK, () => lines(band(2, 'Counting \u001b[31m\r'))) },
    'pieces of nothing': { answer: () => behind(NAK, () => lines(band(1, ''))) },
    garbage: { answer: () => behind(NAK, () => aPiece) },
    'garbage behind a pack': { answer: () => behind(Buffer.concat([NAK, band(1, pack)]), () => aPiece) },
  }
  for (const [what, words] of Object.entries(ENDLESS)) {
    test(`to say ${what} is left`, async (t) => {
      const hostile = await hostileServer(
        t,
        { ...sound, ...words },
        { fetchTimeoutMs: 1000, maxRepositoryBytes: 8 * MIB },
      )
      const ids = await hostile.ids()
      if (ids.length === 0) assert.match(hostile.codes().join(), /^(EPROTOCOL|ETOOLARGE|ETIMEOUT)$/)
      else assert.deepEqual(ids, ['sound'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  for (const [what, after] of Object.entries({
    refs: ({ method }) => method === 'GET',
    'a pack': ({ method }) => method === 'POST',
  })) {
    test(`to send ${what}, a byte at a time, is left after fetchTimeoutMs`, async (t) => {
      async function* slowly(bytes) {
        for (const byte of bytes) {
          yield Buffer.from([byte])
          await new Promise((resolve) => setTimeout(resolve, 100).unref())
        }
      }
      const server = await rawServer(t, async (request, response) => {
        const kind = request.method === 'GET' ? 'advertisement' : 'result'
        response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${kind}` })
        const whole = request.method === 'GET' ? advertise(sound.refs) : Buffer.concat([NAK, aPiece])
        if (!after(request)) return response.end(whole)
        for await (const byte of slowly(whole)) if (!response.write(byte) && response.destroyed) return
      })
      const hostile = hostileSource(t, server.url, { readTimeoutMs: 30_000, fetchTimeoutMs: 1000 })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ETIMEOUT'])
      assert.match(hostile.reports[0].error.message, /fetchTimeoutMs/)
      hostile.assertHarmless()
    })

    test(`to send ${what}, and says nothing any more, is left after readTimeoutMs`, async (t) => {
      const server = await rawServer(t, (request, response) => {
        const kind = request.method === 'GET' ? 'advertisement' : 'result'
        response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${kind}` })
        const whole = request.method === 'GET' ? advertise(sound.refs) : Buffer.concat([NAK, aPiece])
        if (after(request)) response.write(whole.subarray(0, 20))
        else response.end(whole)
      })
      const hostile = hostileSource(t, server.url, { readTimeoutMs: 500, fetchTimeoutMs: 60_000 })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ETIMEOUT'])
      hostile.assertHarmless()
    })
  }
})

describe('An answer that is packed', () => {
  for (const [coding, packed] of Object.entries({ gzip: gzipSync, br: brotliCompressSync })) {
    test(`with ${coding} counts as what it is unpacked, which is bounded`, async (t) => {
      const bomb = packed(Buffer.concat([SERVICE, Buffer.alloc(200 * MIB, pktLine(`${tip} refs/heads/x\n`))]))
      const headers = { 'content-encoding': coding }
      const hostile = await hostileServer(t, { ...sound, advertisement: () => bomb, headers })
      assert.deepEqual(await hostile.ids(), [])
      assert.match(hostile.codes().join(), /^(EPROTOCOL|ETOOLARGE)$/)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  test('and is none is an error with a code', async (t) => {
    const hostile = await hostileServer(t, { ...sound, headers: { 'content-encoding': 'gzip' } })
    assert.deepEqual(await hostile.ids(), [])
    assert.match(hostile.codes().join(), /^(EPROTOCOL|ENETWORK)$/)
    hostile.assertHarmless()
    await assertHeals(hostile)
  })
})
