/** Arguments that nobody means well with, and what a call with them may come to. */

import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { assertCoded, assertPrototypesUnchanged, HOSTILE_IDS, snapshotPrototypes } from './hostile.mjs'

/** Values that are no strings; `undefined` comes first. */
export const NOT_STRINGS = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  Symbol('s'),
  () => {},
  [],
  ['a'],
  {},
  { packageId: 'a' },
  Object.create(null),
  new Date(0),
  new Set(['a']),
  new String('a'),
  Buffer.from('a'),
]

/** Values of every kind. */
export const ANYTHING = [...NOT_STRINGS, 'text', ...HOSTILE_IDS]

/** Runs a call that may answer or fail; a failure must be one of ours, and short. */
export async function outcomeOf(call, what) {
  try {
    return { value: await call() }
  } catch (error) {
    assertCoded(error, what)
    assert.ok(error.message.length < 2000, `${what}: a message of ${error.message.length} characters`)
    return { error }
  }
}

/** Fails unless the call throws (or rejects) with this code. */
export async function assertFails(call, code, what) {
  const { error } = await outcomeOf(call, what)
  assert.ok(error, `${what} was accepted`)
  assert.equal(error.code, code, what)
}

/** For the tests of a file: failing sources report to nobody, and at the end every prototype must be as it was. */
export function guarded() {
  const realConsoleError = console.error
  let snapshot
  before(() => {
    snapshot = snapshotPrototypes()
    // Reports of failing sources are expected here, hundreds of them.
    console.error = () => {}
  })
  after(() => {
    console.error = realConsoleError
    assertPrototypesUnchanged(snapshot)
  })
}
