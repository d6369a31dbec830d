// The first index: reading, parsing and merging four sources, and for how long at most that keeps the event loop busy.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { makeCatalogues, mergedCount, writeFolder } from './fixture.mjs'
import { CopyingManager } from './managers/copying.mjs'
import { FolderSource, MemorySource } from './sources.mjs'
import { median, rotated } from './stats.mjs'

const SOURCES = 4

/**
 * Measures index + merge of four sources, half of whose packages are in the next source too.
 *
 * @param {{ entries: number, rounds: number }} options `entries` for each source.
 * @returns {Promise<object[]>} A row for each kind of source and contender: milliseconds.
 */
export async function measureCold({ entries, rounds }) {
  const root = await mkdtemp(join(tmpdir(), 'package-sources-bench-'))
  try {
    const catalogues = makeCatalogues(SOURCES, entries)
    const folders = catalogues.map((_, n) => join(root, `source${n}`))
    for (const [n, folder] of folders.entries()) await writeFolder(folder, catalogues[n], { manifests: false })
    const local = (n) => ({ id: `source${n}`, priority: n, url: folders[n] })
    return [
      ...(await measure('local folders', entries, rounds, {
        addon: () => filled(new PackageSourceManager(), (n) => new LocalPackageSource(local(n))),
        plain: () => filled(new CopyingManager(), (n) => new FolderSource(`source${n}`, n, folders[n])),
      })),
      ...(await measure('sources in memory', entries, rounds, {
        addon: () => filled(new PackageSourceManager(), (n) => new MemorySource(`source${n}`, n, catalogues[n])),
        plain: () => filled(new CopyingManager(), (n) => new MemorySource(`source${n}`, n, catalogues[n])),
      })),
    ]
  } finally {
    await rm(root, { recursive: true })
  }
}

function filled(manager, makeSource) {
  for (let n = 0; n < SOURCES; n++) manager.addSource(makeSource(n))
  return manager
}

async function measure(kind, entries, rounds, makers) {
  const contenders = Object.entries(makers).map(([contender, make]) => ({ contender, make, walls: [], blocks: [] }))
  const expected = mergedCount(SOURCES, entries)
  const collect = garbageCollector()
  // The first round warms up and isn't counted.
  for (let round = 0; round <= rounds; round++) {
    for (const { make, walls, blocks } of rotated(contenders, round)) {
      const manager = make()
      collect()
      const { wall, block, index } = await watched(() => manager.fetchMergedIndex())
      if (index.length !== expected) throw new Error(`${index.length} entries merged, ${expected} expected`)
      if (round === 0) continue
      walls.push(wall)
      blocks.push(block)
    }
  }
  return contenders.map(({ contender, walls, blocks }) => ({
    kind,
    contender,
    entries: SOURCES * entries,
    wallMs: median(walls),
    longestBlockMs: median(blocks),
    worstBlockMs: Math.max(...blocks),
  }))
}

// The longest time between two turns of the event loop while `work` runs.
async function watched(work) {
  let running = true
  let block = 0
  const start = performance.now()
  let last = start
  const look = () => {
    const now = performance.now()
    block = Math.max(block, now - last)
    last = now
  }
  const watch = new Promise((resolve) => {
    const turn = () => {
      look()
      if (running) setImmediate(turn)
      else resolve()
    }
    setImmediate(turn)
  })
  const index = await work()
  const wall = performance.now() - start
  running = false
  await watch
  return { wall, block, index }
}

function garbageCollector() {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
