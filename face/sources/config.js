/**
 * A source's settings: checked, and shown without the token.
 *
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 */

const { expectString, invalid, sourcesError } = require('../errors.js')
const { isSourceId } = require('../text.js')

/** The user and password of a URL, behind its scheme. */
const CREDENTIALS = /^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i

/** @param {PackageSourceConfig} config */
function checkConfig(config) {
  const { id, name, type, url, priority, enabled, authToken } = config
  if (!isSourceId(id)) throw invalid('id', 'a string that is not empty', id)
  for (const [key, value] of Object.entries({ name, type, url })) expectString(value, key)
  if (typeof priority !== 'number' || Number.isNaN(priority)) throw invalid('priority', 'a number', priority)
  if (typeof enabled !== 'boolean') throw invalid('enabled', 'a boolean', enabled)
  if (authToken !== undefined && typeof authToken !== 'string') {
    throw sourcesError('EINVALIDARG', `authToken must be a string, not ${typeof authToken}`)
  }
}

/**
 * Keeps the token, and credentials in the URL, out of logs and JSON. It stays a field like the others, so that a copy of the settings has it.
 *
 * @param {PackageSourceConfig} config
 */
function hideToken(config) {
  const without = () => {
    const { authToken: _hidden, ...shown } = config
    return { ...shown, url: String(shown.url).replace(CREDENTIALS, '$1***@') }
  }
  const hidden = { configurable: true, enumerable: false, writable: true }
  Object.defineProperty(config, 'toJSON', { ...hidden, value: without })
  Object.defineProperty(config, Symbol.for('nodejs.util.inspect.custom'), {
    ...hidden,
    value: () => (config.authToken === undefined ? without() : { ...without(), authToken: '***' }),
  })
}

module.exports = { checkConfig, hideToken }
