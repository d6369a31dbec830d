/**
 * What happens on the network, for whoever subscribes: `node:diagnostics_channel`.
 *
 * @typedef {import('../index.js').DiagnosticsMessages} DiagnosticsMessages
 */

const { channel } = require('node:diagnostics_channel')

const CHANNELS = {
  'package-sources:request': channel('package-sources:request'),
  'package-sources:retry': channel('package-sources:retry'),
  'package-sources:revalidate': channel('package-sources:revalidate'),
  'package-sources:breaker': channel('package-sources:breaker'),
  'package-sources:error': channel('package-sources:error'),
}

/**
 * @template {keyof DiagnosticsMessages} Name
 * @param {Name} name
 * @param {() => DiagnosticsMessages[Name]} message Made only where somebody listens.
 */
function publish(name, message) {
  const to = CHANNELS[name]
  if (to.hasSubscribers) to.publish(message())
}

module.exports = { publish }
