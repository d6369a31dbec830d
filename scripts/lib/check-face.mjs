import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import ts from 'typescript'

/** The files that an application's import reaches first. */
const DOORS = ['index.js', 'index.mjs', 'browser.mjs']

/** Node's modules that the face may use: none of them does input or output. */
const BUILTINS = new Set([
  'node:diagnostics_channel',
  'node:events',
  'node:module',
  'node:timers/promises',
  'node:util',
])

/** The one file that opens a socket: an HTTP server is Node's own, and what it answers comes from the core. */
const SERVER = { file: 'face/service/server.js', specifier: 'node:http' }

/**
 * The face is thin: it does no input or output of its own and leans on no package, and what a browser loads of it
 * reaches neither the native part nor Node.
 * @param {string} root The repository's root.
 * @returns {{ files: number, violations: string[] }}
 */
export function checkFace(root) {
  const inFace = readdirSync(join(root, 'face'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?js$/.test(name))
    .map((name) => `face/${name.split(sep).join('/')}`)
  const files = new Map(
    [...DOORS, ...inFace].filter((path) => existsSync(join(root, path))).map((path) => [path, importsOf(root, path)]),
  )
  return { files: files.size, violations: [...[...files.values()].flat().flatMap(misuse), ...browserReach(files)] }
}

/** @returns {{ file: string, line: number, specifier: string, target: string | undefined }[]} */
function importsOf(root, file) {
  const text = readFileSync(join(root, file), 'utf8')
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    file,
    line: text.slice(0, pos).split('\n').length,
    specifier: fileName,
    target: fileName.startsWith('.') ? posix.join(dirname(file), fileName) : undefined,
  }))
}

function misuse({ file, line, specifier, target }) {
  const at = `${file}:${line}:`
  if (target === undefined) {
    const isServer = file === SERVER.file && specifier === SERVER.specifier
    return BUILTINS.has(specifier) || isServer
      ? []
      : [`${at} \`${specifier}\` is not for the face: files and network are the core's`]
  }
  const allowed =
    target.startsWith('face/') || target === 'binding.js' || DOORS.includes(target) || target === 'package.json'
  return allowed ? [] : [`${at} \`${specifier}\` leads out of the face`]
}

// Follows the imports from browser.mjs.
function browserReach(files) {
  const found = []
  const open = ['browser.mjs']
  const seen = new Set(open)
  for (const path of open) {
    for (const { file, line, specifier, target } of files.get(path) ?? []) {
      if (target === undefined || target === 'binding.js')
        found.push(`${file}:${line}: a browser can't load \`${specifier}\``)
      else if (!seen.has(target)) {
        seen.add(target)
        open.push(target)
      }
    }
  }
  return found
}
