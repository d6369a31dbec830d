// The least that a promise-returning interface can cost: one look-up in a Map, one copy of a kept array.

/** A manager that knows everything beforehand. */
export class IdealManager {
  #entries
  #packages

  /**
   * @param {object[]} entries The merged index.
   * @param {Map<string, object>} packages Every package's data by id.
   */
  constructor(entries, packages) {
    this.#entries = entries
    this.#packages = packages
  }

  async fetchMergedIndex() {
    return this.#entries.slice()
  }

  async hasPackage(packageId) {
    return this.#packages.has(packageId)
  }

  async loadPackage(packageId) {
    return this.#packages.get(packageId) ?? null
  }
}
