/**
 * A registry as Web-standard handlers.
 *
 * @typedef {import('../../index.js').RegistryHandlers} RegistryHandlers
 * @typedef {import('../../index.js').RegistryOptions} RegistryOptions
 */

const { isCodedOnItsWay, problem, toResponse } = require('./answers.js')
const { Registry } = require('./registry.js')

/**
 * @param {RegistryOptions} options
 * @returns {RegistryHandlers}
 */
function createRegistryHandlers(options) {
  const registry = new Registry(options)
  const handle = async (/** @type {Request} */ request) => {
    const { method, url, headers } = request
    const field = (/** @type {string} */ name) => headers.get(name) ?? undefined
    const question = {
      method,
      target: targetOf(url),
      acceptEncoding: isCodedOnItsWay(request) ? undefined : field('accept-encoding'),
      ifNoneMatch: field('if-none-match'),
      authorization: field('authorization'),
    }
    const inMemory = registry.lookup(question)
    if (inMemory) return toResponse(inMemory, request)
    if (!registry.enter()) return toResponse(problem('busy'), request)
    try {
      return toResponse(await registry.answer(question), request)
    } finally {
      registry.leave()
    }
  }
  return { GET: handle, HEAD: handle }
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

module.exports = { createRegistryHandlers }
