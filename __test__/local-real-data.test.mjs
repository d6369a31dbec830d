// Real packages folders, where they are there: all of their packages are indexed and load completely.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { inChild, rootPath } from './helpers/child.mjs'
import { assertOnlyWarnings } from './helpers/hostile.mjs'
import { watched } from './helpers/local.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { expectedEntry, expectedPackage, jsonOf, readManifests } from './helpers/plain-reading.mjs'

const DATA = join(rootPath, '../shared/data')
const SEED = { path: join(DATA, 'metabuilder-2025-12'), packages: 29, layout: 'seed' }
const MANIFEST = { path: join(DATA, 'metabuilder-2026-01'), packages: 25, layout: 'manifest' }

for (const { path, packages, layout } of [SEED, MANIFEST]) {
  const skip = !existsSync(path) && 'the real packages are not on this machine'

  describe(`${packages} real packages in the ${layout} layout`, { skip }, () => {
    const source = new LocalPackageSource({ id: 'real', url: path })

    test('are all there, in that layout', () => {
      const manifests = readManifests(path)
      assert.equal(manifests.size, packages)
      for (const [id, found] of manifests) assert.equal(found.layout, layout, id)
    })

    test('are all indexed, with every field of their manifests', async () => {
      const manifests = readManifests(path)
      const entries = await source.fetchIndex()
      const listed = jsonOf(join(path, 'index.json'))?.packages
      const order = listed ? listed.map(({ packageId }) => packageId) : [...manifests.keys()].sort()
      assert.deepEqual(
        entries.map(({ packageId }) => packageId),
        order,
      )
      for (const entry of entries) {
        assert.deepEqual(entry, expectedEntry(manifests.get(entry.packageId).manifest, 'real'), entry.packageId)
      }
    })

    test('are all loaded: manifest, components, scripts, script files and examples', async () => {
      const manifests = readManifests(path)
      for (const [id, found] of manifests) {
        assert.deepEqual(await source.loadPackage(id), expectedPackage(found, 'real'), id)
      }
    })

    test('are all had, each in its one version', async () => {
      for (const [id, { manifest }] of readManifests(path)) {
        assert.equal(await source.hasPackage(id), true, id)
        assert.deepEqual(await source.getVersions(id), [manifest.version], id)
      }
    })

    test('keep the text of every script, byte by byte', async () => {
      for (const [id, { folder }] of readManifests(path)) {
        for (const script of (await source.loadPackage(id)).scriptFiles) {
          const bytes = readFileSync(join(folder, layout === 'seed' ? 'seed' : '.', script.path))
          assert.ok(Buffer.from(script.code).equals(bytes), `${id} ${script.path}`)
        }
      }
    })

    test('are indexed alike by a scan of the folder alone', async (t) => {
      const copy = packagesFolder(t)
      const manifests = readManifests(path)
      for (const [id, { folder }] of manifests) {
        const file = layout === 'seed' ? 'seed/metadata.json' : 'package.json'
        copy.file(`${id}/${file}`, readFileSync(join(folder, file)))
      }
      const entries = await new LocalPackageSource({ id: 'real', url: copy.path }).fetchIndex()
      assert.deepEqual(
        entries,
        [...manifests.keys()].sort().map((id) => expectedEntry(manifests.get(id).manifest, 'real')),
      )
    })

    test('become a registry of definitions', async () => {
      const { answer } = await inChild('answer(await addon.buildPackageRegistry())', {
        env: { METABUILDER_PACKAGES_DIR: path },
      })
      const manifests = readManifests(path)
      assert.equal(Object.keys(answer).length, packages)
      for (const [id, found] of manifests) {
        const { metadata, components, scriptFiles } = expectedPackage(found, 'local')
        const definition = answer[id]
        for (const key of ['name', 'version', 'description', 'category', 'minLevel']) {
          assert.deepEqual(definition[key], metadata[key], `${id}.${key}`)
        }
        assert.deepEqual(definition.dependencies, metadata.dependencies, id)
        assert.deepEqual(definition.exports.components, metadata.exports?.components ?? [], id)
        assert.deepEqual(definition.components, components, id)
        assert.deepEqual(definition.scriptFiles ?? [], scriptFiles, id)
      }
    })
  })
}

test('a real script manifest that says `path` gives its five files', { skip: !existsSync(SEED.path) }, async () => {
  const { scriptFiles } = await new LocalPackageSource({ url: SEED.path }).loadPackage('ui_level6')
  assert.deepEqual(
    scriptFiles.map(({ name, path }) => [name, path]),
    ['init', 'layout', 'tenants', 'transfer', 'system'].map((name) => [name, `scripts/${name}.lua`]),
  )
  for (const { code, description } of scriptFiles) {
    assert.notEqual(code, '')
    assert.notEqual(description, undefined)
  }
})

test('a real package with malformed components has none, and a warning', {
  skip: !existsSync(MANIFEST.path),
}, async () => {
  const { manager, status, reports } = watched(new LocalPackageSource({ url: MANIFEST.path }))
  const data = await manager.loadPackage('nerd_mode_ide')
  assert.deepEqual(data.components, [])
  assert.equal(data.metadata.name, jsonOf(join(MANIFEST.path, 'nerd_mode_ide/package.json')).name)
  const [warning, ...rest] = status().warnings
  assert.equal(warning.path, 'nerd_mode_ide/components/ui.json')
  assert.match(warning.reason, /JSON/)
  assert.deepEqual(rest, [])
  assert.equal(status().state, 'ok')
  assertOnlyWarnings(reports)
})

test('both real folders merge', { skip: !(existsSync(SEED.path) && existsSync(MANIFEST.path)) }, async () => {
  const manager = new PackageSourceManager()
  manager.addSource(new LocalPackageSource({ id: 'old', url: SEED.path, priority: 1 }))
  manager.addSource(new LocalPackageSource({ id: 'new', url: MANIFEST.path, priority: 0 }))
  const [old, current] = [readManifests(SEED.path), readManifests(MANIFEST.path)]
  const merged = await manager.fetchMergedIndex()
  assert.equal(merged.length, new Set([...old.keys(), ...current.keys()]).size)
  for (const { packageId, selectedSource, availableSources } of merged) {
    const having = ['new', 'old'].filter((id) => (id === 'new' ? current : old).has(packageId))
    assert.deepEqual(availableSources, having, packageId)
    assert.equal(selectedSource, having[0], packageId)
  }
})
