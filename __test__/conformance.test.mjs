// One suite over every kind of source.

import assert from 'node:assert/strict'
import { importPackages, LocalPackageSource, RemotePackageSource } from '../index.mjs'
import { writeCatalogue } from './helpers/catalogue-folder.mjs'
import { completeEntry, sourceConformance } from './helpers/conformance.mjs'
import { catalogueRepository, RevisedSource, WHOLE_FILE } from './helpers/git/conformance.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { gitSource } from './helpers/git/source.mjs'
import { startRegistry } from './helpers/loopback-registry.mjs'
import { packagesFolder } from './helpers/package-builder.mjs'
import { emptyStore, startService } from './helpers/registry-service.mjs'
import { sourceConfig } from './helpers/sources.mjs'

// ── Local ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const catalogueFolder = (t, catalogue, layout) => writeCatalogue(packagesFolder(t), catalogue, layout)

sourceConformance('local, seed layout', (t, catalogue) => {
  return new LocalPackageSource({ id: 'seeds', url: catalogueFolder(t, catalogue, 'seed').path })
})

sourceConformance('local, manifest layout', (t, catalogue) => {
  return new LocalPackageSource({ id: 'manifests', url: catalogueFolder(t, catalogue, 'manifest').path, priority: 3 })
})

sourceConformance('local, index.json', (t, catalogue) => {
  const folder = catalogueFolder(t, catalogue, 'seed').index(catalogue.map(({ fields }) => fields))
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

// ── Git ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

const REPOSITORIES = {
  'seed layout': { layout: 'seed' },
  'manifest layout': { layout: 'manifest' },
  'index.json': { indexed: true },
  'packages at the root': { folder: '.' },
  'a directory of another name': { folder: 'a/b/catalogue', directory: 'a/b/catalogue' },
}

for (const [name, { directory, ...options }] of Object.entries(REPOSITORIES)) {
  sourceConformance(`git, ${name}`, (t, catalogue) => {
    return gitSource(t, catalogueRepository(catalogue, options), { id: 'repository', directory }, RevisedSource)
  })
}

const CREDENTIALS = 'reader:basic-token'
const BEARER = 'bearer-token'

/** How a repository is reached: `url` and whatever else the source needs. */
const TRANSPORTS = {
  'a file: URL': ({ fileUrl }) => ({ url: fileUrl }),
  'git://': async (repository) => ({ url: `${(await hosts(repository)).daemon.url}/${repository.name}` }),
  'http with Basic': async (repository) => ({ url: await httpUrl(repository), authToken: CREDENTIALS }),
  'http with Basic in the URL': async (repository) => {
    return { url: (await httpUrl(repository)).replace('//', `//${CREDENTIALS}@`) }
  },
  'http with Bearer': async (repository) => ({ url: await httpUrl(repository), authToken: BEARER }),
  'http with Bearer from a function': async (repository) => {
    return { url: await httpUrl(repository), authToken: async () => BEARER }
  },
}

const httpUrl = async (repository) => `${(await hosts(repository)).http.url}/${repository.name}`

/** The servers of each repository: all tests share them, as they do the repositories. */
const served = new Map()

function hosts({ directory }) {
  const start = async () => ({
    daemon: await startGitDaemon(WHOLE_FILE, directory),
    http: await startGitHttp(WHOLE_FILE, directory, { auth: { basic: CREDENTIALS, bearer: BEARER } }),
  })
  if (!served.has(directory)) served.set(directory, start())
  return served.get(directory)
}

for (const [name, transport] of Object.entries(TRANSPORTS)) {
  sourceConformance(`git, over ${name}`, async (t, catalogue) => {
    const { url, ...config } = await transport(catalogueRepository(catalogue))
    return gitSource(t, url, config, RevisedSource)
  })
}

sourceConformance('git, asked every time', (t, catalogue) => {
  return gitSource(t, catalogueRepository(catalogue), { cacheExpiry: 0 }, RevisedSource)
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
    const { path } = catalogueFolder(t, catalogue, 'seed')
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
  return new ExtendedSource({ id: 'sub', url: catalogueFolder(t, below, 'seed').path })
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
