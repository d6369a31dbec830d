/**
 * Configurations: which sources there are and how they are merged.
 *
 * @typedef {import('../index.js').PackageRepoConfig} PackageRepoConfig
 * @typedef {import('../index.js').PackageSourceConfig} PackageSourceConfig
 * @typedef {import('../index.js').ConflictResolution} ConflictResolution
 */

const { shown } = require('./errors.js')

/** @type {PackageSourceConfig} */
const DEFAULT_LOCAL_SOURCE = {
  id: 'local',
  name: 'Local Packages',
  type: 'local',
  url: '/packages',
  priority: 0,
  enabled: true,
}

/** @type {PackageSourceConfig} */
const DEFAULT_REMOTE_SOURCE = {
  id: 'metabuilder-registry',
  name: 'MetaBuilder Registry',
  type: 'remote',
  url: 'https://registry.metabuilder.dev/api/v1',
  priority: 10,
  enabled: false,
}

/** @type {PackageSourceConfig} */
const DEFAULT_GIT_SOURCE = {
  id: 'git',
  name: 'Git Packages',
  type: 'git',
  url: '',
  priority: 20,
  enabled: true,
}

/** @type {PackageRepoConfig} */
const DEFAULT_PACKAGE_REPO_CONFIG = {
  conflictResolution: 'priority',
  sources: [{ ...DEFAULT_LOCAL_SOURCE }],
}

/** @type {PackageRepoConfig} */
const DEVELOPMENT_PACKAGE_REPO_CONFIG = {
  conflictResolution: 'local-first',
  sources: [
    { ...DEFAULT_LOCAL_SOURCE, name: 'Local Development' },
    {
      id: 'staging',
      name: 'Staging Registry',
      type: 'remote',
      url: 'https://staging.registry.metabuilder.dev/api/v1',
      priority: 10,
      enabled: false,
    },
  ],
}

/** @type {PackageRepoConfig} */
const PRODUCTION_PACKAGE_REPO_CONFIG = {
  conflictResolution: 'latest-version',
  sources: [
    { ...DEFAULT_LOCAL_SOURCE, name: 'Bundled Packages', priority: 10 },
    { ...DEFAULT_REMOTE_SOURCE, id: 'production', priority: 0 },
  ],
}

/** @type {readonly ConflictResolution[]} */
const CONFLICT_RESOLUTIONS = ['priority', 'latest-version', 'local-first', 'remote-first']

/** @returns {PackageRepoConfig} */
function getPackageRepoConfig() {
  // Each in full, for bundlers put a value in place of the whole `process.env.NAME` and of nothing else.
  const environment = fromEnvironment(() => process.env.NODE_ENV)
  const enableRemote = fromEnvironment(() => process.env.NEXT_PUBLIC_ENABLE_REMOTE_PACKAGES)
  const authToken = fromEnvironment(() => process.env.PACKAGE_REGISTRY_AUTH_TOKEN)
  const { conflictResolution, sources } = configFor(environment || 'development')
  return {
    conflictResolution,
    sources: sources.map((source) => {
      if (source.type !== 'remote') return { ...source }
      return {
        ...source,
        enabled: source.enabled || enableRemote === 'true',
        ...(authToken && { authToken }),
      }
    }),
  }
}

/**
 * A variable, where there is an environment: a browser may have no `process`. Asking for `process` first would lose
 * what a bundler has put in the place of the read, so the read is tried.
 *
 * @param {() => string | undefined} read
 */
function fromEnvironment(read) {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** @param {string} environment */
function configFor(environment) {
  switch (environment) {
    case 'production':
      return PRODUCTION_PACKAGE_REPO_CONFIG
    case 'development':
      return DEVELOPMENT_PACKAGE_REPO_CONFIG
    default:
      return DEFAULT_PACKAGE_REPO_CONFIG
  }
}

/**
 * @param {unknown} config
 * @returns {string[]}
 */
function validatePackageRepoConfig(config) {
  const messages = []
  const { conflictResolution, sources: listed } = readable(config)
  const sources = Array.isArray(listed) ? Array.from(listed, readable) : []
  if (sources.length === 0) messages.push('At least one package source is required')
  const ids = new Set()
  for (const source of sources) messages.push(...faultsOf(source, ids))
  if (!sources.some((source) => source.enabled)) messages.push('At least one source must be enabled')
  if (conflictResolution !== undefined && !CONFLICT_RESOLUTIONS.includes(/** @type {any} */ (conflictResolution))) {
    messages.push(`Unknown conflict resolution: ${shown(conflictResolution)}`)
  }
  return messages
}

/**
 * The fields that are looked at; none where there is no object, or one that throws.
 *
 * @param {unknown} value
 * @returns {{ conflictResolution?: unknown, sources?: unknown, enabled?: unknown, id?: unknown, type?: unknown, url?: unknown }}
 */
function readable(value) {
  try {
    const { conflictResolution, sources, enabled, id, type, url } = /** @type {any} */ (value)
    return { conflictResolution, sources, enabled, id, type, url }
  } catch {
    return {}
  }
}

/**
 * @param {{ id?: unknown, type?: unknown, url?: unknown }} source
 * @param {Set<unknown>} ids Ids of the sources before; this one's is added.
 */
function faultsOf({ id, type, url }, ids) {
  const messages = []
  const name = typeof id === 'string' ? id : ''
  if (name === '') messages.push('Source ID is required')
  else if (ids.has(name)) messages.push(`Duplicate source ID: ${name}`)
  ids.add(name)
  if (typeof url !== 'string' || url === '') messages.push(`Source ${name}: URL is required`)
  else if (type === 'remote' && !/^https?:\/\//i.test(url)) {
    messages.push(`Source ${name}: Remote URL must start with http(s)`)
  }
  return messages
}

module.exports = {
  CONFLICT_RESOLUTIONS,
  DEFAULT_GIT_SOURCE,
  DEFAULT_LOCAL_SOURCE,
  DEFAULT_PACKAGE_REPO_CONFIG,
  DEFAULT_REMOTE_SOURCE,
  DEVELOPMENT_PACKAGE_REPO_CONFIG,
  getPackageRepoConfig,
  PRODUCTION_PACKAGE_REPO_CONFIG,
  validatePackageRepoConfig,
}
