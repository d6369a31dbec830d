/**
 * A repository that gets commits, tags and force-pushes all the time. Each commit changes all packages at once, and each
 * content tells which package it is of and at which step it was made; from these two alone whoever has one can say whether
 * it is whole.
 */

import { createHash } from 'node:crypto'
import { importCommits } from '../../helpers/git/fast-import.mjs'
import { gitRepository } from '../../helpers/git/repository.mjs'

/** The packages that there are; every second one in the seed layout. */
export const PACKAGE_IDS = Array.from({ length: 8 }, (_, n) => `p${n}`)

/** Branches that are there at all times. */
export const BRANCHES = ['main', 'side']

/** Lines of the longest script; a line is 64 bytes. */
const MAX_LINES = 200

/** Versions that tags name; each tag is moved and deleted again and again. */
const TAGGED = Array.from({ length: 6 }, (_, n) => `0.${n}.0`)

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** A package as it is at a step. */
function packageAt(packageId, step) {
  const line = sha256(`${packageId}:${step}`)
  const scripts = line.repeat(1 + (Number.parseInt(line.slice(0, 8), 16) % MAX_LINES))
  const manifest = { packageId, name: packageId, version: `1.0.${step}`, step, digest: sha256(scripts) }
  return { manifest, components: [{ id: `${packageId}_${step}`, line }], scripts }
}

const isSeed = (packageId) => PACKAGE_IDS.indexOf(packageId) % 2 === 0

/** The files of all packages at a step. */
function* filesAt(step) {
  for (const packageId of PACKAGE_IDS) {
    const { manifest, components, scripts } = packageAt(packageId, step)
    const at = `packages/${packageId}`
    if (isSeed(packageId)) {
      yield [`${at}/seed/metadata.json`, JSON.stringify(manifest)]
      yield [`${at}/seed/components.json`, JSON.stringify(components)]
      yield [`${at}/seed/scripts.lua`, scripts]
    } else {
      yield [`${at}/package.json`, JSON.stringify(manifest)]
      yield [`${at}/components/ui.json`, JSON.stringify({ components })]
    }
  }
}

/**
 * What is wrong with a package that was given for this id (and version): `null` where it is whole.
 * @param {any} data
 * @param {string} packageId
 * @param {string} [version]
 * @returns {string | null}
 */
export function faultOf({ metadata, components, scripts }, packageId, version) {
  const { step } = metadata
  if (metadata.packageId !== packageId) return `${packageId} was asked for, ${metadata.packageId} given`
  if (!Number.isSafeInteger(step) || step < 1) return `the step of ${packageId} is ${step}`
  const right = packageAt(packageId, step)
  const name = `${packageId} of step ${step}`
  if (metadata.version !== (version ?? right.manifest.version)) return `${name} has version ${metadata.version}`
  if (metadata.digest !== right.manifest.digest) return `${name} has another digest`
  if (JSON.stringify(components) !== JSON.stringify(right.components)) return `${name} has other components`
  if (isSeed(packageId) && scripts !== right.scripts) return `${name} has another script`
  return null
}

/**
 * What is wrong with an index: `null` where it is whole, and all of it of one commit.
 * @param {any[]} entries
 * @returns {string | null}
 */
export function faultOfIndex(entries) {
  const ids = entries.map(({ packageId }) => packageId).join()
  if (ids !== PACKAGE_IDS.join()) return `the index has ${ids || 'nothing'}`
  const [{ revision, step }] = entries
  for (const entry of entries) {
    if (entry.revision !== revision || entry.step !== step) return `the index is of two commits`
    const { manifest } = packageAt(entry.packageId, step)
    if (entry.version !== manifest.version || entry.digest !== manifest.digest) return `${entry.packageId} is not whole`
  }
  return null
}

/** The repository, and what was ever published in it. */
export class ChangingRepository {
  #step = 0
  /** Commits of each branch that a force-push may go back to. */
  #history = Object.fromEntries(BRANCHES.map((branch) => [branch, []]))

  /** Of each commit, the step that its packages are of. @type {Map<string, number>} */
  steps = new Map()

  /** Of each tagged version, the commits that it ever was. @type {Map<string, Set<string>>} */
  tagged = new Map(TAGGED.map((version) => [version, new Set()]))

  /** What was done so far. */
  changes = { commits: 0, forcePushes: 0, tags: 0, deletedTags: 0 }

  /** @param {{ after: (fn: () => unknown) => void }} t */
  constructor(t) {
    this.repository = gitRepository(t, { bare: true })
    for (const branch of BRANCHES) this.#commit(branch)
    for (const version of TAGGED) this.#tag(version)
  }

  /** One change of any kind. */
  change() {
    const branch = pick(BRANCHES)
    const chance = Math.random()
    if (chance < 0.5) this.#commit(branch)
    else if (chance < 0.7) this.#forcePush(branch)
    else if (chance < 0.9) this.#tag(pick(TAGGED))
    else this.#deleteTag(pick(TAGGED))
  }

  /** A commit on every branch, so that nothing that was fetched so far is the newest. Gives each branch's. */
  commitEverywhere() {
    return Object.fromEntries(BRANCHES.map((branch) => [branch, this.#commit(branch)]))
  }

  /** Changes all the time, until the function is called that is returned. */
  keepChanging(every) {
    const timer = setInterval(() => this.change(), every)
    return () => clearInterval(timer)
  }

  /** What is wrong with an observation of a process: `null` where it was published. */
  faultOfSight({ revision, step, version }) {
    if (this.steps.get(revision) !== step) {
      return `${revision} is said to have step ${step}, but has ${this.steps.get(revision)}`
    }
    if (version !== undefined && !this.tagged.get(version)?.has(revision)) {
      return `the version ${version} was never the commit ${revision}`
    }
    return null
  }

  #commit(branch) {
    this.#step++
    importCommits(this.repository, [{ files: filesAt(this.#step), message: `Step ${this.#step}` }], { branch })
    const commit = this.repository.git('rev-parse', `refs/heads/${branch}`)
    this.steps.set(commit, this.#step)
    this.#history[branch].push(commit)
    this.changes.commits++
    return commit
  }

  /** Back to an earlier commit, from where the branch goes on. */
  #forcePush(branch) {
    this.repository.updateRef(`refs/heads/${branch}`, pick(this.#history[branch]))
    this.changes.forcePushes++
  }

  #tag(version) {
    const commit = pick([...this.steps.keys()].slice(-20))
    this.tagged.get(version).add(commit)
    this.repository.tag(`v${version}`, { at: commit, annotated: Math.random() < 0.5 })
    this.changes.tags++
  }

  #deleteTag(version) {
    this.repository.git('update-ref', '-d', `refs/tags/v${version}`)
    this.changes.deletedTags++
  }
}

export function pick(list) {
  return list[Math.floor(Math.random() * list.length)]
}
