import { buildPackageRegistry, getAccessiblePackages } from '@/lib/packages/package-glue'
import { getManager } from './manager'

/** The examples of the package system's description, run against this application's manager. */
export async function runDescriptionExamples(userLevel: number) {
  const manager = getManager()

  // Get merged package list
  const packages = await manager.fetchMergedIndex()

  // Load a specific package
  const dashboard = await manager.loadPackage('dashboard')

  // Check package availability
  const exists = await manager.hasPackage('some-package')

  // Get all versions across sources
  const versions = await manager.getAllVersions('dashboard')

  // Load from specific source
  const remotePkg = await manager.loadPackageFromSource('dashboard', 'remote')

  // Filter packages by user level
  const registry = await buildPackageRegistry()
  const userPackages = getAccessiblePackages(registry, userLevel)

  return {
    packages: packages.map((entry) => entry.packageId),
    dashboard: dashboard?.metadata ?? null,
    exists,
    versions: Object.fromEntries(versions),
    remotePkg: remotePkg?.metadata ?? null,
    userPackages: Object.keys(userPackages),
  }
}
