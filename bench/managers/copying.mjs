// What the addon replaces, in shape: a Map of merged entries whose values every call copies into an array and searches.

/** A manager whose every call copies the merged entries. */
export class CopyingManager {
  #sources = new Map()
  #merged = null

  addSource(source) {
    this.#sources.set(source.getConfig().id, source)
    this.#merged = null
  }

  clearAllCaches() {
    this.#merged = null
    for (const source of this.#sources.values()) source.clearCache()
  }

  async fetchMergedIndex() {
    if (this.#merged === null) this.#merged = await this.#merge()
    return Array.from(this.#merged.values())
  }

  async hasPackage(packageId) {
    const index = await this.fetchMergedIndex()
    return index.some((entry) => entry.packageId === packageId)
  }

  async loadPackage(packageId) {
    const index = await this.fetchMergedIndex()
    const entry = index.find((candidate) => candidate.packageId === packageId)
    if (entry === undefined) return null
    return await this.#sources.get(entry.selectedSource).loadPackage(packageId)
  }

  async #merge() {
    const sources = [...this.#sources.values()].sort((a, b) => a.getConfig().priority - b.getConfig().priority)
    const indexes = await Promise.all(sources.map((source) => source.fetchIndex()))
    const merged = new Map()
    for (const [at, entries] of indexes.entries()) {
      const sourceId = sources[at].getConfig().id
      for (const entry of entries) {
        const known = merged.get(entry.packageId)
        // Sources come in priority order, so that the first one to have a package keeps it.
        if (known) known.availableSources.push(sourceId)
        else merged.set(entry.packageId, { ...entry, availableSources: [sourceId], selectedSource: sourceId })
      }
    }
    return merged
  }
}
