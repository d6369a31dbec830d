/** A folder for the disk cache, and what is in it. */

import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder, which is removed when the test ends. */
export function cacheFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'package-sources-cache-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
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

/** The bytes of all files below a folder. */
export const bytesBelow = (folder) => filesBelow(folder).reduce((sum, { size }) => sum + size, 0)
