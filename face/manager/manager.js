/**
 * Several sources as one. What is in memory answers at once; sources are asked and the index is merged only where there
 * is nothing in memory, and then once for all who wait.
 *
 * @typedef {import('../../index.js').CallOptions} CallOptions
 * @typedef {import('../../index.js').ErrorContext} ErrorContext
 * @typedef {import('../../index.js').IndexHandlerOptions} IndexHandlerOptions
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
const { abortable, Flight, readSignal } = require('../flight.js')
const { isWellFormed } = require('../text.js')
const { report } = require('../report.js')
const { createIndexHandler } = require('../service/index-handler.js')
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
  /** @type {Flight<Merged> | null} The build under way, unless it was overtaken. */
  #building = null
  /** @type {Map<string, Promise<void>>} Looks for changes that are under way, by source. */
  #refreshing = new Map()
  /** The latest merge after such a look: they are made one after the other, so that the last one knows the most. */
  #merging = Promise.resolve()
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
    const { entries } = this.#current() ?? (await this.#renew(signal))
    return entries.slice()
  }

  /**
   * @param {string} packageId
   * @param {CallOptions} [options]
   */
  async hasPackage(packageId, options) {
    if (typeof packageId !== 'string') throw invalid('packageId', 'a string', packageId)
    const signal = options && readSignal(options)
    const { byId } = this.#current() ?? (await this.#renew(signal))
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
    const { byId, inMemory } = this.#current() ?? (await this.#renew(signal))
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
      this.#building?.join(undefined),
      ...this.#refreshing.values(),
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
    const { native, slots, columns } = this.#current() ?? (await this.#renew(signal))
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
    return searchMerged(query, options, async (signal) => this.#current() ?? this.#renew(signal))
  }

  /**
   * @param {IndexHandlerOptions} [options]
   * @returns {(request: Request) => Promise<Response>}
   */
  createIndexHandler(options = {}) {
    return createIndexHandler(options, {
      merged: () => this.#current() ?? this.#renew(),
      report: (error, context) => report(this.#config.onError, error, context),
    })
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
   * Looks in the background for changes of the sources' indexes, and makes a new merged index where there is one. A source
   * that hangs holds up no other.
   *
   * @param {Merged} merged
   */
  #refresh(merged) {
    const outcomes = this.#outcomes
    for (const { id, source } of merged.slots) {
      const outcome = outcomes.get(id) ?? {}
      if (this.#refreshing.has(id) || this.#asker.staleAt(source, outcome) > Date.now()) continue
      if (this.#config.mergedIndexRefresh === 'manual' && !outcome.isOld) continue
      const ofThese = this.#refreshing
      const look = this.#look(id, source, outcomes).finally(() => ofThese.delete(id))
      ofThese.set(id, look)
    }
    merged.staleAt = Date.now() + REFRESH_PAUSE
  }

  /**
   * @param {string} id
   * @param {PackageSourceLike} source
   * @param {Map<string, Outcome>} outcomes
   */
  async #look(id, source, outcomes) {
    const isCurrent = () => outcomes === this.#outcomes
    const before = outcomes.get(id)
    const renewed = await this.#asker.fetchIndex(id, source, isCurrent, { renew: true })
    if (!isCurrent()) return
    outcomes.set(id, renewed)
    if (renewed.native?.revision !== before?.native?.revision) await this.#remerge(outcomes)
    if (isCurrent() && this.#merged) {
      this.#merged.staleAt = Math.max(this.#staleAt(outcomes), Date.now() + REFRESH_PAUSE)
    }
  }

  /** @param {Map<string, Outcome>} outcomes */
  #remerge(outcomes) {
    const remerge = async () => {
      if (outcomes !== this.#outcomes) return
      const merged = await this.#merge(outcomes)
      if (outcomes === this.#outcomes) this.#merged = merged
    }
    const merging = this.#merging.then(remerge)
    this.#merging = merging.catch(() => {})
    return this.#merging
  }

  /**
   * When to look for changes. Where that is left to the caller, only what was old already is looked at, until it is not:
   * such as what came from disk at a start.
   *
   * @param {Map<string, Outcome>} outcomes
   */
  #staleAt(outcomes) {
    const isManual = this.#config.mergedIndexRefresh === 'manual'
    const all = [...this.#sources].map(([id, source]) => {
      const outcome = outcomes.get(id) ?? {}
      return isManual && !outcome.isOld ? Number.POSITIVE_INFINITY : this.#asker.staleAt(source, outcome)
    })
    return Math.min(...all)
  }

  /**
   * A new merged index. Where there is one that only lacks failing sources, nobody waits for them long: who asks gets the
   * old one after a short grace, and at once while the sources are still being tried after that.
   *
   * @param {AbortSignal} [signal] Who gives up leaves the build to the others, and ends it where there are none.
   * @returns {Promise<Merged>}
   */
  async #renew(signal) {
    const incomplete = this.#merged
    if (incomplete === null) return this.#build().join(signal)
    const isUnderWay = this.#building !== null
    const build = this.#build()
    if (isUnderWay && this.#isGraceOver) return incomplete
    this.#isGraceOver = false
    const renewed = await abortable(settledSoon(build.join(undefined), RETRY_GRACE), signal)
    this.#isGraceOver = true
    return renewed ?? this.#merged ?? incomplete
  }

  /** Whoever asks from now on gets a new index; those who wait for the build under way get that one. */
  #invalidate() {
    this.#merged = null
    this.#building = null
    this.#refreshing = new Map()
    this.#outcomes = new Map()
  }

  #build() {
    if (this.#building && !this.#building.isCancelled) return this.#building
    const outcomes = this.#outcomes
    const build = new Flight(async (_, flight) => {
      const merged = await this.#fetchAndMerge(outcomes, flight.signal)
      if (outcomes === this.#outcomes) this.#merged = merged
      return merged
    })
    // A source's fetchIndex() may have changed the manager already.
    if (outcomes === this.#outcomes) this.#building = build
    build.whenEnded(() => {
      if (this.#building === build) this.#building = null
    })
    return build
  }

  /**
   * @param {Map<string, Outcome>} outcomes What is known already; completed here.
   * @param {AbortSignal} signal
   */
  async #fetchAndMerge(outcomes, signal) {
    const slots = byPriority(this.#sources)
    const isCurrent = () => outcomes === this.#outcomes && !signal.aborted
    await this.#asker.each(
      slots.filter(({ id }) => outcomes.get(id)?.retryAt !== undefined || !outcomes.has(id)),
      async ({ id, source }) => {
        // One that failed is tried again in earnest: its old copy is known already.
        const how = { renew: outcomes.has(id), signal }
        const outcome = await this.#asker.fetchIndex(id, source, isCurrent, how).catch(() => undefined)
        if (outcome && !signal.aborted) outcomes.set(id, outcome)
      },
    )
    signal.throwIfAborted()
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
