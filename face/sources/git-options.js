/**
 * What a Git source is made with, checked.
 *
 * @typedef {import('../../index.js').GitSourceOptions} GitSourceOptions
 * @typedef {import('../../binding.js').BindingGitOptions} BindingGitOptions
 */

const { expectCount, expectObject, expectString, invalid } = require('../errors.js')
const { isWellFormed } = require('../text.js')
const { readBytes, readNetworkOptions, readPath, readTime } = require('./network-options.js')

/** Most patterns of the names of tags. */
const MAX_PATTERNS = 100

/**
 * @param {Partial<GitSourceOptions>} options
 * @returns {{
 *   native: Omit<BindingGitOptions, 'id' | 'url' | 'token' | 'workingDirectory'>
 *   onProgress: GitSourceOptions['onProgress']
 *   maxKeptBytes: number | undefined
 * }}
 */
function readGitOptions(options) {
  const { branch, tag, commit, onProgress } = options
  for (const [name, value] of Object.entries({ branch, tag, commit })) readName(value, name)
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalid('onProgress', 'a function', onProgress)
  const native = {
    branch,
    tag,
    commit,
    directory: readDirectory(options.directory),
    tagPatterns: readPatterns(options.tagPattern),
    ssh: readSsh(options.ssh),
    depth: readDepth(options.depth),
    cacheDir: readPath(options.cacheDir, 'cacheDir'),
    fetchTimeout: readTime(options, 'fetchTimeoutMs'),
    maxRepositoryBytes: readBytes(options, 'maxRepositoryBytes'),
    maxFileBytes: readBytes(options, 'maxFileBytes', 1),
    network: readNetworkOptions(options),
  }
  return { native, onProgress, maxKeptBytes: readBytes(options, 'cacheMaxBytes', 0) }
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function readName(value, name) {
  if (value === undefined) return
  expectString(value, name)
  if (!isWellFormed(value)) throw invalid(name, 'a name', value)
}

/**
 * A path in the repository, with `/` between names; empty for its root.
 *
 * @param {unknown} value
 */
function readDirectory(value) {
  if (value === undefined) return undefined
  const isPath =
    typeof value === 'string' &&
    isWellFormed(value) &&
    !/[\\\0]/.test(value) &&
    !value.startsWith('/') &&
    !value.split('/').includes('..')
  if (!isPath) throw invalid('directory', 'a path in the repository, such as packages', value)
  return /** @type {string} */ (value)
}

/**
 * @param {unknown} value
 * @returns {string[] | undefined}
 */
function readPatterns(value) {
  if (value === undefined) return undefined
  const patterns = Array.isArray(value) ? value : [value]
  const areTexts = patterns.every((pattern) => typeof pattern === 'string' && isWellFormed(pattern))
  if (!areTexts || patterns.length > MAX_PATTERNS) {
    throw invalid('tagPattern', `a string or an array of up to ${MAX_PATTERNS} strings`, value)
  }
  return patterns
}

/** @param {unknown} value */
function readSsh(value = {}) {
  expectObject(value, 'ssh')
  const { keyFile, agent, knownHostsFile } = value
  const usesAgent = typeof agent === 'boolean' ? agent : undefined
  return {
    keyFile: readPath(keyFile, 'ssh.keyFile'),
    usesAgent,
    agentSocket: usesAgent === undefined ? readPath(agent, 'ssh.agent') : undefined,
    knownHostsFile: readPath(knownHostsFile, 'ssh.knownHostsFile'),
  }
}

/**
 * 0 stands for the whole history.
 *
 * @param {unknown} value
 */
function readDepth(value) {
  if (value === Number.POSITIVE_INFINITY) return 0
  expectCount(value, 'depth', 1, 2 ** 31 - 1)
  return value
}

module.exports = { readGitOptions }
