/**
 * A registry's answers: those in memory at once, the others once the native side has made them.
 *
 * @typedef {import('../../index.js').RegistryOptions} RegistryOptions
 * @typedef {import('./answers.js').Answer} Answer
 * @typedef {import('./answers.js').Kept} Kept
 * @typedef {import('./question.js').Question} Question
 */

const { BindingRegistry } = require('../../binding.js')
const { sourcesError } = require('../errors.js')
const { workingDirectory } = require('../working-directory.js')
const { kept, problem } = require('./answers.js')
const { readRegistryOptions } = require('./options.js')

class Registry {
  #native
  #maxConcurrent
  #onError
  /** @type {Map<number, Kept>} Bodies that the native side has in memory, by number. */
  #kept = new Map()
  #underWay = 0

  /** @param {RegistryOptions} options */
  constructor(options) {
    const { store, basePath, readTokens, maxAgeSeconds, staleWhileRevalidateSeconds, cacheMaxBytes, ...own } =
      readRegistryOptions(options)
    this.#native = new BindingRegistry({
      store,
      workingDirectory: workingDirectory(),
      basePath,
      readTokens,
      maxAge: maxAgeSeconds,
      staleWhileRevalidate: staleWhileRevalidateSeconds,
      cacheMaxBytes,
    })
    this.basePath = basePath
    this.#maxConcurrent = own.maxConcurrent
    this.#onError = own.onError
  }

  /** Reads the store, so that what is wrong with it is known before the first request. */
  async open() {
    await this.#native.open()
    this.#report()
  }

  /**
   * The answer; a promise of it only where it must be made. Making is what is bounded: what is in memory and what is
   * refused at sight is answered however much is under way, and sending takes what time the client takes.
   *
   * @param {Question} question
   * @returns {Answer | Promise<Answer>}
   */
  answer(question) {
    const ready = this.#lookup(question) ?? this.#refusal(question)
    if (ready) return ready
    return this.#underWay < this.#maxConcurrent ? this.#made(question) : problem('busy')
  }

  /**
   * The answer, where it is in memory.
   *
   * @param {Question} question
   * @returns {Answer | undefined}
   */
  #lookup({ method, target, acceptEncoding, ifNoneMatch, authorization }) {
    const number = this.#native.lookup(method, target, acceptEncoding, ifNoneMatch, authorization)
    const inMemory = number === 0 ? undefined : this.#held(Math.abs(number))
    return number > 0 ? inMemory?.ok : inMemory?.notModified
  }

  /**
   * The answer to a request that is refused without a look into the store.
   *
   * @param {Question} question
   * @returns {Answer | undefined}
   */
  #refusal({ method, target, authorization }) {
    return this.#native.refusal(method, target, authorization) ?? undefined
  }

  /**
   * @param {Question} question
   * @returns {Promise<Answer>}
   */
  async #made({ method, target, acceptEncoding, ifNoneMatch, authorization }) {
    this.#underWay += 1
    try {
      const made = await this.#native.answer(method, target, acceptEncoding, ifNoneMatch, authorization)
      const { status, number, headers, body } = made
      if (status !== 200 && status !== 304) return { status, headers, body }
      const known = this.#kept.get(number) ?? this.#keep(number, kept(made))
      return status === 304 ? known.notModified : known.ok
    } catch (error) {
      this.tell(/** @type {any} */ (error))
      return problem('internal')
    } finally {
      this.#underWay -= 1
      this.#report()
    }
  }

  /** @param {number} number */
  #held(number) {
    const known = this.#kept.get(number)
    if (known) return known
    const made = this.#native.body(number)
    return made ? this.#keep(number, kept(made)) : undefined
  }

  /**
   * Keeps a body for as long as the native side does.
   *
   * @param {number} number 0 where it doesn't.
   * @param {Kept} body
   */
  #keep(number, body) {
    if (number > 0) this.#kept.set(number, body)
    for (const dropped of this.#native.takeDropped()) this.#kept.delete(dropped)
    return body
  }

  #report() {
    for (const { code, message } of this.#native.takeReports()) {
      this.tell(sourcesError(/** @type {any} */ (code), message))
    }
  }

  /**
   * Tells operators. What a caller's handler throws is ignored: a report must not fail what it reports.
   *
   * @param {import('../../index.js').PackageSourcesError} error
   */
  tell(error) {
    try {
      Promise.resolve(this.#onError(error)).catch(() => {})
    } catch {
      // As above.
    }
  }
}

module.exports = { Registry }
