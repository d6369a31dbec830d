/** OpenSSH's programs, and keys made with them: none is committed. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findOpenSsh } from '../../../scripts/lib/openssh.mjs'
import { startError } from './program.mjs'

/**
 * The path of `sshd`, which only starts by its whole path.
 * @param {string[]} [folders] Where it may be.
 */
export function findSshd(folders) {
  const found = findOpenSsh('sshd', folders)
  if (found) return found
  throw new Error('These tests need the program "sshd": install the system package "openssh-server"')
}

/**
 * Makes a key pair.
 * @param {string} file Of the private key; the public one is beside it.
 * @returns {{ file: string, publicKey: string }} `publicKey` as `known_hosts` and `authorized_keys` hold it.
 */
export function makeKey(file) {
  runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file])
  return { file, publicKey: readFileSync(`${file}.pub`, 'utf8').trim() }
}

/** Runs one of OpenSSH's client programs to its end; throws with what it says where it fails. */
export function runTool(program, args, env = {}) {
  const options = { env: { ...process.env, ...env }, encoding: 'utf8' }
  const { error, status, stderr } = spawnSync(program, args, options)
  if (error) throw startError(error, program, 'openssh-client')
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
}
