/**
 * What a manager is made with.
 *
 * @typedef {import('../../index.js').PackageSourceManagerConfig} PackageSourceManagerConfig
 */

const { CONFLICT_RESOLUTIONS } = require('../config.js')
const { expectCount, expectObject, invalid, sourcesError } = require('../errors.js')
const { given } = require('../own.js')
const { reportToConsole } = require('../report.js')

/** @type {Required<PackageSourceManagerConfig>} */
const DEFAULTS = {
  conflictResolution: 'priority',
  parallelFetch: true,
  maxParallelSources: 5,
  mergedIndexRefresh: 'manual',
  sourceTimeoutMs: 30_000,
  onError: reportToConsole,
}

/**
 * @param {Partial<PackageSourceManagerConfig>} config
 * @returns {Required<PackageSourceManagerConfig>}
 */
function readManagerConfig(config) {
  expectObject(config, 'config')
  const options = { ...DEFAULTS, ...given(config) }
  const { conflictResolution, parallelFetch, maxParallelSources, mergedIndexRefresh, sourceTimeoutMs, onError } =
    options
  if (!CONFLICT_RESOLUTIONS.includes(conflictResolution)) {
    throw invalid('conflictResolution', `one of ${CONFLICT_RESOLUTIONS.join(', ')}`, conflictResolution)
  }
  if (typeof parallelFetch !== 'boolean') throw invalid('parallelFetch', 'a boolean', parallelFetch)
  expectCount(maxParallelSources, 'maxParallelSources', 1, 1000)
  if (mergedIndexRefresh !== 'manual' && mergedIndexRefresh !== 'auto') {
    throw invalid('mergedIndexRefresh', 'manual or auto', mergedIndexRefresh)
  }
  if (typeof sourceTimeoutMs !== 'number' || !(sourceTimeoutMs > 0)) {
    throw sourcesError('EINVALIDARG', 'sourceTimeoutMs must be a number above 0')
  }
  if (typeof onError !== 'function') throw invalid('onError', 'a function', onError)
  return options
}

module.exports = { readManagerConfig }
