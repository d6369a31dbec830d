// The registry service.
import {
  createRegistryHandlers,
  createRegistryServer,
  type ErrorCode,
  type ImportResult,
  type IndexHandlerOptions,
  importPackages,
  PackageSourceManager,
  type PackageSourcesError,
  type PackageWarning,
  type PublishedVersion,
  type RefusedPackage,
  type RegistryHandlers,
  type RegistryOptions,
  type RegistryServer,
} from '@metabuilder/package-sources'
import { proven, type Same } from './expect-type.mjs'

declare const request: Request
declare const signal: AbortSignal

export const { GET, HEAD } = createRegistryHandlers({ store: 'store' })
proven<Same<typeof GET, (request: Request) => Promise<Response>>>()
proven<Same<typeof GET, typeof HEAD>>()
proven<Same<ReturnType<typeof createRegistryHandlers>, RegistryHandlers>>()

const options: RegistryOptions = {
  store: 'store',
  basePath: '/api/v1',
  readTokens: ['token'],
  maxConcurrent: 10,
  maxAgeSeconds: 60,
  staleWhileRevalidateSeconds: 600,
  cacheMaxBytes: 1024,
  onError: (error) => proven<Same<typeof error, PackageSourcesError>>(),
}
createRegistryHandlers(options)
// @ts-expect-error: a store is needed
createRegistryHandlers({ basePath: '/api/v1' })
// @ts-expect-error: handlers have no port
createRegistryHandlers({ store: 'store', port: 80 })

const server = await createRegistryServer({ ...options, host: '::1', port: 0 })
proven<Same<typeof server, RegistryServer>>()
proven<Same<typeof server.url, string>>()
proven<Same<typeof server.port, number>>()
proven<Same<ReturnType<typeof server.close>, Promise<void>>>()
// @ts-expect-error: it is where it is
server.port = 80

const imported = await importPackages('packages', { store: 'store', signal })
proven<Same<typeof imported, ImportResult>>()
proven<Same<typeof imported.added, PublishedVersion[]>>()
proven<Same<typeof imported.unchanged, PublishedVersion[]>>()
proven<Same<typeof imported.failed, RefusedPackage[]>>()
proven<Same<typeof imported.warnings, PackageWarning[]>>()
proven<Same<RefusedPackage['code'], ErrorCode>>()
// @ts-expect-error: into which store?
importPackages('packages')

const manager = new PackageSourceManager()
const handler = manager.createIndexHandler({ userLevel: 3 })
proven<Same<typeof handler, (request: Request) => Promise<Response>>>()
const levels: IndexHandlerOptions[] = [
  {},
  { userLevel: () => 3 },
  { userLevel: async (asked) => (asked === request ? 3 : undefined), cacheControl: 'no-store' },
]
for (const each of levels) manager.createIndexHandler(each)
// @ts-expect-error: a level is a number
manager.createIndexHandler({ userLevel: () => '3' })
