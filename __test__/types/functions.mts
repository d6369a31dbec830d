// The functions over the caller's own registry, store and configuration.
import {
  canAccessPackage,
  checkDependencies,
  createPackageSourceManagerFromConfig,
  DEFAULT_PACKAGE_REPO_CONFIG,
  type exportAllPackagesForSeed,
  getAllPackageScripts,
  getInstalledPackages,
  getPackage,
  type getPackageGlue,
  getPackageRepoConfig,
  type getPackagesByLevel,
  type InstallResult,
  installPackage,
  type LuaScriptFile,
  loadPackageIndex,
  type PackageDatabase,
  type PackageDefinition,
  PackageGlue,
  type PackageIndexFileEntry,
  type PackageRegistry,
  type PackageRepoConfig,
  type PackageSeedData,
  type packageGlue,
  resolveDependencyOrder,
  validatePackageRepoConfig,
} from '@metabuilder/package-sources'
import { proven, type Same } from './expect-type.mjs'

const dashboard: PackageDefinition = {
  packageId: 'dashboard',
  name: 'Dashboard',
  version: '1.0.0',
  description: 'Figures at a glance',
  author: 'MetaBuilder',
  category: 'ui',
  dependencies: ['ui_core'],
  minLevel: 2,
  exports: { components: ['Chart'] },
  components: [{ id: 'chart', type: 'Card', props: { wide: true } }],
}
const registry: PackageRegistry = { dashboard }

proven<Same<ReturnType<typeof getPackage>, PackageDefinition | undefined>>()
const found = getPackage(registry, 'dashboard')
// @ts-expect-error it may not be there
found.name

proven<Same<ReturnType<typeof getPackagesByLevel>, Record<number, PackageDefinition[]>>>()
proven<Same<ReturnType<typeof exportAllPackagesForSeed>, PackageSeedData>>()
const scripts: { legacy: string; files: LuaScriptFile[] } = getAllPackageScripts(dashboard)
const missing: string[] = checkDependencies(registry, 'dashboard').missing
const circle: string[] | undefined = resolveDependencyOrder(registry).circular[0]
const index: PackageIndexFileEntry[] | null = await loadPackageIndex()
const ids: string[] | undefined = index?.map((entry) => entry.packageId)

// @ts-expect-error a definition has an id
const nameless: PackageDefinition = { name: 'Nameless' }

// @ts-expect-error a level is a number
canAccessPackage(dashboard, '2')

const tables = new Map<string, Map<string, unknown>>()
const db: PackageDatabase = {
  set: async (table, id, value) => tables.get(table)?.set(id, value),
  get: async (table, id) => tables.get(table)?.get(id),
  getAll: async (table) => Object.fromEntries(tables.get(table) ?? []),
  delete: async (table, id) => tables.get(table)?.delete(id),
}
const installed: InstallResult = await installPackage(registry, 'dashboard', db)
const installedIds: string[] = await getInstalledPackages(db)

// @ts-expect-error a store can delete, too
await installPackage(registry, 'dashboard', { set: db.set, get: db.get, getAll: db.getAll })

const config: PackageRepoConfig = getPackageRepoConfig()
const messages: string[] = validatePackageRepoConfig({ ...DEFAULT_PACKAGE_REPO_CONFIG, sources: config.sources })
createPackageSourceManagerFromConfig()
createPackageSourceManagerFromConfig(config)

// @ts-expect-error a configuration says how conflicts are resolved
validatePackageRepoConfig({ sources: [] })

proven<Same<typeof packageGlue, PackageGlue>>()
proven<Same<ReturnType<typeof getPackageGlue>, PackageGlue>>()
proven<Same<PackageGlue['installPackage'], typeof installPackage>>()
new PackageGlue().getPackage(registry, 'dashboard')
export class OwnGlue extends PackageGlue {
  override getPackage(from: typeof registry, packageId: string) {
    return super.getPackage(from, `own_${packageId}`)
  }
}

export { circle, ids, installed, installedIds, messages, missing, nameless, scripts }
