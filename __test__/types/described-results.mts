import type {
  MergedPackageEntry,
  PackageData,
  PackageRegistry,
  PackageSourceManager,
} from '@/lib/packages/package-glue'

/** Takes what the description's examples produce, in the types that it gives them. */
export function expectDescribedResults(_results: {
  managerWithRemote: PackageSourceManager
  packages: MergedPackageEntry[]
  dashboard: PackageData | null
  exists: boolean
  versions: Map<string, string[]>
  remotePkg: PackageData | null
  userPackages: PackageRegistry
}): void {}
