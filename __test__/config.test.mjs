import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import vm from 'node:vm'
import { inChild } from './helpers/child.mjs'

const addon = await import('../index.mjs')
const PRESETS = ['DEFAULT_PACKAGE_REPO_CONFIG', 'DEVELOPMENT_PACKAGE_REPO_CONFIG', 'PRODUCTION_PACKAGE_REPO_CONFIG']

/** The environment without what decides the configuration, and with what a test sets. */
const environment = (fields) => ({
  NODE_ENV: undefined,
  NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: undefined,
  PACKAGE_REGISTRY_AUTH_TOKEN: undefined,
  ...fields,
})

/** getPackageRepoConfig() in a process with this environment, beside the constants before and after. */
async function configFor(fields) {
  const { answer } = await inChild(
    `
    const presets = () => ${JSON.stringify(PRESETS)}.map((name) => addon[name])
    const before = structuredClone(presets())
    const config = addon.getPackageRepoConfig()
    answer({ config, before, after: presets() })
  `,
    { env: environment(fields) },
  )
  assert.deepEqual(answer.after, answer.before)
  return answer.config
}

const sourceOf = (config, id) => config.sources.find((one) => one.id === id)

/** A source without its display name, which the contract leaves open. */
const withoutName = ({ name, ...rest }) => {
  assert.equal(typeof name, 'string')
  assert.ok(name.length > 0)
  return rest
}

describe('The presets', () => {
  const local = (priority) => ({ id: 'local', type: 'local', url: '/packages', priority, enabled: true })

  test('default: priority, the local source alone', () => {
    assert.deepEqual(addon.DEFAULT_PACKAGE_REPO_CONFIG, {
      conflictResolution: 'priority',
      sources: [addon.DEFAULT_LOCAL_SOURCE],
    })
  })

  test('development: local-first, local and a staging registry that is off', () => {
    const { conflictResolution, sources } = addon.DEVELOPMENT_PACKAGE_REPO_CONFIG
    assert.equal(conflictResolution, 'local-first')
    assert.deepEqual(sources.map(withoutName), [
      local(0),
      {
        id: 'staging',
        type: 'remote',
        url: 'https://staging.registry.metabuilder.dev/api/v1',
        priority: 10,
        enabled: false,
      },
    ])
  })

  test('production: latest-version, local and a production registry that is off and goes before it', () => {
    const { conflictResolution, sources } = addon.PRODUCTION_PACKAGE_REPO_CONFIG
    assert.equal(conflictResolution, 'latest-version')
    assert.deepEqual(
      sources.map(withoutName).sort((a, b) => b.priority - a.priority),
      [
        local(10),
        {
          id: 'production',
          type: 'remote',
          url: 'https://registry.metabuilder.dev/api/v1',
          priority: 0,
          enabled: false,
        },
      ],
    )
  })

  test('are valid', () => {
    for (const name of PRESETS) assert.deepEqual(addon.validatePackageRepoConfig(addon[name]), [], name)
  })

  test("don't change when what was made of them changes", () => {
    const before = structuredClone(PRESETS.map((name) => addon[name]))
    const config = addon.getPackageRepoConfig()
    config.conflictResolution = 'remote-first'
    for (const source of config.sources) Object.assign(source, { url: 'changed', authToken: 'mine', enabled: false })
    config.sources.push({ id: 'pushed' })
    const manager = addon.createPackageSourceManagerFromConfig(addon.DEFAULT_PACKAGE_REPO_CONFIG)
    for (const source of manager.getSources()) source.getConfig().priority = 99
    assert.deepEqual(
      PRESETS.map((name) => addon[name]),
      before,
    )
    assert.notDeepEqual(addon.getPackageRepoConfig(), config)
  })
})

describe('getPackageRepoConfig', () => {
  for (const [NODE_ENV, preset] of [
    ['production', 'PRODUCTION_PACKAGE_REPO_CONFIG'],
    ['development', 'DEVELOPMENT_PACKAGE_REPO_CONFIG'],
    [undefined, 'DEVELOPMENT_PACKAGE_REPO_CONFIG'],
    ['test', 'DEFAULT_PACKAGE_REPO_CONFIG'],
    ['staging', 'DEFAULT_PACKAGE_REPO_CONFIG'],
    ['__proto__', 'DEFAULT_PACKAGE_REPO_CONFIG'],
  ]) {
    test(`gives ${preset} for ${NODE_ENV === undefined ? 'no NODE_ENV' : `NODE_ENV=${NODE_ENV}`}`, async () => {
      assert.deepEqual(await configFor({ NODE_ENV }), addon[preset])
    })
  }

  test('gives a new object each time', () => {
    const one = addon.getPackageRepoConfig()
    const two = addon.getPackageRepoConfig()
    assert.deepEqual(one, two)
    assert.notEqual(one, two)
    assert.notEqual(one.sources, two.sources)
    assert.notEqual(one.sources[0], two.sources[0])
  })

  test('enables every remote source where NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES=true', async () => {
    for (const [NODE_ENV, id] of [
      ['production', 'production'],
      ['development', 'staging'],
    ]) {
      const config = await configFor({ NODE_ENV, NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: 'true' })
      assert.equal(sourceOf(config, id).enabled, true)
      assert.equal(sourceOf(config, 'local').enabled, true)
      assert.equal('authToken' in sourceOf(config, id), false)
    }
  })

  test('enables none for any other value', async () => {
    for (const value of ['false', '']) {
      const config = await configFor({ NODE_ENV: 'production', NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: value })
      assert.deepEqual(config, addon.PRODUCTION_PACKAGE_REPO_CONFIG)
    }
  })

  test('gives PACKAGE_REGISTRY_AUTH_TOKEN to remote sources and to no other', async () => {
    for (const enabled of ['true', undefined]) {
      const config = await configFor({
        NODE_ENV: 'production',
        NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: enabled,
        PACKAGE_REGISTRY_AUTH_TOKEN: 'the-token',
      })
      assert.equal(sourceOf(config, 'production').authToken, 'the-token')
      assert.equal('authToken' in sourceOf(config, 'local'), false)
    }
    const none = await configFor({ NODE_ENV: 'test', PACKAGE_REGISTRY_AUTH_TOKEN: 'the-token' })
    assert.deepEqual(none, addon.DEFAULT_PACKAGE_REPO_CONFIG)
  })

  test('reads the environment at each call', async () => {
    const { answer } = await inChild(
      `
      const first = addon.getPackageRepoConfig().conflictResolution
      process.env.NODE_ENV = 'production'
      process.env.PACKAGE_REGISTRY_AUTH_TOKEN = 'set later'
      const { conflictResolution, sources } = addon.getPackageRepoConfig()
      answer([first, conflictResolution, sources.map((one) => one.authToken ?? null).filter(Boolean)])
    `,
      { env: environment() },
    )
    assert.deepEqual(answer, ['local-first', 'latest-version', ['set later']])
  })
})

/** getPackageRepoConfig() where these are the only globals, after a bundler has inlined these values. */
function configInBrowser({ globals = {}, inlined = {} }) {
  const url = new URL('../face/config.js', import.meta.url)
  let text = readFileSync(url, 'utf8')
  for (const [name, value] of Object.entries(inlined)) {
    const read = `process.env.${name}`
    assert.ok(text.includes(read), `nothing reads ${read}`)
    text = text.replaceAll(read, JSON.stringify(value))
  }
  const module = { exports: {} }
  vm.runInNewContext(`(function (module, require) {${text}\n})`, globals)(module, createRequire(url))
  return JSON.parse(JSON.stringify(module.exports.getPackageRepoConfig()))
}

describe('getPackageRepoConfig in a browser', () => {
  test('counts as without an environment where there is no process, or one without env', () => {
    for (const globals of [{}, { process: undefined }, { process: {} }, { process: { env: {} } }]) {
      assert.deepEqual(configInBrowser({ globals }), addon.DEVELOPMENT_PACKAGE_REPO_CONFIG)
    }
  })

  test('goes by what a bundler inlined, whether there is a process or not', () => {
    for (const globals of [{}, { process: {} }, { process: { env: {} } }]) {
      const production = configInBrowser({ globals, inlined: { NODE_ENV: 'production' } })
      assert.deepEqual(production, addon.PRODUCTION_PACKAGE_REPO_CONFIG)
      const inlined = { NODE_ENV: 'production', NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES: 'true' }
      assert.equal(sourceOf(configInBrowser({ globals, inlined }), 'production').enabled, true)
    }
  })

  test('reads process.env where nothing was inlined', () => {
    const env = { NODE_ENV: 'production', PACKAGE_REGISTRY_AUTH_TOKEN: 'the-token' }
    const config = configInBrowser({ globals: { process: { env } } })
    assert.equal(config.conflictResolution, 'latest-version')
    assert.equal(sourceOf(config, 'production').authToken, 'the-token')
  })
})
