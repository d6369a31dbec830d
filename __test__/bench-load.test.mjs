// The benchmark's load counts every answer once, however its bytes arrive.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerReader } from '../bench/load/answers.mjs'

const ANSWERS = [
  [200, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  [200, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n'],
  // What an answer without a body says of its length is the length of the one with a body.
  [304, 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n'],
  [200, 'HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n'],
  [200, 'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\nHTTP/1.1 500 Oops\r\n\r\n..'],
]

test('answers are told apart wherever their bytes are cut', () => {
  const bytes = Buffer.from(ANSWERS.map(([, text]) => text).join(''))
  for (let size = 1; size <= bytes.length; size++) {
    const statuses = []
    const reader = new AnswerReader((status) => statuses.push(status))
    for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size))
    assert.deepEqual(
      statuses,
      ANSWERS.map(([status]) => status),
      `in pieces of ${size}`,
    )
  }
})

test('what is no answer is refused', () => {
  const reader = new AnswerReader(() => {})
  assert.throws(() => reader.read(Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n')), /no HTTP\/1\.1 answer/)
})
