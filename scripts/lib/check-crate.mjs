import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { paths, tokens } from './rust-paths.mjs'

/**
 * The crate's floors, top first. A module may import any floor below its own; modules of one floor don't know each
 * other.
 */
export const FLOORS = [
  ['bindings'],
  ['manager'],
  ['publish', 'resolver', 'lockfile', 'registry', 'index'],
  ['source', 'search'],
  ['permission', 'model'],
  ['answer'],
  ['files', 'json', 'text'],
  ['error'],
]

/** What a module may not import although it lies on a floor below. */
const KEPT_APART = { resolver: { source: 'the resolver sees only its provider trait' } }

/** Foreign crates that not every module may know. */
const FOREIGN = {
  napi: ['bindings'],
  napi_derive: ['bindings'],
  git2: ['source', 'bindings'],
  reqwest: ['source'],
  hyper: ['source'],
}

/**
 * @param {string} root The repository's root.
 * @returns {{ files: number, violations: string[] }}
 */
export function checkCrate(root) {
  const files = rustFiles(root, 'src').map((path) => readModule(root, path))
  const reexports = topLevelNames(files.find((file) => file.module.length === 0))
  return {
    files: files.length,
    violations: [...files.flatMap((file) => fileViolations(file, reexports)), ...unusedDependencies(root, files)],
  }
}

function rustFiles(root, folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs'))
    .sort()
    .map((name) => join(folder, name))
}

function readModule(root, path) {
  const module = relative('src', path).split(sep)
  const last = module.pop()?.replace(/\.rs$/, '') ?? ''
  if (last !== 'mod' && !(last === 'lib' && module.length === 0)) module.push(last)
  const list = tokens(readFileSync(join(root, path), 'utf8'))
  return { path: path.split(sep).join('/'), module, tokens: list, paths: paths(list) }
}

// `pub use error::Error` in lib.rs makes `crate::Error` a path into `error`.
function topLevelNames(lib) {
  const names = new Map()
  for (const { segments, binds } of lib?.paths ?? []) {
    const local = segments.filter((segment) => segment !== 'crate' && segment !== 'self')
    if (binds && floorOf(local[0]) >= 0) names.set(binds, local[0])
  }
  return names
}

function fileViolations(file, reexports) {
  const [own] = file.module
  const found = new Set()
  const say = (line, what) => found.add(`${file.path}:${line}: ${what}`)
  for (const { text, name, line } of file.tokens) {
    const homes = name && Object.hasOwn(FOREIGN, text) ? FOREIGN[text] : undefined
    if (homes && !homes.includes(own)) say(line, `\`${text}\` belongs under src/${homes.join(', src/')} alone`)
  }
  if (own === undefined) return [...found]
  if (floorOf(own) < 0) say(1, `\`${own}\` has no floor: give it one in scripts/lib/check-crate.mjs`)
  for (const path of file.paths) {
    const target = topLevelTarget(file.module, path, reexports)
    if (target === undefined || target === own) continue
    const reason = KEPT_APART[own]?.[target]
    if (floorOf(target) < 0)
      say(path.line, `\`${path.segments.join('::')}\` leads to \`${target}\`, which has no floor`)
    else if (reason) say(path.line, `\`${own}\` imports \`${target}\`: ${reason}`)
    else if (floorOf(target) === floorOf(own)) say(path.line, `\`${own}\` imports \`${target}\`, which lies beside it`)
    else if (floorOf(target) < floorOf(own)) say(path.line, `\`${own}\` imports \`${target}\`, which lies above it`)
  }
  return [...found]
}

const floorOf = (module) => FLOORS.findIndex((floor) => floor.includes(module))

// The crate's top-level module that a path leads into; undefined where it leads out of the crate or nowhere.
function topLevelTarget(module, { segments, inside }, reexports) {
  let here = [...module, ...inside]
  let rest = segments
  if (rest[0] === 'crate') {
    here = []
    rest = rest.slice(1)
  } else if (rest[0] !== 'self' && rest[0] !== 'super') return undefined
  while (rest[0] === 'self' || rest[0] === 'super') {
    if (rest[0] === 'super') here = here.slice(0, -1)
    rest = rest.slice(1)
  }
  const target = [...here, ...rest][0]
  return reexports.get(target) ?? target
}

// A dependency whose name occurs nowhere is one that nobody needs.
function unusedDependencies(root, files) {
  const others = [...rustFiles(root, 'tests'), ...rustFiles(root, 'benches'), 'build.rs']
    .filter((path) => existsSync(join(root, path)))
    .map((path) => tokens(readFileSync(join(root, path), 'utf8')))
  const used = new Set([...files.map((file) => file.tokens), ...others].flat().map((token) => token.text))
  return dependencies(readFileSync(join(root, 'Cargo.toml'), 'utf8'))
    .filter(({ name }) => !used.has(name.replaceAll('-', '_')))
    .map(({ name, line }) => `Cargo.toml:${line}: nothing uses \`${name}\``)
}

function dependencies(manifest) {
  let section = ''
  return manifest.split('\n').flatMap((text, index) => {
    section = /^\[(.+)\]/.exec(text)?.[1] ?? section
    const name = /^([\w-]+)\s*=/.exec(text)?.[1]
    return name && /(^|-|\.)dependencies$/.test(section) ? [{ name, line: index + 1 }] : []
  })
}
