/**
 * Reads a Git source in a process of its own and writes what it gave, as JSON: `node reader.mjs '<question>'`.
 *
 * Run by {@link readApart}.
 */

import { readFileSync } from 'node:fs'
import { GitPackageSource, PackageSourceManager } from '../../../index.mjs'

const { config, ids = [], atOnce = 0, again = 0, versionsOf = [] } = JSON.parse(process.argv[2])
const reports = []
const manager = new PackageSourceManager({
  onError: ({ code, message }, { operation }) => reports.push({ code, message, operation }),
})
// JSON has no number without end.
const source = new GitPackageSource({ ...config, depth: config.depth ?? Number.POSITIVE_INFINITY })
manager.addSource(source)

const start = performance.now()
const answer = { packages: {}, versions: {} }
answer.index = (await source.fetchIndex()).map(({ packageId }) => packageId)
for (const id of ids) answer.packages[id] = await source.loadPackage(id)
for (const id of versionsOf) answer.versions[id] = await source.getVersions(id)
await Promise.all(Array.from({ length: atOnce }, (_, n) => source.loadPackage(`at_once_${n}`)))
// A source that failed is asked again.
for (let n = 0; n < again; n++) await source.fetchIndex()
await manager.fetchMergedIndex()
answer.status = manager.getSourceStatus()[0]
answer.reports = reports
answer.ms = Math.round(performance.now() - start)
answer.peakMiB = Math.round(peakKiB() / 1024)
process.stdout.write(JSON.stringify(answer))

/** The most memory that was in use; what the system counts itself goes back to before this program was started. */
function peakKiB() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
  } catch {
    return process.resourceUsage().maxRSS
  }
}
