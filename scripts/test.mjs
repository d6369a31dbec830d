// `npm test`: installs, builds and runs everything, and closes with a table of what was done.
//
//   npm test                 everything
//   npm test -- page types   the steps whose names hold one of the words, and what they need
//
// A step that fails stops only those that need it. Something from outside that can't be had (a browser, a registry, an ssh
// server) is named and passed over; with CI=true it is a failure.
import { needsInstall } from './lib/addon.mjs'
import { haveChromium } from './lib/chromium.mjs'
import { command, npmCommand } from './lib/command.mjs'
import { requireOpenSsh } from './lib/openssh.mjs'
import { missingForBuild, missingForExample, missingForTests } from './lib/prerequisites.mjs'
import { ROOT } from './lib/root.mjs'
import { haveRuntimes } from './lib/runtimes.mjs'
import { haveSchemathesis } from './lib/schemathesis.mjs'
import { hasFailed, runSteps, selectSteps, summary } from './lib/steps.mjs'
import { TestCounts, TestsFailed } from './lib/test-counts.mjs'

const onCi = /^(1|true)$/i.test(process.env.CI ?? '')

/** @type {import('./lib/steps.mjs').Step[]} */
const steps = [
  { name: 'install', run: install },
  { name: 'build', needs: ['install'], run: () => npm('run', 'build') },
  { name: 'Rust tests', run: () => counted('cargo', ['test', '--locked']) },
  { name: 'unit tests', needs: ['build'], run: () => suite('unit') },
  { name: 'type tests', needs: ['build'], run: () => npm('run', 'types') },
  { name: 'cache folder torture', needs: ['build'], run: () => suite('e2e', ['cache-dir-torture']) },
  { name: 'Git cache torture', needs: ['build'], run: () => suite('e2e', ['git-torture']) },
  { name: 'Git over ssh', needs: ['build'], run: gitOverSsh },
  { name: 'hostile repositories', needs: ['build'], run: () => suite('e2e', ['git-hostile']) },
  { name: 'packed tarball', needs: ['build'], run: () => suite('e2e', ['tarball']) },
  { name: 'other Node.js versions', needs: ['build'], run: otherRuntimes },
  { name: 'registry protocol', needs: ['build'], run: registryProtocol },
  { name: 'example over HTTP', needs: ['build'], run: () => suite('e2e', ['example']) },
  { name: 'page in Chromium', needs: ['build'], run: pageInChromium },
]

const missing = [...missingForExample(), ...missingForBuild(), ...missingForTests()]
if (missing.length > 0) {
  console.error(`The tests can't run here:\n${missing.map((message) => `- ${message}`).join('\n')}`)
  process.exit(1)
}
const selected = selectSteps(steps, process.argv.slice(2))
if (selected.length === 0) {
  console.error(`No step matches. The steps: ${steps.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}
const results = await runSteps(selected)
console.log(`\n${summary(results)}`)
process.exitCode = hasFailed(results, onCi) ? 1 : 0

async function install() {
  if (!needsInstall()) return 'is up to date'
  await npm('ci', '--include=dev')
}

function npm(...args) {
  return npmCommand(args, { cwd: ROOT })
}

/** The tests of a suite; with words, those of its files whose paths hold one. */
function suite(name, words = [], env = {}) {
  // This script stands between the runner and the terminal.
  const reporter = process.stdout.isTTY ? 'spec' : 'tap'
  return counted(process.execPath, ['scripts/run-tests.mjs', name, ...words], { TEST_REPORTER: reporter, ...env })
}

async function gitOverSsh() {
  requireOpenSsh()
  return suite('e2e', ['git-ssh', 'ssh-host'])
}

async function otherRuntimes() {
  return suite('e2e', ['runtimes'], { NODE_RUNTIMES: JSON.stringify(await haveRuntimes()) })
}

async function registryProtocol() {
  return suite('e2e', ['protocol'], { SCHEMATHESIS: await haveSchemathesis() })
}

async function pageInChromium() {
  const remark = await suite('e2e', ['page'], { CHROME_PATH: await haveChromium() })
  return `${remark}; screenshots in artifacts/`
}

/** Runs a test runner and counts its tests. */
async function counted(program, args, env) {
  const counts = new TestCounts()
  try {
    await command(program, args, { cwd: ROOT, env, onLine: counts.read })
  } catch (error) {
    if (counts.failed === 0) throw error
    throw new TestsFailed(counts)
  }
  if (counts.passed === 0) throw new Error('no test ran')
  return `${counts.passed} passed`
}
