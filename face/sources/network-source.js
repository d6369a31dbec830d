/**
 * What sources over a network have in common beyond what all built-in sources have: ages of copies, a token that may be
 * asked for, and the caller's functions that are told what happens.
 *
 * @typedef {import('../../binding.js').BindingEvent} BindingEvent
 * @typedef {import('../../binding.js').BindingGitSource} BindingGitSource
 * @typedef {import('../../binding.js').BindingRemoteSource} BindingRemoteSource
 * @typedef {import('../../binding.js').BindingToken} BindingToken
 * @typedef {import('../../index.js').FetchProgress} FetchProgress
 * @typedef {import('../../index.js').NetworkSourceOptions} NetworkSourceOptions
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 */

const { expectNumber, expectObject, sourcesError } = require('../errors.js')
const { access, NativeSource } = require('./native-source.js')
const { networkObserver } = require('./network-events.js')
const { readAges } = require('./network-options.js')
const { askForToken } = require('./token.js')

/** Most packages of one source that are kept as objects: it may hold more than memory does. */
const MAX_KEPT = 2000

/** Most bytes of their text where nothing else is said. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/**
 * @template {BindingGitSource | BindingRemoteSource} Handle
 * @extends {NativeSource<Handle>}
 */
class NetworkSource extends NativeSource {
  #ages
  /**
   * Kept alive here, for the native side must not do it: the caller's functions may hold this source.
   */
  // biome-ignore lint/correctness/noUnusedPrivateClassMembers: as above
  #functions

  /**
   * @param {PackageSourceConfig} defaults
   * @param {Partial<NetworkSourceOptions>} options
   * @param {object} kind
   * @param {(
   *   config: PackageSourceConfig,
   *   onEvent: (event: BindingEvent) => void,
   *   onToken: (() => Promise<BindingToken>) | undefined,
   * ) => Handle} kind.open Makes the native side.
   * @param {((progress: FetchProgress) => void) | undefined} [kind.onProgress]
   * @param {number} [kind.maxKeptBytes] Most bytes that are kept as objects.
   */
  constructor(defaults, options, { open, onProgress, maxKeptBytes = MAX_KEPT_BYTES }) {
    expectObject(options, 'config')
    const { authToken, ...config } = options
    const functions = { ask: typeof authToken === 'function' ? authToken : undefined, onProgress }
    const ages = readAges(options)
    /** @type {{ source?: WeakRef<NetworkSource<Handle>> }} */
    const self = {}
    const calls = callsOf(self, new WeakRef(functions), functions)
    super(defaults, functions.ask ? config : /** @type {Partial<PackageSourceConfig>} */ (options), {
      open: (settings) => {
        const handle = open(settings, calls.onEvent(settings.id), calls.onToken)
        handle.setAges(ages.expiry, ages.maxStale)
        return handle
      },
      reset: (handle) => {
        handle.clear()
        return handle
      },
      lifetime: ({ maxAge }) => ages.expiry ?? maxAge,
      maxStale: ages.maxStale,
      most: { packages: MAX_KEPT, bytes: maxKeptBytes },
    })
    self.source = new WeakRef(/** @type {NetworkSource<Handle>} */ (this))
    this.#functions = functions
    this.#ages = ages
    // Opened at once, so that a url or token that can't be used is told here and not at the first call.
    access.handleOf(this)
  }

  /** @param {number} ms */
  setCacheExpiry(ms) {
    expectNumber(ms, 'ms')
    if (!(ms >= 0)) throw sourcesError('EINVALIDARG', `ms must be 0 or more, not ${ms}`)
    this.#ages.expiry = ms
    access.handleOf(/** @type {NativeSource<Handle>} */ (this)).setAges(ms, this.#ages.maxStale)
  }
}

/**
 * What the native side calls. It lives as long as that, so it may hold neither the source nor the caller's functions, which
 * may hold the source: hence made here, where nothing else is in sight.
 *
 * @param {{ source?: WeakRef<NetworkSource<any>> }} self
 * @param {WeakRef<{ ask?: (() => unknown) | undefined, onProgress?: ((progress: FetchProgress) => void) | undefined }>} functions
 * @param {{ ask?: unknown, onProgress?: unknown }} given Which of them there are.
 */
function callsOf(self, functions, given) {
  return {
    onToken: given.ask === undefined ? undefined : askWeakly(functions),
    onEvent: observeWeakly(self, functions, given.onProgress !== undefined),
  }
}

/** @param {WeakRef<{ ask?: (() => unknown) | undefined }>} functions */
function askWeakly(functions) {
  return () => askForToken(() => functions.deref()?.ask?.())
}

/**
 * @param {{ source?: WeakRef<NetworkSource<any>> }} self
 * @param {WeakRef<{ onProgress?: ((progress: FetchProgress) => void) | undefined }>} functions
 * @param {boolean} hasProgress
 */
function observeWeakly(self, functions, hasProgress) {
  const reporter = () => {
    const source = self.source?.deref()
    return source && access.reporter(source)
  }
  const onProgress = hasProgress ? () => functions.deref()?.onProgress : undefined
  return (/** @type {string} */ sourceId) => networkObserver(sourceId, { reporter, onProgress })
}

module.exports = { NetworkSource }
