// The same folder's index from the built Next.js example: a route that forwards bytes, and one that makes text of it.

import { join } from 'node:path'
import { packAddon } from '../scripts/lib/addon.mjs'
import { buildExample, digestOfBuild, prepareExample, serveExample, stageExample } from '../scripts/lib/example.mjs'
import { freePort } from '../scripts/lib/ports.mjs'
import { WORK } from '../scripts/lib/root.mjs'
import { unlessDone } from '../scripts/lib/stamp.mjs'

const directory = join(WORK, 'start')

/**
 * Builds the example, where it isn't built, and serves it.
 *
 * @param {string} packagesDir
 * @returns {Promise<{ servers: { name: string, url: string }[], close: () => Promise<void> }>}
 */
export async function startNext(packagesDir) {
  const tarball = await packAddon()
  stageExample({ directory })
  await prepareExample({ directory, tarball })
  await unlessDone(join(directory, '.next/BUILT'), digestOfBuild({ directory, tarball }), () =>
    buildExample({ directory }),
  )
  const { url, close } = await serveExample({
    directory,
    port: await freePort(),
    packagesDir,
    // The folder alone, in both routes.
    registryUrl: '',
    timeoutMs: 300_000,
  })
  return {
    servers: [
      { name: 'nextIndexHandler', url: `${url}/api/packages/index` },
      { name: 'nextStringify', url: `${url}/api/packages` },
    ],
    close,
  }
}
