/**
 * A process that reads a Git repository in four worker threads over one cache folder, until it is killed.
 *
 *     node git-user.mjs '{"urls": […], "cacheDir": …, "reportFile": …}'
 *
 * Each thread makes sources, asks them for indexes, packages and versions, and looks whether what it gets is whole and of
 * one commit. What it saw is appended to `reportFile`, one JSON object a line, in one write each: a kill loses the last line
 * at most.
 */

import { appendFileSync } from 'node:fs'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { GitPackageSource, PackageSourceManager } from '../../../index.mjs'
import { BRANCHES, faultOf, faultOfIndex, PACKAGE_IDS, pick } from './changing-repository.mjs'

const THREADS = 4

/** Calls to one source before it makes way for another, which has nothing in memory. */
const CALLS_PER_SOURCE = 6

/** Reads between two lines of the report. */
const READS_PER_LINE = 10

/** A call that takes longer hangs, milliseconds: far beyond what fetches of a busy machine need. */
const HANGS = 60_000

if (isMainThread) {
  const options = JSON.parse(process.argv[2])
  for (let thread = 0; thread < THREADS; thread++) {
    new Worker(new URL(import.meta.url), { workerData: { ...options, thread } })
  }
} else {
  await useForEver(workerData)
}

async function useForEver({ urls, cacheDir, reportFile, thread }) {
  const say = (line) => appendFileSync(reportFile, `${JSON.stringify(line)}\n`)
  // Two threads of each process share their records; all share the clones.
  const id = thread % 2 === 0 ? 'even' : 'odd'
  let tally = newTally()
  for (;;) {
    // What a source gives that asks no network was on the disk.
    const offline = chance(0.3)
    const config = { id, url: pick(urls), branch: pick([undefined, ...BRANCHES]), cacheDir, offline }
    const source = new GitPackageSource({ ...config, cacheExpiry: pick([0, 1, 60_000]) })
    const manager = new PackageSourceManager({
      onError: ({ code, message }) => {
        if (!offline) tally.failures[code] = message
      },
    })
    manager.addSource(source)
    for (let call = 0; call < CALLS_PER_SOURCE; call++) {
      const { fault, sight } = await inTime(useOnce(source))
      if (fault) say({ fault: `${fault} (${JSON.stringify(config)})` })
      if (!sight) continue
      tally.reads++
      if (offline) tally.fromDisk++
      tally.sights.push(sight)
    }
    if (chance(0.03)) source.clearCache()
    if (tally.reads < READS_PER_LINE) continue
    say(tally)
    tally = newTally()
  }
}

/** How much was read, which states of the repository were seen, and what failed. */
function newTally() {
  return { reads: 0, fromDisk: 0, sights: [], failures: {} }
}

/**
 * One call of any kind: what is wrong with its answer, and what it shows of the repository.
 * @returns {Promise<{ fault?: string | null, sight?: { revision: string, step: number, version?: string } }>}
 */
async function useOnce(source) {
  if (chance(0.4)) {
    const entries = await source.fetchIndex()
    if (entries.length === 0) return {}
    const [{ revision, step }] = entries
    return { fault: faultOfIndex(entries), sight: { revision, step } }
  }
  const packageId = pick(PACKAGE_IDS)
  // The first is the branch's own, where it is there.
  const version = chance(0.4) ? (await source.getVersions(packageId)).find((one) => one.startsWith('0.')) : undefined
  const data = await source.loadPackage(packageId, version)
  if (data === null) return {}
  const { revision, step } = data.metadata
  return { fault: faultOf(data, packageId, version), sight: { revision, step, version } }
}

/** What a call gives, or that it gave nothing for too long. */
async function inTime(call) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, HANGS, { fault: `a call hangs` })
  })
  const outcome = await Promise.race([call, late])
  clearTimeout(timer)
  return outcome
}

function chance(share) {
  return Math.random() < share
}
