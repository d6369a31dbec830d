import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { inChild, rootPath, runNode } from './helpers/child.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { idsOf } from './helpers/manager.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { publish, serve } from './helpers/registry-service.mjs'
import { until } from './helpers/until.mjs'

const entry = new URL('../index.mjs', import.meta.url).href

/** A worker that runs a module with the addon as `addon` and `data` as its data; it is stopped when the test ends. */
function startWorker(t, code, data) {
  const text = `
    const { parentPort, workerData: data } = require('node:worker_threads')
    import(${JSON.stringify(entry)}).then(async (addon) => {
      const answer = (value) => parentPort.postMessage(value)
      ${code}
    })
  `
  const worker = new Worker(text, { eval: true, workerData: data })
  t.after(() => worker.terminate())
  return worker
}

/** Loads and uses all of it: folder, registry, a source of its own, merge, versions and search. */
const USE_ALL = `
  const manager = new addon.PackageSourceManager({ conflictResolution: 'latest-version' })
  manager.addSource(new addon.LocalPackageSource({ url: data.folder }))
  manager.addSource(new addon.RemotePackageSource({ id: 'remote', url: data.registry, enabled: true }))
  manager.addSource({
    getConfig: () => ({ id: 'own', name: 'Own', type: 'local', url: '', priority: 20, enabled: true }),
    fetchIndex: async () => [{ packageId: 'own' + data.number, name: 'Own', version: '1.0.0', dependencies: [], minLevel: 1 }],
    loadPackage: () => null, hasPackage: () => false, getVersions: () => [],
  })
  const ids = []
  for (let round = 0; round < 20; round++) {
    manager.clearAllCaches()
    ids.push((await manager.fetchMergedIndex()).map((one) => one.packageId + '@' + one.version).join())
  }
  const loaded = await Promise.all(['dashboard', 'forum'].map((id) => manager.loadPackage(id)))
  const versions = await manager.getAllVersions('dashboard')
  const found = await manager.searchPackages('dash')
  answer({
    ids: [...new Set(ids)],
    components: loaded.map((one) => one.components.length),
    versions,
    found: found.totalCount,
    order: addon.resolveDependencyOrder(await addon.buildPackageRegistry()).loadOrder.length >= 0,
  })
`

/** Serves a store, and tells the tags of its index until a package is in it. */
const SERVE = `
  const { GET } = addon.createRegistryHandlers({ store: data.store })
  const tags = new Set()
  for (;;) {
    const response = await GET(new Request('http://app.invalid/api/v1/packages', { headers: { 'accept-encoding': 'br' } }))
    tags.add(response.headers.get('etag'))
    if ((await GET(new Request('http://app.invalid/api/v1/packages/' + data.last))).status === 200) break
  }
  const response = await GET(new Request('http://app.invalid/api/v1/packages', { headers: { 'accept-encoding': 'br' } }))
  answer({ tags: tags.size, last: response.headers.get('etag') })
`

describe('The addon in worker threads', () => {
  test('serve one registry, and all see an import of the main thread', async (t) => {
    const { ask, store } = await serve(t, [{ packageId: 'first' }])
    const workers = Array.from({ length: 3 }, () => startWorker(t, SERVE, { store, last: 'last' }))
    await publish(t, store, { packageId: 'last' })
    const answers = (await Promise.all(workers.map((worker) => once(worker, 'message')))).map(([answer]) => answer)
    const own = (await ask('/packages', { 'accept-encoding': 'br' })).headers.get('etag')
    for (const { tags, last } of answers) {
      assert.equal(last, own)
      assert.ok(tags <= 2, String(tags))
    }
  })

  test('can be loaded and used in four of them at once, beside the main thread', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard').components([{ id: 'A' }, { id: 'B' }])
    folder.manifest('table')
    const registry = await startRegistry(t)
    registry.publish({ packageId: 'dashboard', version: '0.9.0' }).publish({ packageId: 'forum', version: '3.0.0' })
    const workers = [0, 1, 2, 3].map((number) =>
      startWorker(t, USE_ALL, { number, folder: folder.path, registry: registry.url }),
    )
    const { LocalPackageSource } = await import('../index.mjs')
    const here = new LocalPackageSource({ url: folder.path }).fetchIndex()
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')))
    assert.deepEqual(idsOf(await here), ['dashboard', 'table'])
    answers.forEach(([answer], number) => {
      assert.deepEqual(answer, {
        ids: [`dashboard@1.0.0,table@1.0.0,forum@3.0.0,own${number}@1.0.0`],
        components: [2, 1],
        versions: new Map([
          ['local', ['1.0.0']],
          ['remote', ['0.9.0']],
        ]),
        found: 1,
        order: true,
      })
    })
    const codes = await Promise.all(workers.map((worker) => worker.terminate()))
    assert.equal(codes.length, 4)
  })

  test('lets a worker end by itself once its work is done', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard')
    const worker = startWorker(
      t,
      'answer(await new addon.LocalPackageSource({ url: data.folder }).hasPackage("dashboard"))',
      { folder: folder.path },
    )
    const [[answer], [exitCode]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
    assert.equal(answer, true)
    assert.equal(exitCode, 0)
  })

  test('survives workers that are stopped in the middle of their work', async (t) => {
    const registry = await startRegistry(t)
    registry.hold()
    const code = `
      const source = new addon.RemotePackageSource({ url: data.registry, enabled: true })
      source.fetchIndex()
      new addon.LocalPackageSource({ url: data.folder }).fetchIndex()
      answer('under way')
    `
    const folder = packagesFolder(t)
    for (let at = 0; at < 50; at++) folder.seed(`p${at}`)
    const workers = [1, 2, 3, 4].map(() => startWorker(t, code, { registry: registry.url, folder: folder.path }))
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    await until(() => registry.requests.length >= 4, { what: 'four requests' })
    await Promise.all(workers.map((worker) => worker.terminate()))
    registry.release()

    const after = startWorker(t, 'answer(await new addon.LocalPackageSource({ url: data.folder }).fetchIndex())', {
      folder: folder.path,
    })
    assert.equal((await once(after, 'message'))[0].length, 50)
  })

  test("gives a worker's errors their codes", async (t) => {
    const worker = startWorker(
      t,
      `
        const manager = new addon.PackageSourceManager()
        const rejected = await manager.loadPackage(5).catch((error) => error)
        let thrown
        try { new addon.RemotePackageSource({ url: 'ftp://x' }) } catch (error) { thrown = error }
        answer([rejected instanceof Error, rejected.code, thrown instanceof Error, thrown.code])
      `,
    )
    assert.deepEqual((await once(worker, 'message'))[0], [true, 'EINVALIDARG', true, 'EINVALIDARG'])
  })
})

describe('The addon loaded a second time', () => {
  test('in the same process works beside the first, and sources of one serve managers of the other', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard').components([{ id: 'A' }])
    const { answer } = await inChild(
      `
      const { createRequire } = await import('node:module')
      const require = createRequire(${JSON.stringify(new URL('../index.mjs', import.meta.url).href)})
      const first = require('./index.js')
      for (const path of Object.keys(require.cache)) delete require.cache[path]
      const second = require('./index.js')
      const source = new second.LocalPackageSource({ url: ${JSON.stringify(folder.path)} })
      const loaded = []
      for (const copy of [first, second]) {
        const manager = new copy.PackageSourceManager()
        manager.addSource(source)
        const [entry] = await manager.fetchMergedIndex()
        loaded.push([entry.packageId, entry.selectedSource, (await manager.loadPackage('dashboard')).components])
      }
      answer({ separate: first.PackageSourceManager !== second.PackageSourceManager, loaded })
    `,
    )
    assert.equal(answer.separate, true)
    const expected = ['dashboard', 'local', [{ id: 'A' }]]
    assert.deepEqual(answer.loaded, [expected, expected])
  })

  test('from a copy of its files works beside the first', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard')
    const { cpSync } = await import('node:fs')
    const { files } = createRequire(import.meta.url)('../package.json')
    const copy = `${folder.parent}/copy`
    for (const name of ['package.json', ...(await present(files))])
      cpSync(`${rootPath}${name}`, `${copy}/${name}`, { recursive: true })
    const { stdout } = await runNode([
      '-e',
      `
      const [first, second] = [require(${JSON.stringify(rootPath)}), require(${JSON.stringify(copy)})]
      const ask = (addon) => new addon.LocalPackageSource({ url: ${JSON.stringify(folder.path)} }).hasPackage('dashboard')
      Promise.all([ask(first), ask(second)]).then((found) => console.log(JSON.stringify([first === second, ...found])))
    `,
    ])
    assert.deepEqual(JSON.parse(stdout), [false, true, true])
  })
})

/** The published files that are there, the pattern for the binaries resolved. */
async function present(patterns) {
  const { readdirSync } = await import('node:fs')
  const names = readdirSync(rootPath)
  return patterns.flatMap((pattern) => {
    const plain = pattern.replace(/\/$/, '')
    return names.filter((name) => (plain.startsWith('*') ? name.endsWith(plain.slice(1)) : name === plain))
  })
}
