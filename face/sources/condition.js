/**
 * How a source over a network is doing.
 *
 * @typedef {import('../../binding.js').BindingCondition} BindingCondition
 * @typedef {import('../../index.js').NetworkStatus} NetworkStatus
 * @typedef {import('./kept-packages.js').Age} Age
 *
 * @typedef {BindingCondition & { staleAt(age: Age): number, maxStale: number }} Condition `maxStale`: how long a stale copy
 *   may answer, in milliseconds.
 */

/**
 * @param {Condition} condition
 * @returns {NetworkStatus}
 */
function networkStatus({ breaker, requests, hits, misses, indexFetchedAt, indexMaxAge, staleAt, maxStale }) {
  const counts = { breaker, requests, hits, misses }
  if (indexFetchedAt === undefined || indexMaxAge === undefined) return { freshness: 'none', ageMs: null, ...counts }
  const now = Date.now()
  const end = staleAt({ fetchedAt: indexFetchedAt, maxAge: indexMaxAge })
  if (now >= end + maxStale) return { freshness: 'none', ageMs: null, ...counts }
  return { freshness: now < end ? 'fresh' : 'stale', ageMs: Math.max(0, now - Math.floor(indexFetchedAt)), ...counts }
}

module.exports = { networkStatus }
