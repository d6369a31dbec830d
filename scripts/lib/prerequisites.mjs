import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './root.mjs'

/** Next.js needs more than the addon itself, which runs on every Node.js 20. */
const NODE_FOR_EXAMPLE = '20.9.0'

/** What stands in the way of running anything here, one message each. */
export function missingForExample() {
  if (isAtLeast(process.versions.node, NODE_FOR_EXAMPLE)) return []
  return [`Node.js ${NODE_FOR_EXAMPLE} or newer is needed, this is ${process.versions.node}: https://nodejs.org`]
}

/** What stands in the way of building the addon, one message each. */
export function missingForBuild() {
  const rustVersion = /^rust-version = "(.+)"$/m.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8'))?.[1] ?? '1.92'
  const missing = []
  for (const tool of ['cargo', 'rustc']) {
    const found = versionOf(tool)
    if (found === undefined) {
      missing.push(`${tool} is not on the PATH: install Rust ${rustVersion} or newer, https://rustup.rs`)
    } else if (!isAtLeast(found, rustVersion)) {
      missing.push(`${tool} ${rustVersion} or newer is needed, this is ${found}: run "rustup update stable"`)
    }
  }
  if (!hasCompiler()) {
    missing.push(
      'A C compiler is needed: install gcc or clang (Debian: build-essential, macOS: xcode-select --install)',
    )
  }
  return missing
}

/** What stands in the way of running the tests beyond what building needs, one message each. */
export function missingForTests() {
  if (versionOf('git') !== undefined) return []
  return ['git is not on the PATH: install it (Debian: git, macOS: xcode-select --install), https://git-scm.com']
}

function hasCompiler() {
  // On Windows cargo finds Visual Studio by itself, and names it where it is missing.
  if (process.platform === 'win32') return true
  const named = process.env.CC?.trim().split(/\s+/)[0]
  const candidates = named ? [named] : ['cc', 'gcc', 'clang']
  return candidates.some((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0)
}

function versionOf(tool) {
  const { status, stdout } = spawnSync(tool, ['--version'], { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
}

function isAtLeast(version, wanted) {
  const [have, need] = [version, wanted].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  for (let index = 0; index < 3; index++) {
    const difference = (have[index] ?? 0) - (need[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
