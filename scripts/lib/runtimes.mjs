import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmCommand } from './command.mjs'
import { MissingPart } from './missing-part.mjs'
import { WORK } from './root.mjs'

/** The versions of Node.js that the addon is loaded in besides the one that runs the tests. */
const MAJORS = [22, 24]

const FOLDER = join(WORK, 'runtimes')

/**
 * Further versions of Node.js, as packages that hold the program; kept from one run to the next.
 * @returns {Promise<Record<string, string>>} The programs' paths by major version.
 * @throws {MissingPart} Where they can't be had.
 */
export async function haveRuntimes() {
  const programs = Object.fromEntries(MAJORS.map((major) => [major, programOf(major)]))
  if (!MAJORS.every((major) => runs(programs[major], major))) await install()
  const broken = MAJORS.filter((major) => !runs(programs[major], major))
  if (broken.length > 0) throw new MissingPart(`no Node.js ${broken.join(', ')}: what was installed does not run`)
  return programs
}

async function install() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const specs = MAJORS.map((major) => `node${major}@npm:node-${platform}-${process.arch}@${major}`)
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, 'package.json'), '{ "private": true }\n')
  try {
    // Unpacked is all that they have to be; their scripts would only link the program elsewhere.
    await npmCommand(['install', '--ignore-scripts', '--no-package-lock', ...specs], { cwd: FOLDER })
  } catch (error) {
    throw new MissingPart(`no Node.js ${MAJORS.join(', ')}: ${error.message}`, { cause: error })
  }
}

function programOf(major) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  return join(FOLDER, `node_modules/node${major}/bin`, name)
}

function runs(program, major) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return stdout?.startsWith(`v${major}.`) ?? false
}
