// Checks the direction of imports: the crate's floors, who may know which foreign crate, and the JavaScript face.
//
//   node scripts/check-imports.mjs [root]
//
// Prints every violation as `file:line: what`; exits with 1 where there is one.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkCrate } from './lib/check-crate.mjs'
import { checkFace } from './lib/check-face.mjs'

/**
 * @param {string} root The repository's root.
 * @returns {{ files: number, violations: string[] }}
 */
export function checkImports(root) {
  const parts = [checkCrate(root), ...(existsSync(resolve(root, 'face')) ? [checkFace(root)] : [])]
  return {
    files: parts.reduce((sum, part) => sum + part.files, 0),
    violations: parts.flatMap((part) => part.violations),
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { files, violations } = checkImports(resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url))))
  for (const violation of violations) console.error(violation)
  console.log(violations.length ? `imports: ${violations.length} violations` : `imports: ${files} files, all downwards`)
  process.exitCode = violations.length ? 1 : 0
}
