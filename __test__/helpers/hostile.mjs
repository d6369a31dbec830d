/** Values that nobody means well with, and proofs that they did no harm. */

import assert from 'node:assert/strict'

/** Ids that are paths, or that some layer below might take for one. */
export const PATH_IDS = [
  '..',
  '.',
  '../secret',
  '../../secret',
  '../packages/safe',
  './safe',
  'safe/../../secret',
  'safe/../safe',
  'safe/seed',
  '/secret',
  '/etc',
  '//secret',
  '..\\secret',
  'safe\\seed',
  'C:',
  'C:secret',
  'C:\\secret',
  'c:/secret',
  '\\\\host\\share',
  'file:///secret',
  '%2e%2e%2fsecret',
  '..%2fsecret',
  '~',
  '~root',
]

/** Ids that are no paths, but odd. */
export const ODD_IDS = [
  '',
  ' ',
  '\0',
  'safe\0',
  'safe\0/../../secret',
  '\n',
  '\u202e',
  '\ud800',
  'safe\udc00',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '?q=1',
  '#fragment',
  '*',
  'x'.repeat(10_000_000),
  '../'.repeat(100_000),
]

/** All of them. */
export const HOSTILE_IDS = [...PATH_IDS, ...ODD_IDS]

/** An id as a test's name can show it. */
export function shown(value) {
  if (typeof value !== 'string')
    return typeof value === 'symbol' ? String(value) : Object.prototype.toString.call(value)
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 30)}… (${value.length})` : text
}

const GUARDED = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Map,
  Set,
  Promise,
  Error,
  Symbol,
  Date,
  RegExp,
  Buffer,
]

/** What the built-in prototypes hold now; {@link assertPrototypesUnchanged} compares with it. */
export function snapshotPrototypes() {
  return GUARDED.map(({ prototype }) => ({
    prototype,
    parent: Object.getPrototypeOf(prototype),
    properties: Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]),
  }))
}

/** Fails where a built-in prototype has gained, lost or changed a property since the snapshot. */
export function assertPrototypesUnchanged(snapshot) {
  for (const { prototype, parent, properties } of snapshot) {
    const name = `${prototype.constructor.name}.prototype`
    assert.equal(Object.getPrototypeOf(prototype), parent, name)
    const keys = properties.map(([key]) => key)
    assert.deepEqual(Reflect.ownKeys(prototype), keys, name)
    for (const [key, descriptor] of properties) {
      assert.deepEqual(Object.getOwnPropertyDescriptor(prototype, key), descriptor, `${name}.${String(key)}`)
    }
  }
}

/** Fails where a plain object or array anywhere in `value` has another prototype than it should. */
export function assertPlain(value, path = 'value', seen = new Set()) {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  const expected = Array.isArray(value) ? Array.prototype : value instanceof Map ? Map.prototype : Object.prototype
  assert.equal(Object.getPrototypeOf(value), expected, `the prototype of ${path}`)
  for (const key of Object.keys(value)) assertPlain(value[key], `${path}.${key}`, seen)
}

/** Fails where something was reported beyond warnings, each of which is reported once. */
export function assertOnlyWarnings(reports) {
  const messages = reports.map(({ error }) => error.message)
  for (const { error } of reports) assert.equal(error.code, 'EMALFORMED', error.stack)
  assert.equal(new Set(messages).size, messages.length, messages.join('; '))
}

/** Fails where an error isn't one of ours: an `Error` with a stable, upper-case, textual code and a message. */
export function assertCoded(error, what) {
  assert.ok(error instanceof Error, `${what}: ${String(error)} is no Error`)
  assert.equal(typeof error.code, 'string', `${what}: ${error.stack}`)
  assert.match(error.code, /^E[A-Z0-9_]+$/, what)
  assert.notEqual(error.code, 'EINTERNAL', `${what}: ${error.stack}`)
  assert.notEqual(error.message, '', what)
}
