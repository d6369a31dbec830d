/**
 * Several sources as one. What is in memory answers at once; sources are asked and the index is merged only where there
 * is nothing in memory, and then once for all who wait.
 *
 * @typedef {import('../../index.js').CallOptions} CallOptions
 * @typedef {import('../../index.js').ErrorContext} ErrorContext
 * @typedef {import('../../index.js').PackageCandidate} PackageCandidate
 * @typedef {import('../../index.js').PackageData} PackageData
 * @typedef {import('../../index.js').PackageExplanation} PackageExplanation
 * @typedef {import('../../index.js').PackageSource} PackageSource
 * @typedef {import('../../index.js').PackageSourceLike} PackageSourceLike
 * @typedef {import('../../index.js').PackageSourceManagerConfig} PackageSourceManagerConfig
 * @typedef {import('../../index.js').PackageSourceStatus} PackageSourceStatus
 * @typedef {import('../../index.js').SearchOptions} SearchOptions
 * @typedef {import('../../index.js').SearchResult} SearchResult
 * @typedef {import('./merged.js').Merged} Merged
 * @typedef {import('./merged.js').Outcome} Outcome
 */

const { expectString, invalid } = require('../errors.js')
const { abortable, readSignal } = require('../flight.js')
const { isWellFormed } = require('../text.js')
const { settledSoon } = require('../waiting.js')
const { Asker } = require('./asker.js')
const { readManagerConfig } = require('./options.js')
const { mergeOutcomes } = require('./merged.js')
const { searchMerged } = require('./search.js')
const { byPriority, checkSource, slotOf } = require('./slots.js')

/** How long a call waits for sources that failed before, in milliseconds. */
const RETRY_GRACE = 500

/** Least time between two looks for changes, in milliseconds. */
const REFRESH_PAUSE = 1000

class PackageSourceManager {
  #config
  #asker
  /** @type {Map<string, PackageSourceLike>} In the order added. */
  #sources = new Map()
  /** @type {Merged | null} */
  #merged = null
  /** @type {Promise<Merged> | null} The build under way, unless it was overtaken. */
  #building = null
  /** @type {Promise<void> | null} A look for changes that is under way. */
  #refreshing = null
  /** Whether those who ask have waited long enough for the build under way. */
  #isGraceOver = false
  /** @type {Map<string, Outcome>} What sources gave since the caches were cleared, to complete an index without asking all again. */
  #outcomes = new Map()

  /** @param {Partial<PackageSourceManagerConfig>} [config] */
  constructor(config = {}) {
    this.#config = readManagerConfig(config)
    this.#asker = new Asker(this.#config)
  }

  /** @param {PackageSource | PackageSourceLike} source */
  addSource(source) {
    const checked = checkSource(source)
    if (!checked.enabled) return
    this.#asker.dismiss(checked.id)
    this.#sources.set(checked.id, checked.source)
    this.#asker.adopt(checked.id, checked.source)
    this.#invalidate()
  }

  /** @param {string} sourceId */
  removeSource(sourceId) {
    expectString(sourceId, 'sourceId')
    if (!this.#sources.delete(sourceId)) return false
    this.#asker.dismiss(sourceId)
    this.#invalidate()
    return true
  }

  /** @param {string} sourceId */
  getSource(sourceId) {
    expectString(sourceId, 'sourceId')
    return /** @type {PackageSource | undefined} */ (this.#find(sourceId)?.source)
  }

  getSources() {
    return /** @type {PackageSource[]} */ ([...this.#sources.values()])
  }

  getSourcesByPriority() {
    return /** @type {PackageSource[]} */ (byPriority(this.#sources).map(({ source }) => source))
  }

  /** @param {CallOptions} [options] */
  async fetchMergedIndex(options) {
    const signal = options && readSignal(options)
    const { entries } = this.#current() ?? (await abortable(this.#renew(), signal))
    return entries.slice()
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   */
  async hasPackage(packageId, options) {
    if (typeof packageId !== 'string') throw invalid('packageId', 'a string', packageId)
    const signal = options && readSignal(options)
    const { byId } = this.#current() ?? (await abortable(this.#renew(), signal))
    return byId.has(packageId)
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   * @returns {Promise<PackageData | null>}
   */
  async loadPackage(packageId, options) {
    if (typeof packageId !== 'string') throw invalid('packageId', 'a string', packageId)
    const signal = options && readSignal(options)
    const { byId, inMemory } = this.#current() ?? (await abortable(this.#renew(), signal))
    const kept = inMemory.get(packageId)
    const known = kept && this.#asker.held(kept)
    if (known) return known
    const entry = byId.get(packageId)
    if (entry === undefined) return null
    const { selectedSource, availableSources } = entry
    const selected = this.#sources.get(selectedSource)
    const data = selected && (await this.#asker.load(selectedSource, selected, packageId, signal))
    if (data) {
      const held = this.#asker.hold(selected, packageId)
      if (held) inMemory.set(packageId, held)
      return data
    }
    for (const sourceId of availableSources) {
      const source = sourceId === selectedSource ? undefined : this.#sources.get(sourceId)
      const found = source && (await this.#asker.load(sourceId, source, packageId, signal))
      if (found) return found
    }
    return null
  }

  /**
   * @param {string} packageId
   * @param {string} sourceId
   * @param {CallOptions} [options]
   * @returns {Promise<PackageData | null>}
   */
  async loadPackageFromSource(packageId, sourceId, options) {
    expectString(packageId, 'packageId')
    expectString(sourceId, 'sourceId')
    const signal = readSignal(options)
    const slot = this.#find(sourceId)
    if (!slot) return null
    return this.#asker.load(slot.id, slot.source, packageId, signal)
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   * @returns {Promise<Map<string, string[]>>}
   */
  async getAllVersions(packageId, options) {
    expectString(packageId, 'packageId')
    const signal = readSignal(options)
    const sources = [...this.#sources]
    const ask = (/** @type {[string, PackageSourceLike]} */ [id, source]) =>
      this.#asker.versions(id, source, packageId, signal)
    const versions = await this.#asker.each(sources, ask)
    const found = sources.map(([id], position) => /** @type {const} */ ([id, versions[position] ?? []]))
    return new Map(found.filter(([, list]) => list.length > 0))
  }

  clearAllCaches() {
    this.#invalidate()
    for (const [id, source] of this.#sources) this.#asker.clearCache(id, source)
  }

  /** @returns {Promise<void>} */
  async whenIdle() {
    await Promise.allSettled([
      this.#building,
      this.#refreshing,
      ...[...this.#sources.values()].map((source) => this.#asker.whenIdle(source)),
    ])
  }

  /** @returns {PackageSourceStatus[]} */
  getSourceStatus() {
    return [...this.#sources].map(([id, source]) => this.#asker.status(slotOf(id, source)))
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   * @returns {Promise<PackageExplanation>}
   */
  async explain(packageId, options) {
    expectString(packageId, 'packageId')
    const signal = readSignal(options)
    const { native, slots, columns } = this.#current() ?? (await abortable(this.#renew(), signal))
    const reports = isWellFormed(packageId) ? native.explain(packageId) : []
    /** @type {PackageCandidate[]} */
    const candidates = []
    for (const slot of slots) {
      const { id: sourceId, type, priority } = slot
      const base = { sourceId, type: /** @type {PackageCandidate['type']} */ (type), priority }
      const column = columns.indexOf(slot)
      if (column < 0) candidates.push({ ...base, version: null, selected: false, reason: 'source failing' })
      for (const { version, reason } of reports.filter((report) => report.column === column)) {
        const why = /** @type {PackageCandidate['reason']} */ (reason ?? null)
        candidates.push({ ...base, version, selected: why === null, reason: why })
      }
    }
    const selectedSource = candidates.find(({ selected }) => selected)?.sourceId ?? null
    return { packageId, conflictResolution: this.#config.conflictResolution, selectedSource, candidates }
  }

  /**
   * @param {string} query
   * @param {SearchOptions} [options]
   * @returns {Promise<SearchResult>}
   */
  async searchPackages(query, options) {
    return searchMerged(query, options, async (signal) => this.#current() ?? abortable(this.#renew(), signal))
  }

  /** The merged index, where there is one that is complete or whose missing sources are not yet to be tried again. */
  #current() {
    const merged = this.#merged
    if (merged === null) return null
    const { retryAt, staleAt } = merged
    if (retryAt === Number.POSITIVE_INFINITY && staleAt === Number.POSITIVE_INFINITY) return merged
    const now = Date.now()
    if (now >= retryAt) return null
    if (now >= staleAt) this.#refresh(merged)
    return merged
  }

  /**
   * Looks in the background for changes of the sources' indexes, and makes a new merged index where there is one.
   *
   * @param {Merged} merged
   */
  #refresh(merged) {
    if (this.#refreshing) return
    const outcomes = this.#outcomes
    const isCurrent = () => outcomes === this.#outcomes && merged === this.#merged
    const outcomeOf = (/** @type {string} */ id) => outcomes.get(id) ?? {}
    const refresh = async () => {
      try {
        const stale = merged.slots.filter(({ id, source }) => this.#asker.staleAt(source, outcomeOf(id)) <= Date.now())
        let isChanged = false
        await this.#asker.each(stale, async ({ id, source }) => {
          const renewed = await this.#asker.revalidate(id, source, isCurrent)
          if (!renewed.native || !isCurrent()) return
          isChanged ||= renewed.native.revision !== outcomeOf(id).native?.revision
          outcomes.set(id, renewed)
        })
        if (!isCurrent()) return
        const next = isChanged ? await this.#merge(outcomes) : merged
        next.staleAt = Math.max(this.#staleAt(outcomes), Date.now() + REFRESH_PAUSE)
        if (isCurrent()) this.#merged = next
      } finally {
        this.#refreshing = null
      }
    }
    this.#refreshing = refresh()
  }

  /**
   * When to look for changes.
   *
   * @param {Map<string, Outcome>} outcomes
   */
  #staleAt(outcomes) {
    if (this.#config.mergedIndexRefresh === 'manual') return Number.POSITIVE_INFINITY
    const all = [...this.#sources].map(([id, source]) => this.#asker.staleAt(source, outcomes.get(id) ?? {}))
    return Math.min(...all)
  }

  /**
   * A new merged index. Where there is one that only lacks failing sources, nobody waits for them long: who asks gets the
   * old one after a short grace, and at once while the sources are still being tried after that.
   */
  async #renew() {
    const incomplete = this.#merged
    if (incomplete === null) return this.#build()
    const isUnderWay = this.#building !== null
    const build = this.#build()
    if (isUnderWay && this.#isGraceOver) return incomplete
    this.#isGraceOver = false
    const renewed = await settledSoon(build, RETRY_GRACE)
    this.#isGraceOver = true
    return renewed ?? this.#merged ?? incomplete
  }

  /** Whoever asks from now on gets a new index; those who wait for the build under way get that one. */
  #invalidate() {
    this.#merged = null
    this.#building = null
    this.#outcomes = new Map()
  }

  #build() {
    if (this.#building) return this.#building
    const outcomes = this.#outcomes
    const build = async () => {
      try {
        const merged = await this.#fetchAndMerge(outcomes)
        if (outcomes === this.#outcomes) this.#merged = merged
        return merged
      } finally {
        if (outcomes === this.#outcomes) this.#building = null
      }
    }
    const building = build()
    // A source's fetchIndex() may have changed the manager already.
    if (outcomes === this.#outcomes) this.#building = building
    return building
  }

  /** @param {Map<string, Outcome>} outcomes What is known already; completed here. */
  async #fetchAndMerge(outcomes) {
    const slots = byPriority(this.#sources)
    const isCurrent = () => outcomes === this.#outcomes
    await this.#asker.each(
      slots.filter(({ id }) => outcomes.get(id)?.retryAt !== undefined || !outcomes.has(id)),
      async ({ id, source }) => outcomes.set(id, await this.#asker.fetchIndex(id, source, isCurrent)),
    )
    const merged = await this.#merge(outcomes)
    merged.staleAt = this.#staleAt(outcomes)
    return merged
  }

  /** @param {Map<string, Outcome>} outcomes */
  #merge(outcomes) {
    const slots = byPriority(this.#sources)
    const inOrder = slots.map(({ id }) => outcomes.get(id) ?? {})
    return mergeOutcomes(this.#config.conflictResolution, slots, inOrder)
  }

  /**
   * By id; a type serves where no source has that id and exactly one has that type.
   *
   * @param {string} sourceId
   */
  #find(sourceId) {
    const source = this.#sources.get(sourceId)
    if (source) return { id: sourceId, source }
    const ofType = [...this.#sources].map(([id, each]) => slotOf(id, each)).filter(({ type }) => type === sourceId)
    return ofType.length === 1 ? ofType[0] : undefined
  }
}

module.exports = { PackageSourceManager }
