// One suite over every kind of source.

import assert from 'node:assert/strict'
import { importPackages, LocalPackageSource, RemotePackageSource } from '../index.mjs'
import { completeEntry, sourceConformance } from './helpers/conformance.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { emptyStore, startService } from './helpers/registry-service.mjs'
import { sourceConfig } from './helpers/sources.mjs'

// ── Local ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function writeContents(builder, { components, scripts, scriptFiles, examples }) {
  const contents = builder.layout === 'seed' ? 'seed/' : ''
  if (components) builder.components(components)
  if (scripts !== undefined) builder.file(`${contents}scripts.lua`, scripts)
  if (examples) builder.examples(examples)
  for (const { path, code } of scriptFiles ?? []) builder.file(`${contents}${path}`, code)
  if (scriptFiles) {
    const listed = scriptFiles.map(({ path, code, ...fields }) => ({ file: path.replace('scripts/', ''), ...fields }))
    builder.file(`${contents}scripts/manifest.json`, { scripts: listed })
  }
}

// The manifest has the catalogue's fields and no default of the builder's.
const bare = (fields) => ({
  name: undefined,
  description: undefined,
  author: undefined,
  category: undefined,
  ...fields,
})

function writeCatalogue(t, catalogue, layout) {
  const folder = packagesFolder(t)
  for (const { fields, contents } of catalogue) {
    // Folders that are named otherwise, in another order than the ids.
    const options = { folder: `${String.fromCharCode(200 - fields.packageId.charCodeAt(0))}-folder` }
    const dependencies = fields.dependencies ?? undefined
    writeContents(folder[layout](fields.packageId, { ...bare(fields), dependencies }, options), contents)
  }
  return folder
}

sourceConformance('local, seed layout', (t, catalogue) => {
  return new LocalPackageSource({ id: 'seeds', url: writeCatalogue(t, catalogue, 'seed').path })
})

sourceConformance('local, manifest layout', (t, catalogue) => {
  return new LocalPackageSource({ id: 'manifests', url: writeCatalogue(t, catalogue, 'manifest').path, priority: 3 })
})

sourceConformance('local, index.json', (t, catalogue) => {
  const folder = writeCatalogue(t, catalogue, 'seed').index(catalogue.map(({ fields }) => fields))
  return new LocalPackageSource({ id: 'indexed', url: folder.fileUrl })
})

// ── Remote ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const OPTIONS = {
  remote: {},
  'remote, one package a page': { maxPageSize: 1 },
  'remote without paging': { paging: false },
  'remote with a token': { token: 'conformance-token' },
}

for (const [name, options] of Object.entries(OPTIONS)) {
  sourceConformance(name, async (t, catalogue) => {
    const registry = await startRegistry(t, options)
    for (const { fields, contents } of catalogue) registry.publish({ category: '', ...fields }, contents)
    return new RemotePackageSource({ id: 'registry', url: registry.url, enabled: true, authToken: options.token })
  })
}

sourceConformance('remote, asked every time', async (t, catalogue) => {
  const registry = await startRegistry(t)
  for (const { fields, contents } of catalogue) registry.publish({ category: '', ...fields }, contents)
  const source = new RemotePackageSource({ url: registry.url, enabled: true })
  source.setCacheExpiry(0)
  return source
})

// ── Registry service ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A registry's entries have checksums, which the catalogue's have not. */
class CheckedSource extends RemotePackageSource {
  async fetchIndex() {
    return (await super.fetchIndex()).map(({ checksum, ...entry }) => {
      assert.match(checksum, /^[0-9a-f]{64}$/)
      return entry
    })
  }
}

for (const [name, options] of Object.entries({
  'the registry service': {},
  'a private one': { readTokens: ['a-token'] },
})) {
  sourceConformance(`remote, over ${name}`, async (t, catalogue) => {
    const { path } = writeCatalogue(t, catalogue, 'seed')
    const store = emptyStore(t)
    const { failed } = await importPackages(path, { store })
    assert.deepEqual(failed, [])
    const { url } = await startService(t, [], { ...options, store })
    return new CheckedSource({ id: 'own-registry', url, enabled: true, authToken: options.readTokens?.[0] })
  })
}

// ── Caller-written ───────────────────────────────────────────────────────────────────────────────────────────────────

const packagesOf = (catalogue, sourceId) =>
  catalogue.map(({ fields, contents }) => ({
    metadata: completeEntry(fields, sourceId),
    components: [],
    scriptFiles: [],
    ...contents,
  }))

sourceConformance('a plain object with synchronous methods', (_, catalogue) => ({
  config: sourceConfig('plain', { type: 'git' }),
  packages: packagesOf(catalogue, 'plain'),
  getConfig() {
    return this.config
  },
  fetchIndex() {
    return this.packages.map(({ metadata }) => metadata)
  },
  loadPackage(packageId) {
    return this.packages.find(({ metadata }) => metadata.packageId === packageId) ?? null
  },
  hasPackage(packageId) {
    return this.packages.some(({ metadata }) => metadata.packageId === packageId)
  },
  getVersions(packageId) {
    return this.packages.filter(({ metadata }) => metadata.packageId === packageId).map((one) => one.metadata.version)
  },
  clearCache() {},
}))

class PrivateAsyncSource {
  #config = sourceConfig('private', { type: 's3', priority: -5 })
  #packages

  constructor(catalogue) {
    this.#packages = new Map(packagesOf(catalogue, 'private').map((one) => [one.metadata.packageId, one]))
  }

  getConfig() {
    return { ...this.#config }
  }

  async fetchIndex() {
    await null
    return [...this.#packages.values()].map(({ metadata }) => metadata)
  }

  async loadPackage(packageId) {
    await null
    return this.#packages.get(packageId) ?? null
  }

  async hasPackage(packageId) {
    return this.#packages.has(packageId)
  }

  async getVersions(packageId) {
    await null
    return this.#packages.has(packageId) ? [this.#packages.get(packageId).metadata.version] : []
  }
}

sourceConformance('an async class with private fields', (_, catalogue) => new PrivateAsyncSource(catalogue))

sourceConformance('a subclass of the local source', (t, catalogue) => {
  // Half of the packages lie in the folder, the other half comes from the subclass.
  const [added, ...onDisk] = packagesOf(catalogue, 'sub')
  class ExtendedSource extends LocalPackageSource {
    #added = added

    async fetchIndex() {
      return [...(this.#added ? [this.#added.metadata] : []), ...(await super.fetchIndex())]
    }

    async loadPackage(packageId) {
      return packageId === this.#added?.metadata.packageId ? this.#added : super.loadPackage(packageId)
    }

    async hasPackage(packageId) {
      return packageId === this.#added?.metadata.packageId || super.hasPackage(packageId)
    }

    async getVersions(packageId) {
      return packageId === this.#added?.metadata.packageId
        ? [this.#added.metadata.version]
        : super.getVersions(packageId)
    }
  }
  const below = catalogue.filter(({ fields }) => onDisk.some(({ metadata }) => metadata.packageId === fields.packageId))
  return new ExtendedSource({ id: 'sub', url: writeCatalogue(t, below, 'seed').path })
})

sourceConformance('a subclass of the remote source', async (t, catalogue) => {
  const registry = await startRegistry(t)
  for (const { fields, contents } of catalogue) {
    registry.publish({ category: '', ...fields, name: `Renamed ${fields.packageId}` }, contents)
  }
  const names = new Map(catalogue.map(({ fields }) => [fields.packageId, fields.name]))
  const named = (entry) => ({ ...entry, name: names.get(entry.packageId) })
  class NamingSource extends RemotePackageSource {
    async fetchIndex() {
      return (await super.fetchIndex()).map(named)
    }

    async loadPackage(packageId, version) {
      const data = await super.loadPackage(packageId, version)
      return data && { ...data, metadata: named(data.metadata) }
    }
  }
  return new NamingSource({ id: 'naming', url: registry.url, enabled: true })
})
