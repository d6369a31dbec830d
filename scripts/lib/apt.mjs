import { command } from './command.mjs'
import { MissingPart } from './missing-part.mjs'

/**
 * Installs Debian packages, where this may be done.
 * @param {string[]} packages
 * @param {string} lack What is missing and how a person gets it: `no Chromium: install it`.
 * @throws {MissingPart} Where it may not be done, or fails.
 */
export async function installByApt(packages, lack) {
  if (process.getuid?.() !== 0) throw new MissingPart(lack)
  try {
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await command('apt-get', ['update', '-q'], { env })
    await command('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], { env })
  } catch (error) {
    throw new MissingPart(`${lack} (${error.message})`, { cause: error })
  }
}
