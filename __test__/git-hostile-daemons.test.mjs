// What a daemon says that is none, or means no good.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { FLUSH, pktLine } from './helpers/git/answers.mjs'
import { smallRepository } from './helpers/git/client.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { repositoryOf, SOUND } from './helpers/git/hostile-repository.mjs'
import { hostileSource } from './helpers/git/hostile-source.mjs'
import { packOf } from './helpers/git/raw-pack.mjs'
import { advertise, band } from './helpers/git/raw-server.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

const sound = repositoryOf([SOUND])
const pack = packOf(sound.objects)

/** Bytes of what stands before the refs over HTTP alone. */
const SERVICE_LENGTH = advertise([]).length - FLUSH.length

describe('A daemon', () => {
  test('that knows no such repository says so', async (t) => {
    const daemon = await startGitDaemon(t, smallRepository(t).directory)
    for (const path of ['other', '../etc', '%2e%2e/x', '%2e%2e%2f%2e%2e%2fetc']) {
      const hostile = hostileSource(t, `${daemon.url}/${path}`)
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ENOREPOSITORY'])
      hostile.assertHarmless()
    }
  })

  /** A server that says these bytes to whoever connects, and then ends, or doesn't. */
  async function saying(t, bytes, { ends = true } = {}) {
    const sockets = new Set()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      if (ends) socket.end(bytes)
      else socket.write(bytes)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return `git://127.0.0.1:${server.address().port}/repository.git`
  }

  const refs = advertise(sound.refs).subarray(SERVICE_LENGTH)
  const NAK = pktLine('NAK\n')
  for (const [what, bytes, code] of [
    ['ends at once', Buffer.alloc(0), /^(ENETWORK|EPROTOCOL)$/],
    ['ends in its refs', refs.subarray(0, 60), /^(ENETWORK|EPROTOCOL)$/],
    ['ends behind its refs', refs, /^(ENETWORK|EPROTOCOL)$/],
    ['ends in its pack', Buffer.concat([refs, NAK, band(1, pack.subarray(0, 50))]), /^(ENETWORK|EPROTOCOL)$/],
    ['speaks HTTP', Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), /^(ENETWORK|EPROTOCOL)$/],
    ['speaks version 2', Buffer.concat([pktLine('version 2\n'), FLUSH]), /^EPROTOCOL$/],
    ['speaks nonsense', Buffer.from([0, 255, 27, 91, 51, 49, 109]), /^(ENETWORK|EPROTOCOL)$/],
    ['refuses', pktLine('ERR access denied or repository not exported: /x\u001b[31m'), /^ENOREPOSITORY$/],
    ['refuses in odd words', pktLine('ERR \u0000\u001b\u009b'), /^(EPROTOCOL|ENETWORK)$/],
  ]) {
    test(`that ${what} is an error with a code`, async (t) => {
      const hostile = hostileSource(t, await saying(t, bytes))
      assert.deepEqual(await hostile.ids(), [])
      assert.match(hostile.codes().join(), code)
      hostile.assertHarmless()
    })
  }

  test('that says nothing is left after readTimeoutMs', async (t) => {
    const url = await saying(t, Buffer.alloc(0), { ends: false })
    const hostile = hostileSource(t, url, { readTimeoutMs: 300 })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ETIMEOUT'])
    hostile.assertHarmless()
  })

  test('is nothing that a folder without a repository has', async (t) => {
    const daemon = await startGitDaemon(t, temporaryDirectory(t))
    const hostile = hostileSource(t, `${daemon.url}/repository`)
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['ENOREPOSITORY'])
  })
})
