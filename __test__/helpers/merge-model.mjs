/**
 * What merging means, as simply as it can be said, to hold the manager against. Versions are compared by their place in
 * a list that a person wrote, so that no comparison is implemented twice.
 */

/** Ascending; the versions of one row are equal. */
const ASCENDING = [
  ['', 'latest', 'not a version', '1.x', '1.2.3.4', '-1', 'v'],
  ['0', '0.0', '0.0.0', 'v0'],
  ['0.0.1-alpha'],
  ['0.0.1', 'v0.0.1+sha.5114f85'],
  ['1.0.0-1'],
  ['1.0.0-2'],
  ['1.0.0-10'],
  ['1.0.0-alpha'],
  ['1.0.0-alpha.1', '1-alpha.1', 'v1.0-alpha.1'],
  ['1.0.0-alpha.beta'],
  ['1.0.0-beta'],
  ['1.0.0-beta.2'],
  ['1.0.0-beta.11'],
  ['1.0.0-rc.1', '1.0.0-rc.1+build'],
  ['1.0.0', '1', '1.0', 'v1', 'v1.0.0', '1.0.0+build.5', '1+x'],
  ['1.2', '1.2.0', 'v1.2'],
  ['1.10.0', '1.10'],
  ['2.0.0-0'],
  ['2', 'v2.0.0'],
  ['10.0.0'],
]

const RANKS = new Map(ASCENDING.flatMap((row, rank) => row.map((version) => [version, rank])))

/** Every version that the model knows. */
export const VERSIONS = [...RANKS.keys()]

/** A model of the manager: sources are `{ id, type, priority, enabled, entries: [{ packageId, version }] }`. */
export class ModelManager {
  #strategy
  #sources = []
  #merged = null

  constructor(strategy) {
    this.#strategy = strategy
  }

  add(source) {
    if (!source.enabled) return
    const at = this.#sources.findIndex((one) => one.id === source.id)
    if (at === -1) this.#sources.push(source)
    else this.#sources[at] = source
    this.#merged = null
  }

  remove(id) {
    const at = this.#sources.findIndex((one) => one.id === id)
    if (at === -1) return false
    this.#sources.splice(at, 1)
    this.#merged = null
    return true
  }

  clear() {
    this.#merged = null
  }

  get(id) {
    return this.#sources.find((one) => one.id === id)
  }

  ids() {
    return this.#sources.map(({ id }) => id)
  }

  byPriority() {
    return this.#sources
      .map((source, at) => ({ source, at }))
      .sort((a, b) => a.source.priority - b.source.priority || a.at - b.at)
      .map(({ source }) => source)
  }

  /** `{ packageId, version, selectedSource, availableSources, candidates }` in order. */
  merged() {
    this.#merged ??= this.#merge()
    return this.#merged
  }

  find(packageId) {
    return this.merged().find((one) => one.packageId === packageId)
  }

  #merge() {
    const candidates = this.byPriority().flatMap(({ id, type, priority, entries }) =>
      entries.map(({ packageId, version }) => ({ sourceId: id, type, priority, packageId, version })),
    )
    const ids = [...new Set(candidates.map(({ packageId }) => packageId))]
    return ids.map((packageId) => {
      const own = candidates.filter((one) => one.packageId === packageId)
      const winner = own.reduce((best, one) => (this.#beats(one, best) ? one : best))
      return {
        packageId,
        version: winner.version,
        selectedSource: winner.sourceId,
        availableSources: [...new Set(own.map(({ sourceId }) => sourceId))],
        candidates: own.map((one) => [one.sourceId, one.version, one === winner]),
      }
    })
  }

  // Whether a candidate beats one that came before it, and that therefore has the same or a better priority.
  #beats(later, earlier) {
    if (this.#strategy === 'latest-version') return RANKS.get(later.version) > RANKS.get(earlier.version)
    if (this.#strategy === 'priority') return false
    const type = this.#strategy === 'local-first' ? 'local' : 'remote'
    return later.type === type && earlier.type !== type
  }
}
