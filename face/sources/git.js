/**
 * Packages from a Git repository.
 *
 * @typedef {import('../../index.js').GitSourceOptions} GitSourceOptions
 */

const { BindingGitSource } = require('../../binding.js')
const { DEFAULT_GIT_SOURCE } = require('../config.js')
const { expectObject } = require('../errors.js')
const { workingDirectory } = require('../working-directory.js')
const { readGitOptions } = require('./git-options.js')
const { NetworkSource } = require('./network-source.js')

/** @extends {NetworkSource<BindingGitSource>} */
class GitPackageSource extends NetworkSource {
  /** @param {Partial<GitSourceOptions>} [options] */
  constructor(options = {}) {
    expectObject(options, 'config')
    const { native, onProgress, maxKeptBytes } = readGitOptions(options)
    super(DEFAULT_GIT_SOURCE, options, {
      open: ({ id, url, authToken: token }, onEvent, onToken) =>
        new BindingGitSource({ id, url, token, workingDirectory: workingDirectory(), ...native }, onEvent, onToken),
      onProgress,
      maxKeptBytes,
    })
  }
}

/** @param {Partial<GitSourceOptions>} [options] */
function createGitSource(options) {
  return new GitPackageSource(options)
}

module.exports = { createGitSource, GitPackageSource }
