// The first index of four registries: fetching, parsing and merging, and what the event loop's other work waits for
// meanwhile.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { PackageSourceManager, RemotePackageSource } from '../index.mjs'
import { startChild } from './children/child.mjs'
import { mergedCount } from './fixture.mjs'
import { CopyingManager } from './managers/copying.mjs'
import { RegistrySource } from './sources.mjs'
import { median, rotated } from './stats.mjs'

const REGISTRIES = 4

/** How often the delay is sampled, in milliseconds; it is part of every delay that is shown. */
const RESOLUTION_MS = 1

/**
 * Measures index + merge of four registries, half of whose packages are in the next one too.
 *
 * @param {{ entries: number, rounds: number }} options `entries` of each registry.
 * @returns {Promise<object[]>} A row for each contender: milliseconds. `idle` does nothing for as long as the plain one
 * took: what the machine itself adds.
 */
export async function measureRemote({ entries, rounds }) {
  const { answer: base, close } = await startChild('registries.mjs', { registries: REGISTRIES, entries })
  try {
    const config = (n) => ({ id: `source${n}`, priority: n, url: `${base}/${n}`, enabled: true })
    const addon = indexer(new PackageSourceManager(), (n) => new RemotePackageSource(config(n)), entries)
    const plain = indexer(new CopyingManager(), (n) => new RegistrySource(`source${n}`, n, `${base}/${n}`), entries)
    const samples = { addon: [], plain: [], idle: [] }
    // The first round warms up and isn't counted.
    for (let round = 0; round <= rounds; round++) {
      const measured = {}
      for (const [name, work] of rotated(Object.entries({ addon, plain }), round)) measured[name] = await watched(work)
      measured.idle = await watched(() => sleep(measured.plain.wallMs))
      if (round > 0) for (const name of Object.keys(samples)) samples[name].push(measured[name])
    }
    return Object.entries(samples).map(([contender, list]) => {
      const of = (field) => list.map((sample) => sample[field])
      return {
        contender,
        entries: REGISTRIES * entries,
        wallMs: median(of('wallMs')),
        delayP99Ms: median(of('p99Ms')),
        delayMaxMs: median(of('maxMs')),
        worstDelayMs: Math.max(...of('maxMs')),
      }
    })
  } finally {
    await close()
  }
}

// Makes the index anew with each call.
function indexer(manager, makeSource, entries) {
  for (let n = 0; n < REGISTRIES; n++) manager.addSource(makeSource(n))
  const expected = mergedCount(REGISTRIES, entries)
  return async () => {
    manager.clearAllCaches()
    const { length } = await manager.fetchMergedIndex()
    if (length !== expected) throw new Error(`${length} entries merged, ${expected} expected`)
  }
}

// Samples while the work runs, and until the loop has turned once more: what blocks it to the end shows only then.
async function watched(work) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const start = performance.now()
  await work()
  const wallMs = performance.now() - start
  await sleep(2 * RESOLUTION_MS)
  delay.disable()
  return { wallMs, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 }
}
