/** What `npm test` itself does with steps that fail, parts that can't be had and children that go on. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startChild, stopChild } from '../scripts/lib/children.mjs'
import { MissingPart } from '../scripts/lib/missing-part.mjs'
import { requireOpenSsh } from '../scripts/lib/openssh.mjs'
import { haveSchemathesis } from '../scripts/lib/schemathesis.mjs'
import { hasFailed, runSteps, selectSteps, summary } from '../scripts/lib/steps.mjs'
import { TestCounts } from '../scripts/lib/test-counts.mjs'
import { rootPath } from './helpers/child.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'

const passing = async () => 'fine'
const failing = async () => {
  throw new Error('broke')
}
const lacking = async () => {
  throw new MissingPart('no browser')
}

/** Runs steps without their headings in this test's output. */
async function quietly(t, steps) {
  t.mock.method(console, 'log', () => {})
  t.mock.method(console, 'error', () => {})
  return runSteps(steps)
}

test('a step that fails stops only those that need it', async (t) => {
  const results = await quietly(t, [
    { name: 'build', run: failing },
    { name: 'use', needs: ['build'], run: passing },
    { name: 'use the use', needs: ['use'], run: passing },
    { name: 'other', run: passing },
  ])
  assert.deepEqual(
    results.map(({ name, state, remark }) => [name, state, remark]),
    [
      ['build', 'failed', 'broke'],
      ['use', 'not run', 'needs "build"'],
      ['use the use', 'not run', 'needs "use"'],
      ['other', 'passed', 'fine'],
    ],
  )
  assert.equal(hasFailed(results, false), true)
  assert.match(summary(results), /^use the use +not run .*needs "use"$/m)
})

test('a part that cannot be had is named, and a failure on CI alone', async (t) => {
  const results = await quietly(t, [{ name: 'page', run: lacking }])
  assert.match(summary(results), /^page +missing .*no browser$/m)
  assert.equal(hasFailed(results, false), false)
  assert.equal(hasFailed(results, true), true)
})

test('schemathesis without a Python is missing, and says what it needs', async (t) => {
  const before = process.env.PYTHON
  process.env.PYTHON = join(rootPath, 'no-such-python')
  t.after(() => {
    if (before === undefined) delete process.env.PYTHON
    else process.env.PYTHON = before
  })
  const [{ state, remark }] = await quietly(t, [{ name: 'registry protocol', run: haveSchemathesis }])
  assert.equal(state, 'missing')
  assert.match(remark, /Python 3\.10 .*python3-venv/)
})

test('OpenSSH is missing where a part of it is, and it is said what to install', async (t) => {
  const folder = temporaryDirectory(t)
  const remarkWith = async (...programs) => {
    for (const name of programs) writeFileSync(join(folder, process.platform === 'win32' ? `${name}.exe` : name), '')
    const [{ state, remark }] = await quietly(t, [{ name: 'ssh', run: async () => requireOpenSsh([folder]) }])
    return `${state}: ${remark}`
  }
  assert.equal(
    await remarkWith(),
    'missing: no OpenSSH: install sshd (Debian: openssh-server) and ' +
      'ssh, ssh-add, ssh-agent, ssh-keygen (Debian: openssh-client)',
  )
  assert.equal(
    await remarkWith('sshd', 'ssh', 'ssh-keygen'),
    'missing: no OpenSSH: install ssh-add, ssh-agent (Debian: openssh-client)',
  )
  assert.equal(await remarkWith('ssh-add', 'ssh-agent'), 'passed: ')
})

test('words select steps together with what they need', () => {
  const steps = ['install', 'build', 'types', 'page'].map((name) => ({ name, run: passing }))
  steps[1].needs = ['install']
  steps[3].needs = ['build']
  const names = (words) => selectSteps(steps, words).map(({ name }) => name)
  assert.deepEqual(names(['PAGE']), ['install', 'build', 'page'])
  assert.deepEqual(names([]), ['install', 'build', 'types', 'page'])
  assert.deepEqual(names(['nothing']), [])
})

test('every file of slow tests is run by one step', () => {
  const script = readFileSync(join(rootPath, 'scripts/test.mjs'), 'utf8')
  const steps = [...script.matchAll(/suite\('e2e', \[(.*?)\]/g)].map(([, list]) => list.match(/[\w-]+/g))
  const files = readdirSync(join(rootPath, '__test__/e2e')).filter((name) => name.endsWith('.test.mjs'))
  assert.ok(files.length > 0)
  for (const file of files) {
    const fitting = steps.filter((words) => words.some((word) => file.includes(word)))
    assert.equal(fitting.length, 1, file)
  }
})

test("the runners' lines are counted", () => {
  const counts = new TestCounts()
  const lines = [
    '# tests 12',
    '# pass 9',
    '# fail 1',
    '# cancelled 2',
    'ℹ pass 4',
    'test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out',
    '    # pass 100',
    'test tests::pass 100 ... ok',
    'test tests::merge ... FAILED',
    '    not ok 3 - keeps the order',
    "      failureType: 'testCodeFailure'",
    'not ok 1 - the index',
    "  failureType: 'subtestsFailed'",
  ]
  for (const line of lines) counts.read(line)
  assert.equal(counts.passed, 18)
  assert.equal(counts.failed, 4)
  assert.deepEqual(counts.failures, ['tests::merge', 'keeps the order'])
})

// Starts a process that goes on for ever, and writes to the same pipe: the pipe closes when both have ended.
const FOR_EVER = 'console.log("ready");setInterval(() => {}, 1000)'
const PARENT = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(FOR_EVER)}], { stdio: 'inherit' })`
const WINDOWS = process.platform === 'win32' && 'Windows has no process groups'

test('a child that is stopped takes along what it started', { skip: WINDOWS }, async () => {
  const child = startChild(process.execPath, ['-e', PARENT], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const closed = once(child, 'close')
  await stopChild(child)
  await closed
})

test('a child that ends leaves nothing behind', { skip: WINDOWS }, async () => {
  const code = `${PARENT};process.stdin.once('data', () => process.exit(3))`
  const child = startChild(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.stdin.write('end')
  assert.deepEqual(await once(child, 'close'), [3, null])
})

test('without Rust, a compiler and git there is one clear message', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(rootPath, 'scripts/test.mjs')], {
    encoding: 'utf8',
    env: { PATH: '' },
  })
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /^The tests can't run here:\n- cargo .*\n- rustc .*\n- A C compiler .*\n- git .*\n$/)
})
