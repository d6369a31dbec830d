// One round: both contenders from the first clone to the last call, the same asked of both, one after the other.

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { runChild } from '../children/child.mjs'
import { watched } from '../delay.mjs'
import { rotated } from '../stats.mjs'
import { CONTENDERS, openSource } from './contenders.mjs'

/** What is measured, in this order. */
export const CALLS = [
  'first',
  'firstAndTags',
  'imported',
  'restart',
  'restartAsking',
  'refreshUnmoved',
  'refreshMoved',
  'loadOneByOne',
  'loadAtOnce',
  'versions',
]

/** Long enough that nothing expires while it is measured, in milliseconds. */
const KEEPS = 3_600_000

/**
 * Measures everything once.
 *
 * @param {object} options
 * @param {string} options.url Of the repository.
 * @param {string} options.root A folder for the clones.
 * @param {number} options.packages How many the repository has.
 * @param {() => { packageId: string, version: string }} options.publish Gives a package a new version, in a new commit.
 * @param {number} options.turn Who goes first.
 * @returns {Promise<{ times: Record<string, Record<string, number>>, delays: Record<string, object> }>} `times`:
 * milliseconds by measure and contender. `delays`: of the event loop by contender, while the first index is made; `idle`
 * does nothing for as long as the plain one took.
 * @throws {Error} Where the two give different things.
 */
export async function measureRound({ url, root, packages, publish, turn }) {
  const homes = Object.fromEntries(CONTENDERS.map((contender) => [contender, join(root, contender)]))
  const sources = {}
  for (const contender of CONTENDERS) {
    await mkdir(homes[contender])
    sources[contender] = await openSource(contender, { url, home: homes[contender], cacheExpiry: 0 })
  }
  const inTurn = async (what, work, length) => {
    const outcomes = {}
    for (const contender of rotated(CONTENDERS, turn)) outcomes[contender] = await work(sources[contender], contender)
    assertEqual(what, outcomes, length)
    return outcomes
  }
  const restarted = (cacheExpiry) => (_, contender) =>
    runChild('git-restart.mjs', { contender, url, home: homes[contender], cacheExpiry })
  const asked = (call) => (source) => timed(() => call(source))
  const index = (source) => source.fetchIndex()

  const first = await inTurn('the first index', (source) => watched(() => index(source)), packages)
  const { addon, plain } = first
  const delays = { addon, plain, idle: await watched(() => sleep(plain.wallMs)) }
  // A shallow clone has no tags, while the addon fetches the trees of all versions with the first index.
  const { wallMs: tagsMs } = await timed(() => sources.plain.fetchTags())
  const firstAndTags = { addon, plain: { wallMs: plain.wallMs + tagsMs } }
  const restart = await inTurn('the index after a restart', restarted(KEEPS), packages)
  const restartAsking = await inTurn('the index after a restart', restarted(0), packages)
  const imported = mapped(restart, ({ importMs }) => ({ wallMs: importMs }))

  const refreshUnmoved = await inTurn('the index again', asked(index), packages)
  const { packageId, version } = publish()
  const refreshMoved = await inTurn('the new index', asked(index), packages)
  const isNew = (entry) => entry.packageId === packageId && entry.version === version
  if (!refreshMoved.plain.value.some(isNew)) throw new Error(`the new index lacks ${packageId} ${version}`)

  const ids = refreshMoved.plain.value.map((entry) => entry.packageId)
  for (const source of Object.values(sources)) source.setCacheExpiry(KEEPS)
  const loadOneByOne = await inTurn('the packages', asked(loadOneByOneOf(ids)), packages)
  for (const source of Object.values(sources)) {
    source.clearCache()
    await index(source)
  }
  const loadAtOnce = await inTurn('the packages', asked(loadAtOnceOf(ids)), packages)
  const versions = await inTurn(
    `the versions of ${packageId}`,
    asked((source) => source.getVersions(packageId)),
  )

  // The addon still tidies up behind clearCache().
  for (const home of Object.values(homes)) await rm(home, { recursive: true, maxRetries: 5 })
  const outcomes = { first, firstAndTags, imported, restart, restartAsking, refreshUnmoved, refreshMoved }
  const times = mapped({ ...outcomes, loadOneByOne, loadAtOnce, versions }, (one) =>
    mapped(one, ({ wallMs }) => wallMs),
  )
  return { times, delays }
}

function loadOneByOneOf(ids) {
  return async (source) => {
    const packages = []
    for (const id of ids) packages.push(await source.loadPackage(id))
    return packages
  }
}

function loadAtOnceOf(ids) {
  return (source) => Promise.all(ids.map((id) => source.loadPackage(id)))
}

async function timed(work) {
  const start = performance.now()
  const value = await work()
  return { wallMs: performance.now() - start, value }
}

/** Throws where the two gave different things, or not so many as they should. */
export function assertEqual(what, { addon, plain }, length = plain.value.length) {
  if (plain.value.length !== length) throw new Error(`${plain.value.length} in ${what}, ${length} expected`)
  if (!isDeepStrictEqual(addon.value, plain.value)) throw new Error(`the addon and plain JavaScript differ in ${what}`)
}

function mapped(object, of) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, of(value)]))
}
