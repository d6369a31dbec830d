/**
 * Asking the caller's function for a token.
 *
 * @typedef {import('../../binding.js').BindingToken} BindingToken
 */

const { isObject } = require('../errors.js')

/**
 * Never rejects. What the function threw is told by its name and code alone, for its message may hold a secret.
 *
 * @param {() => unknown} ask
 * @returns {Promise<BindingToken>}
 */
async function askForToken(ask) {
  try {
    const token = await ask()
    if (typeof token === 'string' && token !== '') return { token }
    return {
      failure: `gave ${token === '' ? 'an empty string' : token === null ? 'null' : typeof token}; it must give a token`,
    }
  } catch (thrown) {
    return { failure: `failed${described(thrown)}` }
  }
}

/** @param {unknown} thrown */
function described(thrown) {
  try {
    const { name, code } = isObject(thrown) ? thrown : {}
    const words = [name, code].filter((word) => typeof word === 'string' && /^\w{1,40}$/.test(word))
    return words.length > 0 ? ` (${words.join(', ')})` : ''
  } catch {
    return ''
  }
}

module.exports = { askForToken }
