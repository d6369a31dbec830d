/**
 * Packages of one source that are in memory as objects, and those being loaded.
 *
 * @typedef {import('../../index.js').PackageData} PackageData
 * @typedef {import('./native-source.js').AnyNativeSource} AnyNativeSource
 * @typedef {object} Age How old something is, as the native side tells it.
 * @property {number} fetchedAt When it was fetched or last confirmed, in milliseconds since 1970.
 * @property {number} maxAge How long from then on it is fresh, in milliseconds, where the caller says nothing else.
 *
 * @typedef {Age & { revision: number, data: PackageData | null, bytes: number }} Loaded `null`: the source doesn't have
 *   it. `bytes`: of its text, about.
 */

const { Flight } = require('../flight.js')

/** How long it is believed at most that the source doesn't have something, in milliseconds, where copies expire at all. */
const ABSENT_EXPIRY = 2000

/** Most ids that are remembered as not there: callers may ask for any number of them. */
const MAX_ABSENT = 1000

/** One package in memory. Whoever holds it sees at once when it no longer serves. */
class Kept {
  /** @type {PackageData | undefined} */
  #data
  #isFresh

  /**
   * @param {AnyNativeSource} source
   * @param {PackageData} data
   * @param {Loaded} loaded
   * @param {(age: Age) => boolean} isFresh
   */
  constructor(source, data, { revision, bytes, fetchedAt, maxAge }, isFresh) {
    this.source = source
    this.#data = data
    this.#isFresh = isFresh
    this.revision = revision
    this.bytes = bytes
    this.fetchedAt = fetchedAt
    this.maxAge = maxAge
  }

  /** The package, unless it is too old or was dropped. */
  get() {
    return this.#isFresh(this) ? this.#data : undefined
  }

  /** The package, however old, unless it was dropped. */
  stale() {
    return this.#data
  }

  /**
   * It was found to be current still.
   *
   * @param {Age} age
   */
  confirm({ fetchedAt, maxAge }) {
    this.fetchedAt = fetchedAt
    this.maxAge = maxAge
  }

  drop() {
    this.#data = undefined
  }
}

class KeptPackages {
  /** @type {Map<string, Kept>} */
  #kept = new Map()
  /** @type {Map<string, Age>} What the source doesn't have. */
  #absent = new Map()
  /** @type {Map<string, Flight<PackageData | null>>} */
  #loading = new Map()
  /** Of the packages that are kept. */
  #bytes = 0
  #source
  #most
  #isFresh

  /**
   * @param {AnyNativeSource} source Whose packages they are.
   * @param {{ packages: number, bytes: number, expires: boolean }} most How much is kept; of more, the ones fetched first are dropped.
   * @param {(age: Age) => boolean} isFresh
   */
  constructor(source, most, isFresh) {
    this.#source = source
    this.#most = most
    this.#isFresh = isFresh
  }

  /** @param {string} key */
  get(key) {
    return this.#kept.get(key)
  }

  /**
   * Whether the source was found not to have it.
   *
   * @param {string} key
   */
  isAbsent(key) {
    const age = this.#absent.get(key)
    return age !== undefined && Date.now() < age.fetchedAt + age.maxAge && this.#isFresh(age)
  }

  /**
   * Concurrent callers share one load.
   *
   * @param {string} key
   * @param {AbortSignal | undefined} signal
   * @param {(cancel: import('../../binding.js').BindingCancel) => Promise<Loaded>} load
   * @returns {Promise<PackageData | null>}
   */
  load(key, signal, load) {
    const underWay = this.#loading.get(key)
    if (underWay && !underWay.isCancelled) return underWay.join(signal)
    // A load that clear() overtakes must not bring back what was forgotten.
    const loading = this.#loading
    const shared = new Flight(async (cancel) => {
      const loaded = await load(cancel)
      if (loading === this.#loading) this.#keep(key, loaded)
      return loaded.data
    })
    loading.set(key, shared)
    shared.whenEnded(() => {
      if (loading.get(key) === shared) loading.delete(key)
    })
    return shared.join(signal)
  }

  clear() {
    for (const kept of this.#kept.values()) kept.drop()
    this.#kept.clear()
    this.#bytes = 0
    this.#absent.clear()
    this.#loading = new Map()
  }

  /**
   * @param {string} key
   * @param {Loaded} loaded
   */
  #keep(key, loaded) {
    const before = this.#kept.get(key)
    if (before && loaded.data !== null && before.revision === loaded.revision) {
      before.confirm(loaded)
      return
    }
    if (before) this.#drop(key, before)
    this.#absent.delete(key)
    if (loaded.data === null) {
      const { fetchedAt, maxAge } = loaded
      this.#absent.set(key, {
        fetchedAt,
        maxAge: this.#most.expires ? Math.min(maxAge, ABSENT_EXPIRY) : Number.POSITIVE_INFINITY,
      })
      const [first] = this.#absent.keys()
      if (this.#absent.size > MAX_ABSENT && first !== undefined) this.#absent.delete(first)
      return
    }
    this.#kept.set(key, new Kept(this.#source, loaded.data, loaded, this.#isFresh))
    this.#bytes += loaded.bytes
    for (const [oldest, kept] of this.#kept) {
      if (this.#kept.size <= this.#most.packages && this.#bytes <= this.#most.bytes) break
      this.#drop(oldest, kept)
    }
  }

  /**
   * @param {string} key
   * @param {Kept} kept
   */
  #drop(key, kept) {
    kept.drop()
    this.#kept.delete(key)
    this.#bytes -= kept.bytes
  }
}

module.exports = { Kept, KeptPackages }
