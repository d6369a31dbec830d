// Repositories in folders of this machine that mean no good.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import {
  allOf,
  blobOf,
  commitOf,
  packageOf,
  repositoryOf,
  SOUND,
  servedCommit,
  tagOf,
  treeOf,
} from './helpers/git/hostile-repository.mjs'
import { hostileSource } from './helpers/git/hostile-source.mjs'
import { packOf } from './helpers/git/raw-pack.mjs'
import { gitRepository } from './helpers/git/repository.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

/** A bare repository with these objects, each in a file of its own, and these refs. */
function folderOf(t, { refs, objects }) {
  const repository = gitRepository(t, { bare: true })
  if (objects.length > 0) repository.feed(['unpack-objects', '-q'], packOf(objects))
  for (const [name, oid] of refs) if (name !== 'HEAD') write(repository, name, `${oid}\n`)
  return repository
}

function write(repository, name, content) {
  const path = join(repository.path, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return repository
}

const soundFolder = (t) => folderOf(t, repositoryOf([SOUND]))

/** The file of an object. */
const fileOf = (repository, { oid }) => join(repository.path, 'objects', oid.slice(0, 2), oid.slice(2))

/** What is served, and with which codes, however it looks. */
async function outcome(t, path, config) {
  const hostile = hostileSource(t, path, config)
  const ids = await hostile.ids()
  hostile.assertHarmless()
  return { ...hostile, served: ids, told: hostile.codes().join() }
}

const manifest = SOUND[2].needs[0]
const oddName = Buffer.concat([Buffer.from('refs/tags/v1.0.0-'), Buffer.from([0xff])])

/** What is wrong with a folder, and the code that tells; none where it is served all the same. */
const FOLDERS = {
  'a HEAD that leads out': [
    (r) => write(r, 'HEAD', 'ref: refs/heads/../../../x\n'),
    /^(ENOREF|EPROTOCOL|ENOREPOSITORY)$/,
  ],
  'a HEAD that is itself': [(r) => write(r, 'HEAD', 'ref: HEAD\n'), /^(ENOREF|EPROTOCOL|ENOREPOSITORY)$/],
  'a HEAD of garbage': [(r) => write(r, 'HEAD', '\u001b[31m\0'), /^(ENOREF|EPROTOCOL|ENOREPOSITORY)$/],
  'no HEAD': [(r) => rmSync(join(r.path, 'HEAD')), /^ENOREPOSITORY$/],
  'a HEAD that is a pipe': [(r) => pipe(r, 'HEAD'), /^ENOREPOSITORY$/],
  'refs in a circle': [
    (r) => write(write(r, 'refs/heads/x', 'ref: refs/heads/y'), 'refs/heads/y', 'ref: refs/heads/x'),
    null,
  ],
  'a ref of garbage': [(r) => write(r, 'refs/tags/v2.0.0', 'garbage'), null],
  'an empty ref': [(r) => write(r, 'refs/tags/v2.0.0', ''), null],
  'a ref that is a pipe': [(r) => pipe(r, 'refs/tags/v2.0.0'), null],
  'a ref to what is not there': [(r) => write(r, 'refs/heads/x', `${'1'.repeat(40)}\n`), null],
  'a ref whose name is not UTF-8': [
    (r) => writeFileSync(Buffer.concat([Buffer.from(`${r.path}/`), oddName]), SOUND[2].oid),
    null,
  ],
  'a ref with escape codes': [(r) => write(r, 'refs/tags/v1.0.0\u001b[31m', `${SOUND[2].oid}\n`), null],
  'objects elsewhere that are none': [
    (r) => write(r, 'objects/info/alternates', '/dev\n/dev/zero\n../../../..\n\n'),
    null,
  ],
  'objects elsewhere in a circle': [(r) => write(r, 'objects/info/alternates', `${r.path}/objects\n`), null],
  'an object that is another one': [(r) => copyFileSync(fileOf(r, SOUND[2]), fileOf(r, manifest)), /^EPROTOCOL$/],
  'an object of garbage': [(r) => writeFileSync(fileOf(r, manifest), 'garbage'), /^EPROTOCOL$/],
  'an object that is not there': [(r) => rmSync(fileOf(r, manifest)), /^(EPROTOCOL|EMALFORMED)$/],
  'an index of a pack that is garbage': [
    (r) => {
      const pack = `objects/pack/pack-${'1'.repeat(40)}`
      write(write(r, `${pack}.pack`, 'PACK'), `${pack}.idx`, Buffer.alloc(2000, 0xff))
    },
    null,
  ],
  'a configuration of garbage': [(r) => write(r, 'config', '[core\n\u001b\0'.repeat(100)), /^EPROTOCOL$/],
  'a configuration that includes itself': [
    (r) => write(r, 'config', `[include]\n\tpath = ${r.path}/config\n`),
    /^EPROTOCOL$/,
  ],
  'a version that nobody knows': [(r) => write(r, 'config', '[core]\n\trepositoryformatversion = 99\n'), /^EPROTOCOL$/],
  'an extension that nobody knows': [
    (r) => write(r, 'config', '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tx = y\n'),
    /^EPROTOCOL$/,
  ],
  'a list of ends that is garbage': [(r) => write(r, 'shallow', 'garbage\n'), /^EPROTOCOL$/],
}

/** Makes a file that whoever opens it waits at. */
function pipe(repository, name) {
  const path = join(repository.path, name)
  rmSync(path, { force: true })
  execFileSync('mkfifo', [path])
}

describe('A folder with', () => {
  for (const [what, [spoil, code]] of Object.entries(FOLDERS)) {
    test(`${what} is ${code ? 'an error with a code' : 'served all the same'}`, async (t) => {
      const repository = soundFolder(t)
      spoil(repository)
      const { served, told } = await outcome(t, repository.path)
      if (code) assert.match(told, code)
      else assert.deepEqual([served, told.replace('EMALFORMED', '')], [['sound'], ''])
    })
  }

  test('objects of SHA-256 is an error with a code', async (t) => {
    const repository = gitRepository(t, { objectFormat: 'sha256' })
    repository.packages.seed('a')
    repository.commit()
    assert.equal((await outcome(t, repository.path)).told, 'EPROTOCOL')
  })

  test('its objects in another one is served', async (t) => {
    const words = repositoryOf([SOUND])
    const store = folderOf(t, words)
    const repository = folderOf(t, { ...words, objects: [] })
    write(repository, 'objects/info/alternates', `${store.path}/objects\n`)
    assert.deepEqual((await outcome(t, repository.path)).served, ['sound'])
  })

  test('folders in folders that unfold to 10^12 files is served at once', async (t) => {
    let folder = treeOf([['100644', 'file', blobOf('x')]])
    for (let n = 0; n < 12; n++) folder = treeOf(Array.from({ length: 10 }, (_, k) => ['40000', `${k}`, folder]))
    const commit = commitOf(
      treeOf([
        ['40000', 'bomb', folder],
        ['40000', 'packages', treeOf([SOUND])],
      ]),
    )
    const { served } = await outcome(t, folderOf(t, servedCommit(commit, [['v1.0.0', tagOf(commit)]])).path)
    assert.deepEqual(served, ['sound'])
  })

  test('folders 20,000 deep is served', async (t) => {
    let folder = treeOf([])
    for (let n = 0; n < 20_000; n++) folder = treeOf([['40000', 'a', folder]])
    const commit = commitOf(
      treeOf([
        ['40000', 'deep', folder],
        ['40000', 'packages', treeOf([SOUND])],
      ]),
    )
    const repository = gitRepository(t, { bare: true })
    repository.feed(['index-pack', '--stdin'], packOf(allOf([commit])))
    write(repository, 'refs/heads/main', `${commit.oid}\n`)
    assert.deepEqual((await outcome(t, repository.path)).served, ['sound'])
  })

  test('names that are paths writes nothing anywhere', async (t) => {
    const other = packageOf('other')
    const entries = ['..', '.git', '../../x', '/x'].map((name) => ['40000', name, other])
    const { served } = await outcome(t, folderOf(t, repositoryOf([SOUND, ...entries])).path)
    assert.deepEqual(served, ['sound'])
  })
})

describe('A path', () => {
  const PATHS = {
    'to nothing': (t) => join(temporaryDirectory(t), 'missing'),
    'to an empty folder': (t) => temporaryDirectory(t),
    'to a file': (t) => join(temporaryDirectory(t), 'file'),
    'to a device': () => '/dev/null',
    'into a repository': (t) => join(soundFolder(t).path, 'objects'),
    'to a folder in a working tree': (t) => gitRepository(t).packages.path,
    'below a file': (t) => join(temporaryDirectory(t), 'file', 'x'),
    'of 300 characters': (t) => join(temporaryDirectory(t), 'x'.repeat(300)),
  }
  for (const [what, make] of Object.entries(PATHS)) {
    test(`${what} leads to no repository`, async (t) => {
      const path = make(t)
      if (path.endsWith('file')) writeFileSync(path, 'x')
      const { served, told } = await outcome(t, path)
      assert.deepEqual(served, [])
      // The system has other words for a name that is too long.
      assert.match(told, path.length > 255 ? /^(ENOREPOSITORY|EPROTOCOL)$/ : /^ENOREPOSITORY$/)
    })
  }

  test('to a folder whose .git is a file that leads to a repository is served, as Git does', async (t) => {
    const folder = temporaryDirectory(t)
    writeFileSync(join(folder, '.git'), `gitdir: ${soundFolder(t).path}\n`)
    assert.deepEqual((await outcome(t, folder)).served, ['sound'])
  })

  for (const [what, text] of [
    ['to no repository', () => 'gitdir: /etc\n'],
    ['to itself', (folder) => `gitdir: ${folder}/.git\n`],
    ['nowhere', () => 'gitdir: \0\n'],
    ['to a device', () => 'gitdir: /dev/zero\n'],
  ]) {
    test(`to a folder whose .git is a file that leads ${what} is none`, async (t) => {
      const folder = temporaryDirectory(t)
      writeFileSync(join(folder, '.git'), text(folder))
      const { served, told } = await outcome(t, folder)
      assert.deepEqual(served, [])
      assert.match(told, /^(ENOREPOSITORY|EPROTOCOL)$/)
    })
  }
})
