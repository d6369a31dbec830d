/**
 * A registry as Web-standard handlers.
 *
 * @typedef {import('../../index.js').RegistryHandlers} RegistryHandlers
 * @typedef {import('../../index.js').RegistryOptions} RegistryOptions
 */

const { toResponse } = require('./answers.js')
const { questionOf } = require('./question.js')
const { Registry } = require('./registry.js')

/**
 * @param {RegistryOptions} options
 * @returns {RegistryHandlers}
 */
function createRegistryHandlers(options) {
  const registry = new Registry(options)
  const handle = async (/** @type {Request} */ request) => {
    const question = questionOf(request)
    return toResponse(await registry.answer(question), question)
  }
  return { GET: handle, HEAD: handle }
}

module.exports = { createRegistryHandlers }
