/**
 * A source's settings: checked, and shown without the token.
 *
 * @typedef {import('../../index.js').PackageSourceConfig} PackageSourceConfig
 */

const { expectString, invalid, sourcesError } = require('../errors.js')
const { isSourceId } = require('../text.js')

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
    return { ...shown, url: withoutSecrets(String(shown.url)) }
  }
  const hidden = { configurable: true, enumerable: false, writable: true }
  Object.defineProperty(config, 'toJSON', { ...hidden, value: without })
  Object.defineProperty(config, Symbol.for('nodejs.util.inspect.custom'), {
    ...hidden,
    value: () => (config.authToken === undefined ? without() : { ...without(), authToken: '***' }),
  })
}

/**
 * A URL without user, password, query and fragment, however it is spelled; what is none is a path, and stays.
 *
 * @param {string} text
 */
function withoutSecrets(text) {
  // As npm writes the URL of a repository.
  const address = text.replace(/^git\+(?=https?:)/i, '')
  if (!URL.canParse(address)) return text
  const url = new URL(address)
  if (!/^https?:$/.test(url.protocol)) return text
  return url.username || url.password || url.search || url.hash
    ? `${url.protocol}//***@${url.host}${url.pathname}`
    : text
}

module.exports = { checkConfig, hideToken }
