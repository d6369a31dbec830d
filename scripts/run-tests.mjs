// Runs the tests below __test__ with Node's test runner.
//
//   node scripts/run-tests.mjs unit [word…]    all but __test__/e2e
//   node scripts/run-tests.mjs e2e [word…]     __test__/e2e: slow, and they need what they test to be built
//
// Words choose files whose path holds one of them. Node 20's runner takes no glob patterns, hence this script.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

// Bounds a test that hangs; no test is measured by them.
const SUITES = {
  unit: { options: ['--test-timeout=300000', '--test-concurrency=4'], has: (file) => !file.startsWith(`e2e${sep}`) },
  e2e: { options: ['--test-timeout=2400000', '--test-concurrency=1'], has: (file) => file.startsWith(`e2e${sep}`) },
}

const [suite, ...words] = process.argv.slice(2)
if (!Object.hasOwn(SUITES, suite ?? '')) {
  console.error(`Which tests? One of: ${Object.keys(SUITES).join(', ')}`)
  process.exit(2)
}
const { options, has } = SUITES[suite]
const files = readdirSync(join(root, '__test__'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.mjs') && has(file))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .map((file) => join('__test__', file))
  .sort()
if (files.length === 0) {
  console.error(`No test file matches ${words.join(' ')}`)
  process.exit(2)
}
// People read it on a terminal; elsewhere programs do, which look for its closing lines.
const reporter = process.env.TEST_REPORTER ?? (process.stdout.isTTY ? 'spec' : 'tap')
const { status } = spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, ...options, ...files], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
