/** The Next.js example, built by either bundler and served. */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packAddon } from '../../../scripts/lib/addon.mjs'
import {
  buildExample,
  digestOfBuild,
  prepareExample,
  serveExample,
  stageExample,
} from '../../../scripts/lib/example.mjs'
import { freePort } from '../../../scripts/lib/ports.mjs'
import { ROOT, WORK } from '../../../scripts/lib/root.mjs'
import { unlessDone } from '../../../scripts/lib/stamp.mjs'
import { git } from '../../helpers/git/program.mjs'

const STAGED = join(WORK, 'test/example')

/** The sample packages that the example shows as its own. */
export const PACKAGES = join(ROOT, 'packages')

/** The second catalogue, which the example publishes in its own registry. */
export const CATALOGUE = join(ROOT, 'examples/nextjs/registry/catalogue')

/** The packages of the newer release in the Git repository that the example makes: all that the repository has. */
export const RELEASE = join(ROOT, 'examples/nextjs/repository/2.1.0/packages')

/** The commit that the example's own Git repository is at, as git itself has it. */
export function headOf(repository) {
  return git(['--git-dir', repository, 'rev-parse', 'refs/heads/main']).toString().trim()
}

/**
 * The folder of a build; made anew unless there is one of just these sources and this addon. It lies away from the
 * installed dependencies, so that what the build forgot to trace is missing.
 * @param {'turbopack' | 'webpack'} bundler
 */
export async function builtApp(bundler) {
  const built = join(WORK, 'test', bundler)
  const tarball = await packAddon()
  stageExample({ directory: STAGED })
  await prepareExample({ directory: STAGED, tarball })
  await unlessDone(join(built, 'BUILT'), digestOfBuild({ directory: STAGED, tarball }), async () => {
    rmSync(join(STAGED, '.next'), { recursive: true, force: true })
    await buildExample({ directory: STAGED, bundler })
    rmSync(built, { recursive: true, force: true })
    mkdirSync(built, { recursive: true })
    renameSync(join(STAGED, '.next'), join(built, '.next'))
  })
  return built
}

/**
 * Serves a build on a free port.
 * @param {string} directory What {@link builtApp} gave.
 * @param {{ registryUrl?: string, gitUrl?: string, packagesDir?: string, env?: NodeJS.ProcessEnv,
 *   stderr?: 'inherit' | 'pipe' }} options
 */
export async function serveApp(directory, { packagesDir = PACKAGES, ...options } = {}) {
  const timeoutMs = 300_000
  return serveExample({ directory, port: await freePort(), packagesDir, timeoutMs, ...options })
}

/**
 * The ids of a folder's packages, as their manifests say: what the catalogue must show, read without the addon.
 * @param {string} folder
 * @returns {string[]}
 */
export function idsIn(folder) {
  return manifestsIn(folder).map(({ packageId }) => packageId)
}

/** The manifests of a folder's packages, ordered by id. */
export function manifestsIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map(({ name }) => manifestOf(join(folder, name)))
    .sort((a, b) => (a.packageId < b.packageId ? -1 : 1))
}

function manifestOf(folder) {
  const names = readdirSync(folder)
  const file = names.includes('package.json') ? 'package.json' : 'seed/metadata.json'
  const manifest = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return manifest.metadata ?? manifest
}
