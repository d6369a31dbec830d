// Sources in plain JavaScript: what the plain managers read from, and what a caller of the addon might write.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Entries that are in memory already. */
export class MemorySource {
  #config
  #entries
  #packages = new Map()

  constructor(id, priority, entries) {
    this.#config = { id, name: id, type: 'remote', url: 'memory:', priority, enabled: true }
    this.#entries = entries
    for (const entry of entries) {
      this.#packages.set(entry.packageId, { metadata: entry, components: [], scriptFiles: [] })
    }
  }

  getConfig() {
    return this.#config
  }

  async fetchIndex() {
    return this.#entries
  }

  async loadPackage(packageId) {
    return this.#packages.get(packageId) ?? null
  }

  async hasPackage(packageId) {
    return this.#packages.has(packageId)
  }

  async getVersions(packageId) {
    const data = this.#packages.get(packageId)
    return data ? [data.metadata.version] : []
  }

  clearCache() {}
}

/** A packages folder, read with `fs.promises` and `JSON.parse`. */
export class FolderSource {
  #config
  #index = null

  constructor(id, priority, url) {
    this.#config = { id, name: id, type: 'local', url, priority, enabled: true }
  }

  getConfig() {
    return this.#config
  }

  async fetchIndex() {
    if (this.#index === null) {
      const { packages } = JSON.parse(await readFile(join(this.#config.url, 'index.json'), 'utf8'))
      this.#index = packages.map((entry) => ({
        ...entry,
        dependencies: entry.dependencies ?? [],
        minLevel: entry.minLevel || 1,
        sourceId: this.#config.id,
      }))
    }
    return this.#index
  }

  clearCache() {
    this.#index = null
  }
}

/** A registry, all of its pages, read with `fetch` and `JSON.parse`. */
export class RegistrySource {
  #config
  #index = null

  constructor(id, priority, url) {
    this.#config = { id, name: id, type: 'remote', url, priority, enabled: true }
  }

  getConfig() {
    return this.#config
  }

  async fetchIndex() {
    this.#index ??= await this.#fetchPages()
    return this.#index
  }

  clearCache() {
    this.#index = null
  }

  async #fetchPages() {
    const { id, url } = this.#config
    const entries = []
    for (let page = 1, total = Number.POSITIVE_INFINITY; entries.length < total; page++) {
      const response = await fetch(`${url}/packages?page=${page}`)
      if (!response.ok) throw new Error(`${url} answers with status ${response.status}`)
      const { packages, totalCount } = await response.json()
      for (const entry of packages) entries.push({ ...entry, minLevel: entry.minLevel || 1, sourceId: id })
      total = totalCount
    }
    return entries
  }
}
