// A little of everything, in whichever Node.js runs it: node smoke.mjs <packages folder> <registry URL>
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { LocalPackageSource, PackageSourceManager, RemotePackageSource } from '../../../index.mjs'

const required = createRequire(import.meta.url)('../../../index.js')
const [folder, registryUrl] = process.argv.slice(2)

const whole = {
  metadata: { packageId: 'own', name: 'Own', version: '2.0.0', dependencies: [], minLevel: 1, released: new Date(0) },
  components: [],
  scriptFiles: [],
}
const reported = []
const manager = new PackageSourceManager({
  conflictResolution: 'latest-version',
  sourceTimeoutMs: 200,
  onError: (error, { sourceId }) => reported.push(`${sourceId} ${error.code}`),
})
manager.addSource(new LocalPackageSource({ url: folder }))
manager.addSource(new RemotePackageSource({ id: 'registry', url: registryUrl, priority: 10, enabled: true }))
manager.addSource({
  getConfig: () => ({ id: 'own', name: 'Own', type: 'git', url: 'own:', priority: 20, enabled: true }),
  fetchIndex: async () => [whole.metadata],
  loadPackage: (id) => (id === 'own' ? whole : null),
  hasPackage: (id) => id === 'own',
  getVersions: () => ['2.0.0'],
})
const index = await manager.fetchMergedIndex()
const data = await manager.loadPackageFromSource('dashboard', 'local')
const { packages } = await manager.searchPackages('dash')
const { candidates } = await manager.explain('dashboard')
const own = await manager.loadPackage('own')

manager.addSource({
  getConfig: () => ({ id: 'broken', name: 'Broken', type: 'git', url: 'broken:', priority: 30, enabled: true }),
  fetchIndex: () => new Promise(() => {}),
  loadPackage: () => null,
  hasPackage: () => false,
  getVersions: () => [],
})
await manager.fetchMergedIndex()

const worker = new Worker(
  `const { parentPort, workerData } = require('node:worker_threads')
   const { LocalPackageSource } = require(workerData.addon)
   new LocalPackageSource({ url: workerData.folder }).fetchIndex().then((entries) => parentPort.postMessage(entries.length))`,
  { eval: true, workerData: { addon: createRequire(import.meta.url).resolve('../../../index.js'), folder } },
)
const [inWorker] = await once(worker, 'message')
await worker.terminate()

console.log(
  JSON.stringify({
    version: process.version,
    sameClass: required.PackageSourceManager === PackageSourceManager,
    index: index.map((entry) => [entry.packageId, entry.version, entry.selectedSource]).sort(),
    components: data.components,
    sameObject: own === whole,
    found: packages.map((entry) => entry.packageId),
    reason: candidates.find((candidate) => !candidate.selected).reason,
    refused: await manager.loadPackage(5).catch((error) => error.code),
    reported,
    inWorker,
  }),
)
