/**
 * Git repositories with packages in them, made by the real `git`, deleted when the test ends.
 *
 * ```js
 * const repository = gitRepository(t)
 * repository.packages.seed('dashboard', { version: '1.0.0' })
 * const first = repository.commit()
 * repository.tag('v1.0.0', { annotated: true })
 * ```
 *
 * Names and dates are fixed: the same calls make the same ids, in every run and on every machine.
 */

import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PackagesFolder, temporaryDirectory } from '../package-builder.mjs'
import { git } from './program.mjs'
import { commitBytes, hashObject, tagBytes, treeBytes } from './raw-objects.mjs'

/** When the first commit of every repository is made, in seconds since 1970; each later one is a minute after. */
const START = 1_700_000_000

/**
 * A repository without commits, on the branch `main`.
 * @param {{ after: (fn: () => void) => void }} t The test context, or `{ after }` from node:test.
 * @param {object} [options]
 * @param {string} [options.folder] The packages folder's path in the repository; `.` for its root.
 * @param {boolean} [options.bare] Keeps the working tree outside of the repository, as on a server.
 * @param {string} [options.directory] Where it is made, for several below one server; else a temporary directory.
 * @param {string} [options.name] The repository's own name there.
 * @param {'sha1' | 'sha256'} [options.objectFormat]
 */
export function gitRepository(t, options = {}) {
  return new GitRepository(options.directory ?? temporaryDirectory(t), options)
}

export class GitRepository {
  #at
  #clock = START

  constructor(directory, { folder = 'packages', bare = false, name = 'repository', objectFormat = 'sha1' } = {}) {
    /** The directory around it, which a server takes as its root. */
    this.directory = directory
    /** Its name in that directory: its path below a server's URL. */
    this.name = name
    /** Its absolute path. */
    this.path = join(directory, name)
    /** The working tree's absolute path. */
    this.workTree = bare ? join(directory, `${name}-work-tree`) : this.path
    const gitDirectory = bare ? this.path : join(this.path, '.git')
    this.#at = [`--git-dir=${gitDirectory}`, `--work-tree=${this.workTree}`]
    mkdirSync(this.workTree, { recursive: true })
    const flags = ['--quiet', '--template=', `--object-format=${objectFormat}`]
    git(['init', ...flags, ...(bare ? ['--bare'] : []), '--', this.path])
    /** The packages folder in the working tree. */
    this.packages = new PackagesFolder(this.workTree, folder)
  }

  /** The repository as a `file:` URL. */
  get fileUrl() {
    return pathToFileURL(this.path).href
  }

  /** Runs git in it, and returns what it wrote, trimmed; throws with its standard error. */
  git(...args) {
    return this.#run(args).toString().trim()
  }

  /** Commits all that is in the working tree, also where nothing has changed. Returns the commit's id. */
  commit(message = 'A change') {
    this.git('add', '--all', '--force')
    this.#run(['commit', '--quiet', '--allow-empty', '--message', message], { env: this.#dates() })
    return this.head()
  }

  /** The id of the commit that is checked out. */
  head() {
    return this.git('rev-parse', '--verify', 'HEAD')
  }

  /**
   * Makes a tag, or moves it.
   * @param {string} name
   * @param {{ annotated?: boolean, at?: string }} [options] `at`: the object that it names, HEAD if not given.
   * @returns {string} The id that the ref has: an annotated tag's own.
   */
  tag(name, { annotated = false, at = 'HEAD' } = {}) {
    const kind = annotated ? ['--annotate', '--message', name] : []
    this.#run(['tag', '--force', ...kind, name, at], { env: this.#dates() })
    return this.git('rev-parse', '--verify', `refs/tags/${name}`)
  }

  /** Makes a branch at a commit, or moves it there; it isn't checked out. */
  branch(name, { at = 'HEAD' } = {}) {
    this.git('branch', '--force', name, at)
    return this
  }

  /** Checks a branch, tag or commit out. */
  checkout(name) {
    this.git('checkout', '--quiet', name)
    return this
  }

  /** Renames a branch; HEAD follows where it is checked out. */
  renameBranch(from, to) {
    this.git('branch', '--move', from, to)
    return this
  }

  /** Deletes a branch, also the one that is checked out: HEAD leads nowhere then. */
  deleteBranch(name) {
    this.git('update-ref', '-d', `refs/heads/${name}`)
    return this
  }

  /** Sets the branch that is checked out back to a commit, and the working tree with it. */
  reset(commit) {
    this.git('reset', '--quiet', '--hard', commit)
    return this
  }

  /** The repository vanishes. */
  remove() {
    renameSync(this.path, this.#away)
    return this
  }

  /** It is there again as it was. */
  restore() {
    renameSync(this.#away, this.path)
    return this
  }

  /** Writes a blob; returns its id. */
  rawBlob(content) {
    return hashObject(this, 'blob', content)
  }

  /**
   * Writes a tree that git itself may never make, its entries as they are given and in that order.
   * @param {{ mode: string, name: string | Uint8Array, oid: string }[]} entries
   * @returns {string} Its id.
   */
  rawTree(entries) {
    return hashObject(this, 'tree', treeBytes(entries))
  }

  /** Writes a commit: `{ tree, parents, message }`. Returns its id; no ref leads to it yet. */
  rawCommit(fields) {
    return hashObject(this, 'commit', commitBytes({ time: this.tick(), ...fields }))
  }

  /** Writes an annotated tag: `{ object, type, name, message }`. Returns its id; no ref leads to it yet. */
  rawTag(fields) {
    return hashObject(this, 'tag', tagBytes({ time: this.tick(), ...fields }))
  }

  /** Writes an object of any bytes, whatever its type demands. Returns its id. */
  rawObject(type, bytes) {
    return hashObject(this, type, bytes)
  }

  /** Lets a ref, by its full name, lead to an object. */
  updateRef(name, oid) {
    this.git('update-ref', name, oid)
    return this
  }

  /** Runs git in it with bytes for its input; returns its output as it is. */
  feed(args, input) {
    return this.#run(args, { input })
  }

  /** The time of the next commit, in seconds since 1970. */
  tick() {
    this.#clock += 60
    return this.#clock
  }

  get #away() {
    return join(this.directory, `.${this.name}-removed`)
  }

  #run(args, options) {
    return git([...this.#at, ...args], options)
  }

  #dates() {
    const date = `@${this.tick()} +0000`
    return { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
  }
}
