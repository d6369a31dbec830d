/**
 * Builds packages folders of both layouts in a temporary directory that is deleted when the test ends.
 *
 * ```js
 * const folder = packagesFolder(t)
 * folder.seed('dashboard', { minLevel: 2, dependencies: ['data_table'] }).components([{ id: 'StatCard' }])
 * folder.manifest('data_table', { dependencies: { ui_core: '^1.0.0' } }).file('styles/tokens.json', {})
 * const source = new LocalPackageSource({ url: folder.path })
 * ```
 *
 * Everything is written at once, so that a test sees on disk what it has called so far.
 */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * An empty directory that is deleted when the test ends.
 * @param {{ after: (fn: () => void) => void }} t The test context, or `{ after }` from node:test inside a `describe`.
 * @returns {string} Its absolute path, links resolved.
 */
export function temporaryDirectory(t) {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'package-sources-')))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/**
 * A packages folder, empty at first.
 * @param {{ after: (fn: () => void) => void }} t The test context, or `{ after }` from node:test.
 * @param {string} [name] The folder's own name inside its temporary parent (`folder.parent`).
 */
export function packagesFolder(t, name = 'packages') {
  return new PackagesFolder(temporaryDirectory(t), name)
}

/** The manifest fields that every package made here has, unless the test says otherwise. */
const manifestFields = (packageId) => ({
  packageId,
  name: titleOf(packageId),
  version: '1.0.0',
  description: `The package ${packageId}`,
  author: 'MetaBuilder',
  category: 'ui',
  minLevel: 1,
})

const titleOf = (packageId) =>
  packageId
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')

/** Leaves out the fields that a test gives as `undefined`, so that it can take defaults away. */
const present = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** A file's content as written: text and bytes as they are, anything else as JSON. */
const contentOf = (content) =>
  typeof content === 'string' || content instanceof Uint8Array ? content : `${JSON.stringify(content, null, 2)}\n`

export class PackagesFolder {
  constructor(parent, name) {
    /** The temporary directory around the folder: for what must lie outside of it. */
    this.parent = parent
    /** The folder's absolute path. */
    this.path = join(parent, name)
    mkdirSync(this.path, { recursive: true })
  }

  /** The folder as a `file:` URL. */
  get fileUrl() {
    return pathToFileURL(this.path).href
  }

  /**
   * A package in the seed layout (`<folder>/seed/metadata.json`).
   * @param {string} packageId
   * @param {Record<string, unknown>} [fields] Over the default manifest; `undefined` takes a default away.
   * @param {{ folder?: string }} [options] `folder`: its directory's name where that isn't the id.
   */
  seed(packageId, fields = {}, { folder = packageId } = {}) {
    const manifest = present({ ...manifestFields(packageId), dependencies: [], ...fields })
    return new PackageBuilder(this, folder, 'seed').file('seed/metadata.json', manifest)
  }

  /**
   * A package in the manifest layout (`<folder>/package.json`).
   * @param {string} packageId
   * @param {Record<string, unknown>} [fields] Over the default manifest; `undefined` takes a default away.
   * @param {{ folder?: string }} [options] `folder`: its directory's name where that isn't the id.
   */
  manifest(packageId, fields = {}, { folder = packageId } = {}) {
    const manifest = present({ ...manifestFields(packageId), dependencies: {}, ...fields })
    return new PackageBuilder(this, folder, 'manifest').file('package.json', manifest)
  }

  /** `index.json` with these entries. */
  index(entries, fields = {}) {
    return this.file('index.json', { ...fields, packages: entries })
  }

  /** Any file below the folder; text and bytes as they are, anything else as JSON. */
  file(path, content) {
    write(join(this.path, path), content)
    return this
  }

  /** A file beside the folder, below {@link PackagesFolder.parent}. */
  outside(path, content) {
    write(join(this.parent, path), content)
    return this
  }

  /** A link at `path` below the folder to `target`. */
  link(path, target) {
    const at = join(this.path, path)
    mkdirSync(dirname(at), { recursive: true })
    symlinkSync(target, at)
    return this
  }

  /** Deletes a file or directory below the folder; without `path` the folder itself. */
  remove(path = '.') {
    rmSync(join(this.path, path), { recursive: true, force: true })
    return this
  }
}

/** One package's directory. Each method writes and returns the builder. */
export class PackageBuilder {
  #scriptManifest = []

  constructor(folder, name, layout) {
    this.folder = folder
    /** The package's directory. */
    this.path = join(folder.path, name)
    this.layout = layout
  }

  /** Any file of the package; text and bytes as they are, anything else as JSON. */
  file(path, content) {
    write(join(this.path, path), content)
    return this
  }

  /** The package's components, where its layout keeps them. */
  components(components) {
    return this.layout === 'seed'
      ? this.file('seed/components.json', components)
      : this.file('components/ui.json', { components })
  }

  /** The single script, `seed/scripts.lua` (seed layout). */
  script(code) {
    return this.file('seed/scripts.lua', code)
  }

  /** A script file listed in `seed/scripts/manifest.json` (seed layout). */
  listedScript(file, code, fields = {}) {
    this.#scriptManifest.push({ file, ...fields })
    this.file('seed/scripts/manifest.json', { scripts: this.#scriptManifest })
    return this.file(`seed/scripts/${file}`, code)
  }

  /** A script file that no manifest lists (seed layout). */
  unlistedScript(file, code) {
    return this.file(`seed/scripts/${file}`, code)
  }

  /** `static_content/examples.json`. */
  examples(examples) {
    return this.file('static_content/examples.json', examples)
  }

  /** `static_content/icon.svg`. */
  icon(svg = '<svg xmlns="http://www.w3.org/2000/svg"/>\n') {
    return this.file('static_content/icon.svg', svg)
  }
}

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contentOf(content))
}
