/**
 * How a source over a network is doing.
 *
 * @typedef {import('../../binding.js').BindingCondition} BindingCondition
 * @typedef {import('../../index.js').NetworkStatus} NetworkStatus
 * @typedef {import('./kept-packages.js').Age} Age
 *
 * @typedef {BindingCondition & { staleAt(age: Age): number }} Condition
 */

/**
 * @param {Condition} condition
 * @returns {NetworkStatus}
 */
function networkStatus({ breaker, requests, hits, misses, indexFetchedAt, indexMaxAge, staleAt }) {
  const counts = { breaker, requests, hits, misses }
  if (indexFetchedAt === undefined || indexMaxAge === undefined) return { freshness: 'none', ageMs: null, ...counts }
  const now = Date.now()
  const isFresh = now < staleAt({ fetchedAt: indexFetchedAt, maxAge: indexMaxAge })
  return { freshness: isFresh ? 'fresh' : 'stale', ageMs: Math.max(0, now - Math.floor(indexFetchedAt)), ...counts }
}

module.exports = { networkStatus }
