import { existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { MissingPart } from './missing-part.mjs'

/** Where servers lie that aren't for everybody's `PATH`. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/** What is needed, by the system package that brings it. */
const PROGRAMS = { 'openssh-server': ['sshd'], 'openssh-client': ['ssh', 'ssh-add', 'ssh-agent', 'ssh-keygen'] }

const SUFFIX = process.platform === 'win32' ? '.exe' : ''

/** The folders that OpenSSH's programs may lie in. */
function ownFolders() {
  return [...(process.env.PATH ?? '').split(delimiter).filter(isAbsolute), ...SERVER_FOLDERS]
}

/**
 * The path of one of OpenSSH's programs; `undefined` where there is none.
 * @param {string} name
 * @param {string[]} [folders] Where it may be.
 */
export function findOpenSsh(name, folders = ownFolders()) {
  return folders.map((folder) => join(folder, name + SUFFIX)).find((path) => existsSync(path))
}

/**
 * Makes sure that OpenSSH's server and client are there. They are not installed from here: the server's package starts
 * it for the whole network, which nobody expects of tests.
 * @param {string[]} [folders] Where they may be.
 * @throws {MissingPart} Where one is missing.
 */
export function requireOpenSsh(folders) {
  const missing = Object.entries(PROGRAMS).flatMap(([systemPackage, names]) => {
    const absent = names.filter((name) => !findOpenSsh(name, folders))
    return absent.length > 0 ? [`${absent.join(', ')} (Debian: ${systemPackage})`] : []
  })
  if (missing.length > 0) throw new MissingPart(`no OpenSSH: install ${missing.join(' and ')}`)
}
