/**
 * MetaBuilder's package source system: packages from local folders, remote registries, Git repositories and sources that
 * you write yourself, merged into one index.
 *
 * ```ts
 * import { createPackageSourceManager } from '@metabuilder/package-sources'
 *
 * const manager = createPackageSourceManager()
 * const packages = await manager.fetchMergedIndex()
 * const dashboard = await manager.loadPackage('dashboard')
 * ```
 *
 * @packageDocumentation
 */

// ── The platform ─────────────────────────────────────────────────────────────────────────────────────────────────────

// These are the platform's own where its types are there (the DOM library, or @types/node): interfaces of one name are
// one. Without them the declarations here stand all the same.
declare global {
  interface AbortSignal {}
  interface Request {}
  interface Response {}
}

// ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Any value that JSON can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** An object that JSON can hold. */
export type JsonObject = { [key: string]: JsonValue }

// ── Packages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One Lua file of a package. */
export interface LuaScriptFile {
  /** The name that the script manifest gives, else the file's name (without `.lua` where there is no manifest). */
  name: string
  /** Path inside the package, `scripts/<file>`. */
  path: string
  /** The Lua source text. */
  code: string
  /** The manifest's category; `auto-discovered` where there is no manifest. */
  category?: string
  /** The manifest's description. */
  description?: string
}

/** One declarative component. Its further fields depend on the package's layout and reach you unchanged. */
export type PackageComponent = {
  /** Unique in the caller's component store. */
  id: string
  [key: string]: JsonValue
}

/** A package's example data. */
export type PackageExamples = JsonObject

/** What a package says it offers to others. */
export interface PackageExports {
  /** Names of components. */
  components: string[]
  /** Names of scripts. */
  scripts?: string[]
  /** Names of states. */
  states?: string[]
  /** Names of handlers. */
  handlers?: string[]
}

/**
 * One package in an index.
 *
 * Fields that a source sends beyond these survive: at run time they are there, in the index, in the merged index and
 * in {@link PackageData.metadata}.
 */
export interface PackageIndexEntry {
  /** The package's id, unique within a source. Never a path. */
  packageId: string
  /** Display name; the id where the manifest has none. */
  name: string
  /** Semantic version; `''` where the manifest has none. */
  version: string
  /** One or two sentences; `''` where the manifest has none. */
  description: string
  /** Who wrote it; `''` where the manifest has none. */
  author: string
  /** Such as `ui`, `social`, `tools`; `''` where the manifest has none. */
  category: string
  /** Ids of the packages that this one needs. */
  dependencies: string[]
  /**
   * npm-style ranges of the dependencies, by id. There for packages whose manifest gives ranges; where it is absent,
   * every dependency counts as `*`.
   */
  dependencyRanges?: Record<string, string>
  /** Lowest permission level that may open the package, 1 (public) to 6 (supergod). Missing or invalid counts as 1. */
  minLevel: number
  /** Path of the icon inside the package. */
  icon?: string
  /** Id of the source that the entry comes from. */
  sourceId: string
  /** Digest that a registry gives for the package. */
  checksum?: string
  /** The commit that a Git source read it from, 40 hexadecimal digits. */
  revision?: string
}

/** An entry of the merged index: the winning source's entry, and where else the package is to be had. */
export interface MergedPackageEntry extends PackageIndexEntry {
  /** Ids of all sources that have the package, best priority first. */
  availableSources: string[]
  /** Id of the source whose entry this is, and that {@link PackageSourceManager.loadPackage} asks first. */
  selectedSource: string
}

/** A whole package, as a source loads it. */
export interface PackageData {
  /** The package's manifest as an index entry. */
  metadata: PackageIndexEntry
  /** Its components; `[]` where it has none. */
  components: PackageComponent[]
  /** The text of its single script, `scripts.lua`. */
  scripts?: string
  /** Its script files; `[]` where it has none. */
  scriptFiles: LuaScriptFile[]
  /** Its example data. */
  examples?: PackageExamples
}

/** A package in a {@link PackageRegistry}: its manifest and its contents in one object. */
export interface PackageDefinition {
  /** The package's id. */
  packageId: string
  /** Display name. */
  name: string
  /** Semantic version. */
  version: string
  /** One or two sentences. */
  description: string
  /** Who wrote it. */
  author: string
  /** Such as `ui`, `social`, `tools`. */
  category: string
  /** Ids of the packages that this one needs. */
  dependencies: string[]
  /** Lowest permission level that may open the package, 1 to 6. */
  minLevel: number
  /** What it offers to others. */
  exports: PackageExports
  /** shadcn components that it needs. */
  shadowcnComponents?: string[]
  /** Its components. */
  components: PackageComponent[]
  /** The text of its single script. */
  scripts?: string
  /** Its script files. */
  scriptFiles?: LuaScriptFile[]
  /** Its example data. */
  examples?: PackageExamples
}

/** Packages by id. */
export interface PackageRegistry {
  [packageId: string]: PackageDefinition
}

/** An entry as it stands in a packages folder's `index.json`: only the id is sure to be there. */
export interface PackageIndexFileEntry extends Partial<Omit<PackageIndexEntry, 'packageId' | 'dependencies'>> {
  /** The package's id. */
  packageId: string
  /** Ids, or in the manifest layout an object from id to npm-style range. */
  dependencies?: string[] | Record<string, string>
  /** What it offers to others. */
  exports?: Partial<PackageExports>
}

// ── Sources ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The kinds of source. */
export type PackageSourceType = 'local' | 'remote' | 'git' | 's3'

/** What a source is and how it takes part in the merge. */
export interface PackageSourceConfig {
  /** Unique among a manager's sources. */
  id: string
  /** Display name. */
  name: string
  /** The kind of source; `local-first` and `remote-first` decide by it. */
  type: PackageSourceType
  /** A directory or `file:` URL (local), the registry's base URL (remote), or where the repository is (Git). */
  url: string
  /** Lower wins. */
  priority: number
  /** A manager ignores a source that says `false`. */
  enabled: boolean
  /** Token for the registry or repository. Never in a message, an error, a log or an index. */
  authToken?: string
  /** Branch that a Git source serves. */
  branch?: string
}

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/** What every call takes that may have to wait. */
export interface CallOptions {
  /**
   * Gives up waiting: the call rejects with the signal's `reason`. Others who wait for the same thing are not disturbed;
   * a request that nobody waits for any more is cancelled.
   */
  signal?: AbortSignal
}

/** What every source of this package offers, and what you implement to write one yourself. */
export interface PackageSource {
  /** Asked anew each time that an order or a type is needed. */
  getConfig(): PackageSourceConfig
  /** All packages of the source. */
  fetchIndex(): Promise<PackageIndexEntry[]>
  /** A whole package, or `null` where the source doesn't have it. */
  loadPackage(packageId: string): Promise<PackageData | null>
  /** Whether the source has the package. */
  hasPackage(packageId: string): Promise<boolean>
  /** The versions that the source has; `[]` where it has none. */
  getVersions(packageId: string): Promise<string[]>
}

/**
 * What {@link PackageSourceManager.addSource} takes: a {@link PackageSource} whose methods may also be synchronous, and
 * that may be able to drop what it has cached.
 */
export interface PackageSourceLike {
  /** Asked anew each time that an order or a type is needed. */
  getConfig(): PackageSourceConfig
  /** All packages of the source. Values that JSON can't hold survive the merge. */
  fetchIndex(): Awaitable<PackageIndexEntry[]>
  /** A whole package, or `null`. The object reaches the caller as it is. */
  loadPackage(packageId: string): Awaitable<PackageData | null>
  /** Whether the source has the package. */
  hasPackage(packageId: string): Awaitable<boolean>
  /** The versions that the source has. */
  getVersions(packageId: string): Awaitable<string[]>
  /** Called by {@link PackageSourceManager.clearAllCaches}. */
  clearCache?(): void
}

/** Settings of the local source when nothing else is given: the application's own `packages` folder. */
export declare const DEFAULT_LOCAL_SOURCE: PackageSourceConfig

/** Settings of a Git source when nothing else is given; `url` has to be. */
export declare const DEFAULT_GIT_SOURCE: PackageSourceConfig

/** Settings of the remote source when nothing else is given: MetaBuilder's registry, not enabled. */
export declare const DEFAULT_REMOTE_SOURCE: PackageSourceConfig

/**
 * Packages from a folder.
 *
 * `url` is a directory (absolute, or relative to the working directory) or a `file:` URL. The default `/packages` means
 * the application's own: `METABUILDER_PACKAGES_DIR` where set, else the nearest `packages` folder that holds packages,
 * from the working directory upwards, else `/packages`.
 *
 * What was read is kept in memory until {@link LocalPackageSource.clearCache}.
 */
export declare class LocalPackageSource implements PackageSource {
  /**
   * @param config Laid over {@link DEFAULT_LOCAL_SOURCE}; a field that is `undefined` counts as not given.
   * @throws `EINVALIDARG` where a field has the wrong type.
   */
  constructor(config?: Partial<PackageSourceConfig>)
  /** The settings: the same object each time, so that a changed `priority` counts. `id`, `url` and `authToken` are read at construction. */
  getConfig(): PackageSourceConfig
  /**
   * The folder's packages: in the order of its `index.json` where there is one, else scanned and ordered by id.
   * `[]` where the folder can't be read, which is reported.
   */
  fetchIndex(options?: CallOptions): Promise<PackageIndexEntry[]>
  /**
   * A whole package; `null` where there is none, or with `version` none of that version, or its manifest can't be read,
   * which is reported.
   * @throws (rejects) `EINVALIDARG` where an argument is no string.
   */
  loadPackage(packageId: string, version?: string, options?: CallOptions): Promise<PackageData | null>
  /** Whether the index has the package. */
  hasPackage(packageId: string, options?: CallOptions): Promise<boolean>
  /** The one version that is there, or `[]`. */
  getVersions(packageId: string, options?: CallOptions): Promise<string[]>
  /** Forgets all that was read; the next call reads the folder again. */
  clearCache(): void
}

/** Which part of a registry's search results to return. */
export interface RemoteSearchOptions extends CallOptions {
  /** Only packages of this category. */
  category?: string
  /** Passed to the registry as it is. */
  minLevel?: number
  /** 1 to 2³¹. */
  page?: number
  /** 1 to 1000. */
  pageSize?: number
}

/**
 * Settings of every source over a network, as its `getConfig()` gives them. Times are in milliseconds, sizes in bytes. All
 * are read at construction.
 */
export interface NetworkSourceConfig extends PackageSourceConfig {
  /** How long a copy counts as fresh, as `setCacheExpiry` sets it later. 0 asks every time. */
  cacheExpiry?: number
  /** How long beyond its freshness a copy may still answer; without it for ever. */
  maxStaleMs?: number
  /** Until a connection stands; default 10 000. */
  connectTimeoutMs?: number
  /** Without a byte of the answer, from the start of a try on; default 30 000. */
  readTimeoutMs?: number
  /**
   * How often a request is tried; default 3. Broken connections, time-outs and the statuses 408, 425, 429 and 5xx are
   * tried again, after a wait that doubles and varies, or the one that `Retry-After` asks for (up to 10 seconds; where
   * it asks for more, the failure is told at once).
   */
  maxAttempts?: number
  /**
   * Failed requests in a row that open the breaker; default 5. While it is open the network is not asked, and calls get
   * old copies or nothing at once.
   */
  breakerFailures?: number
  /** How long the breaker stays open until one request tries whether it works again; default 30 000. */
  breakerOpenMs?: number
  /**
   * A file of certificates (PEM) that are trusted beside the system's and those that `NODE_EXTRA_CA_CERTS` names.
   */
  caFile?: string
  /** Whether the network is never asked: any copy answers, however old; what is not kept is `EOFFLINE`. */
  offline?: boolean
}

/** What sources over a network are made with: the settings, and where their token comes from. */
export interface NetworkSourceOptions extends Omit<NetworkSourceConfig, 'authToken'> {
  /** The token, or a function that gives it. */
  authToken?: string | (() => Awaitable<string>)
}

/** Settings of a {@link RemotePackageSource}. */
export interface RemoteSourceConfig extends NetworkSourceConfig {
  /**
   * Most bytes of packages, lists of versions and searches that are kept in memory as texts; default 64 MiB. Packages that
   * were loaded are kept as objects beside that, of as many bytes of text at most. The index is not counted.
   */
  cacheMaxBytes?: number
  /** Largest answer, counted after decompression; default 64 MiB. */
  maxResponseBytes?: number
  /** For a whole request with all its tries, waits and redirects; default 120 000. */
  requestTimeoutMs?: number
  /**
   * A folder that keeps the index, packages and lists of versions over a restart, which then answers from it at once and
   * revalidates. Several sources, worker threads and processes may share it, and see each other's copies where they have
   * the same `id`, `url` and token; a function that gives the token counts as one and the same reader. Whoever may read the
   * folder may read what is in it.
   */
  cacheDir?: string
  /** Most bytes of that folder, whoever shares it; default 512 MiB. What was not used for longest goes first. */
  cacheDirMaxBytes?: number
}

/** What a {@link RemotePackageSource} is made with: its settings, and where its token comes from. */
export interface RemoteSourceOptions extends Omit<RemoteSourceConfig, 'authToken'> {
  /**
   * The bearer token, or a function that gives it: asked when it is first needed, and anew when the registry has refused
   * its last one (401, 403). It goes to the origin of `url` alone, and along with no redirect to another scheme, host or port.
   */
  authToken?: string | (() => Awaitable<string>)
}

/**
 * Packages from a registry over HTTP, stale while revalidate: what was fetched answers while it is fresh; after that it
 * answers all the same, at once, while one request in the background refreshes it (by ETag or time of modification, so
 * that an unchanged answer costs no body); and while the registry fails, it goes on answering.
 *
 * A copy is fresh for what `cacheExpiry` or {@link RemotePackageSource.setCacheExpiry} says, else for the registry's
 * `Cache-Control: max-age`, else for 5 minutes. Failures are reported, never thrown. That something is not there is believed
 * for two seconds at most. At most 64 requests are under way at once.
 *
 * A package for which the index or a list of versions that was fetched gives a `checksum` (a SHA-256, -384 or -512
 * digest of the answer's body) is verified when it arrives; one that is something else is `EINTEGRITY`, and neither
 * kept nor returned.
 */
export declare class RemotePackageSource implements PackageSource {
  /**
   * @param options Laid over {@link DEFAULT_REMOTE_SOURCE}; a field that is `undefined` counts as not given.
   * @throws `EINVALIDARG` where a field has the wrong type or is out of range, or `url` is no http(s) URL.
   */
  constructor(options?: Partial<RemoteSourceOptions>)
  /**
   * The settings: the same object each time, so that a changed `priority` counts. Its token shows neither in JSON nor
   * under `util.inspect`; a function that gives the token is not among them.
   */
  getConfig(): RemoteSourceConfig
  /** The registry's packages, all pages. Where it fails: the old copy, else `[]`. */
  fetchIndex(options?: CallOptions): Promise<PackageIndexEntry[]>
  /**
   * A whole package, in one version or (without `version`) as the registry serves it.
   * `null` where the registry doesn't have it; where it fails the old copy, else `null`.
   * @throws (rejects) `EINVALIDARG` where an argument is no string.
   */
  loadPackage(packageId: string, version?: string, options?: CallOptions): Promise<PackageData | null>
  /** Whether the index has the package. */
  hasPackage(packageId: string, options?: CallOptions): Promise<boolean>
  /** The versions in the registry's order; `[]` where it has none or fails. */
  getVersions(packageId: string, options?: CallOptions): Promise<string[]>
  /**
   * Asks the registry to search. One page of results; `[]` where it fails with nothing cached.
   * @throws (rejects) `EINVALIDARG` where an argument has the wrong type.
   */
  searchPackages(query: string, options?: RemoteSearchOptions): Promise<PackageIndexEntry[]>
  /** How long a copy counts as fresh, in milliseconds. 0 asks the registry every time, and waits for it. */
  setCacheExpiry(ms: number): void
  /** Forgets all that was fetched, also in `cacheDir`; with `offline`, only what is in memory. */
  clearCache(): void
}

/** How a Git source logs in over ssh. The machine's own `ssh` program does it, with the user's settings. */
export interface GitSshOptions {
  /** File of the private key that is to be used, and no other one. A key with a passphrase needs an agent. */
  keyFile?: string
  /** `false`: no agent is asked. A path: the agent that listens there. Default: the one of `SSH_AUTH_SOCK`. */
  agent?: boolean | string
  /** File of the hosts that are known, and no other one. Default: the user's and the system's. */
  knownHostsFile?: string
}

/** How far a fetch is. */
export interface FetchProgress {
  /** Id of the source. */
  sourceId: string
  /** `connecting`, then `receiving` objects, `resolving` those that came as differences, and `done`. */
  phase: 'connecting' | 'receiving' | 'resolving' | 'done'
  /** Objects of this phase so far. */
  received: number
  /** Objects of this phase; 0 while that is not known. */
  total: number
  /** Bytes received so far. */
  bytes: number
}

/** Settings of a {@link GitPackageSource}. */
export interface GitSourceConfig extends NetworkSourceConfig {
  /**
   * Where the repository is: an `https:`, `http:`, `ssh:`, `git:` or `file:` URL, `user@host:path`, or a path (absolute, or
   * relative to the working directory). A user and password in an http(s) URL go along as such, and are shown nowhere.
   */
  url: string
  /** The branch that is served. At most one of `branch`, `tag` and `commit`; default: the repository's HEAD. */
  branch?: string
  /** The tag that is served. */
  tag?: string
  /**
   * The commit that is served, by its whole id. Where no ref names it and the server gives no other commits, the history of
   * all branches and tags is fetched to find it.
   */
  commit?: string
  /** The folder in the repository that holds the packages, `''` for its root; default: `packages`, where there is none the root. */
  directory?: string
  /**
   * Names of tags that are versions, those tried first first. `{id}` stands for a package, without it the tag is a version of
   * all packages in its tree; `{version}` for the version. Default: `{id}@{version}`, `{id}-v{version}`, `{id}/v{version}`,
   * `v{version}`, `{version}`.
   */
  tagPattern?: string | string[]
  /** Logging in over ssh. */
  ssh?: GitSshOptions
  /** Commits of history that are fetched with each branch and tag; default 1. `Infinity`: all. From a folder always 1. */
  depth?: number
  /**
   * The folder that clones lie in, bare ones, made where it is missing. Several sources, worker threads and processes may
   * share it. Whoever may read it may read what is in it. Default: `metabuilder-package-sources` where the user's caches are
   * (`$XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`).
   */
  cacheDir?: string
  /** For a whole fetch with all its tries; default 600 000. */
  fetchTimeoutMs?: number
  /** Largest clone; default 1 GiB. Beyond it a fetch is `ETOOLARGE`. */
  maxRepositoryBytes?: number
  /** Largest file that is read; default 16 MiB. A larger one is left out, with a warning. */
  maxFileBytes?: number
  /** Most bytes of text of the packages that are kept in memory as objects; default 64 MiB. */
  cacheMaxBytes?: number
}

/** What a {@link GitPackageSource} is made with: its settings, its token, and who is told how far a fetch is. */
export interface GitSourceOptions extends Omit<GitSourceConfig, 'authToken'> {
  /**
   * For http(s): `user:token` (Basic), or a bearer token; or a function that gives one of them, asked when it is first needed
   * and anew when the server has refused its last one (401, 403). GitHub and GitLab take `user:token` alone, with any user
   * such as `x-access-token`. It goes to the origin of `url` alone.
   */
  authToken?: string | (() => Awaitable<string>)
  /** Is told how far a fetch is, at most ten times a second and at each new phase. What it throws is ignored. */
  onProgress?: (progress: FetchProgress) => void
}

/**
 * Packages straight from a Git repository, of both layouts, read from a bare clone without any checkout.
 *
 * What the network is asked for is where the repository's branch and version tags point, with all that they lead to; as
 * long as none has moved, that costs one small request. What was fetched answers while it is fresh (5 minutes, or what
 * `cacheExpiry` says); after that it answers all the same, at once, while one fetch in the background brings it up to
 * date; and while the repository can't be reached, it goes on answering. The clone survives a restart.
 *
 * Each entry's `revision` is the commit that it was read from. Failures are reported, never thrown. No program of the
 * repository is run and nothing of it is written but Git's own objects; submodules are not fetched, and links are followed
 * within a package alone. Settings of Git on this machine don't count, but those of ssh do.
 *
 * Of more than 5000 tags that name versions, those last by name are passed over, with a warning. From a folder no object
 * of more than 128 MiB is copied (`ETOOLARGE`); from a server, none of that size may be sent as a difference to another. A
 * server that sends a pack which takes memory for good is not asked again by this source (`EPROTOCOL`).
 */
export declare class GitPackageSource implements PackageSource {
  /**
   * Connects to nothing and writes nothing yet.
   * @param options Laid over {@link DEFAULT_GIT_SOURCE}; a field that is `undefined` counts as not given.
   * @throws `EINVALIDARG` where a field has the wrong type or is out of range, or `url` is none of its forms.
   */
  constructor(options?: Partial<GitSourceOptions>)
  /**
   * The settings: the same object each time, so that a changed `priority` counts. Its token shows neither in JSON nor
   * under `util.inspect`; a function that gives the token is not among them.
   */
  getConfig(): GitSourceConfig
  /** The packages of the chosen commit. Where there is nothing to be had: the old copy, else `[]`. */
  fetchIndex(options?: CallOptions): Promise<PackageIndexEntry[]>
  /**
   * A whole package as the chosen commit has it; with `version`, from the tree of the tag that names this version (then
   * `metadata.version` is what the tag says), else as the chosen commit has it, where it is of this version. `null` where
   * there is none.
   * @throws (rejects) `EINVALIDARG` where an argument is no string.
   */
  loadPackage(packageId: string, version?: string, options?: CallOptions): Promise<PackageData | null>
  /** Whether the index has the package. */
  hasPackage(packageId: string, options?: CallOptions): Promise<boolean>
  /** The version of the chosen commit and those that tags name, newest first. */
  getVersions(packageId: string, options?: CallOptions): Promise<string[]>
  /** How long what was fetched counts as fresh, in milliseconds. 0 asks the repository every time, and waits for it. */
  setCacheExpiry(ms: number): void
  /** Forgets what was fetched, so that the next call asks the repository; objects in the clone are not fetched again. */
  clearCache(): void
}

/** `new LocalPackageSource(config)`. */
export declare function createLocalSource(config?: Partial<PackageSourceConfig>): LocalPackageSource

/** `new GitPackageSource(options)`. */
export declare function createGitSource(options?: Partial<GitSourceOptions>): GitPackageSource

/** `new RemotePackageSource(options)`. */
export declare function createRemoteSource(options?: Partial<RemoteSourceOptions>): RemotePackageSource

// ── Manager ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Which source wins where several have a package.
 *
 * - `priority`: the lower priority number; a tie stays with the source added first (default).
 * - `latest-version`: the higher semantic version; a tie goes by priority.
 * - `local-first` / `remote-first`: a source of type `local` / `remote`; among equals priority decides.
 */
export type ConflictResolution = 'priority' | 'latest-version' | 'local-first' | 'remote-first'

/** Where and while doing what a failure happened. */
export interface ErrorContext {
  /** Id of the source. */
  sourceId: string
  /** The operation that failed; `cache`: reading or writing the copies in `cacheDir`. */
  operation: 'fetchIndex' | 'loadPackage' | 'getVersions' | 'searchPackages' | 'clearCache' | 'cache'
  /** The package concerned, where it is about one. */
  packageId?: string
}

/** Takes the reports that go to `console.error` otherwise. */
export type ErrorHandler = (error: PackageSourcesError, context: ErrorContext) => void

/** Settings of a {@link PackageSourceManager}. */
export interface PackageSourceManagerConfig {
  /** Default `priority`. */
  conflictResolution: ConflictResolution
  /** Whether sources are asked side by side (default `true`) or one after the other. */
  parallelFetch: boolean
  /** How many sources are asked at once at most; default 5. */
  maxParallelSources: number
  /**
   * `manual` (default): the merged index is kept until the caches are cleared or a source is added or removed. What was an
   * old copy already when it was merged, as after a restart with `cacheDir`, is looked at until it was refreshed.
   * `auto`: a call that finds the copy of a source over a network no longer fresh has it revalidated in the background,
   * without waiting, and the merged index is made anew where the source's index has changed.
   */
  mergedIndexRefresh?: 'manual' | 'auto'
  /** How long a source that you wrote yourself may take to settle, in milliseconds; default 30 000. */
  sourceTimeoutMs?: number
  /** Takes over the reports of failures; default `console.error`. What it throws is ignored. */
  onError?: ErrorHandler
}

/** How a source over a network is doing beyond what {@link PackageSourceStatus} says of every source. */
export interface NetworkStatus {
  /** Whether the copy of its index is `fresh`, `stale` (it still answers), or there is `none`. */
  freshness: 'fresh' | 'stale' | 'none'
  /** Since that copy was fetched or last confirmed, in milliseconds; `null` where there is none. */
  ageMs: number | null
  /** `open`: it failed so often that it is not asked for now. `half-open`: one request tries whether it works again. */
  breaker: 'closed' | 'open' | 'half-open'
  /** Requests sent since the source was made, with further tries and redirects. */
  requests: number
  /** Questions that a copy answered. */
  hits: number
  /** Questions that had to wait for the source. */
  misses: number
}

/** How a source is doing. The fields of {@link NetworkStatus} are there for sources over a network alone. */
export interface PackageSourceStatus extends Partial<NetworkStatus> {
  /** Id of the source. */
  sourceId: string
  /** Its type, as its config says now. */
  type: PackageSourceType
  /** `unknown`: not asked yet. `ok`. `stale`: failing, but an old copy goes on serving. `failing`: it gave nothing. */
  state: 'unknown' | 'ok' | 'stale' | 'failing'
  /** Packages in its last index; 0 before the first. */
  packageCount: number
  /** When it last gave an index, in milliseconds since 1970; `null` before that. */
  lastSuccessAt: number | null
  /** Its last failure; `null` once an index was fetched without one. */
  lastError: { code: string; message: string } | null
  /** What is wrong with single packages, without failing the source. */
  warnings: PackageWarning[]
}

/** A malformed package, file or entry that was passed over. */
export interface PackageWarning {
  /** The file or folder (relative to the packages folder), or the place in an index (`packages[3]`, `entries[3]`). */
  path: string
  /** What is wrong, as a sentence. */
  reason: string
}

/** Why a candidate was not selected. */
export type LossReason =
  | 'shadowed by priority'
  | 'added later'
  | 'older version'
  | 'source type'
  | 'duplicate in source'
  | 'source failing'

/** One source's version of a package. */
export interface PackageCandidate {
  /** Id of the source. */
  sourceId: string
  /** The source's type when the index was merged. */
  type: PackageSourceType
  /** The version; `null` where the source is failing and may or may not have the package. */
  version: string | null
  /** The source's priority when the index was merged. */
  priority: number
  /** Whether this one won. */
  selected: boolean
  /** Why it lost; `null` for the selected one. */
  reason: LossReason | null
}

/** Who has a package, who won and why. */
export interface PackageExplanation {
  /** The id asked for. */
  packageId: string
  /** The strategy that decided. */
  conflictResolution: ConflictResolution
  /** Id of the winning source; `null` where none has the package. */
  selectedSource: string | null
  /** Every candidate of every source, in priority order. */
  candidates: PackageCandidate[]
}

/** What to search for beyond words, and which part of the results to return. */
export interface SearchOptions extends CallOptions {
  /** Only packages of exactly this category. */
  category?: string
  /** Only packages whose `minLevel` is exactly this. */
  minLevel?: number
  /** Only packages that this level may open (`minLevel <= userLevel`). */
  userLevel?: number
  /** 1 (default) to 2³¹. */
  page?: number
  /** 1 to 1000; default 20. */
  pageSize?: number
}

/** One page of search results. */
export interface SearchResult {
  /** The page's packages, best first. */
  packages: MergedPackageEntry[]
  /** How many packages match in all. */
  totalCount: number
  /** The page returned. */
  page: number
  /** The page size used. */
  pageSize: number
}

/**
 * Several sources as one.
 *
 * Failures of sources never reach you as exceptions: the failing source's packages are missing, the failure is
 * reported ({@link PackageSourceManagerConfig.onError}) and shows in {@link PackageSourceManager.getSourceStatus}.
 */
export declare class PackageSourceManager {
  /**
   * @param config Laid over the defaults.
   * @throws `EINVALIDARG` where a field has the wrong type.
   */
  constructor(config?: Partial<PackageSourceManagerConfig>)
  /**
   * Adds a source, or replaces the one with its id. A source whose config says `enabled: false` is ignored.
   * @throws `EINVALIDSOURCE` where a method is missing or the config is unusable.
   */
  addSource(source: PackageSource | PackageSourceLike): void
  /** Removes a source; `false` where there was none. */
  removeSource(sourceId: string): boolean
  /**
   * The very object that was added: one whose methods are synchronous ({@link PackageSourceLike}) is returned as it is,
   * so `await` what its methods give. Where no source has the id and exactly one has that type, that one.
   */
  getSource(sourceId: string): PackageSource | undefined
  /** All sources, in the order added: the very objects, also where their methods are synchronous. */
  getSources(): PackageSource[]
  /** All sources, best priority first: the very objects, also where their methods are synchronous. */
  getSourcesByPriority(): PackageSource[]
  /**
   * The merged index: a new array each time, its entries the same objects until the next build. Kept until
   * {@link PackageSourceManager.clearAllCaches}, `addSource` or `removeSource`; while a source fails, it is built
   * without that source. After a short back-off the source is tried again, for which a call waits half a second at most.
   */
  fetchMergedIndex(options?: CallOptions): Promise<MergedPackageEntry[]>
  /**
   * Loads a package from its selected source; where that gives nothing, from the others that have it.
   * `null` where none has it.
   * @throws (rejects) `EINVALIDARG` where `packageId` is no string.
   */
  loadPackage(packageId: string, options?: CallOptions): Promise<PackageData | null>
  /** Loads a package from one source, named by id (or by type, see `getSource`); `null` for an unknown source. */
  loadPackageFromSource(packageId: string, sourceId: string, options?: CallOptions): Promise<PackageData | null>
  /** Whether the merged index has the package. */
  hasPackage(packageId: string, options?: CallOptions): Promise<boolean>
  /** Versions by source id, without the sources that have none, in the order added. */
  getAllVersions(packageId: string, options?: CallOptions): Promise<Map<string, string[]>>
  /** Drops the merged index and what every source has cached. */
  clearAllCaches(): void
  /**
   * Settles when what is under way in the background now is done: refreshes of old copies, writing them to disk, and a
   * build of the merged index. What begins later is not waited for.
   * For `after()` or `waitUntil` of a server that stops between requests. Never rejects.
   */
  whenIdle(): Promise<void>
  /** How each source is doing, in the order added. Asks no source anything. */
  getSourceStatus(): PackageSourceStatus[]
  /** Every candidate for a package, which one won and why the others lost. */
  explain(packageId: string, options?: CallOptions): Promise<PackageExplanation>
  /**
   * Searches the merged index: matches in the id first, then in the name, then in description and author; ignores case
   * and accents; every word must match. The empty query finds everything, and so does one of `_`, `-` and `.` alone,
   * which count as spaces.
   * @throws (rejects) `EINVALIDARG` where an argument has the wrong type or is out of range.
   */
  searchPackages(query: string, options?: SearchOptions): Promise<SearchResult>
  /**
   * A Web-standard handler that answers GET and HEAD with `{ "packages": [ … ] }`, the merged index: as one ready body,
   * with a strong ETag, 304, gzip and brotli, made anew only when the merged index is. An entry of a source of yours that
   * can't be written as JSON is left out, and reported.
   *
   * It rejects where `userLevel` does, or gives what is no number.
   * @throws `EINVALIDARG` where an option has the wrong type.
   */
  createIndexHandler(options?: IndexHandlerOptions): (request: Request) => Promise<Response>
}

/** What {@link createPackageSourceManager} takes. An option that is `undefined` counts as not given. */
export interface CreatePackageSourceManagerOptions {
  /** Whether to add a remote source; default `false`. */
  enableRemote?: boolean
  /** The registry's base URL. */
  remoteUrl?: string
  /** The registry's token, or a function that gives it. */
  remoteAuthToken?: string | (() => Awaitable<string>)
  /** Further settings of the remote source, such as `cacheDir`. */
  remote?: Partial<RemoteSourceOptions>
  /** Settings of a Git source, which is added unless they say `enabled: false`. */
  git?: Partial<GitSourceOptions>
  /** Default `priority`. */
  conflictResolution?: ConflictResolution
  /** Whether the merged index follows its sources by itself; default `manual`. */
  mergedIndexRefresh?: 'manual' | 'auto'
  /** How long a source that you wrote yourself may take to settle, in milliseconds; default 30 000. */
  sourceTimeoutMs?: number
  /** Takes over the reports of failures; default `console.error`. What it throws is ignored. */
  onError?: ErrorHandler
}

/**
 * A manager with the local source and, where asked for, a remote and a Git one.
 * @throws `EINVALIDARG` where an option has the wrong type.
 */
export declare function createPackageSourceManager(options?: CreatePackageSourceManagerOptions): PackageSourceManager

/**
 * What {@link createPackageSourceManagerFromConfig} takes beside the configuration: the settings of a manager but for
 * `conflictResolution`, which the configuration gives. An option that is `undefined` counts as not given.
 */
export type CreateFromConfigOptions = Partial<Omit<PackageSourceManagerConfig, 'conflictResolution'>>

/**
 * A manager from a repository configuration.
 *
 * It refuses more than {@link validatePackageRepoConfig} finds: also an enabled source of type `s3`, for which there
 * is no class (write such a source yourself and add it), and one that its class refuses.
 * @param config Default: {@link getPackageRepoConfig}.
 * @param options How the manager asks sources and where it reports.
 * @throws `EINVALIDCONFIG` with all faults in `messages`; `EINVALIDARG` where an option has the wrong type.
 */
export declare function createPackageSourceManagerFromConfig(
  config?: PackageRepoConfig,
  options?: CreateFromConfigOptions,
): PackageSourceManager

// ── Registry service ─────────────────────────────────────────────────────────────────────────────────────────────────

/** How a registry is served. */
export interface RegistryOptions {
  /**
   * The store: a directory (absolute, or relative to the working directory) or a `file:` URL, made where it is missing.
   * {@link importPackages} fills it, also while it is served: a running service notices within a second or two.
   */
  store: string
  /** What stands before `/packages` in the URLs' paths; default `/api/v1`. */
  basePath?: string
  /**
   * Bearer tokens that may read, of visible ASCII characters. Without it everyone may. Without a token the answer is 401,
   * with another one 403.
   */
  readTokens?: string[]
  /**
   * Most answers that are being made at once, 1 or more; default 256. Further ones get 503. What is in memory and what is
   * refused doesn't count, nor does sending.
   */
  maxConcurrent?: number
  /** `max-age` of the answers, in seconds; default 60. */
  maxAgeSeconds?: number
  /** `stale-while-revalidate` of the answers, in seconds; default 600. */
  staleWhileRevalidateSeconds?: number
  /** Bytes of answers that are kept in memory, ready to be sent, and of what stands around them; default 64 MiB. */
  cacheMaxBytes?: number
  /**
   * Takes over the reports of what is wrong: a damaged version (`EMALFORMED`), which is left out until its files are
   * others; a store that can't be read, is missing or replaced by something else (`ESTORE`), while what was read before
   * goes on being served; a connection that a server can't accept (`ENETWORK`); a fault of this package (`EINTERNAL`).
   * Default `console.error`. What it throws is ignored.
   */
  onError?: (error: PackageSourcesError) => void
}

/** Web-standard request handlers, as a Next.js route module exports them. */
export interface RegistryHandlers {
  /**
   * Answers every method: others than GET and HEAD with 405. In a Next.js route they never come here: Next.js itself
   * answers them with 405 without `Allow`, and OPTIONS with 204.
   */
  GET(request: Request): Promise<Response>
  /** The same function. */
  HEAD(request: Request): Promise<Response>
}

/**
 * Handlers that answer the registry protocol (`GET /packages`, `/packages/search`, `/packages/:id`,
 * `/packages/:id/versions`, `/packages/:id/versions/:version`). Touches no file before the first request.
 *
 * Bodies are compressed for whoever accepts that, but not in Next.js: version 16.4 takes `Content-Encoding` (and
 * `Content-Length`) of a route's answer away; others don't. There, what stands before it has to compress.
 *
 * ```ts
 * // app/api/v1/packages/[[...path]]/route.ts
 * export const { GET, HEAD } = createRegistryHandlers({ store: process.env.PACKAGE_REGISTRY_STORE ?? 'store' })
 * ```
 * @throws `EINVALIDARG` where an option has the wrong type or is out of range.
 */
export declare function createRegistryHandlers(options: RegistryOptions): RegistryHandlers

/** How a registry is served by a server of its own. */
export interface RegistryServerOptions extends RegistryOptions {
  /** Address to listen on; default `127.0.0.1`. */
  host?: string
  /** Port to listen on; default 0, a free one. */
  port?: number
  /** Most connections, 1 or more; default 1024. Further ones are ended at once. */
  maxConnections?: number
}

/** A registry that listens. */
export interface ListeningRegistry {
  /** Its base URL, as a {@link RemotePackageSource} takes it; without a trailing slash. */
  readonly url: string
  /** The port that it listens on. */
  readonly port: number
  /**
   * Takes no more connections; settles when the answers under way are sent and all connections have ended, after ten
   * seconds at most. May be called again.
   */
  close(): Promise<void>
}

/** It is also an `AsyncDisposable` where the platform knows these: `await using` closes it. */
export type RegistryServer = ListeningRegistry & {
  readonly [Key in SymbolConstructor extends { readonly asyncDispose: infer Symbol extends symbol }
    ? Symbol
    : never]: () => Promise<void>
}

/**
 * The same as {@link createRegistryHandlers}, as an HTTP server. A client has 10 seconds for its header and 30 for a whole
 * request; its connection ends after a minute in which no byte of a request came and none of an answer was taken, and where
 * it sends more than 128 requests ahead of their answers. Bodies of requests are not read.
 * @returns Once it listens.
 * @throws (rejects) `EINVALIDARG`; `ESTORE` where the store can't be used; Node's own error, such as `EADDRINUSE`, where
 * it can't listen.
 */
export declare function createRegistryServer(options: RegistryServerOptions): Promise<RegistryServer>

/** Where to import to. */
export interface ImportOptions {
  /** The store, as in {@link RegistryOptions.store}; made where it is missing. */
  store: string
  /** Ends the import, after the packages (64 at most) that are being added. What was added until then stays. */
  signal?: AbortSignal
}

/** A version that is in a store. */
export interface PublishedVersion {
  /** The package's id. */
  packageId: string
  /** Its version. */
  version: string
  /** SHA-256, in lower-case hexadecimal digits, of the package as the registry serves it. */
  checksum: string
}

/** A package that could not be imported. */
export interface RefusedPackage {
  /** The package's id. */
  packageId: string
  /** Its version; `''` where it is not known. */
  version: string
  /**
   * `EINVALIDPACKAGE` (no valid version, nested too deep, or a part of it can't be read), `ECONFLICT` (that version was published with other
   * contents, which never change), `ETOOLARGE`, or `ESTORE`.
   */
  code: ErrorCode
  /** What is wrong, as a sentence. */
  message: string
}

/** What came of an import. */
export interface ImportResult {
  /** Versions that were added. */
  added: PublishedVersion[]
  /** Versions that were there already, with the same contents. */
  unchanged: PublishedVersion[]
  /** Packages that could not be added. */
  failed: RefusedPackage[]
  /** What in the folder was passed over or mended. */
  warnings: PackageWarning[]
}

/**
 * Adds every package of a packages folder, of either layout, to a registry's store. Each version is there whole or not at
 * all, whenever the process ends; what the promise tells of is sure to last.
 * @param directory The packages folder: a path or a `file:` URL.
 * @throws (rejects) `EINVALIDARG`; `ENOPACKAGES` or `EREAD` where the folder, `ESTORE` where the store can't be used;
 * `signal.reason` where it was aborted.
 */
export declare function importPackages(directory: string, options: ImportOptions): Promise<ImportResult>

/** How {@link PackageSourceManager.createIndexHandler} answers. */
export interface IndexHandlerOptions {
  /**
   * Whose view of the index is sent: only packages with `minLevel <= userLevel`. A function is asked for each request;
   * where it gives `undefined`, the view is that of level 1, public. Without it, the whole index is sent.
   */
  userLevel?: number | ((request: Request) => Awaitable<number | undefined>)
  /** The `Cache-Control` field; default `private, no-cache` with a function, else `public, no-cache`. */
  cacheControl?: string
}

// ── Configuration ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sources and how they are merged. */
export interface PackageRepoConfig {
  /** Which source wins. */
  conflictResolution: ConflictResolution
  /** The sources. */
  sources: Array<PackageSourceConfig | RemoteSourceConfig | GitSourceConfig>
}

/** `priority`, the local source alone. */
export declare const DEFAULT_PACKAGE_REPO_CONFIG: PackageRepoConfig

/** `local-first`: local, and the staging registry (not enabled). */
export declare const DEVELOPMENT_PACKAGE_REPO_CONFIG: PackageRepoConfig

/** `latest-version`: the production registry (not enabled) before local. */
export declare const PRODUCTION_PACKAGE_REPO_CONFIG: PackageRepoConfig

/**
 * The configuration for `NODE_ENV` (none set counts as `development`, an unknown one gives the default).
 * `NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES=true` enables every remote source; `PACKAGE_REGISTRY_AUTH_TOKEN` goes to remote
 * sources alone. A new object each time. In a browser, variables count that the bundler has inlined; a missing
 * `process` counts as none set.
 */
export declare function getPackageRepoConfig(): PackageRepoConfig

/**
 * The faults of a configuration, one message each; `[]` where it is valid. Never throws.
 *
 * It knows all types of source: one of type `s3` is no fault here, though {@link createPackageSourceManagerFromConfig}
 * can't make it and refuses it where it is enabled.
 */
export declare function validatePackageRepoConfig(config: PackageRepoConfig): string[]

// ── Permission ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The packages that a level may open (`minLevel <= userLevel`): a new object with the same values, in the same order.
 * A package whose `minLevel` is missing or no number is open to no level.
 */
export declare function getAccessiblePackages(registry: PackageRegistry, userLevel: number): PackageRegistry

/**
 * Whether a level may open a package (`minLevel <= userLevel`); `false` for every level where `minLevel` is missing or
 * no number.
 */
export declare function canAccessPackage(pkg: PackageDefinition, userLevel: number): boolean

/**
 * The packages by level: keys 1 to 6, each an array, and a further key for any other number, if one occurs. A `minLevel`
 * that is missing, 0 or no number counts as 1 here, where nothing is opened ({@link canAccessPackage} stays closed where
 * it is missing or no number).
 */
export declare function getPackagesByLevel(registry: PackageRegistry): Record<number, PackageDefinition[]>

// ── Registry ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Reads all packages of the default local source, as definitions by id. */
export declare function buildPackageRegistry(): Promise<PackageRegistry>

/** The default local folder's entries as they stand in `index.json`, or from the scan; `null` where there is no folder. */
export declare function loadPackageIndex(): Promise<PackageIndexFileEntry[] | null>

/** A package of the registry. */
export declare function getPackage(registry: PackageRegistry, packageId: string): PackageDefinition | undefined

/** The packages of exactly that category, in the registry's order. */
export declare function getPackagesByCategory(registry: PackageRegistry, category: string): PackageDefinition[]

/** A package's components; `[]` where it has none. */
export declare function getPackageComponents(pkg: PackageDefinition): PackageComponent[]

/** A package's single script; `''` where it has none. */
export declare function getPackageScripts(pkg: PackageDefinition): string

/** A package's script files; `[]` where it has none. */
export declare function getPackageScriptFiles(pkg: PackageDefinition): LuaScriptFile[]

/** A package's single script and its script files. */
export declare function getAllPackageScripts(pkg: PackageDefinition): { legacy: string; files: LuaScriptFile[] }

/** A package's example data; `{}` where it has none. */
export declare function getPackageExamples(pkg: PackageDefinition): PackageExamples

/** A script as {@link installPackage} and {@link exportAllPackagesForSeed} write it. */
export interface PackageScriptSeed {
  /** `package_<id>` for the single script, `package_<id>_<file name>` for a script file. */
  id: string
  /** `<Name> Scripts`, or `<Name> - <file name>`. */
  name: string
  /** The Lua source text. */
  code: string
  /** `package`, or the script file's own. */
  category?: string
  /** The package's id. */
  packageId: string
  /** A script file's path inside the package. */
  path?: string
  /** A script file's description. */
  description?: string
}

/** A package's metadata as {@link exportAllPackagesForSeed} writes it. */
export interface PackageMetadataSeed {
  /** The package's id. */
  packageId: string
  /** Display name. */
  name: string
  /** Semantic version. */
  version: string
  /** One or two sentences. */
  description: string
  /** Who wrote it. */
  author: string
  /** Such as `ui`, `social`, `tools`. */
  category: string
  /** Lowest permission level that may open the package, 1 to 6. */
  minLevel: number
  /** Ids of the packages that this one needs. */
  dependencies: string[]
  /** Path of the icon inside the package; `static_content/icon.svg` where it names none. */
  icon?: string
}

/** Seed data for a database. */
export interface PackageSeedData {
  /** The components of all packages. */
  components: PackageComponent[]
  /** The scripts of all packages. */
  scripts: PackageScriptSeed[]
  /** The metadata of all packages. */
  packages: PackageMetadataSeed[]
}

/** Seed data of a whole registry. */
export declare function exportAllPackagesForSeed(registry: PackageRegistry): PackageSeedData

// ── Dependencies ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** In which order to load packages, and what stands in the way. */
export interface DependencyResolutionResult {
  /** Every package once, dependencies before dependents, also those in a circle or with something missing. */
  loadOrder: string[]
  /** Packages with dependencies that the registry lacks. */
  unresolvable: Array<{ packageId: string; missing: string[] }>
  /** Circles, each from its first member back to it: `['a', 'b', 'a']`. The first 1,000 found, where there are more. */
  circular: string[][]
}

/** Whether the registry has all direct dependencies of a package. An unknown id is its own missing dependency. */
export declare function checkDependencies(
  registry: PackageRegistry,
  packageId: string,
): { satisfied: boolean; missing: string[] }

/** In which order to load the registry's packages: depth first, in the registry's order. */
export declare function resolveDependencyOrder(registry: PackageRegistry): DependencyResolutionResult

/** All that a package needs, directly or not, each once, without what the registry lacks. */
export declare function getAllDependencies(registry: PackageRegistry, packageId: string): string[]

/** The packages that directly need this one, in the registry's order. */
export declare function getDependents(registry: PackageRegistry, packageId: string): string[]

// ── Installing ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Your store, into which packages are installed. */
export interface PackageDatabase {
  /** Writes a value. */
  set(table: string, id: string, value: unknown): Promise<unknown>
  /** Reads a value; `undefined` or `null` where there is none. A rejection counts as a failure of the store. */
  get(table: string, id: string): Promise<unknown>
  /** Reads a table, as an object from id to value. */
  getAll(table: string): Promise<Record<string, unknown> | null | undefined>
  /** Deletes a value. */
  delete(table: string, id: string): Promise<unknown>
}

/** How an installation or a removal went. */
export interface InstallResult {
  /** Whether it was done. */
  success: boolean
  /** Why not. */
  error?: string
}

/**
 * Writes a package's components, scripts and installation record into your store. One that fails half-way takes back
 * what it wrote; a row whose present value the store can't read is not written.
 */
export declare function installPackage(
  registry: PackageRegistry,
  packageId: string,
  db: PackageDatabase,
): Promise<InstallResult>

/** Writes a package's components to the table `components`, under their ids. */
export declare function installPackageComponents(pkg: PackageDefinition, db: PackageDatabase): Promise<void>

/** Writes a package's scripts to the table `lua_scripts`. */
export declare function installPackageScripts(pkg: PackageDefinition, db: PackageDatabase): Promise<void>

/** Deletes all that {@link installPackage} wrote for a package, but no script row with another package's `packageId`. */
export declare function uninstallPackage(
  registry: PackageRegistry,
  packageId: string,
  db: PackageDatabase,
): Promise<InstallResult>

/** Whether a package is installed; `false` where the store fails. */
export declare function isPackageInstalled(packageId: string, db: PackageDatabase): Promise<boolean>

/** Ids of the installed packages; `[]` where the store fails. */
export declare function getInstalledPackages(db: PackageDatabase): Promise<string[]>

// ── Object form ──────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The registry, permission, dependency and installing functions as methods of one object. They use no `this`, so they
 * may be taken off it, and a subclass may override them.
 */
export declare class PackageGlue {
  loadPackageIndex(): Promise<PackageIndexFileEntry[] | null>
  buildPackageRegistry(): Promise<PackageRegistry>
  getPackage(registry: PackageRegistry, packageId: string): PackageDefinition | undefined
  getPackagesByCategory(registry: PackageRegistry, category: string): PackageDefinition[]
  getPackageComponents(pkg: PackageDefinition): PackageComponent[]
  getPackageScripts(pkg: PackageDefinition): string
  getPackageScriptFiles(pkg: PackageDefinition): LuaScriptFile[]
  getAllPackageScripts(pkg: PackageDefinition): { legacy: string; files: LuaScriptFile[] }
  getPackageExamples(pkg: PackageDefinition): PackageExamples
  exportAllPackagesForSeed(registry: PackageRegistry): PackageSeedData
  getAccessiblePackages(registry: PackageRegistry, userLevel: number): PackageRegistry
  canAccessPackage(pkg: PackageDefinition, userLevel: number): boolean
  getPackagesByLevel(registry: PackageRegistry): Record<number, PackageDefinition[]>
  checkDependencies(registry: PackageRegistry, packageId: string): { satisfied: boolean; missing: string[] }
  resolveDependencyOrder(registry: PackageRegistry): DependencyResolutionResult
  getAllDependencies(registry: PackageRegistry, packageId: string): string[]
  getDependents(registry: PackageRegistry, packageId: string): string[]
  installPackage(registry: PackageRegistry, packageId: string, db: PackageDatabase): Promise<InstallResult>
  installPackageComponents(pkg: PackageDefinition, db: PackageDatabase): Promise<void>
  installPackageScripts(pkg: PackageDefinition, db: PackageDatabase): Promise<void>
  uninstallPackage(registry: PackageRegistry, packageId: string, db: PackageDatabase): Promise<InstallResult>
  isPackageInstalled(packageId: string, db: PackageDatabase): Promise<boolean>
  getInstalledPackages(db: PackageDatabase): Promise<string[]>
}

/** The one instance that {@link getPackageGlue} returns. */
export declare const packageGlue: PackageGlue

/** The shared {@link PackageGlue}. */
export declare function getPackageGlue(): PackageGlue

// ── Diagnostics ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A failure in diagnostics: its code and its sentence, without secrets. */
export interface DiagnosticsFailure {
  /** One of {@link ErrorCode}. */
  code: string
  /** The sentence. */
  message: string
}

/**
 * The channels of `node:diagnostics_channel` and what is published on them. URLs are without user, password and query.
 *
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import type { DiagnosticsMessages } from '@metabuilder/package-sources'
 *
 * subscribe('package-sources:retry', (message) => {
 *   const { sourceId, url, delayMs } = message as DiagnosticsMessages['package-sources:retry']
 *   console.log(`${sourceId} asks ${url} again in ${delayMs} ms`)
 * })
 * ```
 */
export interface DiagnosticsMessages {
  /** A try of a request has ended, well or not. */
  'package-sources:request': {
    sourceId: string
    url: string
    /** 1 for the first try. */
    attempt: number
    /** `null` where no answer came. */
    status: number | null
    /** Of the answer's body, decoded. */
    bytes: number
    durationMs: number
    error: DiagnosticsFailure | null
  }
  /** A try has failed and another one follows. */
  'package-sources:retry': {
    sourceId: string
    url: string
    /** The try that follows; 2 for the first of them. */
    attempt: number
    delayMs: number
    error: DiagnosticsFailure
  }
  /** A refresh in the background has ended. */
  'package-sources:revalidate': {
    sourceId: string
    subject: 'index' | 'package' | 'versions' | 'search'
    /** With `package` and `versions`. */
    packageId?: string
    /** With `package`, where one was asked for. */
    version?: string
    outcome: 'changed' | 'unchanged' | 'failed'
    error: DiagnosticsFailure | null
  }
  /** A breaker has changed. */
  'package-sources:breaker': {
    sourceId: string
    state: 'closed' | 'open' | 'half-open'
    /** Failed requests in a row so far. */
    failures: number
  }
  /** A failure of any source, as it is reported to `onError`; once for each who is told. */
  'package-sources:error': ErrorContext & { error: PackageSourcesError }
}

// ── Errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Every code that an error of this package can have; the README says what each means and what to do. */
export type ErrorCode =
  | 'EINVALIDARG'
  | 'EINVALIDCONFIG'
  | 'EINVALIDSOURCE'
  | 'EBADRESULT'
  | 'ESOURCE'
  | 'ETIMEOUT'
  | 'ENOPACKAGES'
  | 'EREAD'
  | 'EMALFORMED'
  | 'ETOOLARGE'
  | 'ENETWORK'
  | 'EHTTP'
  | 'EPROTOCOL'
  | 'EREDIRECT'
  | 'ETLS'
  | 'EINTEGRITY'
  | 'EOFFLINE'
  | 'EBREAKEROPEN'
  | 'ECREDENTIALS'
  | 'ECACHE'
  | 'ENOREPOSITORY'
  | 'ENOREF'
  | 'ESSH'
  | 'ELOCKED'
  | 'EINVALIDPACKAGE'
  | 'ECONFLICT'
  | 'ESTORE'
  | 'EBROWSER'
  | 'EINTERNAL'

/** An error of this package. One that a source of yours threw keeps its own string `code`, else it has `ESOURCE`. */
export interface PackageSourcesError extends Error {
  /** Stable, upper case. */
  code: ErrorCode | (string & {})
  /** With `EINVALIDCONFIG`: every fault. */
  messages?: string[]
}
