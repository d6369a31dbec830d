// Repositories and servers that would take gigabytes or hours: each is read in a process of its own, which must neither
// crash nor hang, nor take much memory.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FLUSH, pktLine } from '../helpers/git/answers.mjs'
import { readApart } from '../helpers/git/apart.mjs'
import { fastImport, manyPackages } from '../helpers/git/fast-import.mjs'
import {
  allOf,
  blobOf,
  commitOf,
  manifestOf,
  packageOf,
  repositoryOf,
  SOUND,
  servedCommit,
  treeOf,
} from '../helpers/git/hostile-repository.mjs'
import { deltaOf, largeObject, objectOf, packOf } from '../helpers/git/raw-pack.mjs'
import { advertise, band, serveRaw } from '../helpers/git/raw-server.mjs'
import { gitRepository } from '../helpers/git/repository.mjs'
import { temporaryDirectory } from '../helpers/package-builder.mjs'

const GIB = 2 ** 30
const MIB = 2 ** 20

/** Bounds a hang. Nothing is measured by it: what hangs does so for hours. */
const LONG = { mostMs: 240_000 }

/** For what may not be held up by more than its own bound in time. */
const FETCH_TIMEOUT = 5000

const sound = repositoryOf([SOUND])
const FIRST = sound.objects.length

/** Reads a source at a URL in a process of its own. */
function read(t, url, { config, bounds, ...question } = {}) {
  return readApart({ config: { url, cacheDir: temporaryDirectory(t), ...config }, ...question }, { ...LONG, ...bounds })
}

/** Reads from a raw server, which takes what {@link serveRaw} takes. */
async function readServed(t, words, question) {
  const server = await serveRaw(t, words)
  return read(t, server.url, question)
}

/** A pack in lines of one band. */
function pieces(pack) {
  return Array.from({ length: Math.ceil(pack.length / 60_000) }, (_, n) =>
    band(1, pack.subarray(n * 60_000, (n + 1) * 60_000)),
  )
}

const codesOf = ({ reports }) => [...new Set(reports.map(({ code }) => code))].join()

describe('An object of 2 GiB', () => {
  const large = largeObject('blob', 2 * GIB)

  test('that nobody reads is fetched and passed over', async (t) => {
    const words = repositoryOf([SOUND, ['100644', 'large', large]])
    const { index, reports } = await readServed(t, words, { ids: ['sound'] })
    assert.deepEqual([index, reports], [['sound'], []])
  })

  test('in the place of a manifest, components and scripts is passed over with warnings', async (t) => {
    const other = packageOf('other', [
      ['40000', 'components', treeOf([['100644', 'ui.json', large]])],
      ['40000', 'scripts', treeOf([['100644', 'init.lua', large]])],
    ])
    const words = repositoryOf([
      ['40000', 'broken', treeOf([['100644', 'package.json', large]])],
      ['40000', 'other', other],
      SOUND,
    ])
    const { index, packages, reports } = await readServed(t, words, { ids: ['other', 'broken', 'sound'] })
    assert.deepEqual(index, ['other', 'sound'])
    assert.deepEqual([packages.broken, packages.other.components, packages.other.scriptFiles], [null, [], []])
    const told = reports.map(({ message }) => message.split(' ')[0])
    assert.deepEqual(told.toSorted(), ['broken/package.json', 'other/components/ui.json', 'other/scripts/init.lua'])
  })

  test("in the place of a version's commit is passed over with a warning", async (t) => {
    const words = servedCommit(commitOf(treeOf([['40000', 'packages', treeOf([SOUND])]])), [['v2.0.0', large]])
    const { index, versions, reports } = await readServed(t, words, { versionsOf: ['sound'] })
    assert.deepEqual([index, versions.sound], [['sound'], ['1.0.0']])
    assert.match(reports[0].message, /^tag v2.0.0 /)
  })

  const start = `tree ${treeOf([]).oid}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n`
  for (const [what, object] of [
    ['that is a tag', largeObject('tag', 2 * GIB, `object ${treeOf([]).oid}\ntype tree\ntag x\n\n`)],
    ['that is a commit, for its message', largeObject('commit', 2 * GIB, start)],
  ]) {
    test(`${what} is an error with a code, or passed over`, async (t) => {
      const answer = await readServed(t, servedCommit(sound.objects[0], [['v2.0.0', object]]))
      assert.match(codesOf(answer), /^(ETOOLARGE|EPROTOCOL|ENOREF|EMALFORMED)$/)
      const chosen = await readServed(t, servedCommit(object))
      assert.deepEqual(chosen.index, [])
      assert.match(codesOf(chosen), /^(ETOOLARGE|EPROTOCOL|ENOPACKAGES)$/)
    })
  }
})

describe('A pack of differences', () => {
  const base = blobOf('x'.repeat(65_536))
  const copies = { copy: [0, 65_536], times: 30_000 }
  const by = (kind) => ({ type: kind, base: kind === 'ofs-delta' ? FIRST : base.oid })

  /** Further objects that make an indexer take gigabytes, or go round for ever. */
  const BOMBS = {
    'that unfold to 2 GB': [base, { ...by('ofs-delta'), data: deltaOf(65_536, [copies]) }],
    'by id that unfold to 2 GB': [base, { ...by('ref-delta'), data: deltaOf(65_536, [copies]) }],
    'that say that they unfold to 2 GiB': [
      base,
      { ...by('ofs-delta'), data: deltaOf(65_536, [{ copy: [0, 10] }], 2 ** 31 - 1) },
    ],
    'to an object of 2 GiB': [
      largeObject('blob', 2 * GIB),
      { type: 'ofs-delta', base: FIRST, data: deltaOf(2 * GIB, [{ copy: [0, 16] }]) },
    ],
    'that say that they have 1 TiB': [
      base,
      { ...by('ofs-delta'), data: deltaOf(65_536, [{ insert: 'x' }]), size: 2 ** 40 },
    ],
    'that make an object again': [
      base,
      blobOf(`y${'x'.repeat(65_536)}`),
      { ...by('ref-delta'), data: deltaOf(65_536, [{ insert: 'y' }, { copy: [0, 65_536] }]) },
    ],
    'that make their own base': [base, { ...by('ref-delta'), data: deltaOf(65_536, [{ copy: [0, 65_536] }]) }],
    'that make an object twice': [
      base,
      { ...by('ref-delta'), data: deltaOf(65_536, [{ insert: 'y' }]) },
      { ...by('ref-delta'), data: deltaOf(65_536, [{ insert: 'y' }]) },
    ],
  }
  for (const [what, further] of Object.entries(BOMBS)) {
    for (const depth of [1, undefined]) {
      test(`${what} ends, ${depth ? 'shallow' : 'with the whole history'}`, async (t) => {
        const words = { ...sound, objects: [...sound.objects, ...further] }
        const answer = await readServed(t, words, { config: { depth } })
        if (answer.index.length > 0) assert.deepEqual([answer.index, answer.reports], [['sound'], []])
        else assert.match(codesOf(answer), /^(EPROTOCOL|ETOOLARGE)$/)
      })
    }
  }

  test('that make the same large object again and again end, and leave memory behind once at most', async (t) => {
    const size = 120 * MIB
    const eighth = size / 8
    const data = deltaOf(
      size,
      Array.from({ length: 8 }, (_, n) => ({ copy: [n * eighth, eighth] })),
    )
    const objects = [...sound.objects, largeObject('blob', size)]
    const again = Array.from({ length: 4 }, () => ({ type: 'ofs-delta', base: objects.length - 1, data }))
    const pack = packOf([...objects, ...again])
    const answer = await readServed(t, { ...sound, pack }, { again: 3, bounds: { mostMiB: 1000 } })
    if (answer.index.length === 0) assert.match(codesOf(answer), /^(EPROTOCOL|ETOOLARGE)$/)
  })

  for (const [where, around] of [
    [
      'before the answer to what we have',
      (decoy, hostile) => [band(1, decoy), pktLine('NAK\n'), band(1, hostile), FLUSH],
    ],
    [
      'between two answers',
      (decoy, hostile) => [pktLine('NAK\n'), band(1, decoy), pktLine('NAK\n'), band(1, hostile), FLUSH],
    ],
    [
      'before an acknowledgement',
      (decoy, hostile) => [band(1, decoy), pktLine(`ACK ${'1'.repeat(40)}`), band(1, hostile), FLUSH],
    ],
  ]) {
    for (const depth of [1, undefined]) {
      test(`that hides behind the start of another one, ${where}, ends, ${depth ? 'shallow' : 'with the whole history'}`, async (t) => {
        const hostile = packOf([...sound.objects, ...BOMBS['that make an object again']])
        // One file that is not compressed, so that the hostile pack would be its content.
        const size = 65_535
        const stored = Buffer.from([0x78, 0x01, 0x01, size & 255, size >> 8, 0, 0])
        const decoy = packOf([{ type: 'blob', packed: stored, size }]).subarray(0, -20)
        const answer = (asked) => (asked.includes('done\n') ? Buffer.concat(around(decoy, hostile)) : FLUSH)
        const read = await readServed(t, { ...sound, answer }, { config: { depth } })
        if (read.index.length > 0) assert.deepEqual(read.index, ['sound'])
        else assert.match(codesOf(read), /^(EPROTOCOL|ETOOLARGE|ENETWORK)$/)
      })
    }
  }

  test('on a large file that is there already is left in time, and the clone with it', async (t) => {
    const large = largeObject('blob', 60 * MIB)
    const server = await serveRaw(t, { ...sound, objects: [...sound.objects, large] })
    const config = { url: server.url, cacheDir: temporaryDirectory(t), depth: 1, cacheExpiry: 0 }
    assert.deepEqual((await readApart({ config })).index, ['sound'])
    const next = commitOf(treeOf([['40000', 'packages', treeOf([SOUND])]]), { message: 'The next' })
    const made = Array.from({ length: 3000 }, (_, n) => ({
      type: 'ref-delta',
      base: large.oid,
      data: deltaOf(60 * MIB, [{ insert: `${n}` }]),
    }))
    // As soon as it was sent, an honest repository is there.
    const hostile = packOf([next, ...made])
    const honest = repositoryOf([SOUND, ['100644', 'later', blobOf('later')]])
    const answer = (asked) => {
      if (!asked.includes('done\n')) return FLUSH
      server.says({ ...honest, answer: undefined })
      return Buffer.concat([pktLine('NAK\n'), ...pieces(hostile), FLUSH])
    }
    server.says({ refs: servedCommit(next).refs, answer })
    const read = await readApart({ config: { ...config, fetchTimeoutMs: 2000 }, atOnce: 0, again: 10 }, LONG)
    assert.deepEqual(read.index, ['sound'])
    assert.equal(read.status.lastError, null, JSON.stringify(read.status.lastError))
  })

  test('of differences, 2,000 deep and 1 MB each, ends', async (t) => {
    const objects = [blobOf('x'.repeat(MIB))]
    for (let n = 0; n < 2000; n++) {
      const data = deltaOf(MIB, [{ insert: `${n}`.padStart(8, '0') }, { copy: [8, MIB - 8] }])
      objects.push({ type: 'ofs-delta', base: FIRST + n, data })
    }
    const words = { ...sound, objects: [...sound.objects, ...objects] }
    const answer = await readServed(t, words, { config: { fetchTimeoutMs: 60_000 } })
    if (answer.index.length === 0) assert.match(codesOf(answer), /^(EPROTOCOL|ETOOLARGE|ETIMEOUT)$/)
  })

  test('that is added to a clone, and makes an object again, ends', async (t) => {
    const server = await serveRaw(t, sound)
    const cacheDir = temporaryDirectory(t)
    const first = await readApart({ config: { url: server.url, cacheDir } })
    assert.deepEqual(first.index, ['sound'])
    const next = commitOf(treeOf([['40000', 'packages', treeOf([SOUND])]]), { message: 'The next' })
    const manifest = SOUND[2].needs[0]
    const again = { type: 'ref-delta', base: manifest.oid, data: deltaOf(manifest.data.length, [{ insert: 'y' }]) }
    server.says({ refs: servedCommit(next).refs, objects: [next, blobOf('y'), again, { ...again }] })
    const answer = await readApart({ config: { url: server.url, cacheDir, cacheExpiry: 0 } }, LONG)
    if (answer.reports.length > 0) assert.match(codesOf(answer), /^(EPROTOCOL|ETOOLARGE)$/)
  })
})

describe('A server that goes on and on', () => {
  const lines = (make, count = 1000) => Buffer.concat(Array.from({ length: count }, (_, n) => pktLine(make(n))))
  function* forEver(beginning, make) {
    yield beginning
    for (let n = 0; ; n++) yield make(n)
  }
  const id = (n) => n.toString(16).padStart(40, '0')
  const refs = advertise(sound.refs).subarray(0, -FLUSH.length)
  const NAK = pktLine('NAK\n')

  /** What it says, and how long it may take where it isn't as much as it may say. */
  const ENDLESS = {
    'naming refs': {
      advertisement: () => forEver(refs, (n) => lines((k) => `${sound.refs[0][1]} refs/heads/${n}-${k}\n`)),
    },
    'naming ends of its history': {
      answer: () => forEver(FLUSH.subarray(4), (n) => lines((k) => `shallow ${id(n * 1000 + k)}`)),
    },
    acknowledging: {
      answer: () => forEver(FLUSH.subarray(4), (n) => lines((k) => `ACK ${id(n * 1000 + k)} continue`)),
    },
    'telling how far it is': { answer: () => forEver(NAK, () => band(2, 'x'.repeat(60_000))) },
    'with a file of zeros': {
      answer: () => {
        const { packed } = largeObject('blob', GIB)
        const head = packOf([{ type: 'blob', data: Buffer.alloc(0), size: 2 ** 45, packed: Buffer.alloc(0) }]).subarray(
          0,
          -20,
        )
        // One compressed piece of zeros, which refers to nothing before it.
        const piece = packed.subarray(packed.length / 2, packed.length / 2 + 60_000)
        return forEver(Buffer.concat([NAK, band(1, head), band(1, packed.subarray(0, 60_000))]), () => band(1, piece))
      },
    },
  }
  for (const [what, words] of Object.entries(ENDLESS)) {
    for (const depth of [1, undefined]) {
      test(`${what} is left in time, and with little memory, ${depth ? 'shallow' : 'with the whole history'}`, async (t) => {
        const config = { depth, fetchTimeoutMs: FETCH_TIMEOUT }
        const answer = await readServed(t, { ...sound, ...words }, { config, bounds: { mostMs: 60_000 } })
        assert.deepEqual(answer.index, [])
        assert.match(codesOf(answer), /^(ETIMEOUT|ETOOLARGE|EPROTOCOL)(,(ETIMEOUT|ETOOLARGE|EPROTOCOL))*$/)
      })
    }
  }

  for (const [branches, tags] of [
    [100_000, 10_000],
    [500_000, 10_000],
    [500_000, 0],
  ]) {
    test(`with ${branches} branches and ${tags} tags is done, or left, in time`, async (t) => {
      const [[, tip]] = sound.refs
      const many = [
        ...Array.from({ length: branches }, (_, n) => [`refs/heads/${n}`, tip]),
        ...Array.from({ length: tags }, (_, n) => [`refs/tags/v1.0.${n}`, tip]),
      ]
      const config = { fetchTimeoutMs: 20_000 }
      const answer = await readServed(
        t,
        { ...sound, refs: [...sound.refs, ...many] },
        { config, bounds: { mostMs: 120_000 } },
      )
      if (answer.index.length > 0) assert.deepEqual(answer.index, ['sound'])
      else assert.match(codesOf(answer), /^(ETIMEOUT|ETOOLARGE)/)
    })
  }

  test('with 500,000 branches and a HEAD in 5,000 places is done, or left, in time', async (t) => {
    const [[, tip]] = sound.refs
    const many = Array.from({ length: 500_000 }, (_, n) => [`refs/heads/${n}`, tip])
    const heads = Array.from({ length: 2500 }, (_, n) => `symref=HEAD:refs/heads/${n}`.slice(0, 26)).join(' ')
    const capabilities = `multi_ack side-band-64k shallow ${heads.slice(0, 64_000)}`
    const words = { ...sound, refs: [...sound.refs, ...many], capabilities }
    const answer = await readServed(t, words, { config: { fetchTimeoutMs: 20_000 }, bounds: { mostMs: 120_000 } })
    if (answer.index.length > 0) assert.deepEqual(answer.index, ['sound'])
    else assert.match(codesOf(answer), /^(ETIMEOUT|ETOOLARGE|EPROTOCOL)/)
  })
})

describe('A repository with', () => {
  const names = (count) => Array.from({ length: count }, (_, n) => `n${String(n).padStart(6, '0')}`)

  test('100,000 packages is served', async (t) => {
    const words = repositoryOf(names(100_000).map((name) => ['40000', name, packageOf(name)]))
    // Made before anybody waits for it.
    const pack = packOf(words.objects)
    const { index, reports } = await readServed(t, { ...words, pack })
    assert.deepEqual([index.length, reports], [100_000, []])
  })

  describe('a folder of 200,000 names', () => {
    const large = treeOf([SOUND, ...names(200_000).map((name) => ['100644', name, blobOf('x')])])
    const commit = commitOf(treeOf([['40000', 'packages', large]]))
    const served = (tags = []) => {
      const words = servedCommit(commit, tags)
      return { ...words, pack: packOf(words.objects) }
    }

    test('is served to 40 callers at once with bounded memory', async (t) => {
      const { index } = await readServed(t, served(), { atOnce: 40, bounds: { mostMiB: 1500 } })
      assert.deepEqual(index, ['sound'])
    })

    test('and 3,000 tags is served in time', async (t) => {
      const tags = Array.from({ length: 3000 }, (_, n) => [`v2.0.${n}`, commit])
      const question = { versionsOf: ['sound', 'unknown'], bounds: { mostMiB: 800, mostMs: 120_000 } }
      const { versions } = await readServed(t, served(tags), question)
      assert.deepEqual([versions.sound.length, versions.unknown], [3001, []])
    })
  })

  test('a package whose script manifest names 100,000 files is served, in whole or in part', async (t) => {
    const files = names(100_000).map((name) => `${name}.lua`)
    const manifest = blobOf(JSON.stringify({ scripts: files.map((file) => ({ file })) }))
    const scripts = treeOf([
      ['100644', 'manifest.json', manifest],
      ...files.map((file) => ['100644', file, blobOf('-- x')]),
    ])
    const words = repositoryOf([['40000', 'other', packageOf('other', [['40000', 'scripts', scripts]])], SOUND])
    const { packages, reports } = await readServed(t, words, { ids: ['other'] })
    assert.ok(packages.other.scriptFiles.length > 0)
    if (packages.other.scriptFiles.length < files.length) assert.ok(reports.length > 0)
  })

  test('a package whose script manifest names a file 4,000 folders down 2,000 times is served', async (t) => {
    const depth = 4000
    let folder = treeOf([['100644', 'x.lua', blobOf('-- deep')]])
    for (let n = 1; n < depth; n++) folder = treeOf([['40000', 'a', folder]])
    const script = { file: `${'a/'.repeat(depth)}x.lua` }
    const manifest = blobOf(JSON.stringify({ scripts: new Array(2000).fill(script) }))
    const scripts = treeOf([
      ['100644', 'manifest.json', manifest],
      ['40000', 'a', folder],
    ])
    const words = repositoryOf([['40000', 'other', packageOf('other', [['40000', 'scripts', scripts]])], SOUND])
    const { packages } = await readServed(t, words, { ids: ['other'] })
    assert.ok(packages.other.scriptFiles.length > 0)
  })

  test('a script manifest of 400,000 files that can not be is told of in short', async (t) => {
    const manifest = blobOf(
      JSON.stringify({ scripts: Array.from({ length: 400_000 }, (_, n) => ({ file: `../../x${n}` })) }),
    )
    const scripts = treeOf([['100644', 'manifest.json', manifest]])
    const words = repositoryOf([['40000', 'other', packageOf('other', [['40000', 'scripts', scripts]])], SOUND])
    const { packages, reports } = await readServed(t, words, { ids: ['other'] })
    assert.deepEqual(packages.other.scriptFiles, [])
    assert.ok(reports.length <= 200, `${reports.length} reports`)
  })

  test('1,000 packages and 400 tags answers at once for a package that no tag has', async (t) => {
    const repository = fastImport(t, manyPackages({ packages: 1000, tags: 400 }))
    const unknown = Array.from({ length: 20 }, (_, n) => `unknown_${n}`)
    const question = { versionsOf: [...unknown, 'package_7'] }
    const { versions } = await read(t, repository.path, { ...question, bounds: { mostMs: 90_000 } })
    assert.equal(versions.package_7.length, 400)
    for (const id of unknown) assert.deepEqual(versions[id], [])
  })
})

describe('A folder of this machine with', () => {
  /** A bare repository of these objects. */
  function folderOf(t, { refs, objects }) {
    const repository = gitRepository(t, { bare: true })
    repository.feed(['unpack-objects', '-q'], packOf(objects))
    for (const [name, oid] of refs) if (name !== 'HEAD') writeFileSync(join(repository.path, name), `${oid}\n`)
    return repository
  }

  /** A file of so many zeros, which take no room. */
  function zeros(path, size) {
    rmSync(path, { force: true })
    const file = openSync(path, 'w')
    ftruncateSync(file, size)
    closeSync(file)
  }

  const manifest = SOUND[2].needs[0]
  const PLACES = {
    config: 'config',
    HEAD: 'HEAD',
    'packed-refs': 'packed-refs',
    'a ref': 'refs/tags/v1.0.0',
    'the branch': 'refs/heads/main',
    'an object': `objects/${manifest.oid.slice(0, 2)}/${manifest.oid.slice(2)}`,
    'where else objects are': 'objects/info/alternates',
    'an index of a pack': `objects/pack/pack-${'1'.repeat(40)}.idx`,
    'where its history ends': 'shallow',
  }
  for (const [what, name] of Object.entries(PLACES)) {
    test(`a pipe for ${what} doesn't hold a call longer than fetchTimeoutMs`, async (t) => {
      const repository = folderOf(t, sound)
      writeFileSync(join(repository.path, `objects/pack/pack-${'1'.repeat(40)}.pack`), 'PACK')
      rmSync(join(repository.path, name), { force: true })
      execFileSync('mkfifo', [join(repository.path, name)])
      const answer = await read(t, repository.path, { config: { fetchTimeoutMs: 1000 }, bounds: { mostMs: 30_000 } })
      if (answer.index.length > 0) assert.deepEqual(answer.index, ['sound'])
      else assert.match(codesOf(answer), /^(ETIMEOUT|EPROTOCOL|ENOREPOSITORY|ENOREF|ELOCKED)/)
    })

    test(`3 GB for ${what} takes little memory`, async (t) => {
      const repository = folderOf(t, sound)
      zeros(join(repository.path, name), 3e9)
      const answer = await read(t, repository.path)
      if (answer.index.length > 0) assert.deepEqual(answer.index, ['sound'])
      else assert.match(codesOf(answer), /^E[A-Z]+$/)
    })
  }

  for (const size of [900e6, 3 * GIB]) {
    test(`a file of ${size} bytes takes little memory`, async (t) => {
      const repository = gitRepository(t, { bare: true })
      const { refs, objects } = repositoryOf([SOUND, ['100644', 'large', largeObject('blob', size)]])
      repository.feed(['index-pack', '--stdin'], packOf(objects))
      writeFileSync(join(repository.path, 'refs/heads/main'), `${refs[0][1]}\n`)
      const answer = await read(t, repository.path)
      if (answer.index.length > 0) assert.deepEqual(answer.index, ['sound'])
      else assert.equal(codesOf(answer), 'ETOOLARGE')
    })
  }

  test('folders 200,000 deep is served', async (t) => {
    let folder = treeOf([])
    for (let n = 0; n < 200_000; n++) folder = treeOf([['40000', 'a', folder]])
    const commit = commitOf(
      treeOf([
        ['40000', 'deep', folder],
        ['40000', 'packages', treeOf([SOUND])],
      ]),
    )
    const repository = gitRepository(t, { bare: true })
    repository.feed(['index-pack', '--stdin'], packOf(allOf([commit])))
    writeFileSync(join(repository.path, 'refs/heads/main'), `${commit.oid}\n`)
    assert.deepEqual((await read(t, repository.path)).index, ['sound'])
  })
})

test('A manifest that a difference makes larger than it says is never read', async (t) => {
  const text = manifestOf('other', { long: 'x'.repeat(1000) })
  const base = blobOf('x'.repeat(1000))
  const made = objectOf('blob', text)
  const folder = treeOf([['100644', 'package.json', made.oid]])
  const words = repositoryOf([['40000', 'other', folder], SOUND])
  const start = text.slice(0, -1002)
  const data = deltaOf(1000, [{ insert: start }, { copy: [0, 1000] }, { insert: '"}' }], 10)
  const objects = [...words.objects, base, { type: 'ofs-delta', base: words.objects.length, data }]
  const answer = await readServed(t, { ...words, objects })
  assert.ok(!answer.index.includes('other'))
})
