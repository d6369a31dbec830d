/**
 * What is looked at of a request.
 *
 * @typedef {object} Question
 * @property {string} method
 * @property {string} target Path and query.
 * @property {string | undefined} acceptEncoding
 * @property {string | undefined} ifNoneMatch
 * @property {string | undefined} authorization
 * @property {boolean} isCodedOnItsWay The answer is compressed, if at all, on its way, and so must not be coded yet.
 */

const { invalid, isObject } = require('../errors.js')

/**
 * @param {Request} request
 * @returns {Question}
 */
function questionOf(request) {
  if (!isRequest(request)) throw invalid('request', 'a Request', request)
  const { method, url, headers } = request
  // Next.js 16.4 takes `Content-Encoding` (and `Content-Length`) of a route's answer away; others don't. A body that is
  // coded already would arrive as rubbish there, so in all of them compressing is left to what stands behind the route.
  const isCodedOnItsWay = 'nextUrl' in request
  const field = (/** @type {string} */ name) => headers.get(name) ?? undefined
  return {
    method,
    target: targetOf(url),
    acceptEncoding: isCodedOnItsWay ? undefined : field('accept-encoding'),
    ifNoneMatch: field('if-none-match'),
    authorization: field('authorization'),
    isCodedOnItsWay,
  }
}

/** @param {unknown} value */
function isRequest(value) {
  if (!isObject(value) || typeof value.method !== 'string' || typeof value.url !== 'string') return false
  return isObject(value.headers) && typeof value.headers.get === 'function'
}

/**
 * Path and query of a URL, as they stand there.
 *
 * @param {string} url
 */
function targetOf(url) {
  const authority = url.indexOf('//')
  const start = authority < 0 ? 0 : url.indexOf('/', authority + 2)
  return start < 0 ? '/' : url.slice(start)
}

module.exports = { questionOf }
