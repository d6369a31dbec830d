import {
  type ConflictResolution,
  LocalPackageSource,
  PackageSourceManager,
  RemotePackageSource,
} from '@/lib/packages/package-glue'

// Every route and the page are bundles with module state of their own; the global object is what they share.
const KEY = Symbol.for('metabuilder.example.manager')
const shared = globalThis as typeof globalThis & { [KEY]?: PackageSourceManager }

/** The manager of this process, made at the first call: a build imports this module without any source being asked. */
export function getManager(): PackageSourceManager {
  shared[KEY] ??= configured()
  return shared[KEY]
}

function configured(): PackageSourceManager {
  try {
    return createManager()
  } catch (error) {
    // The addon's EINVALIDARG would pass for a fault of the request, and be answered with 400.
    throw new Error('The package sources are misconfigured', { cause: error })
  }
}

function createManager(): PackageSourceManager {
  const manager = new PackageSourceManager({
    // The manager itself refuses a strategy that it does not know.
    conflictResolution: (process.env.PACKAGE_CONFLICT_RESOLUTION || 'latest-version') as ConflictResolution,
  })
  manager.addSource(new LocalPackageSource())
  const url = process.env.PACKAGE_REGISTRY_URL
  if (url) {
    manager.addSource(
      new RemotePackageSource({
        id: 'registry',
        name: 'Package registry',
        type: 'remote',
        url,
        priority: 10,
        enabled: true,
        authToken: process.env.PACKAGE_REGISTRY_AUTH_TOKEN || undefined,
      }),
    )
  }
  return manager
}
