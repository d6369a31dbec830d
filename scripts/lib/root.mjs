import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Where the scripts put what they make; ignored by git. */
export const WORK = join(ROOT, '.work')
