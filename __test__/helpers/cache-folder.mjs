/** A folder for the disk cache, and what is in it. */

import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.mjs'

/** A new folder, which is removed when the test ends. */
export function cacheFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'package-sources-cache-'))
  t.after(() => until(() => isRemoved(folder), { what: `the end of ${folder}` }))
  return folder
}

/** Removes a folder, unless something is being written into it just now. */
function isRemoved(folder) {
  try {
    rmSync(folder, { recursive: true, force: true })
    return true
  } catch (error) {
    if (error.code !== 'ENOTEMPTY') throw error
    return false
  }
}

/** The files below a folder: `{ path, size, mode, read() }` each. What goes in the meantime is passed over. */
export function filesBelow(folder) {
  const files = []
  let names = []
  try {
    names = readdirSync(folder)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  for (const name of names) {
    const path = join(folder, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) files.push(...filesBelow(path))
    else if (found) files.push({ path, size: found.size, mode: found.mode, read: () => readFileSync(path) })
  }
  return files
}

/** A folder and those below it, the outer ones first. */
export function foldersBelow(folder) {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [folder, ...names.flatMap(({ name }) => foldersBelow(join(folder, name)))]
}

/** The bytes of all files below a folder. */
export const bytesBelow = (folder) => filesBelow(folder).reduce((sum, { size }) => sum + size, 0)
