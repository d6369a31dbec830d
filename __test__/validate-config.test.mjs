import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { validatePackageRepoConfig } from '../index.mjs'
import { sourceConfig } from './helpers/sources.mjs'

const local = (id, fields = {}) => sourceConfig(id, { url: '/packages', ...fields })
const remote = (id, fields = {}) => sourceConfig(id, { type: 'remote', url: 'https://registry.example', ...fields })
const validate = (...sources) => validatePackageRepoConfig({ conflictResolution: 'priority', sources })

describe('validatePackageRepoConfig', () => {
  test('finds nothing wrong with a valid config', () => {
    assert.deepEqual(validate(local('a')), [])
    assert.deepEqual(validate(local('a'), remote('b'), remote('c', { url: 'http://127.0.0.1:3000/api' })), [])
    assert.deepEqual(validate(local('a', { enabled: false }), remote('b')), [])
  })

  test('finds the first and the last fault where there are no sources', () => {
    assert.deepEqual(validate(), ['At least one package source is required', 'At least one source must be enabled'])
  })

  test('finds a source without id', () => {
    for (const id of ['', undefined]) assert.deepEqual(validate(local(id), local('b')), ['Source ID is required'])
  })

  test('finds an id that occurs twice', () => {
    assert.deepEqual(validate(local('a'), remote('b'), remote('a')), ['Duplicate source ID: a'])
  })

  test('finds a source without URL, of whichever type', () => {
    assert.deepEqual(validate(local('a', { url: '' })), ['Source a: URL is required'])
    assert.deepEqual(validate(local('a'), remote('b', { url: undefined })), ['Source b: URL is required'])
    assert.deepEqual(validate(local('a'), local('c', { type: 'git', url: '' })), ['Source c: URL is required'])
  })

  test('finds a remote source whose URL is no http(s) URL', () => {
    for (const url of ['ftp://registry.example', '/packages', 'registry.example', 'file:///packages']) {
      assert.deepEqual(validate(remote('r', { url })), ['Source r: Remote URL must start with http(s)'], url)
    }
  })

  test('lets other sources have whichever URL', () => {
    assert.deepEqual(
      validate(local('a', { url: 'file:///packages' }), local('g', { type: 'git', url: 'git@host:x' })),
      [],
    )
  })

  test('finds that every source is off', () => {
    assert.deepEqual(validate(local('a', { enabled: false }), remote('b', { enabled: false })), [
      'At least one source must be enabled',
    ])
  })

  test('finds every fault, one message each, those of a source together and that of the whole last', () => {
    const messages = validate(
      local('', { enabled: false }),
      local('twice', { url: '', enabled: false }),
      remote('twice', { url: 'ftp://far', enabled: false }),
    )
    assert.deepEqual(messages, [
      'Source ID is required',
      'Source twice: URL is required',
      'Duplicate source ID: twice',
      'Source twice: Remote URL must start with http(s)',
      'At least one source must be enabled',
    ])
  })

  test('takes ids such as __proto__ for ids like any other', () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      assert.deepEqual(validate(local(id)), [])
      assert.deepEqual(validate(local(id), local(id)), [`Duplicate source ID: ${id}`])
    }
  })

  test('looks at a disabled source as well', () => {
    assert.deepEqual(validate(local('a'), remote('b', { enabled: false, url: 'nowhere' })), [
      'Source b: Remote URL must start with http(s)',
    ])
  })

  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('hands off')
      },
    },
  )
  const nonsense = {
    undefined: undefined,
    null: null,
    'a number': 5,
    'a text': 'config',
    'a function': () => {},
    'an empty object': {},
    'an array': [],
    'sources that are null': { sources: null },
    'sources that are a text': { sources: 'local' },
    'sources that only look like an array': { sources: { length: 2 } },
    'a source that is null': { sources: [null] },
    'sources that are no objects': { sources: [undefined, 5, 'local', true, Symbol('s'), 10n] },
    'a hole in the sources': { sources: new Array(2) },
    'fields of the wrong types': { sources: [{ id: 5, url: {}, type: [], enabled: 'yes' }] },
    'an id and a URL that are symbols': { sources: [{ id: Symbol('id'), url: Symbol('url'), type: 'remote' }] },
    'a config that throws': hostile,
    'a source that throws': { sources: [hostile] },
    'an id whose text throws': { sources: [{ id: hostile, url: '/packages', enabled: true }] },
    'a revoked proxy': revoked(),
    'lone surrogates': { sources: [{ id: '\ud800', url: '', type: 'remote', enabled: true }] },
  }
  for (const [name, config] of Object.entries(nonsense)) {
    test(`gives messages and never throws for ${name}`, () => {
      const messages = validatePackageRepoConfig(config)
      assert.ok(Array.isArray(messages))
      assert.ok(messages.length > 0)
      assert.ok(messages.every((message) => typeof message === 'string' && message.length > 0))
    })
  }

  test('never names a token', () => {
    const authToken = 'secret-token-of-a-source'
    const messages = validate(
      remote('', { authToken }),
      remote('a', { url: '', authToken }),
      remote('a', { url: 'ftp://x', authToken, enabled: false }),
    )
    assert.ok(messages.length >= 4)
    assert.ok(!JSON.stringify(messages).includes(authToken))
  })
})

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
