import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, WORK } from './root.mjs'
import { npm } from './run.mjs'
import { newestChange } from './stamp.mjs'

/** Whether `npm ci` has to run in the repository: nothing is installed, or less than the lockfile asks for. */
export function needsInstall() {
  const installed = newestChange([join(ROOT, 'node_modules/.package-lock.json')])
  return installed < newestChange([join(ROOT, 'package-lock.json')])
}

/** Whether the addon has to be built: there is none for this platform, or its sources are newer. */
export function needsBuild() {
  const { binaryName } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).napi
  const prefix = `${binaryName}.${process.platform}-${process.arch}`
  const binaries = readdirSync(ROOT).filter((name) => name.startsWith(prefix) && name.endsWith('.node'))
  const sources = ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'].map((name) => join(ROOT, name))
  return newestChange(binaries.map((name) => join(ROOT, name))) <= newestChange(sources)
}

/**
 * Packs the built addon as it would be published.
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<string>} The tarball's path.
 */
export async function packAddon({ signal } = {}) {
  mkdirSync(WORK, { recursive: true })
  // Without its scripts: packing would build once more what was just built.
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', WORK]
  const [{ filename }] = JSON.parse(await npm(args, { cwd: ROOT, capture: true, signal }))
  // Some versions of npm name a scoped package's tarball as it is not on disk.
  const tarball = [filename, filename.replace(/^@/, '').replace('/', '-')]
    .map((name) => join(WORK, name))
    .find(existsSync)
  if (!tarball) throw new Error(`npm pack wrote no ${filename}`)
  return tarball
}
