/** The configuration of an `sshd` that any user may run, and that leaves the machine's own alone. */

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes `sshd_config` and the command that serves a connection into a folder.
 * @param {string} sshd The server's path.
 * @param {string} folder It holds `host_key` and `authorized_keys`, gets the list `commands`, and is a session's home.
 * @returns {string} The configuration's path; the port is for the command line.
 */
export function writeConfig(sshd, folder) {
  const command = join(folder, 'serve')
  const script = [
    '#!/bin/sh',
    `printf '%s\\n' "$SSH_ORIGINAL_COMMAND" >>'${join(folder, 'commands')}'`,
    'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"',
  ]
  writeFileSync(command, `${script.join('\n')}\n`, { mode: 0o755 })

  const file = join(folder, 'sshd_config')
  const lines = [
    'ListenAddress 127.0.0.1',
    'PidFile none',
    `HostKey ${join(folder, 'host_key')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PermitUserRC no',
    'PrintMotd no',
    'PrintLastLog no',
    'UseDNS no',
    // Nobody is turned away for how many come at once.
    'MaxStartups 1000',
    'AcceptEnv GIT_PROTOCOL',
    // The user's own settings have no say, nor has the path that sshd was built with.
    `SetEnv HOME="${folder}" PATH="${process.env.PATH}" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null`,
    `ForceCommand ${command}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  makeSeparationFolder(sshd, file)
  // Newer ones keep an address out for a while after a failure; older ones don't know the word.
  const PENALTIES = 'PerSourcePenalties no'
  if (check(sshd, file, PENALTIES).status === 0) writeFileSync(file, `${[PENALTIES, ...lines].join('\n')}\n`)
  return file
}

/** As root, sshd wants a folder that the machine's service would make when it starts. */
function makeSeparationFolder(sshd, file) {
  const { stderr } = check(sshd, file)
  const [, missing] = /^Missing privilege separation directory: (.+?)\s*$/m.exec(stderr) ?? []
  if (missing) mkdirSync(missing, { recursive: true, mode: 0o755 })
  const { status, stderr: fault } = check(sshd, file)
  if (status !== 0) throw new Error(`${sshd} doesn't take its configuration: ${fault}`)
}

function check(sshd, file, ...options) {
  return spawnSync(sshd, ['-t', '-f', file, ...options.flatMap((option) => ['-o', option])], { encoding: 'utf8' })
}
