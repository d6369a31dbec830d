// Nothing outside of the packages folder is read, whatever ids, manifests and links say.

import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { PackageSourceManager } from '../index.mjs'
import { HOSTILE_IDS, ODD_IDS, PATH_IDS, shown } from './helpers/hostile.mjs'
import { idsOf, localSource, warningsOf, watched } from './helpers/local.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'

const SECRET = 'content-from-outside'

// A packages folder with one package, and beside the folder a complete package whose every part holds the secret.
function folderBesideSecret(t) {
  const folder = packagesFolder(t)
  folder.seed('safe').components([{ id: 'safe_root' }])
  const manifest = { packageId: 'secret', name: SECRET, version: '6.6.6', description: SECRET }
  folder.outside('secret/seed/metadata.json', manifest)
  folder.outside('secret/seed/components.json', [{ id: SECRET }])
  folder.outside('secret/seed/scripts.lua', `-- ${SECRET}`)
  folder.outside('secret/seed/scripts/init.lua', `-- ${SECRET}`)
  folder.outside('secret/seed/scripts/manifest.json', { scripts: [{ file: 'init.lua', name: SECRET }] })
  folder.outside('secret/static_content/examples.json', { text: SECRET })
  folder.outside('secret/package.json', { ...manifest, dependencies: {} })
  folder.outside('secret/components/ui.json', { components: [{ id: SECRET }] })
  folder.outside('index.json', { packages: [manifest] })
  return folder
}

// Everything that the source gives, as text: in which the secret must not be found.
async function everythingOf(folder, ids) {
  const { manager, reports, status } = watched(localSource(folder))
  const source = manager.getSource('local')
  const seen = [await manager.fetchMergedIndex(), status()]
  for (const id of ids) {
    seen.push(await manager.loadPackage(id), await source.loadPackage(id), await source.getVersions(id))
    seen.push(await manager.explain(id), await manager.loadPackageFromSource(id, 'local'))
  }
  seen.push(
    status(),
    reports.map(({ error, context }) => [error.message, context]),
  )
  return JSON.stringify(seen)
}

describe('a hostile id', () => {
  for (const id of [...PATH_IDS, ...ODD_IDS]) {
    test(`finds nothing: ${shown(id)}`, async (t) => {
      const folder = folderBesideSecret(t)
      const source = localSource(folder)
      const manager = new PackageSourceManager()
      manager.addSource(source)
      for (const one of [source, manager]) {
        assert.equal(await one.hasPackage(id), false)
        assert.equal(await one.loadPackage(id), null)
      }
      assert.deepEqual(await source.getVersions(id), [])
      assert.deepEqual(await manager.getAllVersions(id), new Map())
      assert.equal(await manager.loadPackageFromSource(id, 'local'), null)
      assert.equal((await manager.explain(id)).selectedSource, null)
    })
  }

  test('reads nothing outside, not even by way of reports', async (t) => {
    const folder = folderBesideSecret(t)
    const seen = await everythingOf(folder, HOSTILE_IDS)
    assert.ok(!seen.includes('safe_root'))
    assert.ok(!seen.includes(SECRET))
  })

  test('that no text encoding can hold finds no other package', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('\ufffd')
    folder.seed('safe\ufffd')
    const source = localSource(folder)
    assert.equal((await source.fetchIndex()).length, 2)
    for (const id of ['\ud800', '\udfff', 'safe\ud800']) {
      assert.equal(await source.loadPackage(id), null)
      assert.equal(await source.hasPackage(id), false)
      assert.deepEqual(await source.getVersions(id), [])
    }
  })

  test('absolute, of a package that is there, finds nothing', async (t) => {
    const folder = folderBesideSecret(t)
    const source = localSource(folder)
    for (const id of [join(folder.path, 'safe'), join(folder.parent, 'secret')]) {
      assert.equal(await source.loadPackage(id), null)
      assert.equal(await source.hasPackage(id), false)
    }
  })

  test('in index.json is warned of and leads nowhere', async (t) => {
    const folder = folderBesideSecret(t)
    folder.index([{ packageId: 'safe' }, ...PATH_IDS.slice(0, 12).map((packageId) => ({ packageId }))])
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['safe'])
    assert.equal((await warningsOf(source)).length, 12)
    assert.ok(!(await everythingOf(folder, ['safe', ...PATH_IDS])).includes(SECRET))
  })

  test('in a manifest is warned of and leads nowhere', async (t) => {
    const folder = folderBesideSecret(t)
    folder.seed('../secret', {}, { folder: 'evil_seed' })
    folder.manifest('../../etc', {}, { folder: 'evil_manifest' })
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['safe'])
    assert.deepEqual(
      (await warningsOf(source)).map(({ path }) => path.split('/')[0]),
      ['evil_manifest', 'evil_seed'],
    )
    assert.ok(!(await everythingOf(folder, ['../secret', '../../etc', 'evil_seed'])).includes(SECRET))
  })
})

describe('a script manifest', () => {
  const FILES = (folder) => [
    '../../../../secret/seed/scripts/init.lua',
    '../../../secret/seed/scripts.lua',
    '..\\..\\..\\secret\\seed\\scripts.lua',
    join(folder.parent, 'secret/seed/scripts.lua'),
    '../metadata.json',
    'sub/../../scripts.lua',
    '/etc/hostname',
    'C:\\secret.lua',
    'init.lua\0',
    '.',
    '..',
    '',
  ]

  for (const key of ['file', 'path']) {
    test(`can't name a file elsewhere by \`${key}\``, async (t) => {
      const folder = folderBesideSecret(t)
      const scripts = FILES(folder).map((file) => ({ [key]: file, name: 'evil' }))
      folder
        .seed('safe')
        .unlistedScript('good.lua', '-- good')
        .file('seed/scripts/manifest.json', { scripts: [...scripts, { [key]: 'good.lua', name: 'Good' }] })
      const { scriptFiles } = await localSource(folder).loadPackage('safe')
      assert.deepEqual(scriptFiles, [{ name: 'Good', path: 'scripts/good.lua', code: '-- good' }])
      assert.ok(!(await everythingOf(folder, ['safe'])).includes(SECRET))
    })
  }
})

// Links need a right of their own on Windows.
describe('a link', { skip: process.platform === 'win32' && 'links need privileges' }, () => {
  test('to a package outside is not followed, and warned of', async (t) => {
    for (const target of [(folder) => join(folder.parent, 'secret'), () => '../secret']) {
      const folder = folderBesideSecret(t).link('secret', '../secret')
      folder.remove('secret')
      symlinkSync(target(folder), join(folder.path, 'secret'))
      const source = localSource(folder)
      assert.deepEqual(await idsOf(source), ['safe'])
      assert.equal(await source.loadPackage('secret'), null)
      assert.deepEqual(
        (await warningsOf(source)).map(({ path }) => path.split('/')[0]),
        ['secret'],
      )
      assert.ok(!(await everythingOf(folder, ['secret'])).includes(SECRET))
    }
  })

  test('to a package outside is not followed where index.json lists it', async (t) => {
    const folder = folderBesideSecret(t)
      .link('secret', '../secret')
      .index([{ packageId: 'secret' }])
    const source = localSource(folder)
    assert.equal(await source.loadPackage('secret'), null)
    assert.ok(!(await everythingOf(folder, ['secret'])).includes(SECRET))
  })

  test('as index.json that leads outside is not followed', async (t) => {
    const folder = folderBesideSecret(t).link('index.json', '../index.json')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['safe'])
    assert.ok(!(await everythingOf(folder, ['safe', 'secret'])).includes(SECRET))
  })

  test('as a manifest that leads outside is not followed', async (t) => {
    const folder = folderBesideSecret(t)
    folder.link('one/seed/metadata.json', '../../../secret/seed/metadata.json')
    folder.link('two/package.json', '../../secret/package.json')
    folder.link('three/seed', '../../secret/seed')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['safe'])
    assert.deepEqual(
      (await warningsOf(source)).map(({ path }) => path.split('/')[0]),
      ['one', 'three', 'two'],
    )
    assert.ok(!(await everythingOf(folder, ['secret', 'one', 'two', 'three'])).includes(SECRET))
  })

  test('as a part that leads outside is left out of its package', async (t) => {
    const folder = folderBesideSecret(t).remove('safe')
    folder.seed('old').listedScript('own.lua', '-- own')
    folder.link('old/seed/components.json', '../../../secret/seed/components.json')
    folder.link('old/seed/scripts.lua', join(folder.parent, 'secret/seed/scripts.lua'))
    folder.link('old/static_content', '../../secret/static_content')
    folder.manifest('new')
    folder.link('new/components', '../../secret/components')
    const source = localSource(folder)
    const old = await source.loadPackage('old')
    assert.deepEqual(old.components, [])
    assert.equal('scripts' in old, false)
    assert.equal('examples' in old, false)
    assert.deepEqual(
      old.scriptFiles.map(({ code }) => code),
      ['-- own'],
    )
    assert.deepEqual((await source.loadPackage('new')).components, [])
    assert.ok(!(await everythingOf(folder, ['old', 'new'])).includes(SECRET))
  })

  test('as a script that leads outside is left out', async (t) => {
    const folder = folderBesideSecret(t)
    folder.seed('listed').listedScript('good.lua', '-- good')
    folder.link('listed/seed/scripts/evil.lua', '../../../../secret/seed/scripts/init.lua')
    folder.file('listed/seed/scripts/manifest.json', { scripts: [{ file: 'evil.lua' }, { file: 'good.lua' }] })
    folder.seed('found').unlistedScript('utils.lua', '-- good')
    folder.link('found/seed/scripts/init.lua', '../../../../secret/seed/scripts/init.lua')
    folder.seed('whole')
    folder.link('whole/seed/scripts', '../../../secret/seed/scripts')
    const source = localSource(folder)
    for (const [id, codes] of [
      ['listed', ['-- good']],
      ['found', ['-- good']],
      ['whole', []],
    ]) {
      const { scriptFiles } = await source.loadPackage(id)
      assert.deepEqual(
        scriptFiles.map(({ code }) => code),
        codes,
        id,
      )
    }
    assert.ok(!(await everythingOf(folder, ['listed', 'found', 'whole'])).includes(SECRET))
  })

  test('to a parent, to itself or to nothing ends no scan', async (t) => {
    const folder = folderBesideSecret(t)
    folder.link('parent', '..').link('here', '.').link('itself', 'itself').link('nothing', 'not-there')
    folder.link('ring_a', 'ring_b').link('ring_b', 'ring_a').link('safe/seed/up', '../..')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['safe'])
    for (const id of ['parent', 'here', 'itself', 'nothing', 'ring_a']) assert.equal(await source.loadPackage(id), null)
  })

  test('that stays inside is followed', async (t) => {
    const folder = packagesFolder(t)
    folder.file('store/v1/seed/metadata.json', { packageId: 'linked', version: '1.2.3' })
    folder.file('store/components.json', [{ id: 'shared' }])
    folder.file('store/shared.lua', '-- shared')
    folder.link('linked', 'store/v1')
    folder.link('store/v1/seed/components.json', '../../components.json')
    folder.link('store/v1/seed/scripts/init.lua', '../../../shared.lua')
    const source = localSource(folder)
    assert.deepEqual(await idsOf(source), ['linked'])
    const data = await source.loadPackage('linked')
    assert.equal(data.metadata.version, '1.2.3')
    assert.deepEqual(data.components, [{ id: 'shared' }])
    assert.deepEqual(
      data.scriptFiles.map(({ code }) => code),
      ['-- shared'],
    )
  })

  test('may stand for the packages folder itself', async (t) => {
    const folder = folderBesideSecret(t)
    const alias = join(folder.parent, 'alias')
    symlinkSync(folder.path, alias)
    const source = localSource({ path: alias })
    assert.deepEqual(await idsOf(source), ['safe'])
    assert.deepEqual((await source.loadPackage('safe')).components, [{ id: 'safe_root' }])
  })
})
