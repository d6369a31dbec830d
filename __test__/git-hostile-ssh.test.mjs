// The ssh program: what it is given is one argument each, whatever is in it, and what it does ends in time.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readApart } from './helpers/git/apart.mjs'
import { smallRepository } from './helpers/git/client.mjs'
import { assertNothingKept } from './helpers/git/hostile-source.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

describe('The ssh program', () => {
  /** Stands in for ssh: notes its arguments, and has the remote command read by a shell, as the other machine would. */
  function fakeSsh(t) {
    const folder = temporaryDirectory(t)
    const noted = join(folder, 'noted')
    const script = `#!/bin/sh
for argument in "$@"; do printf '%s\\0' "$argument" >> ${noted}; done
while [ "$1" != -- ]; do shift; done
shift 2
cd ${folder} && exec sh -c "$*"
`
    writeFileSync(join(folder, 'ssh'), script, { mode: 0o755 })
    return {
      env: { PATH: `${folder}:${process.env.PATH}`, GIT_SSH_COMMAND: 'false', GIT_SSH: 'false' },
      folder,
      args: () => readFileSync(noted, 'utf8').split('\0').slice(0, -1),
    }
  }

  /** Paths that would be more than a path if the other machine's shell saw them bare. */
  const PATHS = {
    plain: '/a',
    'with spaces': '/a b  c',
    'with a quote that closes': "/a'; touch marker; '",
    'with an escaped quote': "/a\\'; touch marker; \\'",
    'with many quotes': "/'''\"'\"'",
    'with a command': '/$(touch marker)',
    'with a command in backticks': '/`touch marker`',
    'with a semicolon': '/a; touch marker',
    'with an exclamation mark': "/a!b'!c",
    'with a redirection': '/a > marker',
    'with another program behind it': '/a & touch marker &',
    'with a glob': '/*?[a]{b,c}',
    'with a variable': '/$HOME',
    'with a comment': '/a # b',
    'with a backslash at its end': '/a\\',
    'in a home': '~/a; touch marker',
    'relative, with a quote': "a'b; touch marker",
  }
  for (const [what, path] of Object.entries(PATHS)) {
    test(`is given a path ${what} as one argument of one command`, async (t) => {
      const ssh = fakeSsh(t)
      const marker = join(ssh.folder, 'marker')
      const receiver = `#!/bin/sh\nfor argument in "$@"; do printf '%s\\0' "$argument" >> ${ssh.folder}/received; done\n`
      writeFileSync(join(ssh.folder, 'git-upload-pack'), receiver, { mode: 0o755 })
      const config = { url: `someone@example.test:${path}`, cacheDir: join(ssh.folder, 'cache'), maxAttempts: 1 }
      const { index, reports } = await readApart({ config }, { env: ssh.env })
      assert.deepEqual(index, [])
      assert.match(reports[0].code, /^(ESSH|ENETWORK)$/)
      assert.equal(existsSync(marker), false)
      const received = readFileSync(join(ssh.folder, 'received'), 'utf8').split('\0')
      assert.equal(received[0], path)
      assert.ok(
        received.slice(0, -1).every((argument) => argument === path),
        `${received}`,
      )
    })
  }

  test('serves a repository whose path has all of that', async (t) => {
    const ssh = fakeSsh(t)
    const repository = smallRepository(t, { name: "it's; touch $(marker) `marker` & !x" })
    const config = { url: `someone@example.test:${repository.path}`, cacheDir: join(ssh.folder, 'cache') }
    const { index, reports } = await readApart({ config, ids: ['dashboard'] }, { env: ssh.env })
    assert.deepEqual([index, reports], [['dashboard'], []])
    assert.equal(existsSync(join(ssh.folder, 'marker')), false)
  })

  test('is told to ask nobody, to forward nothing, and to trust known hosts alone', async (t) => {
    const ssh = fakeSsh(t)
    const repository = smallRepository(t)
    const url = `ssh://some%2Bone@example.test:2222${repository.path}`
    const keyFile = join(ssh.folder, 'a key" -oProxyCommand=x')
    const config = {
      url,
      cacheDir: join(ssh.folder, 'cache'),
      ssh: { keyFile: join(ssh.folder, 'a key%h'), agent: false },
    }
    assert.deepEqual((await readApart({ config }, { env: ssh.env })).index, ['dashboard'])
    const args = ssh.args()
    const options = args.filter((_, n) => args[n - 1] === '-o')
    for (const option of [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'PermitLocalCommand=no',
      'ClearAllForwardings=yes',
      'ForwardAgent=no',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      `IdentityFile="${ssh.folder}/a key%%h"`,
    ]) {
      assert.ok(options.includes(option), option)
    }
    const own = args.slice(0, args.indexOf('--') + 3)
    assert.deepEqual(own.slice(-8, -1), ['-p', '2222', '-l', 'some+one', '-T', '--', 'example.test'])
    // A file whose name would be more than one value is refused.
    const refused = { ...config, ssh: { keyFile }, cacheDir: join(ssh.folder, 'other') }
    const { index, reports } = await readApart({ config: refused }, { env: ssh.env })
    assert.deepEqual([index, reports[0].code], [[], 'EINVALIDARG'])
  })
})

describe('An ssh program that', () => {
  const PROGRAMS = {
    'leaves its errors open behind it': ['sleep 5 > /dev/null & exit 255', /^ESSH$/],
    'complains without end': ['exec yes complaint >&2', /^(ESSH|ETIMEOUT)$/],
    'complains by 100 MB': ["head -c 100000000 /dev/zero | tr '\\0' x >&2; exit 255", /^ESSH$/],
    'complains in escape codes': ["printf '\\033[31mred\\007\\233x' >&2; exit 255", /^ESSH$/],
    'speaks without end': ['exec yes 001e# service', /^(ETOOLARGE|EPROTOCOL)$/],
    'says nothing and goes on, whatever it is told': ["trap '' TERM INT HUP; exec sleep 60", /^ETIMEOUT$/],
    'says that it is done and goes on': ['exec >&-; exec sleep 60', /^ESSH$/],
    'ends at once': ['exit 0', /^(ESSH|ENETWORK)$/],
    'is no program': ['', /^(ESSH|ENETWORK)$/],
  }
  for (const [what, [script, code]] of Object.entries(PROGRAMS)) {
    test(`${what} is left`, async (t) => {
      const folder = temporaryDirectory(t)
      writeFileSync(join(folder, 'ssh'), script === '' ? '\0' : `#!/bin/sh\n${script}\n`, { mode: 0o755 })
      const cacheDir = join(folder, 'cache')
      const config = { url: 'someone@example.test:a', cacheDir, maxAttempts: 1, fetchTimeoutMs: 1500 }
      const { index, reports } = await readApart({ config }, { env: { PATH: `${folder}:${process.env.PATH}` } })
      assert.deepEqual(index, [])
      assert.match(reports[0].code, code)
      assert.doesNotMatch(reports[0].message, /\p{Cc}/u)
      assert.ok(reports[0].message.length < 1000, `${reports[0].message.length} characters`)
      assertNothingKept(cacheDir)
    })
  }
})
