/** The packed package, installed in a fresh folder where there is no Rust. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { packAddon } from '../../scripts/lib/addon.mjs'
import { ROOT } from '../../scripts/lib/root.mjs'
import { packagesFolder, temporaryDirectory } from '../helpers/package-builder.mjs'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

describe('the packed tarball', () => {
  const directory = temporaryDirectory({ after })
  let tarball
  let project
  let env

  before(async () => {
    tarball = await packAddon()
    env = bareEnvironment(directory)
    project = join(directory, 'project')
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "private": true }\n')
    // Offline: it needs no other package, and no script of its own has to fetch or build anything.
    await run(process.execPath, [npmCli(), 'install', '--offline', '--no-audit', '--no-fund', tarball], {
      cwd: project,
      env,
    })
  })

  /** What a module in the fresh folder prints, as JSON. */
  async function answerOf(name, code, args = []) {
    writeFileSync(join(project, name), code)
    const { stdout } = await run(process.execPath, [...args, name], { cwd: project, env })
    return JSON.parse(stdout)
  }

  it('is installed where there is neither Rust nor a C compiler', () => {
    const folders = env.PATH.split(delimiter)
    for (const tool of ['cargo', 'rustc', 'cc', 'gcc', 'clang']) {
      assert.deepEqual(
        folders.filter((folder) => existsSync(join(folder, tool))),
        [],
        tool,
      )
    }
  })

  it('holds what an application needs and nothing else', () => {
    const names = readdirSync(join(project, 'node_modules/@metabuilder/package-sources'))
    const native = names.filter((name) => name.endsWith('.node'))
    assert.equal(native.length, 1, native.join(' '))
    const expected = [
      'README.md',
      'binding.js',
      'browser.mjs',
      'face',
      'index.d.mts',
      'index.d.ts',
      'index.js',
      'index.mjs',
      'package.json',
    ]
    assert.deepEqual(names.filter((name) => !native.includes(name) && name !== 'LICENSE').sort(), expected)
  })

  it('works by import and by require, with the same names and classes', async () => {
    const answer = await answerOf(
      'both.mjs',
      `import { createRequire } from 'node:module'
       import * as imported from '@metabuilder/package-sources'
       const required = createRequire(import.meta.url)('@metabuilder/package-sources')
       const own = (module) => Object.keys(module).filter((name) => !['default', 'module.exports'].includes(name)).sort()
       console.log(JSON.stringify({
         imported: own(imported),
         required: own(required),
         different: own(required).filter((name) => imported[name] !== required[name]),
         isInstance: new imported.LocalPackageSource() instanceof required.LocalPackageSource,
       }))`,
    )
    assert.ok(answer.imported.includes('PackageSourceManager'))
    assert.deepEqual(answer.imported, answer.required)
    assert.deepEqual(answer.different, [])
    assert.equal(answer.isInstance, true)
  })

  it('merges a folder and a source written in JavaScript', async (t) => {
    const folder = packagesFolder(t)
    folder.seed('dashboard', { version: '1.0.0' }).components([{ id: 'StatCard' }])
    folder.manifest('data_table', { version: '2.0.0' })
    const answer = await answerOf(
      'use.cjs',
      `const { LocalPackageSource, PackageSourceManager } = require('@metabuilder/package-sources')
       const entry = { packageId: 'dashboard', name: 'Own', version: '3.0.0', description: '', author: '', category: '', dependencies: [], minLevel: 1, sourceId: 'own' }
       const manager = new PackageSourceManager({ conflictResolution: 'latest-version' })
       manager.addSource(new LocalPackageSource({ url: ${JSON.stringify(folder.path)} }))
       manager.addSource({
         getConfig: () => ({ id: 'own', name: 'Own', type: 'git', url: '', priority: 5, enabled: true }),
         fetchIndex: () => [entry],
         loadPackage: () => ({ metadata: entry, components: [], scriptFiles: [] }),
         hasPackage: (id) => id === 'dashboard',
         getVersions: () => ['3.0.0'],
       })
       async function main() {
         const index = await manager.fetchMergedIndex()
         const local = await manager.loadPackageFromSource('dashboard', 'local')
         console.log(JSON.stringify({
           index: index.map((one) => [one.packageId, one.version, one.selectedSource]),
           components: local.components,
           refused: await manager.loadPackage(5).catch((error) => error.code),
         }))
       }
       main()`,
    )
    assert.deepEqual(answer, {
      index: [
        ['dashboard', '3.0.0', 'own'],
        ['data_table', '2.0.0', 'local'],
      ],
      components: [{ id: 'StatCard' }],
      refused: 'EINVALIDARG',
    })
  })

  it('gives browsers the pure functions, and classes that say what they need', async () => {
    const answer = await answerOf(
      'browser.mjs',
      `import * as all from '@metabuilder/package-sources'
       const codeOf = (make) => { try { make() } catch (error) { return error.code } }
       const registry = { a: { packageId: 'a', minLevel: 1, dependencies: [] }, b: { packageId: 'b', minLevel: 4, dependencies: ['a'] } }
       console.log(JSON.stringify({
         names: Object.keys(all).sort(),
         accessible: Object.keys(all.getAccessiblePackages(registry, 2)),
         order: all.resolveDependencyOrder(registry).loadOrder,
         codes: [
           codeOf(() => new all.PackageSourceManager()),
           codeOf(() => new all.LocalPackageSource()),
           codeOf(() => new all.RemotePackageSource()),
           codeOf(() => all.createPackageSourceManager()),
         ],
         addons: process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')),
       }))`,
      ['--conditions=browser'],
    )
    const { names } = await answerOf(
      'names.mjs',
      "import * as all from '@metabuilder/package-sources'\nconsole.log(JSON.stringify({ names: Object.keys(all).sort() }))",
    )
    assert.deepEqual(
      answer.names,
      names.filter((name) => name !== 'module.exports'),
    )
    assert.deepEqual(answer.accessible, ['a'])
    assert.deepEqual(answer.order, ['a', 'b'])
    assert.deepEqual(answer.codes, ['EBROWSER', 'EBROWSER', 'EBROWSER', 'EBROWSER'])
    assert.deepEqual(answer.addons, [])
  })

  it('satisfies publint', async () => {
    await tool('publint', ['run', tarball, '--strict'])
  })

  it('has types that fit every way of importing it', async () => {
    await tool('@arethetypeswrong/cli', [tarball, '--no-emoji', '--no-definitely-typed'])
  })
})

/** Runs a development tool's program; its output is the failure's text. */
async function tool(name, args) {
  const manifest = join(ROOT, 'node_modules', name, 'package.json')
  const { bin } = require(manifest)
  const program = join(dirname(manifest), typeof bin === 'string' ? bin : Object.values(bin)[0])
  await run(process.execPath, [program, ...args], { cwd: ROOT }).catch((error) => {
    assert.fail(`${error.stdout}${error.stderr}`)
  })
}

/** Node alone on the PATH, and a home without settings or tool chains. */
function bareEnvironment(directory) {
  const [bin, home] = ['bin', 'home'].map((name) => join(directory, name))
  for (const folder of [bin, home]) mkdirSync(folder)
  if (process.platform === 'win32') return { ...process.env, PATH: dirname(process.execPath) }
  symlinkSync(process.execPath, join(bin, 'node'))
  return { PATH: bin, HOME: home }
}

function npmCli() {
  const found = [
    process.env.npm_execpath,
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
    join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
  ].find((path) => path?.endsWith('npm-cli.js') && existsSync(path))
  assert.ok(found, 'npm is not beside node, and no npm runs us')
  return found
}
