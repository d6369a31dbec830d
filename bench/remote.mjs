// The first index of four registries: fetching, parsing and merging, and what the event loop's other work waits for
// meanwhile.

import { setTimeout as sleep } from 'node:timers/promises'
import { PackageSourceManager, RemotePackageSource } from '../index.mjs'
import { startChild } from './children/child.mjs'
import { summary, watched } from './delay.mjs'
import { mergedCount } from './fixture.mjs'
import { CopyingManager } from './managers/copying.mjs'
import { RegistrySource } from './sources.mjs'
import { rotated } from './stats.mjs'

const REGISTRIES = 4

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
    return Object.entries(samples).map(([contender, list]) => ({
      contender,
      entries: REGISTRIES * entries,
      ...summary(list),
    }))
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
