/**
 * What the native side tells of the network: as messages on the diagnostics channels, and how far a fetch is to who asked
 * to be told.
 *
 * @typedef {import('../../binding.js').BindingEvent} BindingEvent
 * @typedef {import('./reporter.js').Failure} Failure
 * @typedef {import('../../index.js').DiagnosticsMessages} DiagnosticsMessages
 * @typedef {import('../../index.js').FetchProgress} FetchProgress
 */

const { publish } = require('../channels.js')

/**
 * @param {string} sourceId
 * @param {object} observers
 * @param {() => import('./reporter.js').Reporter | undefined} observers.reporter Who tells of failures; `undefined` once
 *   the source is gone.
 * @param {(() => ((progress: FetchProgress) => void) | undefined) | undefined} observers.onProgress The caller's function,
 *   where there is one and the source is still in use.
 * @returns {(event: BindingEvent) => void} Never throws.
 */
function networkObserver(sourceId, { reporter, onProgress }) {
  return (event) => {
    const { url = '', attempt = 1, milliseconds = 0, failures = 0 } = event
    const failure = event.failure && { code: event.failure.code, message: event.failure.message }
    switch (event.kind) {
      case 'request': {
        const { status = null, bytes = 0 } = event
        publish('package-sources:request', () => {
          return { sourceId, url, attempt, status, bytes, durationMs: milliseconds, error: failure ?? null }
        })
        break
      }
      case 'retry':
        publish('package-sources:retry', () => {
          return { sourceId, url, attempt, delayMs: milliseconds, error: /** @type {Failure} */ (failure) }
        })
        break
      case 'revalidate':
        publish('package-sources:revalidate', () => revalidated(sourceId, event, failure ?? null))
        break
      case 'breaker':
        if (event.outcome !== 'open') reporter()?.breakerTries()
        publish('package-sources:breaker', () => {
          const state = /** @type {DiagnosticsMessages['package-sources:breaker']['state']} */ (event.outcome)
          return { sourceId, state, failures }
        })
        break
      case 'progress':
        tellProgress(sourceId, event, onProgress?.())
        break
      case 'cache':
        if (failure) reporter()?.once(failure, { operation: 'cache' })
        break
    }
  }
}

/**
 * What the function throws or rejects with is ignored: who watches a fetch must not break it.
 *
 * @param {string} sourceId
 * @param {BindingEvent} event
 * @param {((progress: FetchProgress) => unknown) | undefined} onProgress
 */
function tellProgress(sourceId, { outcome, received = 0, total = 0, bytes = 0 }, onProgress) {
  if (!onProgress) return
  const phase = /** @type {FetchProgress['phase']} */ (outcome)
  try {
    Promise.resolve(onProgress({ sourceId, phase, received, total, bytes })).catch(() => {})
  } catch {
    // As above.
  }
}

/**
 * @param {string} sourceId
 * @param {BindingEvent} event
 * @param {Failure | null} error
 */
function revalidated(sourceId, { subject, outcome, packageId, version }, error) {
  return /** @type {DiagnosticsMessages['package-sources:revalidate']} */ ({
    sourceId,
    subject,
    ...(packageId !== undefined && { packageId }),
    ...(version !== undefined && { version }),
    outcome,
    error,
  })
}

module.exports = { networkObserver }
