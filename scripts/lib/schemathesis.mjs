import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installByApt } from './apt.mjs'
import { command } from './command.mjs'
import { MissingPart } from './missing-part.mjs'
import { WORK } from './root.mjs'
import { digestOf, unlessDone } from './stamp.mjs'

const REQUIREMENTS = fileURLToPath(new URL('./schemathesis.txt', import.meta.url))
const FOLDER = join(WORK, 'schemathesis')
const NEEDED = 'Python 3.10 or newer with its venv module (Debian: python3-venv), or name one in PYTHON'

/**
 * The path of schemathesis, which makes up requests from an OpenAPI document and judges the answers; installed into a
 * virtual environment that is kept from one run to the next.
 * @returns {Promise<string>}
 * @throws {MissingPart} Where it can't be had.
 */
export async function haveSchemathesis() {
  const python = await havePython()
  const [folder, suffix] = process.platform === 'win32' ? ['Scripts', '.exe'] : ['bin', '']
  const program = (name) => join(FOLDER, folder, name + suffix)
  try {
    await unlessDone(join(FOLDER, '.installed'), digestOf([REQUIREMENTS], python), async () => {
      mkdirSync(WORK, { recursive: true })
      await command(python, ['-m', 'venv', '--clear', FOLDER])
      await command(program('python'), ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS])
    })
  } catch (error) {
    throw new MissingPart(`no schemathesis: ${error.message}`, { cause: error })
  }
  if (!existsSync(program('schemathesis'))) throw new MissingPart('no schemathesis: what was installed lacks it')
  return program('schemathesis')
}

async function havePython() {
  const named = process.env.PYTHON
  const candidates = named ? [named] : ['python3', 'python']
  const found = candidates.find(isPython)
  if (found) return found
  if (!named) await installByApt(['python3', 'python3-venv'], `no schemathesis: it needs ${NEEDED}`)
  const installed = candidates.find(isPython)
  if (!installed) throw new MissingPart(`no schemathesis: it needs ${NEEDED}`)
  return installed
}

// Debian's Python without python3-venv has the module, but not what it installs pip from.
function isPython(program) {
  const test = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))'
  return spawnSync(program, ['-c', test], { stdio: 'ignore' }).status === 0
}
