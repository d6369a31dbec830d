// URLs, names and surroundings that would make Git itself run programs or ask elsewhere: here they don't.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { GitPackageSource } from '../index.mjs'
import { readApart } from './helpers/git/apart.mjs'
import { smallRepository } from './helpers/git/client.mjs'
import { startGitDaemon } from './helpers/git/daemon.mjs'
import { assertNothingKept } from './helpers/git/hostile-source.mjs'
import { startGitHttp } from './helpers/git/http-server.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

/** A file that is there as soon as anything of a test was run that must not be. */
const markerIn = (t) => join(temporaryDirectory(t), 'marker')

describe('A url', () => {
  const URLS = {
    'names a program': (marker) => `ext::sh -c touch%20${marker}`,
    'names a program behind a prefix': (marker) => `git+ext::sh -c touch%20${marker}`,
    'names a program in capitals': (marker) => `EXT::sh -c touch%20${marker}`,
    'names an open file': () => 'fd::0',
    'names two open files': () => 'fd::0,1/x',
    'names a helper of Git': () => 'foo::bar',
    'names a helper as a scheme': () => 'transport-helper://x/y',
    'is another one in a helper': (marker) => `ext://sh -c touch ${marker}`,
    'is a host that is an option': (marker) => `ssh://-oProxyCommand=touch ${marker}/x`,
    'is a host that is an option, encoded': (marker) =>
      `ssh://-oProxyCommand%3Dtouch%20${encodeURIComponent(marker)}/x`,
    'is a user that is an option': () => 'ssh://-oProxyCommand=x@example.test/x',
    'is a user that is an option, encoded': () => 'ssh://%2DoProxyCommand%3Dx@example.test/x',
    'is a host that is an option, as scp has it': () => '-oProxyCommand=touch marker:x',
    'is a host that is an option behind a user': () => 'user@-oProxyCommand=touch marker:x',
    'is a user that is an option, as scp has it': () => '-lroot@example.test:x',
    'is a path that is an option': (marker) => `user@example.test:--upload-pack=touch ${marker}`,
    'is a host with a command': (marker) => `ssh://$(touch ${marker})/x`,
    'is a host with a command in backticks': () => 'user@`touch marker`:x',
    'is a host and more': () => 'ssh://example.test;id/x',
    'has control characters': () => 'ssh://example.test/a\nb',
    'has a NUL': () => 'git://example.test/a\0host=other',
    'has a query': () => 'https://example.test/a?service=git-receive-pack',
    'is a script': () => 'javascript://x',
    'is data': () => 'data://text/plain,x',
  }
  for (const [what, url] of Object.entries(URLS)) {
    test(`that ${what} is refused`, (t) => {
      const marker = markerIn(t)
      assert.throws(() => new GitPackageSource({ url: url(marker) }), { code: 'EINVALIDARG' })
      assert.equal(existsSync(marker), false)
    })
  }

  for (const url of ['git://h/a%00host=x', 'ssh://h/a%00b', 'ssh://h/a%0ab', 'git://h/%1b[31m', 'ssh://h/%c2%9b31m']) {
    test(`${url} is refused for what it is when it is decoded`, () => {
      assert.throws(() => new GitPackageSource({ url }), { code: 'EINVALIDARG' })
    })
  }

  test('that looks like an option is a folder', async (t) => {
    const [marker, cacheDir] = [markerIn(t), join(temporaryDirectory(t), 'cache')]
    for (const url of [`--upload-pack=touch ${marker}`, '-u', '--', `./$(touch ${marker})`, `|touch ${marker}`]) {
      const { index, reports } = await readApart({ config: { url, cacheDir } }, { cwd: temporaryDirectory(t) })
      assert.deepEqual([index, reports[0].code], [[], 'ENOREPOSITORY'])
    }
    assert.equal(existsSync(marker), false)
    assertNothingKept(cacheDir)
  })
})

describe('A name of what is served', () => {
  const NAMES = [
    '--upload-pack=x',
    '-x',
    '../x',
    'refs/../x',
    'a..b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'x.lock',
  ]
  const ODD = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.a',
    'a/.b',
    'a.',
    '@',
    '@{u}',
    'a@{1}',
    'a\\b',
    'a\u0007',
    'a\0b',
    '\ud800',
  ]
  for (const key of ['branch', 'tag']) {
    for (const name of [...NAMES, ...ODD, 'x'.repeat(2000)]) {
      test(`${key} ${JSON.stringify(name.slice(0, 30))} is refused, or is one that is not there`, async (t) => {
        const repository = smallRepository(t)
        const config = { url: repository.path, cacheDir: join(temporaryDirectory(t), 'cache'), [key]: name }
        try {
          const source = new GitPackageSource(config)
          t.mock.method(console, 'error', () => {})
          assert.deepEqual(await source.fetchIndex(), [])
          assertNothingKept(config.cacheDir)
        } catch (error) {
          assert.equal(error.code, 'EINVALIDARG')
        }
      })
    }
  }

  for (const commit of [
    'HEAD',
    'main',
    `${'a'.repeat(39)}`,
    `${'a'.repeat(41)}`,
    `-${'a'.repeat(39)}`,
    '0'.repeat(40),
    '',
  ]) {
    test(`commit ${JSON.stringify(commit)} is refused`, () => {
      assert.throws(() => new GitPackageSource({ url: '/x', commit }), { code: 'EINVALIDARG' })
    })
  }

  for (const directory of ['..', 'a/../..', '/etc', 'a\\b', 'a\0b', '\ud800', 5]) {
    test(`directory ${JSON.stringify(directory)} is refused`, () => {
      assert.throws(() => new GitPackageSource({ url: '/x', directory }), { code: 'EINVALIDARG' })
    })
  }
})

describe('What surrounds the process', () => {
  /** Settings with which Git would run a program or ask another place than it is told. */
  const settings = (marker, other, url) => `
[url "${other}"]
\tinsteadOf = ${url}
[core]
\tsshCommand = touch ${marker}
\tfsmonitor = touch ${marker}
\tgitProxy = touch ${marker}
\thooksPath = ${marker}-hooks
\talternateRefsCommand = touch ${marker}
[credential]
\thelper = !touch ${marker}
[uploadpack]
\tpackObjectsHook = touch ${marker};
[protocol "ext"]
\tallow = always
[http]
\tproxy = http://127.0.0.1:9
\textraHeader = X-Smuggled: yes
[init]
\ttemplateDir = ${marker}-template
`

  test('has no say: neither settings of the user nor variables of Git', async (t) => {
    const [home, marker] = [temporaryDirectory(t), markerIn(t)]
    const repository = smallRepository(t, { bare: true, name: 'repository.git' })
    const other = smallRepository(t, { bare: true, name: 'repository.git' })
    other.packages.seed('smuggled')
    other.commit()
    const http = await startGitHttp(t, repository.directory)
    const daemon = await startGitDaemon(t, repository.directory)
    for (const path of [join(home, '.config/git'), `${marker}-hooks`, `${marker}-template/hooks`]) {
      mkdirSync(path, { recursive: true })
    }
    for (const hook of ['post-checkout', 'reference-transaction', 'pre-auto-gc']) {
      for (const folder of [`${marker}-hooks`, `${marker}-template/hooks`]) {
        writeFileSync(join(folder, hook), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 })
      }
    }
    const urls = [`${http.url}/repository.git`, `${daemon.url}/repository.git`, repository.fileUrl, repository.path]
    for (const [n, url] of urls.entries()) {
      const text = settings(marker, other.path, url)
      for (const name of ['.gitconfig', '.config/git/config', 'system']) writeFileSync(join(home, name), text)
      const env = {
        HOME: home,
        XDG_CONFIG_HOME: join(home, '.config'),
        GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
        GIT_CONFIG_SYSTEM: join(home, 'system'),
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: `url.${other.path}.insteadOf`,
        GIT_CONFIG_VALUE_0: url,
        GIT_DIR: other.path,
        GIT_COMMON_DIR: other.path,
        GIT_OBJECT_DIRECTORY: join(other.path, 'objects'),
        GIT_ALTERNATE_OBJECT_DIRECTORIES: join(other.path, 'objects'),
        GIT_WORK_TREE: other.workTree,
        GIT_INDEX_FILE: marker,
        GIT_NAMESPACE: 'other',
        GIT_CEILING_DIRECTORIES: '/',
        GIT_TEMPLATE_DIR: `${marker}-template`,
        GIT_SSH: `${marker}-ssh`,
        GIT_SSH_COMMAND: `touch ${marker}`,
        GIT_PROXY_COMMAND: `touch ${marker}`,
        GIT_ASKPASS: `touch ${marker}`,
        GIT_EXTERNAL_DIFF: `touch ${marker}`,
        GIT_ALLOW_PROTOCOL: 'ext',
        GIT_PROTOCOL: 'version=2',
        GIT_TRACE: marker,
        GIT_TRACE_PACKET: marker,
      }
      const config = { url, cacheDir: join(home, `cache-${n}`) }
      const { index, reports } = await readApart({ config, ids: ['dashboard'] }, { env, cwd: other.path })
      assert.deepEqual([index, reports], [['dashboard'], []], url)
      assert.equal(existsSync(marker), false, url)
    }
    assert.ok(http.requests.every(({ headers }) => headers['x-smuggled'] === undefined))
  })

  test("has no say: neither has a repository's own configuration", async (t) => {
    const [marker, home] = [markerIn(t), temporaryDirectory(t)]
    const repository = smallRepository(t, { bare: true })
    const other = smallRepository(t)
    writeFileSync(join(home, 'included'), settings(marker, other.path, repository.path))
    const text = `${settings(marker, other.path, repository.path)}[include]\n\tpath = ${join(home, 'included')}\n`
    writeFileSync(join(repository.path, 'config'), `[core]\n\tbare = true\n\trepositoryformatversion = 0\n${text}`)
    mkdirSync(join(repository.path, 'hooks'), { recursive: true })
    for (const hook of [
      'post-checkout',
      'reference-transaction',
      'post-upload-pack',
      'pre-upload',
      'fsmonitor-watchman',
    ]) {
      writeFileSync(join(repository.path, 'hooks', hook), `#!/bin/sh\ntouch ${marker}\n`)
      chmodSync(join(repository.path, 'hooks', hook), 0o755)
    }
    const config = { url: repository.path, cacheDir: join(home, 'cache') }
    const { index, packages, reports } = await readApart({ config, ids: ['dashboard'] })
    assert.deepEqual([index, reports], [['dashboard'], []])
    assert.equal(packages.dashboard.metadata.version, '1.1.0')
    assert.equal(existsSync(marker), false)
  })
})
