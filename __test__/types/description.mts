// The examples of the system's description, word for word. What an example uses without importing it comes first.
// Not formatted, so that they stay so.
import {
  type PackageSource as AddonSource,
  type PackageData,
  type PackageIndexEntry,
  type PackageRegistry,
  type PackageSourceConfig,
  PackageSourceManager,
} from '@/lib/packages/package-glue'
import { expectDescribedResults } from './described-results.mjs'
import { proven, type Same } from './expect-type.mjs'

declare const registry: PackageRegistry
declare const userLevel: number

import { createPackageSourceManager, LocalPackageSource, RemotePackageSource } from '@/lib/packages/package-glue'

// Simple setup with local only
const manager = createPackageSourceManager()

// With remote source
const managerWithRemote = createPackageSourceManager({
  enableRemote: true,
  remoteUrl: 'https://registry.metabuilder.dev/api/v1',
  remoteAuthToken: 'your-token',
  conflictResolution: 'priority',
})

// Custom configuration
const customManager = new PackageSourceManager({
  conflictResolution: 'latest-version',
})
customManager.addSource(new LocalPackageSource())
customManager.addSource(
  new RemotePackageSource({
    id: 'custom-registry',
    name: 'Custom Registry',
    type: 'remote',
    url: 'https://custom.registry.com/api',
    priority: 5,
    enabled: true,
    authToken: 'token',
  }),
)

interface PackageSource {
  getConfig(): PackageSourceConfig
  fetchIndex(): Promise<PackageIndexEntry[]>
  loadPackage(packageId: string): Promise<PackageData | null>
  hasPackage(packageId: string): Promise<boolean>
  getVersions(packageId: string): Promise<string[]>
}

// Get merged package list
const packages = await manager.fetchMergedIndex()

// Load a specific package
const dashboard = await manager.loadPackage('dashboard')

// Check package availability
const exists = await manager.hasPackage('some-package')

// Get all versions across sources
const versions = await manager.getAllVersions('dashboard')
// Map { 'local' => ['1.0.0'], 'remote' => ['1.0.0', '1.1.0', '2.0.0'] }

// Load from specific source
const remotePkg = await manager.loadPackageFromSource('dashboard', 'remote')

import { getAccessiblePackages } from '@/lib/packages/package-glue'

// Filter packages by user level
const userPackages = getAccessiblePackages(registry, userLevel)

proven<Same<{ [K in keyof PackageSource]: PackageSource[K] }, { [K in keyof AddonSource]: AddonSource[K] }>>()
expectDescribedResults({ managerWithRemote, packages, dashboard, exists, versions, remotePkg, userPackages })
