import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { installByApt } from './apt.mjs'
import { MissingPart } from './missing-part.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const MAC = ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`)
const WINDOWS = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
  .filter((folder) => folder !== undefined)
  .map((folder) => join(folder, 'Google/Chrome/Application/chrome.exe'))

/**
 * The path of a Chromium (or Chrome) that runs: `CHROME_PATH` where set, else from the PATH or where its installer
 * puts it. `undefined` where there is none.
 */
export function findChromium() {
  if (process.env.CHROME_PATH) return runs(process.env.CHROME_PATH) ? process.env.CHROME_PATH : undefined
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute)
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...onPath, ...MAC, ...WINDOWS].find(runs)
}

// Some systems have a stand-in of that name that only tells how to install one.
function runs(path) {
  try {
    accessSync(path, constants.X_OK)
    // Asked for its version, Chrome on Windows opens a window instead.
    if (process.platform !== 'win32') execFileSync(path, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * The path of a Chromium that runs, installed by apt-get where there is none and where this may be done.
 * @returns {Promise<string>}
 * @throws {MissingPart} Where there is none to be had.
 */
export async function haveChromium() {
  const found = findChromium()
  if (found) return found
  if (process.env.CHROME_PATH) throw new MissingPart(`no Chromium: CHROME_PATH=${process.env.CHROME_PATH} does not run`)
  await installByApt(['chromium', 'fonts-dejavu-core'], 'no Chromium: install it, or name one in CHROME_PATH')
  const installed = findChromium()
  if (!installed) throw new MissingPart('no Chromium: the one that apt-get installed does not run')
  return installed
}
