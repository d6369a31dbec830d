/** Packages folders in which one package is broken, and what they must give all the same. */

import assert from 'node:assert/strict'
import { assertOnlyWarnings } from './hostile.mjs'
import { idsOf, localSource, watched } from './local.mjs'
import { packagesFolder } from './package-builder.mjs'

const LEVELS = 100_000

/** Content that is no JSON object at all, whatever file it stands in. */
export const NO_OBJECTS = {
  'an empty file': '',
  'white space': ' \n\t ',
  'a truncated object': '{"packageId":"broken","name":"Bro',
  'an object without end': '{"packageId":"broken"',
  'a trailing comma': '{"packageId":"broken",}',
  'text behind it': '{"packageId":"broken"} x',
  'a comment': '{"packageId":"broken"} // yes',
  'single quotes': "{'packageId':'broken'}",
  NaN: '{"packageId":"broken","minLevel":NaN}',
  'a raw newline in a text': '{"packageId":"bro\nken"}',
  'invalid UTF-8': Buffer.concat([
    Buffer.from('{"packageId":"broken","name":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}'),
  ]),
  'UTF-16': Buffer.from('\ufeff{"packageId":"broken"}', 'utf16le'),
  'NUL bytes': Buffer.alloc(4096),
  'deep nesting of arrays': `{"packageId":"broken","deep":${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}}`,
  'deep nesting of objects': `${'{"packageId":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`,
  'deep nesting without end': '['.repeat(LEVELS),
  'a list': '[{"packageId":"broken"}]',
  null: 'null',
  'a number': '1e400',
  'a text': '"broken"',
}

/** A packages folder with a sound package before and behind the broken one. */
export function folderAround(t, write) {
  const folder = packagesFolder(t)
  folder.seed('alpha').components([{ id: 'alpha_root' }])
  write(folder)
  folder.manifest('omega').components([{ id: 'omega_root' }])
  return folder
}

/** Checks that the index goes on, and that there is one warning, about this path. */
export async function assertPassedOver(folder, path) {
  const { manager, reports, status } = watched(localSource(folder))
  assert.deepEqual(await idsOf(manager), ['alpha', 'omega'])
  assert.deepEqual(
    status().warnings.map((warning) => warning.path),
    [path],
  )
  const [{ reason }] = status().warnings
  assert.ok(reason.length > 0 && reason.length < 500, reason)
  assert.ok(!reason.includes(folder.parent), reason)
  assert.equal(status().state, 'ok')
  assert.equal(await manager.loadPackage('broken'), null)
  assertOnlyWarnings(reports)
  assert.deepEqual((await manager.loadPackage('omega')).components, [{ id: 'omega_root' }])
}
