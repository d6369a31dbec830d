// What a Git source is made with: wrong options are refused at once, and the right ones show in its config.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { GitPackageSource } from '../index.mjs'
import { filesBelow } from './helpers/cache-folder.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { gitRepository } from './helpers/git/repository.mjs'
import { gitCache } from './helpers/git/source.mjs'
import { shown } from './helpers/hostile.mjs'
import { assertFails, NOT_STRINGS } from './helpers/hostile-arguments.mjs'

const make = (options) => new GitPackageSource({ url: '/nowhere', ...options })

const WRONG_STRINGS = NOT_STRINGS.slice(1)
const BAD_NAMES = [
  ...WRONG_STRINGS,
  '',
  '\ud800',
  '\0',
  'a b',
  'a..b',
  'a.lock',
  '/a',
  'a/',
  'a//b',
  '@{',
  'a^',
  'a:b',
  'a\n',
]
const BAD_PATHS = [...WRONG_STRINGS, '', '\0', 'a\0b', '\udc00']
const BAD_TIMES = [null, '5', 0, -1, Number.NaN, {}, [], 5n, true, () => 5]
const BAD_AGES = [null, '5', -1, Number.NaN, {}, [], 5n, true]
const BAD_BYTES = [...BAD_TIMES, 1.5, 2 ** 53, Number.POSITIVE_INFINITY]
const OBJECTS = [null, true, 5, 'text', Symbol('s'), 5n]
const COMMIT = 'a'.repeat(40)

/** Values that an option refuses. */
const REFUSED = {
  branch: [...BAD_NAMES, '../x', `x${'y'.repeat(2000)}`],
  tag: BAD_NAMES,
  commit: [
    ...WRONG_STRINGS,
    '',
    'main',
    'a'.repeat(39),
    'a'.repeat(41),
    'g'.repeat(40),
    '0'.repeat(40),
    'a'.repeat(64),
  ],
  directory: [...WRONG_STRINGS, '/packages', '..', 'a/../b', '../a', 'a\\b', 'a\0', '\ud800'],
  tagPattern: [
    ...WRONG_STRINGS.filter((value) => !(Array.isArray(value) && value.length === 0)),
    '',
    'v',
    '{id}',
    '{id}{version}',
    '{version}{version}',
    '{id}/{id}@{version}',
    '{version}\ud800',
    ['v{version}', 5],
    ['v{version}', null],
    ['v{version}', '{id}'],
    Array(101).fill('v{version}'),
  ],
  ssh: OBJECTS,
  'ssh.keyFile': BAD_PATHS,
  'ssh.agent': BAD_PATHS.filter((value) => typeof value !== 'boolean'),
  'ssh.knownHostsFile': BAD_PATHS,
  depth: [null, '5', 0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 31, {}, [], 5n, true],
  cacheDir: BAD_PATHS,
  caFile: BAD_PATHS,
  offline: [null, 0, 1, 'true', {}, []],
  onProgress: [null, true, 5, 'text', {}, []],
  cacheExpiry: BAD_AGES,
  maxStaleMs: BAD_AGES,
  connectTimeoutMs: BAD_TIMES,
  readTimeoutMs: BAD_TIMES,
  fetchTimeoutMs: BAD_TIMES,
  breakerOpenMs: BAD_TIMES,
  maxAttempts: [null, '5', 0, -1, 1.5, 101, Number.NaN, Number.POSITIVE_INFINITY, {}, 5n],
  breakerFailures: [null, '5', 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, {}, 5n],
  maxRepositoryBytes: [...BAD_BYTES, 1023],
  maxFileBytes: BAD_BYTES,
  cacheMaxBytes: BAD_BYTES.filter((value) => value !== 0),
}

/** Values that an option takes. */
const TAKEN = {
  branch: ['main', 'feature/x', 'ä', 'HEAD', '-x'],
  tag: ['v1.0.0', 'a@1', 'releases/2024'],
  commit: [COMMIT, COMMIT.toUpperCase()],
  directory: ['', '.', 'packages', 'a/b/packages', './packages/', 'mit Leerzeichen', '...'],
  tagPattern: ['v{version}', 'release-{version}-of-{id}', [], ['{id}={version}', '{version}']],
  ssh: [{}, { agent: true }, { agent: false }],
  depth: [1, 50, 2 ** 31 - 1, Number.POSITIVE_INFINITY],
  cacheExpiry: [0, 0.5, Number.POSITIVE_INFINITY],
  maxFileBytes: [1],
  cacheMaxBytes: [0],
  maxRepositoryBytes: [1024, Number.MAX_SAFE_INTEGER],
  offline: [true, false],
  fetchTimeoutMs: [0.5, 1e12],
}

const optionsOf = (name, value) => {
  const [outer, inner] = name.split('.')
  return { [outer]: inner ? { [inner]: value } : value }
}

describe('An option of a Git source', () => {
  for (const [name, values] of Object.entries(REFUSED)) {
    test(`is refused with EINVALIDARG where it is none: ${name}`, async () => {
      for (const value of values) {
        const what = `{ ${name}: ${shown(value)} }`
        await assertFails(() => make(optionsOf(name, value)), 'EINVALIDARG', what)
      }
    })
  }

  for (const [name, values] of Object.entries(TAKEN)) {
    test(`is taken where it is one, and shows in the config: ${name}`, () => {
      for (const value of values) assert.equal(make({ [name]: value }).getConfig()[name], value)
    })
  }

  test('counts as not given where it is undefined', () => {
    const names = [...Object.keys(REFUSED), 'id', 'name', 'type', 'priority', 'enabled', 'authToken']
    const options = Object.assign({}, ...names.map((name) => optionsOf(name, undefined)))
    const { url, id, priority } = make(options).getConfig()
    assert.deepEqual([url, id, priority], ['/nowhere', 'git', 20])
  })

  test('that chooses a commit goes with no other one', async () => {
    const choices = { branch: 'main', tag: 'v1.0.0', commit: COMMIT }
    for (const left of Object.keys(choices)) {
      const { [left]: _, ...two } = choices
      await assertFails(() => make(two), 'EINVALIDARG', Object.keys(two).join(' and '))
    }
    await assertFails(() => make(choices), 'EINVALIDARG', 'all three')
  })
})

describe("A Git source's url", () => {
  test('has to be given', () => {
    assert.throws(() => new GitPackageSource(), { code: 'EINVALIDARG', message: /url is empty: name the repository/ })
    assert.throws(() => new GitPackageSource({ url: '' }), { code: 'EINVALIDARG' })
  })

  for (const url of [
    'ftp://example.test/a',
    'ext::sh -c id',
    'fd::17',
    'https://',
    'http://[',
    'https://example.test/a?b=c',
    'https://example.test/a#main',
    'ssh://user:password@example.test/a',
    'ssh://example.test',
    'ssh://-oProxyCommand=id/a',
    '-oProxyCommand=id:a',
    'git://user@example.test/a',
    'git://example.test',
    'git@example.test:',
    'git@example.test:-a',
    'a\nb',
    '\0',
    'file://elsewhere.test/a',
  ]) {
    test(`is refused with EINVALIDARG where it is ${JSON.stringify(url)}`, () => {
      assert.throws(() => new GitPackageSource({ url }), { code: 'EINVALIDARG' })
    })
  }

  test('is taken in all its forms', () => {
    for (const url of [
      'https://example.test/team/packages.git',
      'http://example.test:8080/packages',
      'git+https://example.test/packages.git',
      'ssh://git@example.test:2222/team/packages.git',
      'git+ssh://git@example.test/packages.git',
      'git@example.test:team/packages.git',
      'example.test:packages',
      'git://example.test/packages.git',
      'git://[::1]:9000/packages',
      'file:///srv/packages.git',
      '/srv/packages.git',
      '../packages',
      './odd:name',
    ]) {
      assert.equal(new GitPackageSource({ url }).getConfig().url, url)
    }
  })
})

describe('A Git source that is made', () => {
  test('asks nobody and writes nothing', async (t) => {
    const repository = gitRepository(t)
    const server = await startGitHttp(t, repository.directory)
    const cacheDir = gitCache(t)
    let asked = 0
    const authToken = () => `token-${asked++}`
    const source = make({ url: `${server.url}/${repository.name}`, cacheDir, authToken, onProgress: () => asked++ })
    assert.equal(source.getConfig().cacheDir, cacheDir)
    assert.deepEqual([asked, server.requests, filesBelow(cacheDir)], [0, [], []])
  })

  test('keeps its token and the credentials of its URL to itself', () => {
    const source = make({ url: 'https://user:secret-one@example.test/a', authToken: 'secret-two' })
    const config = source.getConfig()
    for (const text of [JSON.stringify(config), inspect(config), inspect(source), JSON.stringify(source)]) {
      assert.doesNotMatch(text, /secret-/)
    }
    assert.equal(config.authToken, 'secret-two')
  })
})
