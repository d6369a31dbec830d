/**
 * Large repositories, made in one go by `git fast-import`.
 *
 * ```js
 * const repository = fastImport(t, manyPackages({ packages: 1000, tags: 50 }))
 * importCommits(repository, [{ files: [['packages/late/package.json', '{}']], tags: ['late'] }])
 * ```
 *
 * The working tree stays empty: `repository.reset('main')` fills it, before anything is committed through it.
 */

import { signature } from './raw-objects.mjs'
import { gitRepository } from './repository.mjs'

/**
 * One commit of an import, on top of the one before.
 * @typedef {object} ImportedCommit
 * @property {Iterable<[string, string | Uint8Array | null]>} files Path and content; `null` deletes.
 * @property {string[]} [tags] Lightweight tags at this commit.
 * @property {string} [message]
 */

/**
 * A bare repository with these commits on `main`.
 * @param {{ after: (fn: () => void) => void }} t
 * @param {Iterable<ImportedCommit>} commits
 * @param {Parameters<typeof gitRepository>[1]} [options]
 */
export function fastImport(t, commits, options = {}) {
  const repository = gitRepository(t, { bare: true, ...options })
  importCommits(repository, commits)
  return repository
}

/**
 * Adds commits to a branch of a repository.
 * @param {import('./repository.mjs').GitRepository} repository
 * @param {Iterable<ImportedCommit>} commits
 * @param {{ branch?: string }} [options]
 */
export function importCommits(repository, commits, { branch = 'main' } = {}) {
  const ref = `refs/heads/${branch}`
  const parts = [`feature done\n`]
  // Within an import each commit follows the one before; only the first has to be told what it follows.
  let parent = repository.git('for-each-ref', ref) === '' ? '' : `from ${ref}^0\n`
  for (const { files, tags = [], message = 'An import' } of commits) {
    parts.push(`commit ${ref}\ncommitter ${signature(repository.tick())}\n`, ...data(message))
    parts.push(parent)
    parent = ''
    for (const [path, content] of files) {
      if (content === null) parts.push(`D ${quoted(path)}\n`)
      else parts.push(`M 100644 inline ${quoted(path)}\n`, ...data(content))
    }
    for (const tag of tags) parts.push(`reset refs/tags/${tag}\nfrom ${ref}\n`)
  }
  parts.push('done\n')
  repository.feed(['fast-import', '--quiet'], Buffer.concat(parts.map((part) => Buffer.from(part))))
  return repository
}

/**
 * Many packages of the manifest layout. The first commit has all of them; each further one raises the version of every
 * tenth package. Every commit is tagged: `v1.0.0`, `v1.1.0` and so on.
 * @param {object} [options]
 * @param {number} [options.packages]
 * @param {number} [options.tags]
 * @param {string} [options.folder]
 * @param {(folder: string, packageId: string, version: string) => Iterable<[string, string]>} [options.filesOf] A package's
 * files: path and text. Small ones if not given.
 * @returns {Iterable<ImportedCommit>}
 */
export function* manyPackages({ packages = 1000, tags = 50, folder = 'packages', filesOf = packageFiles } = {}) {
  for (let n = 0; n < tags; n++) {
    const version = `1.${n}.0`
    const files = []
    for (let index = 0; index < packages; index++) {
      if (n > 0 && index % 10 !== n % 10) continue
      files.push(...filesOf(`${folder}/package_${index}`, `package_${index}`, version))
    }
    yield { files, tags: [`v${version}`], message: `Version ${version}` }
  }
}

/**
 * One commit with many tiny files, a thousand in a directory.
 * @param {{ files?: number, folder?: string }} [options]
 * @returns {Iterable<ImportedCommit>}
 */
export function* manyFiles({ files = 100_000, folder = 'many' } = {}) {
  const path = (n) => `${folder}/${Math.floor(n / 1000)}/${n}.txt`
  yield { files: Array.from({ length: files }, (_, n) => [path(n), `${n}\n`]), message: `${files} files` }
}

function packageFiles(folder, packageId, version) {
  const manifest = {
    packageId,
    name: packageId,
    version,
    description: `The package ${packageId}`,
    author: 'MetaBuilder',
    category: 'ui',
    minLevel: 1,
    dependencies: {},
  }
  const components = [{ id: `${packageId}_card`, type: 'Card', version }]
  return [
    [`${folder}/package.json`, JSON.stringify(manifest)],
    [`${folder}/components/ui.json`, JSON.stringify({ components })],
  ]
}

function data(content) {
  const bytes = Buffer.from(content)
  return [`data ${bytes.length}\n`, bytes, '\n']
}

/** A path as fast-import reads it, whatever is in it. */
const quoted = (path) => `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
