/** Shorthands for asking a host with the real git client. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../package-builder.mjs'
import { askGit } from './program.mjs'
import { gitRepository } from './repository.mjs'

/**
 * How the client is run.
 * @typedef {object} ClientOptions
 * @property {string[]} [settings] Of git's configuration, `name=value` each.
 * @property {Record<string, string>} [env]
 */

const ask = (args, { settings = [], env } = {}) =>
  askGit([...settings.flatMap((setting) => ['-c', setting]), ...args], { env })

/** A repository with one package in two versions, the older one tagged. */
export function smallRepository(t, options) {
  const repository = gitRepository(t, options)
  repository.packages.seed('dashboard', { version: '1.0.0' })
  repository.commit()
  repository.tag('v1.0.0')
  repository.packages.seed('dashboard', { version: '1.1.0' })
  repository.commit()
  return repository
}

/**
 * The refs that a URL has, as an object from name to id.
 * @param {string} url
 * @param {ClientOptions} [options]
 */
export async function refsOf(url, options) {
  const { status, stdout, stderr } = await ask(['ls-remote', url], options)
  assert.equal(status, 0, stderr)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return Object.fromEntries(lines.map((line) => line.split('\t').reverse()))
}

/**
 * Why git can't read from a URL, in its own words.
 * @param {string} url
 * @param {ClientOptions} [options]
 */
export async function failureOf(url, options) {
  const { status, stderr } = await ask(['ls-remote', url], options)
  assert.equal(status, 128, stderr)
  return stderr
}

/**
 * Clones: how it went, and the path of the clone.
 * @param {{ after: (fn: () => void) => void }} t
 * @param {string} url
 * @param {ClientOptions & { args?: string[] }} [options] `args`: further ones.
 */
export async function clone(t, url, { args = [], ...options } = {}) {
  const path = join(temporaryDirectory(t), 'clone')
  return { path, ...(await ask(['clone', '--quiet', ...args, url, path], options)) }
}

/**
 * Asserts that a URL has a small repository: its refs, and its newest commit alone in a shallow clone.
 * @param {{ after: (fn: () => void) => void }} t
 * @param {ReturnType<typeof smallRepository>} repository
 * @param {string} url
 * @param {ClientOptions} [options]
 */
export async function assertServed(t, repository, url, options) {
  assert.equal((await refsOf(url, options))['refs/heads/main'], repository.head())
  const { path, status, stderr } = await clone(t, url, { ...options, args: ['--depth', '1'] })
  assert.equal(status, 0, stderr)
  const manifest = JSON.parse(readFileSync(join(path, 'packages/dashboard/seed/metadata.json'), 'utf8'))
  assert.equal(manifest.version, '1.1.0')
  assert.equal((await askGit(['-C', path, 'rev-list', '--count', 'HEAD'])).stdout, '1\n')
}
