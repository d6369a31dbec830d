/** The same binary in other versions of Node.js. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { haveRuntimes } from '../../scripts/lib/runtimes.mjs'
import { LoopbackRegistry } from '../helpers/loopback-registry.mjs'
import { packagesFolder } from '../helpers/package-builder.mjs'

const run = promisify(execFile)
const SMOKE = fileURLToPath(new URL('./helpers/smoke.mjs', import.meta.url))

const programs = process.env.NODE_RUNTIMES ? JSON.parse(process.env.NODE_RUNTIMES) : await haveRuntimes()

describe('the addon', () => {
  const folder = packagesFolder({ after })
  let registry
  after(() => registry?.close())

  before(async () => {
    folder.seed('dashboard', { version: '1.0.0' }).components([{ id: 'StatCard' }])
    registry = new LoopbackRegistry({})
    await registry.listen()
    registry.publish({ packageId: 'dashboard', version: '1.1.0' })
    registry.publish({ packageId: 'remote_only', version: '0.1.0' })
  })

  for (const [major, program] of Object.entries(programs)) {
    it(`works in Node.js ${major}`, async () => {
      const { stdout } = await run(program, [SMOKE, folder.path, registry.url])
      const { version, ...answer } = JSON.parse(stdout)
      assert.ok(version.startsWith(`v${major}.`), version)
      assert.deepEqual(answer, {
        sameClass: true,
        index: [
          ['dashboard', '1.1.0', 'registry'],
          ['own', '2.0.0', 'own'],
          ['remote_only', '0.1.0', 'registry'],
        ],
        components: [{ id: 'StatCard' }],
        sameObject: true,
        found: ['dashboard'],
        reason: 'older version',
        refused: 'EINVALIDARG',
        reported: ['broken ETIMEOUT'],
        inWorker: 1,
      })
    })
  }
})
