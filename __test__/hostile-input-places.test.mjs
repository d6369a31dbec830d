// What stands in a packages folder where a file should be, is huge or may not be read: no crash, no waiting, a warning.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inChild } from './helpers/child.mjs'
import { assertPassedOver, folderAround } from './helpers/hostile-folder.mjs'
import { idsOf, localSource, watched } from './helpers/local.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'

const POSIX = process.platform !== 'win32'

describe('in place of a file', { skip: !POSIX && 'POSIX only' }, () => {
  const FILES = ['broken/seed/metadata.json', 'broken/package.json']
  const PARTS = [
    'seed/components.json',
    'seed/scripts.lua',
    'seed/scripts/manifest.json',
    'static_content/examples.json',
  ]

  const PLACES = {
    'a directory': (path) => mkdirSync(path),
    'a named pipe': (path) => execFileSync('mkfifo', [path]),
    'a link to a device without end': (path) => execFileSync('ln', ['-s', '/dev/zero', path]),
  }

  /** Puts something at a path whose directory is there. */
  const place = (folder, path, put) => {
    folder.file(path, '')
    rmSync(join(folder.path, path))
    put(join(folder.path, path))
  }

  for (const [name, put] of Object.entries(PLACES)) {
    for (const path of FILES) {
      test(`${name} is passed over with a warning: ${path}`, { timeout: 60_000 }, async (t) => {
        const folder = folderAround(t, (one) => place(one, path, put))
        await assertPassedOver(folder, path)
      })
    }

    test(`${name} is warned of, and the folder scanned: index.json`, { timeout: 60_000 }, async (t) => {
      const folder = folderAround(t, (one) => place(one, 'index.json', put))
      const { manager, status } = watched(localSource(folder))
      assert.deepEqual(await idsOf(manager), ['alpha', 'omega'])
      const { warnings } = status()
      assert.equal(warnings[0].path, 'index.json')
      // A link may be looked at once more by the scan, as what might be a folder.
      for (const { path } of warnings) assert.match(path, /^index\.json/)
    })

    for (const part of PARTS) {
      test(`${name} is left out of its package with a warning: ${part}`, { timeout: 60_000 }, async (t) => {
        const folder = folderAround(t, (one) => {
          one.seed('partial')
          place(one, `partial/${part}`, put)
        })
        const { manager, status } = watched(localSource(folder))
        const data = await manager.loadPackage('partial')
        assert.deepEqual(data.components, [])
        assert.deepEqual(data.scriptFiles, [])
        assert.equal('scripts' in data, false)
        assert.equal('examples' in data, false)
        assert.deepEqual(
          status().warnings.map(({ path }) => path),
          [`partial/${part}`],
        )
      })
    }
  }
})

describe('a huge file', () => {
  const HUGE = 100 << 20
  const huge = Buffer.alloc(HUGE, 'x')
  const hugeManifest = Buffer.concat([Buffer.from('{"packageId":"broken","description":"'), huge, Buffer.from('"}')])

  test('in place of a manifest is passed over with a warning', async (t) => {
    for (const path of ['broken/seed/metadata.json', 'broken/package.json']) {
      await assertPassedOver(
        folderAround(t, (folder) => folder.file(path, hugeManifest)),
        path,
      )
    }
  })

  test('in place of index.json is warned of, and the folder scanned', async (t) => {
    const folder = folderAround(t, (one) => one.file('index.json', ''))
    truncateSync(join(folder.path, 'index.json'), HUGE)
    const { manager, status } = watched(localSource(folder))
    assert.deepEqual(await idsOf(manager), ['alpha', 'omega'])
    assert.deepEqual(
      status().warnings.map(({ path }) => path),
      ['index.json'],
    )
  })

  test('in place of a part is left out with a warning', async (t) => {
    const parts = ['seed/components.json', 'seed/scripts.lua', 'seed/scripts/init.lua', 'static_content/examples.json']
    const folder = folderAround(t, (one) => {
      for (const part of parts) one.seed('partial').file(part, '')
    })
    for (const part of parts) truncateSync(join(folder.path, 'partial', part), HUGE)
    const { manager, status } = watched(localSource(folder))
    const data = await manager.loadPackage('partial')
    assert.deepEqual(data.components, [])
    assert.deepEqual(data.scriptFiles, [])
    assert.equal('scripts' in data, false)
    assert.equal('examples' in data, false)
    assert.deepEqual(
      status()
        .warnings.map(({ path }) => path)
        .sort(),
      parts.map((part) => `partial/${part}`).sort(),
    )
  })
})

describe('what may not be read', { skip: !POSIX && 'POSIX only' }, () => {
  // The superuser may read everything: a child gives that right up.
  const ids = async (folder, expression) => {
    chmodSync(folder.parent, 0o755)
    const { answer } = await inChild(
      `const errors = []
      const manager = new addon.PackageSourceManager({ onError: (error) => errors.push(error.code) })
      manager.addSource(new addon.LocalPackageSource({ url: ${JSON.stringify(folder.path)} }))
      if (process.getuid() === 0) {
        process.setgroups([])
        process.setgid(65534)
        process.setuid(65534)
      }
      const ids = (await manager.fetchMergedIndex()).map((entry) => entry.packageId)
      const more = ${expression}
      const [{ warnings, state, lastError }] = manager.getSourceStatus()
      answer({ ids, more, paths: warnings.map(({ path }) => path), state, code: lastError?.code ?? null, errors })`,
    )
    return answer
  }

  test('is passed over with a warning where it is a manifest', async (t) => {
    const folder = folderAround(t, (one) => {
      one.seed('secret_seed').folder.manifest('secret_manifest')
    })
    for (const path of ['secret_seed/seed/metadata.json', 'secret_manifest/package.json']) {
      chmodSync(join(folder.path, path), 0)
    }
    assert.deepEqual(await ids(folder, "await manager.loadPackage('secret_seed')"), {
      ids: ['alpha', 'omega'],
      more: null,
      paths: ['secret_manifest/package.json', 'secret_seed/seed/metadata.json'],
      state: 'ok',
      code: null,
      errors: ['EMALFORMED', 'EMALFORMED'],
    })
  })

  test('is passed over with a warning where it is a package folder', async (t) => {
    const folder = folderAround(t, (one) => one.seed('closed'))
    chmodSync(join(folder.path, 'closed'), 0)
    const answer = await ids(folder, 'null').finally(() => chmodSync(join(folder.path, 'closed'), 0o755))
    assert.deepEqual(answer.ids, ['alpha', 'omega'])
    assert.equal(answer.paths.length, 1)
    assert.match(answer.paths[0], /^closed/)
  })

  test('is left out with a warning where it is a part', async (t) => {
    const folder = folderAround(t, (one) => one.seed('partial').components([{ id: 'hidden' }]))
    chmodSync(join(folder.path, 'partial/seed/components.json'), 0)
    const answer = await ids(folder, "(await manager.loadPackage('partial')).components")
    assert.deepEqual(answer.more, [])
    assert.deepEqual(answer.paths, ['partial/seed/components.json'])
  })

  test('is a failure where it is the whole folder', async (t) => {
    const folder = folderAround(t, () => {})
    chmodSync(folder.path, 0)
    const answer = await ids(folder, "await manager.loadPackage('alpha')").finally(() => chmodSync(folder.path, 0o755))
    assert.deepEqual(answer.ids, [])
    assert.equal(answer.more, null)
    assert.equal(answer.state, 'failing')
    assert.equal(answer.code, 'EREAD')
    assert.equal(answer.errors[0], 'EREAD')
  })
})

test('a folder whose name is no text is passed over', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = folderAround(t, () => {})
  const name = Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff, 0xfe])])
  mkdirSync(name)
  t.after(() => rmSync(name, { recursive: true, force: true }))
  assert.deepEqual(await idsOf(localSource(folder)), ['alpha', 'omega'])
})

test('a folder of very many packages is read', async (t) => {
  const folder = packagesFolder(t)
  for (let n = 0; n < 2000; n++) folder.file(`p${n}/package.json`, `{"packageId":"package_${n}"}`)
  assert.equal((await localSource(folder).fetchIndex()).length, 2000)
})
