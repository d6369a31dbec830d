// Sources as callers write them.
import {
  type ErrorContext,
  LocalPackageSource,
  type PackageData,
  type PackageIndexEntry,
  type PackageSource,
  type PackageSourceConfig,
  type PackageSourceLike,
  PackageSourceManager,
  type PackageSourcesError,
} from '@metabuilder/package-sources'
import { proven, type Same } from './expect-type.mjs'

/** Asynchronous, with private state, as the description's interface has it. */
class MemorySource implements PackageSource {
  readonly #packages = new Map<string, PackageData>()

  getConfig(): PackageSourceConfig {
    return { id: 'memory', name: 'Memory', type: 'local', url: 'memory:', priority: 3, enabled: true }
  }

  async fetchIndex(): Promise<PackageIndexEntry[]> {
    return [...this.#packages.values()].map((data) => data.metadata)
  }

  async loadPackage(packageId: string): Promise<PackageData | null> {
    return this.#packages.get(packageId) ?? null
  }

  async hasPackage(packageId: string): Promise<boolean> {
    return this.#packages.has(packageId)
  }

  async getVersions(packageId: string): Promise<string[]> {
    const found = this.#packages.get(packageId)
    return found ? [found.metadata.version] : []
  }
}

/** An entry with more in it than the interface names: values that JSON can't hold, too. */
interface DatedEntry extends PackageIndexEntry {
  released: Date
  onOpen: () => void
}

/** Synchronous, an object and no class, with a cache to clear. */
const plain: PackageSourceLike = {
  getConfig: () => ({
    id: 'plain',
    name: 'Plain',
    type: 'git',
    url: 'plain:',
    priority: 4,
    enabled: true,
    branch: 'main',
  }),
  fetchIndex: (): DatedEntry[] => [],
  loadPackage: () => null,
  hasPackage: () => false,
  getVersions: () => [],
  clearCache() {},
}

/** A subclass of a native source that overrides one method. */
class FilteredSource extends LocalPackageSource {
  override async fetchIndex(): Promise<PackageIndexEntry[]> {
    const entries = await super.fetchIndex()
    return entries.filter((entry) => entry.category !== 'internal')
  }
}

const manager = new PackageSourceManager({
  parallelFetch: false,
  maxParallelSources: 2,
  sourceTimeoutMs: 1000,
  onError(error, context) {
    proven<Same<typeof error, PackageSourcesError>>()
    proven<Same<typeof context, ErrorContext>>()
  },
})
manager.addSource(new MemorySource())
manager.addSource(plain)
manager.addSource(new FilteredSource({ url: './packages' }))

proven<Same<ReturnType<typeof manager.getSource>, PackageSource | undefined>>()
proven<Same<ReturnType<typeof manager.removeSource>, boolean>>()

// @ts-expect-error a source has five methods
manager.addSource({ getConfig: plain.getConfig, fetchIndex: plain.fetchIndex })

// @ts-expect-error `fetchIndex` gives entries, not ids
manager.addSource({ ...plain, fetchIndex: () => ['dashboard'] })

// @ts-expect-error a package is null where there is none, not undefined
manager.addSource({ ...plain, loadPackage: () => undefined })

// @ts-expect-error there is no such kind of source
new LocalPackageSource({ type: 'ftp' })

// @ts-expect-error a priority is a number
new LocalPackageSource({ priority: 'high' })

// @ts-expect-error there is no such strategy
new PackageSourceManager({ conflictResolution: 'newest' })
