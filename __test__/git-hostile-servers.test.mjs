// Servers that say what no Git server says where it is to say which refs it has.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FLUSH, lsRefsAnswer, manyRefs, pktLine } from './helpers/git/answers.mjs'
import { repositoryOf, SOUND } from './helpers/git/hostile-repository.mjs'
import { assertHeals, hostileServer, hostileSource } from './helpers/git/hostile-source.mjs'
import { packOf } from './helpers/git/raw-pack.mjs'
import { advertise, band } from './helpers/git/raw-server.mjs'
import { rawServer } from './helpers/remote.mjs'

const SERVICE = Buffer.concat([pktLine('# service=git-upload-pack\n'), FLUSH])

const sound = repositoryOf([SOUND])
const pack = packOf(sound.objects)
const [[, tip]] = sound.refs

/** Codes and words for an answer to the question which refs there are. */
const BEGINNINGS = {
  'nothing at all': [Buffer.alloc(0), 'EPROTOCOL'],
  'an end': [FLUSH, 'EPROTOCOL'],
  'an end behind its name': [Buffer.concat([SERVICE, pktLine('NAK\n'), FLUSH]), 'EPROTOCOL'],
  'a pack': [Buffer.concat([SERVICE, band(1, 'PACK'), FLUSH]), 'EPROTOCOL'],
  'refs without what stands before them': [advertise(sound.refs).subarray(SERVICE.length), 'EPROTOCOL'],
  'a page': [Buffer.from('<html>'), 'EPROTOCOL'],
  'refs that are cut in a line': [advertise(sound.refs).subarray(0, -30), 'EPROTOCOL'],
  'refs without an end': [advertise(sound.refs).subarray(0, -FLUSH.length), 'EPROTOCOL'],
  'a length that is none': [Buffer.concat([SERVICE, Buffer.from('00zz')]), 'EPROTOCOL'],
  'a length beyond all': [Buffer.concat([SERVICE, Buffer.from('ffffx')]), 'EPROTOCOL'],
  'a negative length': [Buffer.concat([SERVICE, Buffer.from('-001')]), 'EPROTOCOL'],
  'version 2, for which nobody asked': [
    Buffer.concat([
      SERVICE,
      ...['version 2\n', 'agent=git/2.47\n', 'ls-refs\n', 'fetch=shallow\n'].map(pktLine),
      FLUSH,
    ]),
    'EPROTOCOL',
  ],
  'what version 2 answers later': [lsRefsAnswer(sound.refs).body, 'EPROTOCOL'],
  'ids of SHA-256': [
    advertise(
      sound.refs.map(([name]) => [name, 'a'.repeat(64)]),
      'object-format=sha256 side-band-64k shallow',
    ),
    'EPROTOCOL',
  ],
  'that it has SHA-256': [advertise(sound.refs, 'object-format=sha256 side-band-64k shallow'), 'EPROTOCOL'],
  'a format of objects that nobody knows': [advertise(sound.refs, 'side-band-64k object-format=md5 x'), 'EPROTOCOL'],
  'that it shows no progress': [advertise(sound.refs, ''), 'EPROTOCOL'],
  'an error in words': [Buffer.concat([SERVICE, pktLine('ERR the disk is full\n')]), 'EPROTOCOL'],
  'an error with escape codes': [
    Buffer.concat([SERVICE, pktLine(Buffer.from('ERR \u001b[31mred\u0007\u009b31m\u0000\u00ff\n', 'latin1')), FLUSH]),
    'EPROTOCOL',
  ],
  'an error without end': [Buffer.concat([SERVICE, pktLine(`ERR ${'x'.repeat(65_000)}`)]), 'EPROTOCOL'],
}

describe('A server that answers with', () => {
  for (const [what, [advertisement, code]] of Object.entries(BEGINNINGS)) {
    test(`${what} is an error with a code`, async (t) => {
      const hostile = await hostileServer(t, { ...sound, advertisement: () => advertisement })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), [code])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  for (const [what, kind] of Object.entries({
    'a page': 'text/html',
    'plain text, as one that is dumb': 'text/plain; charset=utf-8',
    'no type': undefined,
    'the type of another service': 'application/x-git-receive-pack-advertisement',
    'the type of a pack': 'application/x-git-upload-pack-result',
  })) {
    test(`${what} for the refs is an error with a code`, async (t) => {
      const { url, requests } = await rawServer(t, (_, response) => {
        response.writeHead(200, kind ? { 'content-type': kind } : {})
        response.end(kind === 'text/html' ? '<html>' : `${tip}\trefs/heads/main\n`)
      })
      const hostile = hostileSource(t, url)
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
      assert.equal(requests.length, 1)
      hostile.assertHarmless()
    })
  }

  for (const [what, capabilities] of Object.entries({
    'spaces all over': '  multi_ack   side-band-64k  shallow   ',
    'a name of 60 KB': `multi_ack side-band-64k shallow agent=${'x'.repeat(60_000)}`,
    'no name': 'multi_ack side-band-64k shallow agent=',
    'a HEAD that is itself': 'multi_ack side-band-64k shallow symref=HEAD:HEAD',
    'a HEAD that is all': 'multi_ack side-band-64k shallow symref=*:*',
    'a thousand HEADs': `multi_ack side-band-64k ${new Array(1000).fill('symref=HEAD:refs/heads/main').join(' ')}`,
    'a HEAD elsewhere': 'multi_ack side-band-64k shallow symref=HEAD:../../x symref= symref',
  })) {
    test(`${what} among its capabilities does no harm`, async (t) => {
      const hostile = await hostileServer(t, { ...sound, capabilities })
      const ids = await hostile.ids()
      if (ids.length > 0) assert.deepEqual([ids, hostile.codes()], [['sound'], []])
      else assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  test('other words between its refs does no harm', async (t) => {
    const words = ['NAK', `ACK ${tip}`, 'ok x', 'ng x y\n', 'unpack ok', `shallow ${tip}`].map((text) => pktLine(text))
    const refs = advertise(sound.refs).subarray(0, -FLUSH.length)
    const advertisement = () => Buffer.concat([refs, ...words, band(1, 'x'), band(2, 'y'), FLUSH])
    const hostile = await hostileServer(t, { ...sound, advertisement })
    const ids = await hostile.ids()
    if (ids.length > 0) assert.deepEqual([ids, hostile.codes()], [['sound'], []])
    else assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
    hostile.assertHarmless()
  })

  test('a history that ends nowhere and begins again does no harm', async (t) => {
    const ends = ['0', 'f', 'z'].map((digit) => pktLine(`shallow ${digit.repeat(40)}`))
    const answer = (asked) =>
      Buffer.concat([
        ...ends,
        pktLine(`unshallow ${tip}`),
        pktLine(`shallow ${tip}`),
        FLUSH,
        ...(asked.includes('done\n') ? [pktLine('NAK\n'), band(1, pack), FLUSH] : []),
      ])
    const hostile = await hostileServer(t, { ...sound, answer }, { depth: 1 })
    const ids = await hostile.ids()
    if (ids.length === 0) assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
    hostile.assertHarmless()
    await assertHeals(hostile)
  })
})

test('Refs without number are read, and one of them is served', async (t) => {
  const hostile = await hostileServer(t, { ...sound, refs: [...sound.refs, ...manyRefs(100_000)] })
  assert.deepEqual(await hostile.ids(), ['sound'])
  hostile.assertHarmless()
})
