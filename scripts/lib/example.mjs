import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT } from './root.mjs'
import { endWithUs, npm, run } from './run.mjs'
import { digestOf, unlessDone } from './stamp.mjs'

/** The example as it stands in the repository. */
export const EXAMPLE = join(ROOT, 'examples/nextjs')

const MADE_BY_TOOLS = [
  'node_modules',
  '.next',
  '.registry',
  '.repository',
  '.cache',
  'next-env.d.ts',
  'tsconfig.tsbuildinfo',
]
const NEXT_ENV = { NEXT_TELEMETRY_DISABLED: '1' }

/** Copies the example's sources into a folder; what was installed and built there before stays. */
export function stageExample({ directory }) {
  mkdirSync(directory, { recursive: true })
  for (const name of readdirSync(directory)) {
    if (!MADE_BY_TOOLS.includes(name)) rmSync(join(directory, name), { recursive: true })
  }
  for (const name of readdirSync(EXAMPLE)) {
    if (!MADE_BY_TOOLS.includes(name)) cpSync(join(EXAMPLE, name), join(directory, name), { recursive: true })
  }
}

/**
 * Installs the example's dependencies and, from its tarball, the addon. The addon stands in no lockfile: it is what was
 * just built. Nothing is done where the same was installed before.
 * @param {{ directory: string, tarball: string, signal?: AbortSignal }} options
 */
export async function prepareExample({ directory, tarball, signal }) {
  const lockfile = join(directory, 'package-lock.json')
  // npm ci empties node_modules, the stamp with it.
  await unlessDone(join(directory, 'node_modules/.prepared'), digestOf([lockfile, tarball]), async () => {
    // Under NODE_ENV=production npm would leave out what the build needs.
    const options = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
    await npm(['ci', ...options], { cwd: directory, signal })
    await npm(['install', '--no-save', ...options, resolve(tarball)], { cwd: directory, signal })
  })
}

/** A digest of all that a build of the example depends on. */
export function digestOfBuild({ directory, tarball }) {
  const sources = readdirSync(directory).filter((name) => !MADE_BY_TOOLS.includes(name))
  return digestOf([...sources.map((name) => join(directory, name)), tarball])
}

/**
 * Builds the example for production.
 * @param {{ directory: string, bundler?: 'turbopack' | 'webpack', signal?: AbortSignal }} options
 */
export async function buildExample({ directory, bundler = 'turbopack', signal }) {
  const next = join(directory, 'node_modules/next/dist/bin/next')
  const env = { ...NEXT_ENV, NODE_ENV: 'production' }
  await run(process.execPath, [next, 'build', `--${bundler}`], { cwd: directory, env, signal })
}

/**
 * Starts the built example and waits until it answers.
 * @param {{ directory: string, port: number, host?: string, registryUrl?: string, gitUrl?: string, packagesDir: string,
 *   env?: NodeJS.ProcessEnv, stderr?: 'inherit' | 'pipe', timeoutMs?: number }} options Without `registryUrl` the example
 *   is its own registry, with an empty one it has none; without `gitUrl` it makes a Git repository of its own, with an
 *   empty one it has none. `env` is laid over our environment.
 * @returns {Promise<{ url: string, child: import('node:child_process').ChildProcess, close: () => Promise<void> }>}
 */
export async function serveExample(options) {
  const { directory, port, host = '127.0.0.1', registryUrl, gitUrl, packagesDir, env } = options
  const { stderr = 'inherit', timeoutMs = 60_000 } = options
  const standalone = join(directory, '.next/standalone')
  // Next.js leaves these two to whoever deploys; a CDN would take them elsewhere.
  copyIfThere(join(directory, '.next/static'), join(standalone, '.next/static'))
  copyIfThere(join(directory, 'public'), join(standalone, 'public'))

  const child = spawn(process.execPath, ['server.js'], {
    cwd: standalone,
    env: {
      ...process.env,
      ...NEXT_ENV,
      NODE_ENV: 'production',
      PORT: String(port),
      HOSTNAME: host,
      METABUILDER_PACKAGES_DIR: resolve(packagesDir),
      PACKAGE_REGISTRY_URL: registryUrl,
      PACKAGE_REGISTRY_STORE: join(directory, '.registry'),
      PACKAGE_GIT_URL: gitUrl,
      PACKAGE_GIT_REPOSITORY: join(directory, '.repository'),
      PACKAGE_CACHE_DIR: join(directory, '.cache'),
      ...env,
    },
    stdio: ['ignore', 'ignore', stderr],
  })
  endWithUs(child)
  const close = () => end(child)
  const url = `http://${reachable(host)}:${port}`
  try {
    await answers(`${url}/api/sources`, child, timeoutMs)
  } catch (error) {
    await close()
    throw error
  }
  return { url, child, close }
}

/** The address under which a server that listens on `host` is to be had from this machine. */
function reachable(host) {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function copyIfThere(from, to) {
  if (existsSync(from)) cpSync(from, to, { recursive: true })
}

async function answers(url, child, timeoutMs) {
  const signal = AbortSignal.timeout(timeoutMs)
  while (!signal.aborted) {
    if (hasEnded(child)) throw new Error(`The example's server ended before it answered (code ${child.exitCode})`)
    try {
      const response = await fetch(url, { signal })
      const text = await response.text()
      if (response.ok) return
      throw new Error(`The example's server answered ${url} with ${response.status}: ${text.slice(0, 500)}`)
    } catch (error) {
      // fetch throws a TypeError while nothing listens yet.
      if (!(error instanceof TypeError) && !signal.aborted) throw error
      await sleep(100)
    }
  }
  throw new Error(`The example's server did not answer ${url} within ${timeoutMs / 1000} s`)
}

async function end(child) {
  if (hasEnded(child)) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await closed
  clearTimeout(timer)
}

function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null
}
