import {
  type ConflictResolution,
  GitPackageSource,
  LocalPackageSource,
  PackageSourceManager,
  RemotePackageSource,
} from '@/lib/packages/package-glue'
import { registryUrl } from './registry'
import { gitRepository } from './repository'

/** Where clones of Git repositories lie: a folder that outlives a deployment, or each one would fetch everything anew. */
const CACHE = process.env.PACKAGE_CACHE_DIR || '.cache'

interface Managers {
  /** Of all sources. */
  all: PackageSourceManager
  /** Of the application's own packages alone. */
  local: PackageSourceManager
}

// Every route and the page are bundles with module state of their own; the global object is what they share.
const KEY = Symbol.for('metabuilder.example.managers')
const shared = globalThis as typeof globalThis & { [KEY]?: Managers }

/** The manager of this process, made at the first call: a build imports this module without any source being asked. */
export function getManager(): PackageSourceManager {
  return getManagers().all
}

/** The manager of the local packages, which it shares with {@link getManager}. */
export function getLocalManager(): PackageSourceManager {
  return getManagers().local
}

function getManagers(): Managers {
  shared[KEY] ??= configured()
  return shared[KEY]
}

function configured(): Managers {
  try {
    return createManagers()
  } catch (error) {
    // The addon's EINVALIDARG would pass for a fault of the request, and be answered with 400.
    throw new Error('The package sources are misconfigured', { cause: error })
  }
}

function createManagers(): Managers {
  const source = new LocalPackageSource()
  const local = new PackageSourceManager()
  local.addSource(source)
  const all = new PackageSourceManager({
    // The manager itself refuses a strategy that it does not know.
    conflictResolution: (process.env.PACKAGE_CONFLICT_RESOLUTION || 'latest-version') as ConflictResolution,
    // What is published or pushed shows up by itself.
    mergedIndexRefresh: 'auto',
  })
  all.addSource(source)
  const url = registryUrl()
  if (url !== '') {
    all.addSource(
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
  const repository = gitRepository()
  if (repository) {
    all.addSource(
      new GitPackageSource({
        ...repository,
        name: 'Git repository',
        cacheDir: CACHE,
        authToken: process.env.PACKAGE_GIT_TOKEN || undefined,
      }),
    )
  }
  return { all, local }
}
