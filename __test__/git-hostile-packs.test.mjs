// Packs that are cut, lie, lack something, or have more than was asked for.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FLUSH, pktLine } from './helpers/git/answers.mjs'
import { blobOf, repositoryOf, SOUND } from './helpers/git/hostile-repository.mjs'
import { assertHeals, hostileServer } from './helpers/git/hostile-source.mjs'
import { deltaOf, objectOf, packOf } from './helpers/git/raw-pack.mjs'
import { band } from './helpers/git/raw-server.mjs'

const sound = repositoryOf([SOUND])
const pack = packOf(sound.objects)
const X = 'x'.repeat(1000)
const base = blobOf(X)

/** A pack of the sound repository and these objects. */
const withObjects = (...objects) => packOf([...sound.objects, ...objects])

/** The place of the first further object in {@link withObjects}. */
const FIRST = sound.objects.length

/** The pack with a byte turned. */
function turned(at) {
  const bytes = Buffer.from(pack)
  bytes[at < 0 ? bytes.length + at : at] ^= 0xff
  return bytes
}

/** Packs that arrive whole and are none. */
const REFUSED = {
  'with nothing in it': packOf([]),
  'of no bytes': Buffer.alloc(0),
  'with half a header': pack.subarray(0, 7),
  'with a header alone': pack.subarray(0, 12),
  'cut in an object': pack.subarray(0, 40),
  'cut before its last object': packOf(sound.objects.slice(0, -1), { count: sound.objects.length }),
  'cut before its checksum': pack.subarray(0, -20),
  'cut in its checksum': pack.subarray(0, -7),
  'with bytes behind it': Buffer.concat([pack, Buffer.alloc(100)]),
  'with a wrong checksum': packOf(sound.objects, { checksum: Buffer.alloc(20, 1) }),
  'with a byte turned in its header': turned(2),
  'with a byte turned in an object': turned(30),
  'with a byte turned in its checksum': turned(-3),
  'of another signature': packOf(sound.objects, { signature: 'BUND' }),
  'of version 9': packOf(sound.objects, { version: 9 }),
  'that says it has no objects': packOf(sound.objects, { count: 0 }),
  'that says it has fewer objects': packOf(sound.objects, { count: 2 }),
  'that says it has more objects': packOf(sound.objects, { count: 100 }),
  'that says it has 2^32-1 objects': packOf(sound.objects, { count: 2 ** 32 - 1 }),
  'that says it has 2^31 objects': packOf(sound.objects, { count: 2 ** 31 }),
  'with an object of type 0': withObjects({ type: 0, data: Buffer.from('x') }),
  'with an object of type 5': withObjects({ type: 5, data: Buffer.from('x') }),
  'with an object that is not packed': withObjects({ type: 'blob', packed: Buffer.from('not packed at all'), size: 5 }),
  'with a difference to nothing': withObjects({
    type: 'ref-delta',
    base: '1'.repeat(40),
    data: deltaOf(9, [{ insert: 'x' }]),
  }),
  'with a difference to itself': packOf([
    ...sound.objects,
    { type: 'ref-delta', base: objectOf('blob', 'x').oid, data: deltaOf(1, [{ copy: [0, 1] }]) },
  ]),
  'with differences in a circle': withObjects(
    { type: 'ref-delta', base: blobOf('b').oid, data: deltaOf(1, [{ insert: 'a' }]) },
    { type: 'ref-delta', base: blobOf('a').oid, data: deltaOf(1, [{ insert: 'b' }]) },
  ),
  'with a difference of another size than it says': withObjects(base, {
    type: 'ofs-delta',
    base: FIRST,
    data: deltaOf(1000, [{ copy: [0, 10] }], 20),
  }),
  'with a difference to another size than its base has': withObjects(base, {
    type: 'ofs-delta',
    base: FIRST,
    data: deltaOf(10, [{ copy: [0, 10] }]),
  }),
  'with a difference that reads beyond its base': withObjects(base, {
    type: 'ofs-delta',
    base: FIRST,
    data: deltaOf(1000, [{ copy: [990, 2 ** 23] }]),
  }),
  'with an empty difference': withObjects(base, { type: 'ofs-delta', base: FIRST, data: Buffer.alloc(0) }),
  'with a difference that has a size of 20 digits': withObjects(base, {
    type: 'ofs-delta',
    base: FIRST,
    data: Buffer.alloc(20, 0xff),
  }),
  'with a difference that says it is 1 TiB': withObjects(base, {
    type: 'ofs-delta',
    base: FIRST,
    data: deltaOf(1000, [{ copy: [0, 10] }]),
    size: 2 ** 40,
  }),
  'with an object twice': withObjects(base, base),
}

describe('A pack', () => {
  for (const [what, bytes] of Object.entries(REFUSED)) {
    test(`${what} is an error with a code`, async (t) => {
      const hostile = await hostileServer(t, { ...sound, pack: bytes })
      assert.deepEqual(await hostile.ids(), [])
      assert.match(hostile.codes().join(), /^(EPROTOCOL|ETOOLARGE)$/)
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }

  test('with objects that nobody asked for is taken', async (t) => {
    const further = Array.from({ length: 100 }, (_, n) => blobOf(`further ${n}`))
    const hostile = await hostileServer(t, { ...sound, pack: withObjects(...further) })
    assert.deepEqual(await hostile.ids(), ['sound'])
    hostile.assertHarmless()
  })

  test('of differences is taken', async (t) => {
    const objects = [
      base,
      { type: 'ofs-delta', base: FIRST, data: deltaOf(1000, [{ insert: 'y' }, { copy: [0, 1000] }]) },
    ]
    const hostile = await hostileServer(t, { ...sound, pack: withObjects(...objects) })
    assert.deepEqual(await hostile.ids(), ['sound'])
    hostile.assertHarmless()
  })

  test('with an object that has not the size that it says is never read as if it had', async (t) => {
    // Its name is that of the content with the wrong size before it, so that nothing leads to it.
    const hostile = await hostileServer(t, {
      ...sound,
      pack: withObjects({ type: 'blob', data: Buffer.from('x'), size: 2 ** 40 }),
    })
    const ids = await hostile.ids()
    if (ids.length > 0) assert.deepEqual(ids, ['sound'])
    else assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
    hostile.assertHarmless()
  })

  test('with another object in the place of one that is asked for is an error with a code', async (t) => {
    const other = repositoryOf([['40000', 'other', SOUND[2]]])
    const hostile = await hostileServer(t, { ...sound, objects: other.objects })
    assert.deepEqual(await hostile.ids(), [])
    assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
    assert.match(hostile.reports[0].error.message, /did not send/)
    hostile.assertHarmless()
    await assertHeals(hostile)
  })
})

describe('The connection that a pack comes over', () => {
  const bytes = Buffer.concat([pktLine('NAK\n'), band(1, pack), FLUSH])
  const LINE = 8 + 4

  /** The answer as far as it gets, and then the connection ends. */
  function* cut(at) {
    yield bytes.subarray(0, at)
    throw new Error('the connection is cut')
  }

  for (const [where, at] of Object.entries({
    'before a byte': 0,
    'in the answer to what we have': 5,
    "in a line's length": LINE - 2,
    'before the band': LINE,
    "in the pack's header": LINE + 8,
    'in an object': LINE + 60,
    'before the checksum': -28,
    'before the end': -4,
    'in the end': -2,
  })) {
    test(`may break ${where}: that is an error with a code`, async (t) => {
      const answer = () => cut(at)
      const hostile = await hostileServer(t, { ...sound, answer })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['ENETWORK'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })

    test(`may end ${where} as if that were all: that is an error with a code`, async (t) => {
      const answer = () => bytes.subarray(0, at)
      const hostile = await hostileServer(t, { ...sound, answer })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }
})

describe('What stands in the place of a pack', () => {
  for (const [what, answer] of Object.entries({
    'nothing at all': Buffer.alloc(0),
    'an end': FLUSH,
    'ends alone': Buffer.from('0000'.repeat(1000)),
    'a line of one byte': Buffer.from('0001'),
    'an empty line': Buffer.from('0004'),
    'a length that is none': Buffer.from('-001'),
    'a length beyond the end': Buffer.from('ffffPACK'),
    'a page': Buffer.from('<html>'),
    'bytes of no band': Buffer.concat([pktLine('NAK\n'), band(9, pack), FLUSH]),
    'an error in words': pktLine('ERR the disk is \u001b[31mfull\u0007\n'),
    'an error beside the pack': Buffer.concat([pktLine('NAK\n'), band(3, 'the disk is \u001b[31mfull\u0007\n')]),
    'an error in the middle of it': Buffer.concat([
      pktLine('NAK\n'),
      band(1, pack.subarray(0, 50)),
      band(3, Buffer.from([0x1b, 0x5b, 0xff, 0x0a])),
    ]),
  })) {
    test(`${what}: that is an error with a code`, async (t) => {
      const hostile = await hostileServer(t, { ...sound, answer: () => answer })
      assert.deepEqual(await hostile.ids(), [])
      assert.deepEqual(hostile.codes(), ['EPROTOCOL'])
      hostile.assertHarmless()
      await assertHeals(hostile)
    })
  }
})
