// `onProgress` tells how far a fetch is: in order, not too often, to nobody's harm.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { GitPackageSource } from '../index.mjs'
import { cacheFolder } from './helpers/cache-folder.mjs'
import { fastImport, manyPackages } from './helpers/git/fast-import.mjs'
import { holdPack } from './helpers/git/held-pack.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { HOSTS, listedVersion, publish, servedOverHttp, twoPackages } from './helpers/git/served.mjs'
import { gitSource, watchedGit } from './helpers/git/source.mjs'
import { settle, until } from './helpers/until.mjs'

const PHASES = ['connecting', 'receiving', 'resolving', 'done']

/** Least time between two tellings of the same phase, milliseconds. */
const PAUSE = 100

/** A list of what is told, and the function that is told it. */
function recorded() {
  const told = []
  return {
    told,
    onProgress: (progress) => told.push(progress),
    last: (phase) => told.findLast((one) => one.phase === phase),
  }
}

/** Asserts that what was told is one fetch, from its beginning to its end. */
function assertWhole(told) {
  assert.equal(told[0].phase, 'connecting')
  assert.deepEqual(
    told.filter(({ phase }) => phase === 'done'),
    [told.at(-1)],
  )
  assertGrowing(told)
}

function assertGrowing(told) {
  told.forEach(({ sourceId, phase, received, total, bytes }, n) => {
    assert.equal(sourceId, 'git')
    for (const number of [received, total, bytes]) assert.ok(Number.isSafeInteger(number) && number >= 0)
    assert.ok(received <= total, `${received} of ${total}`)
    const before = told[n - 1]
    if (!before) return
    assert.ok(PHASES.indexOf(phase) >= PHASES.indexOf(before.phase), `${phase} after ${before.phase}`)
    if (phase === before.phase) assert.ok(received >= before.received && total === before.total)
    assert.ok(bytes >= before.bytes, `${bytes} bytes after ${before.bytes}`)
  })
}

describe('onProgress', () => {
  for (const [host, at] of Object.entries(HOSTS)) {
    test(`is told of a clone from ${host}, from its beginning to its end`, async (t) => {
      const repository = fastImport(t, manyPackages({ packages: 200, tags: 3 }))
      const { told, onProgress, last } = recorded()
      const source = gitSource(t, await at(t, repository), { onProgress })
      assert.equal((await source.fetchIndex()).length, 200)
      await until(() => last('done'))
      assertWhole(told)
      // 200 packages of two files in two folders each, of which two tenths changed twice; three commits.
      assert.ok(last('receiving').total > 600, `${last('receiving').total} objects`)
      const { received, total, bytes } = last('done')
      assert.equal(received, total)
      assert.ok(bytes > 10_000, `${bytes} bytes`)
    })
  }

  test('is told the whole size in the end', async (t) => {
    const { repository, server, url } = await servedOverHttp(t)
    const { told, onProgress, last } = recorded()
    const source = gitSource(t, url, { onProgress, cacheExpiry: 0 })
    await source.fetchIndex()
    await until(() => last('done'))
    const most = Math.max(...told.map(({ bytes }) => bytes))
    assert.ok(most > 1000)
    assert.equal(last('done').bytes, most)
    told.length = 0
    publish(repository, 'a', '2.0.0')
    assert.equal(await listedVersion(source), '2.0.0')
    await until(() => last('done'))
    assertWhole(told)
    assert.ok(server.requests.length > 2)
  })

  test('is told of a look that finds nothing new, from its beginning to its end', async (t) => {
    const { server, url } = await servedOverHttp(t)
    const { told, onProgress, last } = recorded()
    const source = gitSource(t, url, { onProgress, cacheExpiry: 0 })
    await source.fetchIndex()
    await until(() => last('done'))
    told.length = 0
    const asked = server.requests.length
    await source.fetchIndex()
    assert.equal(server.requests.length, asked + 1)
    await until(() => last('done'), { what: 'the end of a fetch that was begun', timeout: 5000 })
    assert.deepEqual(
      told.map(({ phase }) => phase),
      ['connecting', 'done'],
    )
  })

  test('is never told of an end that there was not', async (t) => {
    const { server, url } = await servedOverHttp(t)
    const { told, onProgress, last } = recorded()
    const { source, reports } = watchedGit(t, url, { onProgress, cacheExpiry: 0 })
    for (const failing of ['advertise', 'fetch']) {
      server.respond(({ command }) => (command === failing ? { status: 400 } : undefined))
      assert.deepEqual(await source.fetchIndex(), [])
    }
    assert.deepEqual(
      reports.map(({ error }) => error.code),
      ['EHTTP', 'EHTTP'],
    )
    server.respond(null)
    const before = told.length
    assert.equal(await listedVersion(source), '1.0.0')
    await until(() => last('done'))
    assert.deepEqual(
      told.slice(0, before).filter(({ phase }) => phase === 'done'),
      [],
    )
  })

  test('is told at each new phase, and within one no more than ten times a second', async (t) => {
    const repository = fastImport(t, manyPackages({ packages: 300, tags: 1 }))
    const server = await startGitHttp(t, repository.directory)
    const { told, onProgress, last } = recorded()
    const source = gitSource(t, `${server.url}/${repository.name}`, { onProgress, depth: Number.POSITIVE_INFINITY })
    const pieces = 4
    const { bytes, send } = holdPack(server, repository, { pieces })
    const start = performance.now()
    const asking = source.fetchIndex()
    await until(() => server.count('fetch') === 1)
    assert.deepEqual(
      told.map(({ phase }) => phase),
      ['connecting'],
    )
    for (let piece = 1; piece < pieces; piece++) {
      send()
      const received = () => told.filter(({ phase }) => phase === 'receiving')
      await until(() => received().length >= piece)
      const { received: count, total } = last('receiving')
      assert.ok(count < total, `${count} of ${total}`)
      // So long it says nothing more of this phase.
      await sleep(PAUSE * 1.5)
    }
    send()
    assert.equal((await asking).length, 300)
    await until(() => last('done'))
    const took = performance.now() - start
    assertWhole(told)
    for (const phase of PHASES) {
      const times = told.filter((one) => one.phase === phase).length
      assert.ok(times <= took / PAUSE + 1, `${phase} ${times} times in ${took} ms`)
    }
    // Of 1,200 objects and more.
    assert.ok(last('receiving').total > 1200)
    // Give or take a checksum.
    assert.ok(Math.abs(last('done').bytes - bytes) < 100, `${last('done').bytes} of ${bytes} bytes`)
  })

  for (const [name, onProgress] of Object.entries({
    throws: () => {
      throw new Error('no')
    },
    rejects: async () => {
      throw new Error('no')
    },
    'gives what throws when it is looked at': () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('no')
          },
        },
      ),
  })) {
    test(`harms nothing where it ${name}`, async (t) => {
      const unhandled = []
      for (const event of ['unhandledRejection', 'uncaughtException']) {
        const listen = (error) => unhandled.push(error)
        process.on(event, listen)
        t.after(() => process.off(event, listen))
      }
      const { told, onProgress: tell, last } = recorded()
      const repository = twoPackages(t)
      const { source, reports } = watchedGit(t, repository, {
        onProgress: (progress) => {
          tell(progress)
          return onProgress()
        },
      })
      assert.equal((await source.fetchIndex()).length, 2)
      await until(() => last('done'))
      await settle()
      assert.ok(told.length > 2)
      assert.deepEqual([unhandled, reports], [[], []])
    })
  }

  for (const onProgress of [null, 5, 'tell', {}]) {
    test(`is refused where it is ${JSON.stringify(onProgress)}`, (t) => {
      assert.throws(() => gitSource(t, '/nowhere', { onProgress }), { code: 'EINVALIDARG' })
    })
  }
})

test('A source that its own onProgress holds is collected, whether or not it was used', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const repository = twoPackages(t)
  const cacheDir = cacheFolder(t)
  const told = []
  const makeOne = async (isUsed) => {
    const source = new GitPackageSource({
      url: repository.path,
      cacheDir,
      onProgress: ({ phase }) => {
        told.push(phase)
        return source
      },
    })
    if (isUsed) assert.equal((await source.fetchIndex()).length, 2)
    return new WeakRef(source)
  }
  const made = [await makeOne(false), await makeOne(true)]
  await until(() => told.includes('done'))
  await until(
    () => {
      collect()
      return made.every((one) => one.deref() === undefined)
    },
    { what: 'the end of the sources', timeout: 20_000 },
  )
})
