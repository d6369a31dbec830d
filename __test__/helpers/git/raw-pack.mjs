/**
 * Packs written byte by byte, for those that git itself never sends.
 *
 * ```js
 * const blob = objectOf('blob', 'content')
 * const tree = objectOf('tree', treeBytes([{ mode: '100644', name: 'a', oid: blob.oid }]))
 * packOf([blob, tree])
 * packOf([blob, { type: 'ref-delta', base: blob.oid, data: deltaOf(7, [{ insert: 'other' }]) }], { count: 9 })
 * ```
 */

import { createHash } from 'node:crypto'
import { constants, deflateRawSync, deflateSync } from 'node:zlib'

const TYPES = { commit: 1, tree: 2, blob: 3, tag: 4, 'ofs-delta': 6, 'ref-delta': 7 }

/** Bytes of zeros that are packed at once. */
const ZEROS = 1 << 20

/** Above this, the sum in Adler-32 starts again. */
const ADLER = 65_521

const sha1 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha1'))

/**
 * An object with its id.
 * @param {'commit' | 'tree' | 'blob' | 'tag'} type
 * @param {string | Uint8Array} content
 */
export function objectOf(type, content) {
  const data = Buffer.from(content)
  return { type, data, oid: sha1(`${type} ${data.length}\0`, data).digest('hex') }
}

/**
 * An object of zeros behind a beginning, as long as one likes: a large one is small when it is packed.
 * @param {'commit' | 'blob' | 'tag'} type
 * @param {number} size Of all of it, in bytes.
 * @param {string} [start]
 */
export function largeObject(type, size, start = '') {
  const head = Buffer.from(start)
  const hash = sha1(`${type} ${size}\0`, head)
  const zeros = Buffer.alloc(ZEROS)
  for (let rest = size - head.length; rest > 0; rest -= ZEROS) hash.update(zeros.subarray(0, Math.min(rest, ZEROS)))
  return { type, oid: hash.digest('hex'), size, packed: packedZeros(head, size - head.length) }
}

/** A zlib stream of some bytes, then zeros. */
function packedZeros(head, count) {
  // Each piece refers to nothing before it, so the same one serves again and again.
  const piece = (bytes) => deflateRawSync(bytes, { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  const whole = piece(Buffer.alloc(ZEROS))
  const pieces = new Array(Math.floor(count / ZEROS)).fill(whole)
  const rest = piece(Buffer.alloc(count % ZEROS))
  const end = deflateRawSync(Buffer.alloc(0))
  return Buffer.concat([Buffer.from([0x78, 0x9c]), piece(head), ...pieces, rest, end, adler32(head, count)])
}

function adler32(head, zeros) {
  let [a, b] = [1, 0]
  for (const byte of head) {
    a = (a + byte) % ADLER
    b = (b + a) % ADLER
  }
  const sum = Buffer.alloc(4)
  sum.writeUInt16BE((b + a * (zeros % ADLER)) % ADLER)
  sum.writeUInt16BE(a, 2)
  return sum
}

/**
 * What turns one object's content into another's.
 * @param {number} from Bytes of the base, as the delta says.
 * @param {({ copy: [from: number, count: number], times?: number } | { insert: string | Uint8Array })[]} steps
 * @param {number} [to] Bytes of the result, as the delta says; the sum of the steps if not given.
 */
export function deltaOf(from, steps, to = steps.reduce((sum, step) => sum + bytesOf(step), 0)) {
  const parts = steps.map((step) => {
    if (step.insert !== undefined) return Buffer.concat([Buffer.from([step.insert.length]), Buffer.from(step.insert)])
    const [at, count] = step.copy
    const copy = Buffer.alloc(8, 0xff)
    copy.writeUInt32LE(at, 1)
    copy.writeUIntLE(count, 5, 3)
    return Buffer.concat(new Array(step.times ?? 1).fill(copy))
  })
  return Buffer.concat([varint(from), varint(to), ...parts])
}

const bytesOf = ({ insert, copy, times = 1 }) => (insert === undefined ? copy[1] * times : insert.length)

function varint(value) {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}

/**
 * One object in a pack.
 * @typedef {object} Packed
 * @property {keyof typeof TYPES} type
 * @property {Uint8Array} [data] A delta, or the content.
 * @property {Uint8Array} [packed] The same, packed already.
 * @property {number} [size] What the pack says that it has, if that isn't so.
 * @property {string | number} [base] Of a delta: the base's id, or its place in the list.
 */

/**
 * A pack of these objects.
 * @param {Packed[]} objects
 * @param {{ count?: number, version?: number, signature?: string, checksum?: Uint8Array }} [lies] What its header and
 * trailer say instead of the truth.
 */
export function packOf(objects, { count = objects.length, version = 2, signature = 'PACK', checksum } = {}) {
  const head = Buffer.alloc(12)
  head.write(signature)
  head.writeUInt32BE(version, 4)
  head.writeUInt32BE(count, 8)
  const parts = [head]
  const starts = []
  let at = head.length
  for (const { type, data, packed = deflateSync(data), size = data.length, base } of objects) {
    starts.push(at)
    const entry = [entryHead(TYPES[type] ?? type, size)]
    if (type === 'ref-delta') entry.push(Buffer.from(base, 'hex'))
    if (type === 'ofs-delta') entry.push(offset(at - starts[base]))
    entry.push(packed)
    at += entry.reduce((sum, part) => sum + part.length, 0)
    parts.push(...entry)
  }
  const bytes = Buffer.concat(parts)
  return Buffer.concat([bytes, checksum ?? sha1(bytes).digest()])
}

function entryHead(type, size) {
  const bytes = [type * 16 + (size % 16)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] += 128
    bytes.push(rest % 128)
  }
  return Buffer.from(bytes)
}

/** How far back the base begins, as packs write it. */
function offset(distance) {
  const bytes = [distance % 128]
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--
    bytes.unshift((rest % 128) + 128)
  }
  return Buffer.from(bytes)
}
