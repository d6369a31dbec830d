import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** When the newest of some files was changed, folders searched through, in milliseconds; 0 where there is none. */
export function newestChange(paths) {
  return Math.max(0, ...filesOf(paths).map((file) => statSync(file).mtimeMs))
}

/** A digest of the bytes of some files, folders searched through, and of `salt`. */
export function digestOf(paths, salt = '') {
  const hash = createHash('sha256').update(salt)
  for (const file of filesOf(paths)) hash.update(`\0${file}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/**
 * Does work, unless `stampFile` says that it was done with the same digest. The stamp goes first and comes last, so
 * that work that broke off half-way is done again.
 */
export async function unlessDone(stampFile, digest, work) {
  if (readIfThere(stampFile) === digest) return
  rmSync(stampFile, { force: true })
  await work()
  writeFileSync(stampFile, digest)
}

function filesOf(paths) {
  return paths.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) return []
    if (!stats.isDirectory()) return [path]
    return filesOf(
      readdirSync(path)
        .sort()
        .map((name) => join(path, name)),
    )
  })
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
