// Made-up catalogues, the same on every run.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const CATEGORIES = ['ui', 'social', 'tools', 'gaming', 'admin', 'media']

/** Entries `from` to `from + count` of an endless catalogue. */
export function makeEntries(from, count, sourceId) {
  return Array.from({ length: count }, (_, offset) => {
    const n = from + offset
    return {
      packageId: `package_${n}`,
      name: `Package ${n}`,
      version: `1.${n % 20}.${n % 7}`,
      description: `What package number ${n} offers to the people who open it, in a sentence of ordinary length.`,
      author: 'MetaBuilder',
      category: CATEGORIES[n % CATEGORIES.length],
      dependencies: n > 2 ? [`package_${n - 1}`, `package_${n >> 1}`] : [],
      minLevel: (n % 6) + 1,
      icon: 'static_content/icon.svg',
      sourceId,
    }
  })
}

/** Catalogues for so many sources; half of the packages of each are in the next one too. */
export function makeCatalogues(count, entries) {
  return Array.from({ length: count }, (_, n) => makeEntries((n * entries) >> 1, entries, `source${n}`))
}

/** How many packages {@link makeCatalogues} has in all. */
export function mergedCount(count, entries) {
  return (((count - 1) * entries) >> 1) + entries
}

/** Writes a packages folder with an `index.json` and, where `manifests` is true, each package's own manifest. */
export async function writeFolder(folder, entries, { manifests }) {
  await mkdir(folder, { recursive: true })
  const packages = entries.map(({ sourceId, ...fields }) => fields)
  await writeFile(join(folder, 'index.json'), JSON.stringify({ packages }, null, 2))
  if (!manifests) return
  for (const manifest of packages) {
    const seed = join(folder, manifest.packageId, 'seed')
    await mkdir(seed, { recursive: true })
    await writeFile(join(seed, 'metadata.json'), JSON.stringify(manifest))
  }
}

/** The ids in an order that jumps about, as strings of their own: what a server gets to see in requests. */
export function makeRequests(entries) {
  const step = 7919
  return entries.map((_, n) => Buffer.from(entries[(n * step) % entries.length].packageId).toString())
}
