// Sources over a network: their settings, their calls and what is told of them.
import {
  type CallOptions,
  createPackageSourceManager,
  createPackageSourceManagerFromConfig,
  type DiagnosticsMessages,
  type PackageData,
  type PackageSource,
  PackageSourceManager,
  type PackageSourceStatus,
  RemotePackageSource,
  type RemoteSourceConfig,
  type RemoteSourceOptions,
} from '@metabuilder/package-sources'
import { proven, type Same } from './expect-type.mjs'

declare const signal: AbortSignal

/** Every setting, with a token that is asked for. */
const options: RemoteSourceOptions = {
  id: 'registry',
  name: 'Registry',
  type: 'remote',
  url: 'https://registry.example/api/v1',
  priority: 1,
  enabled: true,
  authToken: async () => 'token',
  cacheExpiry: 1,
  maxStaleMs: 1,
  cacheMaxBytes: 1,
  maxResponseBytes: 1,
  connectTimeoutMs: 1,
  readTimeoutMs: 1,
  requestTimeoutMs: 1,
  maxAttempts: 1,
  breakerFailures: 1,
  breakerOpenMs: 1,
  caFile: 'ca.pem',
  cacheDir: '.cache',
  cacheDirMaxBytes: 1,
  offline: false,
}
const source = new RemotePackageSource(options)
new RemotePackageSource({ url: 'https://registry.example', authToken: () => 'token' })
new RemotePackageSource({ url: 'https://registry.example', authToken: 'token' })
// @ts-expect-error: a token is a text, or a function that gives one.
new RemotePackageSource({ authToken: 5 })
// @ts-expect-error: so is what the function gives.
new RemotePackageSource({ authToken: async () => 5 })
// @ts-expect-error: there is no such setting.
new RemotePackageSource({ retries: 3 })

// A function that gives the token is not among the settings that are given back, so they are those of any source.
proven<Same<RemoteSourceConfig['authToken'], string | undefined>>()
export const asSource: PackageSource = source
export const again = new RemotePackageSource({ ...source.getConfig(), id: 'again' })

const call: CallOptions = { signal }
export const data: Promise<PackageData | null> = source.loadPackage('a', '1.0.0', call)
source.loadPackage('a', undefined, call)
source.fetchIndex({ signal })
source.hasPackage('a', { signal })
source.getVersions('a', { signal })
source.searchPackages('a', { signal, page: 2 })
// @ts-expect-error: a signal comes in an object.
source.fetchIndex(signal.aborted)

const manager = new PackageSourceManager()
manager.fetchMergedIndex({ signal })
manager.loadPackage('a', { signal })
manager.loadPackageFromSource('a', 'registry', { signal })
manager.hasPackage('a', { signal })
manager.getAllVersions('a', { signal })
manager.explain('a', { signal })
manager.searchPackages('a', { signal, userLevel: 2 })
createPackageSourceManager({
  enableRemote: true,
  remoteAuthToken: () => 'token',
  remote: { cacheDir: '.cache' },
  mergedIndexRefresh: 'auto',
})
createPackageSourceManagerFromConfig(
  { conflictResolution: 'priority', sources: [{ ...source.getConfig(), cacheDir: '.cache' }] },
  { mergedIndexRefresh: 'auto' },
)

proven<Same<PackageSourceStatus['breaker'], 'closed' | 'open' | 'half-open' | undefined>>()
proven<Same<PackageSourceStatus['freshness'], 'fresh' | 'stale' | 'none' | undefined>>()
proven<Same<PackageSourceStatus['ageMs'], number | null | undefined>>()
proven<Same<DiagnosticsMessages['package-sources:request']['status'], number | null>>()
proven<Same<DiagnosticsMessages['package-sources:error']['error']['code'], PackageSourceErrorCode>>()
type PackageSourceErrorCode = import('@metabuilder/package-sources').PackageSourcesError['code']
