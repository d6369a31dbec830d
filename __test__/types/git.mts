// Git sources: their settings, how they are chosen and what they tell.
import {
  createGitSource,
  createPackageSourceManager,
  createPackageSourceManagerFromConfig,
  DEFAULT_GIT_SOURCE,
  type ErrorCode,
  type FetchProgress,
  GitPackageSource,
  type GitSourceConfig,
  type GitSourceOptions,
  type GitSshOptions,
  type MergedPackageEntry,
  type PackageData,
  type PackageIndexEntry,
  type PackageRepoConfig,
  type PackageSource,
  type PackageSourceConfig,
  PackageSourceManager,
  type PackageSourceType,
} from '@metabuilder/package-sources'
import { proven, type Same } from './expect-type.mjs'

declare const signal: AbortSignal

/** Every setting, with a token that is asked for. */
const options: Required<GitSourceOptions> = {
  id: 'git',
  name: 'Git',
  type: 'git',
  url: 'https://git.example/team/packages.git',
  priority: 1,
  enabled: true,
  authToken: async () => 'x-access-token:token',
  branch: 'main',
  tag: 'v1.0.0',
  commit: '0123456789abcdef0123456789abcdef01234567',
  directory: 'packages',
  tagPattern: ['{id}@{version}', 'v{version}'],
  ssh: { keyFile: 'key', agent: false, knownHostsFile: 'known_hosts' },
  depth: Number.POSITIVE_INFINITY,
  cacheDir: '.cache',
  cacheExpiry: 1,
  maxStaleMs: 1,
  cacheMaxBytes: 1,
  fetchTimeoutMs: 1,
  maxRepositoryBytes: 1,
  maxFileBytes: 1,
  connectTimeoutMs: 1,
  readTimeoutMs: 1,
  maxAttempts: 1,
  breakerFailures: 1,
  breakerOpenMs: 1,
  caFile: 'ca.pem',
  offline: false,
  onProgress: (progress) => {
    proven<Same<typeof progress, FetchProgress>>()
  },
}
const source = new GitPackageSource({ url: options.url, branch: options.branch })
proven<Same<ReturnType<typeof createGitSource>, GitPackageSource>>()
createGitSource()
createGitSource({ url: 'git@git.example:team/packages.git', authToken: 'user:token', tagPattern: 'v{version}' })
createGitSource({ url: '../packages', ssh: { agent: '/run/agent' }, authToken: () => 'token' })
createGitSource({ onProgress: async ({ received, total }) => console.log(received / total) })
declare const console: { log(value: number): void }

// @ts-expect-error: a token is a text, or a function that gives one.
createGitSource({ authToken: 5 })
// @ts-expect-error: so is what the function gives.
createGitSource({ authToken: async () => 5 })
// @ts-expect-error: a branch is a name.
createGitSource({ branch: ['main'] })
// @ts-expect-error: a commit is its id.
createGitSource({ commit: 0x0123456 })
// @ts-expect-error: patterns are texts.
createGitSource({ tagPattern: /v(.*)/ })
// @ts-expect-error: a depth is a number.
createGitSource({ depth: 'all' })
// @ts-expect-error: the settings of ssh come in an object.
createGitSource({ ssh: 'key' })
// @ts-expect-error: no passphrase can be given.
createGitSource({ ssh: { keyFile: 'key', passphrase: 'secret' } })
// @ts-expect-error: who watches a fetch is a function.
createGitSource({ onProgress: true })
// @ts-expect-error: an answer is bounded by the size of the clone.
createGitSource({ maxResponseBytes: 1 })
// @ts-expect-error: what is read is a commit's.
createGitSource({ ref: 'main' })

proven<Same<FetchProgress['phase'], 'connecting' | 'receiving' | 'resolving' | 'done'>>()
proven<Same<Omit<FetchProgress, 'phase'>, { sourceId: string; received: number; total: number; bytes: number }>>()
proven<Same<GitSshOptions['agent'], boolean | string | undefined>>()
proven<Same<typeof DEFAULT_GIT_SOURCE, PackageSourceConfig>>()
proven<'git' extends PackageSourceType ? true : false>()
proven<'ENOREPOSITORY' | 'ENOREF' | 'ESSH' | 'ELOCKED' extends ErrorCode ? true : false>()

// Neither a function that gives the token nor one that is told of a fetch is among the settings that are given back.
proven<Same<ReturnType<typeof source.getConfig>, GitSourceConfig>>()
proven<Same<GitSourceConfig['authToken'], string | undefined>>()
proven<'onProgress' extends keyof GitSourceConfig ? false : true>()
export const asSource: PackageSource = source
export const again = new GitPackageSource({ ...source.getConfig(), id: 'again' })

// The commit that an entry was read from can be pinned.
proven<Same<PackageIndexEntry['revision'], string | undefined>>()
proven<Same<MergedPackageEntry['revision'], string | undefined>>()
const entry: PackageIndexEntry | undefined = (await source.fetchIndex({ signal }))[0]
createGitSource({ url: options.url, commit: entry?.revision })
// @ts-expect-error: a source that is none of Git's has no commits.
entry?.revision.slice(0, 7)

export const data: Promise<PackageData | null> = source.loadPackage('a', '1.0.0', { signal })
proven<Same<ReturnType<typeof source.getVersions>, Promise<string[]>>>()
source.hasPackage('a', { signal })
source.setCacheExpiry(0)
source.clearCache()
// @ts-expect-error: a repository can't be asked to search; its manager can.
source.searchPackages('a')

/** A subclass that leaves packages out. */
class ReleasedSource extends GitPackageSource {
  override async fetchIndex(): Promise<PackageIndexEntry[]> {
    return (await super.fetchIndex()).filter(({ version }) => !version.includes('-'))
  }
}
new PackageSourceManager().addSource(new ReleasedSource({ url: options.url }))

createPackageSourceManager({ git: options })
createPackageSourceManager({ git: { url: options.url, enabled: false }, enableRemote: true })
// @ts-expect-error: its settings come in an object.
createPackageSourceManager({ git: options.url })
// @ts-expect-error: a priority is a number.
createPackageSourceManager({ git: { url: options.url, priority: 'high' } })

const { id, name, url, priority, enabled } = DEFAULT_GIT_SOURCE
const config: PackageRepoConfig = {
  conflictResolution: 'latest-version',
  sources: [
    { id, name, url, priority, enabled, type: 'git', branch: 'main' },
    { ...source.getConfig(), id: 'tagged', tag: 'v1.0.0', directory: '', ssh: { agent: false }, depth: 1 },
  ],
}
createPackageSourceManagerFromConfig(config)
// @ts-expect-error: a branch is a name.
config.sources.push({ ...DEFAULT_GIT_SOURCE, branch: 5 })
// @ts-expect-error: a depth is a number.
config.sources.push({ ...DEFAULT_GIT_SOURCE, depth: 'all' })
// @ts-expect-error: there is no such setting.
config.sources.push({ id, name, url, priority, enabled, type: 'git', ref: 'main' })
