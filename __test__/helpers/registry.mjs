/** A package definition, as a registry holds it. */
export function definition(packageId, fields = {}) {
  return {
    packageId,
    name: `Package ${packageId}`,
    version: '1.0.0',
    description: `What ${packageId} does`,
    author: 'MetaBuilder',
    category: 'ui',
    dependencies: [],
    minLevel: 1,
    exports: { components: [] },
    components: [],
    ...fields,
  }
}

/**
 * A registry of these definitions, by id. Ids such as `__proto__` become own properties like any other.
 * @param {...object} definitions
 */
export function registryOf(...definitions) {
  const registry = {}
  for (const one of definitions) {
    Object.defineProperty(registry, one.packageId, { value: one, enumerable: true, writable: true, configurable: true })
  }
  return registry
}

/** A registry from ids to the ids that they depend on. */
export function dependencyGraph(graph) {
  return registryOf(...Object.entries(graph).map(([id, dependencies]) => definition(id, { dependencies })))
}

/** Ids that an object literal already answers to. */
export const INHERITED_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
