/**
 * Repositories that mean no good, as objects in memory: for a server that is no Git, see {@link serveRaw}.
 *
 * ```js
 * const hostile = repositoryOf([SOUND, ['40000', '..', SOUND[2]]])
 * const server = await serveRaw(t, hostile)
 * ```
 */

import { commitBytes, tagBytes, treeBytes } from './raw-objects.mjs'
import { objectOf } from './raw-pack.mjs'

/** When all commits and tags were made. */
const TIME = 1_700_000_000

/**
 * An object, and those that it needs where they are to be sent along.
 * @typedef {ReturnType<typeof objectOf> & { needs?: Needing[] }} Needing
 */

/** @returns {Needing} */
export const blobOf = (content) => objectOf('blob', content)

/**
 * A folder.
 * @param {[mode: string, name: string | Uint8Array, object: Needing | string][]} entries An id in the place of an object
 * is one that is not sent.
 * @param {{ asGiven?: boolean }} [options] `asGiven`: in this order, and not in Git's.
 * @returns {Needing}
 */
export function treeOf(entries, { asGiven = false } = {}) {
  const ordered = asGiven ? entries : entries.toSorted((one, two) => Buffer.compare(orderOf(one), orderOf(two)))
  const bytes = treeBytes(ordered.map(([mode, name, object]) => ({ mode, name, oid: idOf(object) })))
  return { ...objectOf('tree', bytes), needs: entries.map(([, , object]) => object).filter(isObject) }
}

/** What Git orders an entry by. */
function orderOf([mode, name]) {
  return Buffer.concat([Buffer.from(name), Buffer.from(/^0?4/.test(mode) ? '/' : '')])
}

/** @returns {Needing} */
export function commitOf(tree, fields = {}) {
  return {
    ...objectOf('commit', commitBytes({ tree: idOf(tree), time: TIME, ...fields })),
    needs: [tree].filter(isObject),
  }
}

/** @returns {Needing} */
export function tagOf(object, { type = object.type, name = 'a-tag' } = {}) {
  const bytes = tagBytes({ object: idOf(object), type, name, time: TIME })
  return { ...objectOf('tag', bytes), needs: [object].filter(isObject) }
}

/** The content of a manifest. */
export const manifestOf = (packageId, fields = {}) => JSON.stringify({ packageId, version: '1.0.0', ...fields })

/**
 * A package's folder in the manifest layout.
 * @param {string} packageId
 * @param {[mode: string, name: string, object: Needing | string][]} [further] Entries behind the manifest.
 */
export const packageOf = (packageId, further = []) =>
  treeOf([['100644', 'package.json', blobOf(manifestOf(packageId))], ...further])

/** A package that is as it should be, as an entry of the packages folder. It is called `sound`. */
export const SOUND = ['40000', 'sound', packageOf('sound')]

/** What a server says that has these packages, on `main`. */
export const repositoryOf = (packages) => servedCommit(commitOf(treeOf([['40000', 'packages', treeOf(packages)]])))

/** What a server says that has this commit on `main`, whatever it is. */
export const servedCommit = (commit, tags = []) => ({
  refs: [
    ['HEAD', commit.oid],
    ['refs/heads/main', commit.oid],
    ...tags.map(([name, object]) => [`refs/tags/${name}`, idOf(object)]),
  ],
  objects: allOf([commit, ...tags.map(([, object]) => object).filter(isObject)]),
})

/** These objects and all that they need, each once. */
export function allOf(objects) {
  const found = new Map()
  const waiting = [...objects]
  for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
    if (found.has(object.oid)) continue
    found.set(object.oid, object)
    for (const needed of object.needs ?? []) waiting.push(needed)
  }
  return [...found.values()]
}

function isObject(object) {
  return typeof object !== 'string'
}

function idOf(object) {
  return isObject(object) ? object.oid : object
}
