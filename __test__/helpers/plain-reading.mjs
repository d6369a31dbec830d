/**
 * An independent reading of a packages folder: plain and synchronous JavaScript, written from the description of the
 * two layouts, for comparing with what the addon reads.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const CONVENTIONAL = ['init', 'handlers', 'validators', 'utils', 'state', 'actions']

/** Whether a file is there. */
const isFile = (path) => existsSync(path) && statSync(path).isFile()

/** A file's text; `undefined` where there is none. */
const textOf = (path) => (isFile(path) ? readFileSync(path, 'utf8') : undefined)

/** A file's JSON value; `undefined` where there is none or it is malformed. */
export function jsonOf(path) {
  const text = textOf(path)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A folder's packages: `{ folder, layout, manifest }` by id. */
export function readManifests(root) {
  const found = new Map()
  for (const name of readdirSync(root)) {
    const folder = join(root, name)
    if (!statSync(folder).isDirectory()) continue
    const own = jsonOf(join(folder, 'package.json'))
    const seed = jsonOf(join(folder, 'seed/metadata.json'))
    if (typeof own?.packageId === 'string') found.set(own.packageId, { folder, layout: 'manifest', manifest: own })
    else if (seed) {
      const manifest = seed.packageId === undefined ? seed.metadata : seed
      found.set(manifest.packageId, { folder, layout: 'seed', manifest, beside: manifest === seed ? {} : seed })
    }
  }
  return found
}

/** What an index entry of this manifest should be. */
export function expectedEntry(manifest, sourceId) {
  const { dependencies, minLevel } = manifest
  const entry = {
    name: manifest.packageId,
    version: '',
    description: '',
    author: '',
    category: '',
    ...manifest,
    dependencies: Array.isArray(dependencies) ? dependencies : Object.keys(dependencies ?? {}),
    minLevel: typeof minLevel === 'number' && minLevel ? minLevel : 1,
    sourceId,
  }
  if (dependencies && !Array.isArray(dependencies)) entry.dependencyRanges = dependencies
  return entry
}

/** What loading this package should give. */
export function expectedPackage({ folder, layout, manifest, beside = {} }, sourceId) {
  const contents = layout === 'seed' ? join(folder, 'seed') : folder
  const file = jsonOf(join(contents, layout === 'seed' ? 'components.json' : 'components/ui.json')) ?? beside.components
  const data = {
    metadata: expectedEntry(manifest, sourceId),
    components: (Array.isArray(file) ? file : file?.components) ?? [],
    scriptFiles: scriptFilesIn(join(contents, 'scripts')),
  }
  const scripts = textOf(join(contents, 'scripts.lua'))
  if (scripts !== undefined) data.scripts = scripts
  const examples = jsonOf(join(folder, 'static_content/examples.json')) ?? beside.examples
  if (examples !== undefined) data.examples = examples
  return data
}

function scriptFilesIn(scripts) {
  const manifest = jsonOf(join(scripts, 'manifest.json'))
  if (manifest) return manifest.scripts.map((listed) => listedScript(scripts, listed))
  return CONVENTIONAL.filter((name) => isFile(join(scripts, `${name}.lua`))).map((name) => ({
    name,
    path: `scripts/${name}.lua`,
    code: textOf(join(scripts, `${name}.lua`)),
    category: 'auto-discovered',
  }))
}

function listedScript(scripts, { file, path, name, category, description }) {
  const listed = file ?? path
  const script = { name: name ?? listed, path: `scripts/${listed}`, code: textOf(join(scripts, listed)) }
  if (category !== undefined) script.category = category
  if (description !== undefined) script.description = description
  return script
}
