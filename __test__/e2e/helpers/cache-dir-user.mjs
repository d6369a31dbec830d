/**
 * A process that uses a cache folder in four worker threads until it is killed.
 *
 *     node cache-dir-user.mjs '{"url": …, "cacheDir": …, "cacheDirMaxBytes": …, "reportFile": …}'
 *
 * Each thread makes sources, asks them for packages and indexes, and looks whether what it gets is whole. What it saw is
 * appended to `reportFile`, one JSON object a line, in one write each: a kill loses the last line at most.
 */

import { appendFileSync } from 'node:fs'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { RemotePackageSource } from '../../../index.mjs'
import { faultOf, faultOfIndex, PACKAGE_IDS } from './changing-registry.mjs'

const THREADS = 4

/** Calls to one source before it makes way for another, which has nothing in memory. */
const CALLS_PER_SOURCE = 6

/** Reads between two lines of the report. */
const READS_PER_LINE = 10

if (isMainThread) {
  const options = JSON.parse(process.argv[2])
  for (let thread = 0; thread < THREADS; thread++) {
    new Worker(new URL(import.meta.url), { workerData: { ...options, thread } })
  }
} else {
  await useForEver(workerData)
}

async function useForEver({ url, cacheDir, cacheDirMaxBytes, reportFile, thread }) {
  const say = (line) => appendFileSync(reportFile, `${JSON.stringify(line)}\n`)
  // Two threads of each process share a part of the folder.
  const id = thread % 2 === 0 ? 'even' : 'odd'
  let tally = newTally()
  for (;;) {
    // What a source gives that asks no network was on the disk.
    const offline = chance(0.4)
    const cacheExpiry = pick([0, 1, 30, 60_000])
    const source = new RemotePackageSource({ id, url, enabled: true, cacheDir, cacheDirMaxBytes, offline, cacheExpiry })
    for (let call = 0; call < CALLS_PER_SOURCE; call++) {
      const { fault, counters, isThere } = await useOnce(source)
      if (fault) say({ fault: `${fault} (${offline ? 'from the disk' : 'from anywhere'})` })
      if (!isThere) continue
      tally.reads++
      if (offline) tally.fromDisk++
      for (const [packageId, counter] of Object.entries(counters)) {
        tally.newest[packageId] = Math.max(tally.newest[packageId] ?? 0, counter)
      }
    }
    if (chance(0.02)) source.clearCache()
    if (tally.reads < READS_PER_LINE) continue
    say(tally)
    tally = newTally()
  }
}

/** How much was read, and of each package the latest change that was seen. */
function newTally() {
  return { reads: 0, fromDisk: 0, newest: {} }
}

/** One call of any kind: what is wrong with its answer, and which changes it shows. */
async function useOnce(source) {
  const packageId = pick(PACKAGE_IDS)
  if (chance(0.2)) {
    const entries = await source.fetchIndex()
    if (entries.length === 0) return { isThere: false }
    const counters = Object.fromEntries(entries.map((entry) => [entry.packageId, entry.counter]))
    return { isThere: true, fault: faultOfIndex(entries), counters }
  }
  const version = chance(0.3) ? (await source.getVersions(packageId)).at(-1) : undefined
  const data = await source.loadPackage(packageId, version)
  if (data === null) return { isThere: false }
  return { isThere: true, fault: faultOf(data, packageId, version), counters: { [packageId]: data.metadata.counter } }
}

function chance(share) {
  return Math.random() < share
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)]
}
