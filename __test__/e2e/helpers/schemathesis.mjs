/** Holds an OpenAPI document against a running service: schemathesis makes up requests and judges the answers. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { haveSchemathesis } from '../../../scripts/lib/schemathesis.mjs'
import { temporaryDirectory } from '../../helpers/package-builder.mjs'

const SETTINGS = fileURLToPath(new URL('./schemathesis.toml', import.meta.url))

const program = process.env.SCHEMATHESIS ?? (await haveSchemathesis())

/** Enough for every rule of the document to be broken in every way, and the same requests in every run. */
const BOUNDS = ['--max-examples=40', '--generation-deterministic']

/**
 * @typedef {{ method: string, path: string, status: number }} Exchange `path` is raw and without its query.
 */

/**
 * Runs all of schemathesis's checks.
 * @param {import('node:test').TestContext} t
 * @param {object} document The OpenAPI document.
 * @param {{ url: string, token?: string, arguments?: string[] }} service `url` is its base.
 * @returns {Promise<{ passed: boolean, output: string, exchanges: Exchange[] }>}
 */
export async function hold(t, document, { url, token, arguments: further = [] }) {
  const directory = temporaryDirectory(t)
  const [file, archive] = ['document.json', 'exchanges.har'].map((name) => join(directory, name))
  writeFileSync(file, JSON.stringify(document))
  const child = spawn(
    program,
    [
      `--config-file=${SETTINGS}`,
      'run',
      file,
      `--url=${url}`,
      '--checks=all',
      '--no-color',
      '--continue-on-failure',
      '--request-timeout=20',
      `--report-har-path=${archive}`,
      ...(token ? ['--header', `Authorization: Bearer ${token}`] : []),
      ...BOUNDS,
      ...further,
    ],
    // The loopback address is asked without a proxy.
    { cwd: directory, env: { ...process.env, NO_PROXY: '127.0.0.1' }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  t.after(() => child.kill())
  const [[code], ...outputs] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  const output = outputs.join('\n')
  // 0: all is well; 1: a check failed. Anything else says nothing about the service.
  if (code !== 0 && code !== 1) throw new Error(`schemathesis ended with ${code}\n${output}`)
  return { passed: code === 0, output, exchanges: exchangesIn(archive) }
}

function exchangesIn(archive) {
  return JSON.parse(readFileSync(archive, 'utf8')).log.entries.map(({ request, response }) => ({
    method: request.method,
    path: new URL(request.url).pathname,
    status: response.status,
  }))
}
