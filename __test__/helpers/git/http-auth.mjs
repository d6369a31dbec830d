/** Who may ask an HTTP server, and what the others hear. */

/**
 * @typedef {object} Auth Nothing for a server that anybody may ask; either credential will do where both are given.
 * @property {string} [basic] `user:token`.
 * @property {string} [bearer] The token.
 */

/**
 * Who asks: `undefined` where anybody may, `null` where credentials are missing or wrong.
 * @param {string | undefined} authorization The request's header.
 * @param {Auth} auth
 */
export function userOf(authorization = '', { basic, bearer }) {
  if (basic === undefined && bearer === undefined) return undefined
  const [scheme, value = ''] = authorization.split(' ')
  const isScheme = (name) => scheme.toLowerCase() === name
  if (basic !== undefined && isScheme('basic') && decoded(value) === basic) return basic.split(':')[0]
  if (bearer !== undefined && isScheme('bearer') && value === bearer) return 'bearer'
  return null
}

/**
 * The answer to a request that the backend isn't to see; `undefined` where it is.
 * @param {import('node:http').IncomingMessage} request
 * @param {Auth} auth
 */
export function refusal({ url, headers }, auth) {
  if (userOf(headers.authorization, auth) === null) {
    const asked = [auth.basic && 'Basic realm="git"', auth.bearer && 'Bearer realm="git"'].filter(Boolean)
    return { status: 401, headers: { 'www-authenticate': asked }, body: [] }
  }
  return isEncodedWell(url) ? undefined : { status: 400, headers: {}, body: [] }
}

const decoded = (base64) => Buffer.from(base64, 'base64').toString()

function isEncodedWell(url) {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false
  }
}
