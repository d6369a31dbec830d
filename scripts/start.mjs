// `npm start`: installs and builds what is missing, then serves the example, which is its own registry and makes a Git
// repository of its own.
import { once } from 'node:events'
import { join } from 'node:path'
import { needsBuild, needsInstall, packAddon } from './lib/addon.mjs'
import { buildExample, digestOfBuild, prepareExample, serveExample, stageExample } from './lib/example.mjs'
import { isPortFree } from './lib/ports.mjs'
import { missingForBuild, missingForExample } from './lib/prerequisites.mjs'
import { ROOT, WORK } from './lib/root.mjs'
import { CommandError, npm } from './lib/run.mjs'
import { unlessDone } from './lib/stamp.mjs'

/** What the person who started this can put right: shown without a stack. */
class StartError extends Error {}

const directory = join(WORK, 'start')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stop.abort())
if (process.env.npm_lifecycle_event === 'start') whenOrphaned(() => stop.abort())

try {
  await start(stop.signal)
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(error instanceof StartError || error instanceof CommandError ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}

// npm starts a script through a shell, which SIGTERM ends without reaching what runs in it.
function whenOrphaned(act) {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    act()
  }, 500).unref()
}

async function start(signal) {
  const port = readPort()
  const host = process.env.HOST || '127.0.0.1'
  await requirePort(port, host)
  requireNothing(missingForExample())
  await makeAddon(signal)
  await makeExample(await packAddon({ signal }), signal)
  await serve({ port, host, signal })
}

async function makeAddon(signal) {
  const build = needsBuild()
  if (build) requireNothing(missingForBuild())
  if (needsInstall()) {
    step('Installing the build tools')
    await npm(['ci', '--include=dev'], { cwd: ROOT, signal })
  }
  if (build) {
    step('Building the addon (release; a first build takes some minutes)')
    await npm(['run', 'build'], { cwd: ROOT, signal })
  }
}

async function makeExample(tarball, signal) {
  step('Preparing the example')
  stageExample({ directory })
  await prepareExample({ directory, tarball, signal })
  await unlessDone(join(directory, '.next/BUILT'), digestOfBuild({ directory, tarball }), async () => {
    step('Building the example')
    await buildExample({ directory, bundler: 'turbopack', signal })
  })
}

async function serve({ port, host, signal }) {
  const packagesDir = process.env.METABUILDER_PACKAGES_DIR || join(ROOT, 'packages')
  const { PACKAGE_REGISTRY_URL: registryUrl, PACKAGE_GIT_URL: gitUrl } = process.env
  const app = await serveExample({ directory, port, host, registryUrl, gitUrl, packagesDir })
  const ended = once(app.child, 'exit').then(() => 'ended')
  try {
    await announce(app.url)
    const stopped = once(signal, 'abort').then(() => 'stopped')
    if (!signal.aborted && (await Promise.race([ended, stopped])) === 'ended' && !signal.aborted) {
      throw new StartError(`The example's server ended by itself (code ${app.child.exitCode}).`)
    }
  } finally {
    await app.close()
  }
}

async function announce(url) {
  const { sources } = await getJson(`${url}/api/sources`)
  const { packages } = await getJson(`${url}/api/packages`)
  const conflicts = packages.filter((entry) => entry.availableSources.length > 1)
  console.log(`\nThe catalogue: ${url}\nThe registry:  ${url}/api/v1\n`)
  console.log(`${packages.length} packages`)
  for (const { sourceId, type, state, packageCount, revision, warnings } of sources) {
    const commit = revision ? `, commit ${revision.slice(0, 7)}` : ''
    const remarks = warnings.length > 0 ? `, ${warnings.length} warnings` : ''
    console.log(`  ${sourceId} (${type}): ${packageCount}, ${state}${commit}${remarks}`)
  }
  console.log(`${conflicts.length} offered by more than one source`)
  for (const { packageId, version, selectedSource, availableSources } of conflicts) {
    console.log(`  ${packageId}: ${version} from ${selectedSource}, of ${availableSources.join(', ')}`)
  }
  console.log('\nCtrl+C ends it.')
}

async function getJson(url) {
  const response = await fetch(url)
  if (!response.ok) throw new StartError(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

function readPort() {
  const text = process.env.PORT || '3000'
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new StartError(`PORT must be a number from 1 to 65535, not ${JSON.stringify(text)}.`)
  }
  return port
}

async function requirePort(port, host) {
  if (await isPortFree(port, host)) return
  throw new StartError(`Port ${port} on ${host} is in use. Choose another one: PORT=${port + 1} npm start`)
}

function requireNothing(missing) {
  if (missing.length > 0) throw new StartError(missing.map((message) => `- ${message}`).join('\n'))
}

function step(title) {
  console.log(`\n> ${title}`)
}
