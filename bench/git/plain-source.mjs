// A Git repository as a source in plain JavaScript: `git` is started to clone and to fetch, what it checks out is read
// with `fs.promises` and `JSON.parse`. For packages of the manifest layout.

import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { askGit, gitEnvironment } from '../../__test__/helpers/git/program.mjs'

const FOLDER = 'packages'
const CONVENTIONAL = ['init', 'handlers', 'validators', 'utils', 'state', 'actions']

/** What one writes without the addon. */
export class PlainGitSource {
  #config
  #clone
  #expiry
  #fetchedAt = Number.NEGATIVE_INFINITY
  #commit = null
  /** Entries by id, in the index's order. */
  #index = new Map()

  /** @param {{ id: string, url: string, clone: string, cacheExpiry?: number }} options `clone` is where it lies. */
  constructor({ id, url, clone, cacheExpiry = 300_000 }) {
    this.#config = { id, name: id, type: 'git', url, priority: 0, enabled: true }
    this.#clone = clone
    this.#expiry = cacheExpiry
  }

  getConfig() {
    return this.#config
  }

  setCacheExpiry(ms) {
    this.#expiry = ms
  }

  clearCache() {
    this.#fetchedAt = Number.NEGATIVE_INFINITY
    this.#commit = null
  }

  async fetchIndex() {
    return Array.from((await this.#latest()).values())
  }

  async loadPackage(packageId) {
    const metadata = (await this.#latest()).get(packageId)
    if (!metadata) return null
    const folder = join(this.#clone, FOLDER, packageId)
    const [ui, scripts, scriptFiles, examples] = await Promise.all([
      jsonOf(join(folder, 'components/ui.json')),
      textOf(join(folder, 'scripts.lua')),
      scriptFilesIn(join(folder, 'scripts')),
      jsonOf(join(folder, 'static_content/examples.json')),
    ])
    return {
      metadata,
      components: ui?.components ?? [],
      ...(scripts !== undefined && { scripts }),
      scriptFiles,
      ...(examples && { examples }),
    }
  }

  /** Fetches what the tags lead to, which a shallow clone has not: what {@link getVersions} stands on. */
  async fetchTags() {
    await this.#git('fetch', '--quiet', '--depth', '1', 'origin', 'refs/tags/*:refs/tags/*')
  }

  async getVersions(packageId) {
    const own = (await this.#latest()).get(packageId)
    const tags = (await this.#git('tag')).split('\n').filter((tag) => /^v\d/.test(tag))
    const manifests = await this.#blobs(tags.map((tag) => `${tag}:${FOLDER}/${packageId}/package.json`))
    const tagged = tags.filter((_, at) => manifests[at] && JSON.parse(manifests[at]).packageId === packageId)
    return [...new Set([...(own ? [own.version] : []), ...tagged.map((tag) => tag.slice(1))])].sort((one, other) =>
      compare(other, one),
    )
  }

  async #latest() {
    if (Date.now() < this.#fetchedAt + this.#expiry) return this.#index
    const commit = await this.#update()
    if (commit !== this.#commit) {
      this.#index = await this.#readIndex(commit)
      this.#commit = commit
    }
    this.#fetchedAt = Date.now()
    return this.#index
  }

  // The commit that is checked out now.
  async #update() {
    if (await isThere(join(this.#clone, '.git'))) {
      await this.#git('fetch', '--quiet', '--depth', '1')
      const commit = (await readFile(join(this.#clone, '.git/FETCH_HEAD'), 'utf8')).slice(0, 40)
      if (commit !== this.#commit) await this.#git('reset', '--quiet', '--hard', 'FETCH_HEAD')
      return commit
    }
    await run('clone', '--quiet', '--depth', '1', this.#config.url, this.#clone)
    return (await this.#git('rev-parse', 'HEAD')).trim()
  }

  async #readIndex(revision) {
    const names = await readdir(join(this.#clone, FOLDER))
    const manifests = await Promise.all(names.map((name) => jsonOf(join(this.#clone, FOLDER, name, 'package.json'))))
    const entries = manifests.flatMap((manifest) => (manifest?.packageId ? [this.#entryOf(manifest, revision)] : []))
    entries.sort((one, other) => (one.packageId < other.packageId ? -1 : 1))
    return new Map(entries.map((entry) => [entry.packageId, entry]))
  }

  #entryOf({ dependencies: dependencyRanges = {}, ...fields }, revision) {
    return {
      ...fields,
      dependencies: Object.keys(dependencyRanges),
      dependencyRanges,
      minLevel: fields.minLevel || 1,
      sourceId: this.#config.id,
      revision,
    }
  }

  // The texts that these names lead to, by one process: `git show` for each of them takes twenty times as long.
  async #blobs(names) {
    const options = { env: gitEnvironment(), encoding: 'buffer', maxBuffer: 1 << 28 }
    const answer = promisify(execFile)('git', ['-C', this.#clone, 'cat-file', '--batch'], options)
    answer.child.stdin.end(names.map((name) => `${name}\n`).join(''))
    const { stdout } = await answer
    let at = 0
    return names.map(() => {
      const end = stdout.indexOf('\n', at)
      const size = /^[0-9a-f]+ blob ([0-9]+)$/.exec(stdout.toString('utf8', at, end))?.[1]
      const start = end + 1
      at = size === undefined ? start : start + Number(size) + 1
      return size === undefined ? undefined : stdout.toString('utf8', start, at - 1)
    })
  }

  #git(...args) {
    return run('-C', this.#clone, ...args)
  }
}

async function run(...args) {
  const { status, stdout, stderr } = await askGit(args)
  if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

async function scriptFilesIn(folder) {
  const there = new Set((await readdir(folder).catch(ignoreAbsent)) ?? [])
  if (there.has('manifest.json')) throw new Error(`${folder} has a manifest, which is not read here`)
  const names = CONVENTIONAL.filter((name) => there.has(`${name}.lua`))
  return Promise.all(
    names.map(async (name) => ({
      name,
      path: `scripts/${name}.lua`,
      code: await readFile(join(folder, `${name}.lua`), 'utf8'),
      category: 'auto-discovered',
    })),
  )
}

async function isThere(path) {
  return (await readdir(path).catch(ignoreAbsent)) !== undefined
}

async function jsonOf(path) {
  const text = await textOf(path)
  return text === undefined ? undefined : JSON.parse(text)
}

function textOf(path) {
  return readFile(path, 'utf8').catch(ignoreAbsent)
}

function ignoreAbsent(error) {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

// Versions of three numbers.
function compare(one, other) {
  const [left, right] = [one, other].map((version) => version.split('.').map(Number))
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
}
