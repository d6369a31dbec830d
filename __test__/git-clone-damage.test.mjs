// A clone that is damaged, or has gone, under a Git source: it is made anew, and nothing wrong is ever given.

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { filesBelow } from './helpers/cache-folder.mjs'
import { inChild } from './helpers/child.mjs'
import {
  cloneFolders,
  cloneIn,
  everything,
  everythingInChild,
  fill,
  NOTHING,
  restartable,
} from './helpers/git/cached.mjs'
import { idle } from './helpers/git/source.mjs'
import { idsOf } from './helpers/local.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

/** The files of a clone whose path ends so; there has to be one at least. */
function filesOf(clone, end) {
  const files = filesBelow(clone).filter(({ path }) => path.endsWith(end))
  assert.notEqual(files.length, 0, end)
  return files
}

/**
 * Puts other bytes in the place of all files whose path ends so. Who has an old one open has it still: Git itself does not
 * survive that a pack shrinks under it.
 * @param {(bytes: Buffer) => string | Uint8Array} change
 */
function replace(clone, end, change) {
  for (const { path, read } of filesOf(clone, end)) {
    writeFileSync(`${path}.other`, change(read()))
    renameSync(`${path}.other`, path)
  }
}

function remove(clone, end) {
  for (const { path } of filesOf(clone, end)) rmSync(path)
}

const half = (bytes) => bytes.subarray(0, bytes.length >> 1)

/** Each of these is in another object, behind the pack's head and before its sum. */
function someOthers(bytes) {
  for (let at = 20; at < bytes.length - 20; at += 40) bytes[at] ^= 0xff
  return bytes
}

const refsOf = (clone) => filesBelow(join(clone, 'refs')).map(({ path }) => path)

/** What may happen to a clone, or to anything else in the cache folder. */
const DAMAGES = {
  'its pack is cut off': (clone) => replace(clone, '.pack', half),
  'its pack is empty': (clone) => replace(clone, '.pack', () => ''),
  'bytes of its pack are others': (clone) => replace(clone, '.pack', someOthers),
  'its pack is gone': (clone) => remove(clone, '.pack'),
  "its pack's index is gone": (clone) => remove(clone, '.idx'),
  "its pack's index is cut off": (clone) => replace(clone, '.idx', half),
  "its pack's index is garbage": (clone) => replace(clone, '.idx', (bytes) => 'x'.repeat(bytes.length)),
  'all objects are gone': (clone) => rmSync(join(clone, 'objects'), { recursive: true }),
  'a ref is garbage': (clone) => refsOf(clone).map((path) => writeFileSync(path, 'garbage\n')),
  'a ref is empty': (clone) => refsOf(clone).map((path) => truncateSync(path, 0)),
  'a ref leads to nothing': (clone) => refsOf(clone).map((path) => writeFileSync(path, `${'f'.repeat(40)}\n`)),
  'a ref is a folder': (clone) => {
    for (const path of refsOf(clone)) {
      rmSync(path)
      mkdirSync(join(path, 'below'), { recursive: true })
    }
  },
  'its refs are gone': (clone) => rmSync(join(clone, 'refs'), { recursive: true }),
  'its HEAD is garbage': (clone) => writeFileSync(join(clone, 'HEAD'), '\0\0\0'),
  'its HEAD is gone': (clone) => rmSync(join(clone, 'HEAD')),
  'its config is garbage': (clone) => writeFileSync(join(clone, 'config'), '[core\n\tbare = \0'),
  'it is empty': (clone) => {
    rmSync(clone, { recursive: true })
    mkdirSync(clone)
  },
  'it is a file': (clone) => {
    rmSync(clone, { recursive: true })
    writeFileSync(clone, 'a file')
  },
  'it is gone': (clone) => rmSync(clone, { recursive: true }),
  'its folder is gone': (clone) => rmSync(dirname(clone), { recursive: true }),
  'the cache folder is gone': (clone) => rmSync(dirname(dirname(dirname(clone))), { recursive: true }),
  'all files in the cache folder are empty': (clone) => replace(dirname(dirname(clone)), '', () => ''),
}

describe('A clone heals', () => {
  for (const [name, damage] of Object.entries(DAMAGES)) {
    test(`where ${name}`, async (t) => {
      const { server, url, cacheDir, start } = await restartable(t)
      // One that runs on, and has read the index alone by now.
      const running = start()
      assert.deepEqual(await idsOf(running.source), ['a', 'b'])
      await idle(running.source)
      const given = await fill(start())
      damage(cloneIn(cacheDir))
      server.respond(() => ({ status: 503 }))
      assert.deepEqual(await everything(start({ id: 'down' }).source), NOTHING)
      server.respond(null)
      // A process of its own finds it so; this one may have the sound files open still, and go on with those.
      assert.deepEqual(await everythingInChild({ url, cacheDir }), given)

      damage(cloneIn(cacheDir))
      for (const { source, reports } of [start(), running]) {
        const healed = await everything(source)
        // Nobody has to be told of it.
        assert.deepEqual(reports, [])
        assert.deepEqual(healed, given)
      }
      assert.deepEqual((await everything(start({ id: 'another' }).source)).versions, given.versions)
      await idle(running.source)
      await server.stop()
      assert.deepEqual(await everything(start().source), given)
      for (const folder of cloneFolders(cacheDir)) assert.deepEqual(readdirSync(folder).sort(), ['clone', 'lock'])
    })
  }

  for (const name of ['its pack is cut off', 'it is gone', 'the cache folder is gone', 'a ref is garbage']) {
    test(`for one whose copy is old, where ${name}`, async (t) => {
      const { cacheDir, start, publish } = await restartable(t)
      const { source } = start({ cacheExpiry: 0 })
      await fill({ source })
      DAMAGES[name](cloneIn(cacheDir))
      publish('a', '3.0.0')
      assert.equal((await source.loadPackage('a')).scripts, 'return "a 3.0.0"')
      assert.deepEqual(await source.getVersions('a'), ['3.0.0', '1.0.0'])
    })
  }

  test('for many sources and calls at once', async (t) => {
    const { cacheDir, start } = await restartable(t)
    const sources = ['x', 'y', 'z'].map((id) => start({ id }).source)
    for (const source of sources) await source.fetchIndex()
    DAMAGES['its pack is cut off'](cloneIn(cacheDir))
    const answers = await Promise.all(sources.flatMap((source) => [1, 2, 3].map(() => everything(source))))
    for (const { index, newest, old, other, versions } of answers) {
      assert.equal(index.length, 2)
      assert.deepEqual(
        [newest, old, other].map((data) => data?.scripts),
        ['return "a 2.0.0"', 'return "a 1.0.0"', 'return "b 1.0.0"'],
      )
      assert.deepEqual(versions, ['2.0.0', '1.0.0'])
    }
  })
})

describe('While the repository can not be asked, a damaged clone', () => {
  test('is told with ECACHE or what the server says, and what is in memory goes on', async (t) => {
    const { server, cacheDir, start } = await restartable(t)
    const { source, reports } = start()
    const { index, newest } = await everything(source)
    await idle(source)
    DAMAGES['its pack is gone'](cloneIn(cacheDir))
    server.respond(() => ({ status: 503 }))
    assert.deepEqual([await source.fetchIndex(), await source.loadPackage('a')], [index, newest])
    assert.equal(await source.loadPackage('unknown'), null)
    for (const { error } of reports) assert.match(error.code, /^(ECACHE|EHTTP)$/)
    server.respond(null)
    assert.equal((await source.loadPackage('a', '1.0.0')).scripts, 'return "a 1.0.0"')
  })

  test('offline, is told with ECACHE and not touched', async (t) => {
    const { url, cacheDir, start } = await restartable(t)
    const given = await fill(start())
    const clone = cloneIn(cacheDir)
    const away = join(temporaryDirectory(t), 'clone')
    cpSync(clone, away, { recursive: true })
    DAMAGES['its pack is cut off'](clone)
    // In a process of its own: this one has the sound pack open still, and may go on with that.
    const config = { url, cacheDir, offline: true }
    const { answer } = await inChild(`
      const codes = []
      const manager = new addon.PackageSourceManager({ onError: ({ code }) => codes.push(code) })
      manager.addSource(new addon.GitPackageSource(${JSON.stringify(config)}))
      const index = await manager.fetchMergedIndex()
      answer({ index, codes })
    `)
    assert.deepEqual(answer, { index: [], codes: ['ECACHE'] })
    // Somebody puts it right.
    rmSync(clone, { recursive: true })
    renameSync(away, clone)
    assert.deepEqual(await everythingInChild(config), given)
  })
})

describe('What a killed writer left', () => {
  /** Things that lie about afterwards, each with its place in the clone's folder. */
  const LEFT = {
    'new-4711-0123456789abcdef/HEAD': 'ref: refs/heads/main',
    'new-old-0123456789abcdef/objects/pack/pack-x.pack': 'half',
    'clone/config.lock': '',
    'clone/shallow.lock': '',
    'clone/packed-refs.lock': '',
    'clone/HEAD.lock': '',
    'clone/refs/sources/0123456789abcdef0123456789abcdef.lock': '',
    'clone/objects/pack/pack_a1b2c3': 'half a pack',
  }

  test("is in nobody's way, and gone with the next fetch", async (t) => {
    const { cacheDir, start, publish } = await restartable(t)
    const given = await fill(start())
    const [folder] = cloneFolders(cacheDir)
    for (const [path, text] of Object.entries(LEFT)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    for (const path of refsOf(join(folder, 'clone')).filter((one) => !one.endsWith('.lock')))
      writeFileSync(`${path}.lock`, '')
    assert.deepEqual(await everything(start().source), given)

    publish('a', '3.0.0')
    const { source } = start({ id: 'another' })
    assert.equal((await source.loadPackage('a')).scripts, 'return "a 3.0.0"')
    for (const path of Object.keys(LEFT)) assert.equal(existsSync(join(folder, path)), false, path)
    assert.deepEqual(
      filesBelow(folder).filter(({ path }) => path.endsWith('.lock')),
      [],
    )
    assert.deepEqual(readdirSync(folder).sort(), ['clone', 'lock'])
  })

  test('is swept without following a link', async (t) => {
    const { cacheDir, start, publish } = await restartable(t)
    await fill(start())
    const [folder] = cloneFolders(cacheDir)
    const outside = temporaryDirectory(t)
    writeFileSync(join(outside, 'kept.lock'), 'kept')
    symlinkSync(outside, join(folder, 'new-link'))
    symlinkSync(outside, join(folder, 'clone/refs/sources/link'))
    publish('a', '3.0.0')
    assert.equal((await start({ id: 'another' }).source.loadPackage('a')).metadata.version, '3.0.0')
    assert.equal(readFileSync(join(outside, 'kept.lock'), 'utf8'), 'kept')
    assert.equal(lstatSync(join(folder, 'new-link'), { throwIfNoEntry: false }), undefined)
  })

  test('is told with ECACHE where it is in the way and can not be removed', async (t) => {
    const { cacheDir, start } = await restartable(t)
    await fill(start())
    const [folder] = cloneFolders(cacheDir)
    rmSync(join(folder, 'clone'), { recursive: true })
    rmSync(join(folder, 'lock'))
    mkdirSync(join(folder, 'lock'))
    const { manager, status } = start({ id: 'another' })
    assert.deepEqual(await manager.fetchMergedIndex(), [])
    assert.equal(status().lastError.code, 'ECACHE')
    assert.match(status().lastError.message, /lock/)
  })
})
