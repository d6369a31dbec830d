// Stores that others change, damage or are killed in while they are served.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { createRegistryServer, importPackages } from '../index.mjs'
import { inChild, rootUrl } from './helpers/child.mjs'
import { packagesFolder, temporaryDirectory } from './helpers/package-builder.mjs'
import { assertProblem, emptyStore, publish, serve } from './helpers/registry-service.mjs'
import { captureConsoleError } from './helpers/reports.mjs'
import { until } from './helpers/until.mjs'

/** A user who is not root: nobody's number on most systems. */
const NOBODY = 65_534

/** The format file of a version that is not known here. */
const LATER = '{"format":"package-registry","version":99}'

const placeOf = (store, packageId, version) => join(store, 'packages', packageId, version)
const listed = async (ask) =>
  (await (await ask('/packages?pageSize=1000')).json()).packages.map(({ packageId }) => packageId)

describe('A store that is served', () => {
  test('shows an import of this process at once', async (t) => {
    const { ask, store } = await serve(t, [{ packageId: 'a' }])
    assert.deepEqual(await listed(ask), ['a'])
    await publish(t, store, { packageId: 'b' })
    assert.deepEqual(await listed(ask), ['a', 'b'])
  })

  test('shows an import of another process without a restart', async (t) => {
    const { ask, store } = await serve(t, [{ packageId: 'a', version: '1.0.0' }])
    const search = async () => (await (await ask('/packages/search?q=renamed')).json()).totalCount
    assert.equal(await search(), 0)
    await assertProblem(await ask('/packages/b'), 404, 'ENOTFOUND')
    const folder = packagesFolder(t)
    folder.manifest('a', { version: '2.0.0', name: 'Renamed' })
    folder.manifest('b')
    const options = JSON.stringify({ store })
    await inChild(`answer(await addon.importPackages(${JSON.stringify(folder.path)}, ${options}))`)
    await until(async () => (await ask('/packages/b')).status === 200, { what: 'the import' })
    assert.deepEqual(await listed(ask), ['a', 'b'])
    assert.equal((await (await ask('/packages/a')).json()).metadata.version, '2.0.0')
    assert.equal(await search(), 1)
  })

  test('is made where it is missing, and then filled by another', async (t) => {
    const { ask, store } = await serve(t, [])
    assert.deepEqual(await listed(ask), [])
    assert.equal(JSON.parse(readFileSync(join(store, 'registry.json'), 'utf8')).version, 1)
    await publish(t, store, { packageId: 'a' })
    assert.deepEqual(await listed(ask), ['a'])
  })

  test('goes on being served from memory while it is away', async (t) => {
    const { ask, store, reports } = await serve(t, [{ packageId: 'a' }])
    assert.deepEqual(await listed(ask), ['a'])
    renameSync(store, `${store}-away`)
    const isReported = async () => {
      assert.deepEqual(await listed(ask), ['a'])
      return reports.length > 0
    }
    await until(isReported, { what: 'the report' })
    assert.deepEqual(
      reports.map(({ code }) => code),
      ['ESTORE'],
    )
    await assertProblem(await ask('/packages/a'), 503, 'EUNAVAILABLE')
    renameSync(`${store}-away`, store)
    assert.equal((await ask('/packages/a')).status, 200)
  })
})

describe('A store that others put in the place of one that is served', () => {
  const release = async (t, description) => {
    const store = emptyStore(t)
    await publish(t, store, { packageId: 'a', description }, { packageId: 'b', description })
    return store
  }

  test('is served, without a single failure', async (t) => {
    const [first, second] = [await release(t, 'First release'), await release(t, 'Other release')]
    const store = join(temporaryDirectory(t), 'link')
    symlinkSync(first, store)
    const { ask, reports } = await serve(t, [], { store })
    const described = async (path) => (await (await ask(path)).json()).metadata.description
    assert.equal(await described('/packages/a'), 'First release')
    symlinkSync(second, `${store}-next`)
    renameSync(`${store}-next`, store)
    assert.equal(await described('/packages/b'), 'Other release')
    assert.equal(await described('/packages/a'), 'Other release')
    assert.deepEqual(reports, [])
  })

  for (const [what, put] of [
    ['an empty directory', () => {}],
    ['one of a later format', (store) => writeFileSync(join(store, 'registry.json'), LATER)],
  ]) {
    test(`${what}: is told, and what was read before goes on being served`, async (t) => {
      const { ask, store, reports } = await serve(t, [{ packageId: 'a' }])
      assert.deepEqual(await listed(ask), ['a'])
      renameSync(store, `${store}-away`)
      mkdirSync(store)
      put(store)
      await assertProblem(await ask('/packages/a'), 503, 'EUNAVAILABLE')
      const isReported = async () => {
        assert.deepEqual(await listed(ask), ['a'])
        return reports.length > 0
      }
      await until(isReported, { what: 'the report' })
      assert.deepEqual([...new Set(reports.map(({ code }) => code))], ['ESTORE'])
      rmSync(store, { recursive: true })
      renameSync(`${store}-away`, store)
      assert.equal((await ask('/packages/a')).status, 200)
    })
  }
})

describe('A store that can not be used', () => {
  test('is told to operators once, and to clients without its path', async (t) => {
    const store = temporaryDirectory(t)
    writeFileSync(join(store, 'notes.txt'), '')
    const { handlers, reports } = await serve(t, [], { store })
    for (let round = 0; round < 3; round++) {
      const response = await handlers.GET(new Request('http://app.invalid/api/v1/packages'))
      assert.equal(response.headers.get('retry-after'), '5')
      assert.doesNotMatch((await assertProblem(response, 503, 'EUNAVAILABLE')).detail, /\//)
    }
    assert.deepEqual(
      reports.map(({ code }) => code),
      ['ESTORE'],
    )
    assert.ok(reports[0].message.includes(store))
    rmSync(join(store, 'notes.txt'))
    assert.equal(
      (await handlers.GET(new Request('http://app.invalid/api/v1/packages'))).status,
      200,
      'once it is mended',
    )
  })

  test('keeps a server from starting', async (t) => {
    const store = temporaryDirectory(t)
    writeFileSync(join(store, 'registry.json'), LATER)
    await assert.rejects(createRegistryServer({ store }), { code: 'ESTORE', message: /format 99/ })
  })

  test('is reported on console.error by default', async (t) => {
    const lines = captureConsoleError(t)
    const store = temporaryDirectory(t)
    writeFileSync(join(store, 'notes.txt'), '')
    const { ask } = await serve(t, [], { store, onError: undefined })
    await ask('/packages')
    assert.match(String(lines[0]), /^\[package-sources\] registry: .*ESTORE/)
  })

  test('an onError that throws changes nothing', async (t) => {
    const store = temporaryDirectory(t)
    writeFileSync(join(store, 'notes.txt'), '')
    const throws = () => {
      throw new Error('no')
    }
    for (const onError of [throws, async () => throws()]) {
      assert.equal((await (await serve(t, [], { store, onError })).ask('/packages')).status, 503)
    }
  })
})

describe('What is damaged in a store', () => {
  const PACKAGES = ['good', 'half', 'meta', 'body', 'swapped', 'away'].map((packageId) => ({
    packageId,
    version: '1.0.0',
  }))

  test('is left out and told; the rest is served', async (t) => {
    const store = emptyStore(t)
    await publish(t, store, ...PACKAGES, { packageId: 'half', version: '0.9.0' })
    writeFileSync(join(placeOf(store, 'half', '1.0.0'), 'package.json'), '{"metadata":')
    writeFileSync(join(placeOf(store, 'meta', '1.0.0'), 'version.json'), '\0\0\0')
    rmSync(join(placeOf(store, 'body', '1.0.0'), 'package.json'))
    renameSync(placeOf(store, 'swapped', '1.0.0'), placeOf(store, 'swapped', '9.0.0'))
    rmSync(placeOf(store, 'away', '1.0.0'), { recursive: true })
    const { ask, reports } = await serve(t, [], { store })
    assert.deepEqual(await listed(ask), ['good', 'half'])
    assert.equal((await (await ask('/packages/half')).json()).metadata.version, '0.9.0')
    assert.ok(reports.every(({ code }) => code === 'EMALFORMED'))
    assert.deepEqual(
      reports.map(({ message }) => /packages\/(\w+)/.exec(message)[1]),
      ['body', 'half', 'meta', 'swapped'],
    )
  })

  test('is left out as soon as it is found, also where only its checksum tells', async (t) => {
    const { ask, store, reports } = await serve(t, [
      { packageId: 'a', version: '1.0.0' },
      { packageId: 'a', version: '2.0.0' },
    ])
    assert.equal((await (await ask('/packages')).json()).packages[0].version, '2.0.0')
    const path = join(placeOf(store, 'a', '2.0.0'), 'package.json')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('MetaBuilder', 'Metabuilder'))
    assert.equal((await (await ask('/packages/a')).json()).metadata.version, '1.0.0')
    await assertProblem(await ask('/packages/a/versions/2.0.0'), 404, 'ENOTFOUND')
    assert.equal((await (await ask('/packages')).json()).packages[0].version, '1.0.0')
    assert.deepEqual(
      reports.map(({ code, message }) => [code, message]),
      [['EMALFORMED', 'a 2.0.0 is not what was published: its checksum is another']],
    )
  })

  test('comes back when it is published again', async (t) => {
    const { ask, store } = await serve(t, [{ packageId: 'a', version: '1.0.0', components: [{ id: 'x' }] }])
    const path = join(placeOf(store, 'a', '1.0.0'), 'package.json')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('MetaBuilder', 'Metabuilder'))
    await assertProblem(await ask('/packages/a'), 404, 'ENOTFOUND')
    await publish(t, store, { packageId: 'a', version: '1.0.0', components: [{ id: 'x' }] })
    assert.equal(await (await ask('/packages/a')).text(), text)
  })

  test('comes back when its files do, without an import', async (t) => {
    const { ask, store, reports } = await serve(t, [{ packageId: 'a', version: '1.0.0' }])
    const path = join(placeOf(store, 'a', '1.0.0'), 'package.json')
    renameSync(path, `${path}.away`)
    await assertProblem(await ask('/packages/a'), 404, 'ENOTFOUND')
    renameSync(`${path}.away`, path)
    await until(async () => (await ask('/packages/a')).status === 200, { what: 'the package' })
    assert.equal(reports.length, 1)
  })

  test('foreign files, links and pipes are passed over', async (t) => {
    const store = emptyStore(t)
    await publish(t, store, { packageId: 'good', version: '1.0.0' })
    const secret = join(store, '..', 'secret')
    mkdirSync(secret)
    writeFileSync(join(secret, 'package.json'), '{"secret":true}')
    writeFileSync(join(secret, 'version.json'), '{}')
    const packages = join(store, 'packages')
    symlinkSync(secret, join(packages, 'linked'))
    symlinkSync(secret, placeOf(store, 'good', '2.0.0'))
    symlinkSync(join(packages, 'good'), join(packages, 'twin'))
    symlinkSync('loop', join(packages, 'loop'))
    writeFileSync(join(packages, 'file'), 'x')
    writeFileSync(join(packages, '.DS_Store'), 'x')
    writeFileSync(join(store, 'README'), 'x')
    mkdirSync(placeOf(store, '..%2f', '1.0.0'), { recursive: true })
    mkdirSync(placeOf(store, 'looped', '1.0.0'), { recursive: true })
    symlinkSync('version.json', join(placeOf(store, 'looped', '1.0.0'), 'version.json'))
    mkdirSync(placeOf(store, 'stolen', '1.0.0'), { recursive: true })
    symlinkSync(join(secret, 'version.json'), join(placeOf(store, 'stolen', '1.0.0'), 'version.json'))
    const { ask, reports } = await serve(t, [], { store })
    assert.deepEqual(await listed(ask), ['good'])
    assert.equal((await (await ask('/packages/good/versions')).json()).versions.length, 1)
    assert.ok(reports.length >= 7 && reports.every(({ code }) => code === 'EMALFORMED'), String(reports))
    assert.ok(reports.every(({ message }) => !message.includes('.DS_Store')))
  })

  test('a version that names another package is not taken for it', async (t) => {
    const store = emptyStore(t)
    await publish(t, store, { packageId: 'good', version: '1.0.0' }, { packageId: 'evil', version: '1.0.0' })
    const meta = join(placeOf(store, 'evil', '1.0.0'), 'version.json')
    writeFileSync(meta, readFileSync(meta, 'utf8').replaceAll('evil', 'good'))
    const { ask } = await serve(t, [], { store })
    assert.deepEqual(await listed(ask), ['good'])
    assert.equal((await (await ask('/packages/good')).json()).metadata.packageId, 'good')
  })

  test('a folder that may not be read is one of them', async (t) => {
    const store = emptyStore(t)
    await publish(t, store, { packageId: 'good' }, { packageId: 'shut' })
    const shut = join(store, 'packages', 'shut')
    const { ask, reports } = await serve(t, [], { store })
    chmodSync(shut, 0)
    // Root may read all, and so is somebody else for as long as it takes.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) {
      chmodSync(dirname(store), 0o755)
      process.seteuid(NOBODY)
    }
    try {
      assert.deepEqual(await listed(ask), ['good'])
    } finally {
      if (isRoot) process.seteuid(0)
      chmodSync(shut, 0o755)
    }
    assert.equal(reports.length, 1)
  })
})

describe('An import that is killed', () => {
  // An import runs and runs, with other contents each round, and says after each what it was told.
  const CHILD = `
    import { importPackages } from ${JSON.stringify(new URL('index.mjs', rootUrl).href)}
    import { mkdirSync, writeFileSync } from 'node:fs'
    const [folder, store, round] = process.argv.slice(1)
    for (let turn = 0; ; turn++) {
      for (let number = 0; number < 5; number++) {
        mkdirSync(folder + '/p' + number, { recursive: true })
        const manifest = { packageId: 'p' + number, version: round + '.' + turn + '.0', description: 'x'.repeat(50_000) }
        writeFileSync(folder + '/p' + number + '/package.json', JSON.stringify(manifest))
      }
      const { added, failed } = await importPackages(folder, { store })
      if (failed.length > 0) throw new Error(JSON.stringify(failed))
      console.log(JSON.stringify(added))
    }
  `

  test('leaves every version whole or not there at all, and all that it told of', async (t) => {
    const store = emptyStore(t)
    const folder = packagesFolder(t)
    const acknowledged = []
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, folder.path, store, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines = []
      child.stdout.setEncoding('utf8').on('data', (text) => lines.push(text))
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
      child.kill('SIGKILL')
      await once(child, 'close')
      const whole = lines.join('').split('\n').slice(0, -1)
      acknowledged.push(...whole.flatMap((line) => JSON.parse(line)))
    }
    assert.ok(acknowledged.length >= 40, String(acknowledged.length))
    const { ask, reports } = await serve(t, [], { store })
    for (const packageId of await listed(ask)) {
      const { versions } = await (await ask(`/packages/${packageId}/versions`)).json()
      const told = acknowledged.filter((one) => one.packageId === packageId)
      for (const { version, checksum } of told) {
        assert.equal(versions.find((one) => one.version === version)?.checksum, checksum, `${packageId} ${version}`)
      }
      for (const { version, checksum } of versions) {
        const text = await (await ask(`/packages/${packageId}/versions/${version}`)).text()
        assert.equal(createHash('sha256').update(text).digest('hex'), checksum, `${packageId} ${version}`)
      }
    }
    assert.deepEqual(reports, [], 'nothing is damaged')
    assert.equal((await importPackages(folder.path, { store })).failed.length, 0, 'and the store takes more')
    assert.ok(readdirSync(store).includes('incoming'))
  })

  test('several processes that import the same add it once', async (t) => {
    const store = emptyStore(t)
    const folder = packagesFolder(t)
    for (let number = 0; number < 20; number++) folder.manifest(`p${number}`)
    const code = `answer(await addon.importPackages(${JSON.stringify(folder.path)}, ${JSON.stringify({ store })}))`
    const answers = await Promise.all([inChild(code), inChild(code), inChild(code)])
    const results = answers.map(({ answer }) => answer)
    assert.deepEqual(
      results.flatMap(({ failed }) => failed),
      [],
    )
    assert.equal(results.flatMap(({ added }) => added).length, 20)
    assert.equal(results.flatMap(({ unchanged }) => unchanged).length, 40)
  })
})
