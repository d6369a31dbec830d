// Warm calls: everything is in memory, and only the call itself costs something.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { makeEntries, makeRequests, writeFolder } from './fixture.mjs'
import { CopyingManager } from './managers/copying.mjs'
import { IdealManager } from './managers/ideal.mjs'
import { MemorySource } from './sources.mjs'
import { median, rotated } from './stats.mjs'

/** Rounds that a loop runs before it counts. */
const WARM_UP_ROUNDS = 60

export const OPERATIONS = ['hasPackage', 'loadPackage', 'fetchMergedIndex']

/**
 * Measures every operation at every size, for the addon over a packages folder, the addon over a caller-written source,
 * and the two plain managers.
 *
 * @param {{ sizes: number[], rounds: number, roundMs: number }} options
 * @returns {Promise<object[]>} A row for each operation and size: nanoseconds per call by contender, and the addon's
 * `ratios` to the plain managers.
 */
export async function measureWarm({ sizes, rounds, roundMs }) {
  const rows = []
  for (const size of sizes) {
    const folder = await mkdtemp(join(tmpdir(), 'package-sources-bench-'))
    try {
      const entries = makeEntries(0, size, 'local')
      await writeFolder(folder, entries, { manifests: true })
      const contenders = await makeContenders(folder, entries)
      const ids = makeRequests(entries)
      for (const operation of OPERATIONS) {
        rows.push({ operation, size, ...(await measure(contenders, operation, ids, rounds, roundMs)) })
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  return rows
}

async function makeContenders(folder, entries) {
  const addon = new PackageSourceManager()
  addon.addSource(new LocalPackageSource({ id: 'local', url: folder }))
  const addonOwn = new PackageSourceManager()
  addonOwn.addSource(new MemorySource('local', 0, entries))
  const copying = new CopyingManager()
  copying.addSource(new MemorySource('local', 0, entries))
  const packages = new Map()
  for (const { packageId } of entries) {
    packages.set(packageId, await copying.loadPackage(packageId))
    // The first load of a package reads files; from the second on it is warm.
    if ((await addon.loadPackage(packageId)) === null) throw new Error(`the addon doesn't find ${packageId}`)
  }
  const ideal = new IdealManager(await copying.fetchMergedIndex(), packages)
  return Object.entries({ addon, addonOwn, copying, ideal })
}

async function measure(contenders, operation, ids, rounds, roundMs) {
  const runners = []
  for (const [name, manager] of contenders) {
    const loops = await import(`./loops.mjs?${name}-${operation}-${ids.length}`)
    const loop = loops[operation]
    runners.push({ name, run: timer(loop, manager, ids), samples: [] })
  }
  for (const runner of runners) runner.calls = await warmUp(runner.run, roundMs)
  for (let round = 0; round < rounds; round++) {
    for (const runner of rotated(runners, round)) runner.samples.push((await runner.run(runner.calls)) / runner.calls)
  }
  const nanoseconds = runners.map(({ name, samples }) => [name, median(samples) * 1e6])
  return { ...Object.fromEntries(nanoseconds), ratios: ratiosOf(runners) }
}

// The addon to each plain manager, round by round: what slows the machine down for a while slows both of them down.
function ratiosOf(runners) {
  const samplesOf = (name) => runners.find((runner) => runner.name === name).samples
  const ratio = (one, other) => median(samplesOf(other).map((sample, round) => samplesOf(one)[round] / sample))
  return {
    copying: ratio('addon', 'copying'),
    ideal: ratio('addon', 'ideal'),
    // Both over the same caller-written source, which the addon must ask each time, and within its time-out.
    ownCopying: ratio('addonOwn', 'copying'),
  }
}

// Runs until the loop has been optimised and its speed is known; answers how many calls fill a round.
async function warmUp(run, roundMs) {
  let calls = 16
  let elapsed = await run(calls)
  for (let spent = elapsed; spent < roundMs * WARM_UP_ROUNDS || elapsed < roundMs / 2; spent += elapsed) {
    if (elapsed < roundMs / 2) calls *= 2
    elapsed = await run(calls)
  }
  return Math.max(1, Math.round((calls * roundMs) / elapsed))
}

// Times so many calls. Each time goes on with the ids where the last one ended, so that all of them have their turn.
function timer(loop, manager, ids) {
  let next = 0
  return async (calls) => {
    const start = performance.now()
    const found = await loop(manager, ids, next, calls)
    const elapsed = performance.now() - start
    if (found !== calls) throw new Error(`${found} of ${calls} calls found what they asked for`)
    next = (next + calls) % ids.length
    return elapsed
  }
}
