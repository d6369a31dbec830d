import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getInstalledPackages, installPackage, isPackageInstalled, uninstallPackage } from '../index.mjs'
import { definition, INHERITED_NAMES, registryOf } from './helpers/registry.mjs'
import { MemoryStore } from './helpers/store.mjs'

const file = (name) => ({ name, path: `scripts/${name}.lua`, code: `-- ${name}`, category: 'ui', description: name })

const registry = registryOf(
  definition('dashboard', {
    components: [{ id: 'StatCard' }, { id: 'Grid' }],
    scripts: 'return 1',
    scriptFiles: [file('init'), file('stats'), file('layout')],
  }),
  // Its id begins with the other's, and so do the ids of its scripts.
  definition('dashboard_pro', { components: [{ id: 'Pro' }], scripts: 'return 2', scriptFiles: [file('init')] }),
  definition('bare'),
)

describe('uninstallPackage', () => {
  test('removes components, every script and the installation record', async () => {
    const db = new MemoryStore()
    await installPackage(registry, 'dashboard', db)
    assert.equal(db.ids('lua_scripts').length, 4)
    assert.deepEqual(await uninstallPackage(registry, 'dashboard', db), { success: true })
    assert.deepEqual(db.contents(), {})
    assert.equal(await isPackageInstalled('dashboard', db), false)
  })

  test('removes the scripts that an earlier version of the package installed, too', async () => {
    const db = new MemoryStore()
    await installPackage(registry, 'dashboard', db)
    const next = registryOf(definition('dashboard', { components: registry.dashboard.components }))
    assert.deepEqual(await uninstallPackage(next, 'dashboard', db), { success: true })
    assert.deepEqual(db.contents(), {})
  })

  test('leaves everything of other packages where it is', async () => {
    const db = new MemoryStore()
    await db.set('lua_scripts', 'package_dashboardish', { id: 'package_dashboardish', code: '-- mine' })
    await installPackage(registry, 'dashboard_pro', db)
    const before = structuredClone(db.contents())
    await installPackage(registry, 'dashboard', db)
    assert.deepEqual(await uninstallPackage(registry, 'dashboard', db), { success: true })
    assert.deepEqual(db.contents(), before)
  })

  test("leaves another package's script where its row has the id that a script of this one would have", async () => {
    const forums = registryOf(
      definition('forum', { scripts: 'return 1', scriptFiles: [file('forge')] }),
      definition('forum_forge', { scripts: 'return 2', scriptFiles: [file('init')] }),
    )
    for (const [first, second] of [
      ['forum', 'forum_forge'],
      ['forum_forge', 'forum'],
    ]) {
      const db = new MemoryStore()
      await installPackage(forums, first, db)
      await installPackage(forums, second, db)
      const row = structuredClone(db.row('lua_scripts', 'package_forum_forge'))
      assert.equal(row.packageId, second)
      assert.deepEqual(await uninstallPackage(forums, first, db), { success: true })
      assert.deepEqual(db.row('lua_scripts', 'package_forum_forge'), row)
      assert.deepEqual(await uninstallPackage(forums, second, db), { success: true })
      assert.deepEqual(db.contents(), {})
    }
  })

  test('leaves it also where this package has no such script any more', async () => {
    const db = new MemoryStore()
    const forum = definition('forum', { scriptFiles: [file('forge')] })
    await installPackage(registryOf(forum), 'forum', db)
    const before = structuredClone(db.contents())
    const forge = registryOf(definition('forum_forge'))
    assert.deepEqual(await uninstallPackage(forge, 'forum_forge', db), { success: true })
    assert.deepEqual(db.contents(), before)
  })

  test('removes its rows that a store keeps without packageId', async () => {
    const db = new MemoryStore()
    await installPackage(registry, 'dashboard', db)
    for (const [at, id] of db.ids('lua_scripts').entries()) {
      await db.set('lua_scripts', id, [{ id, packageId: undefined }, { id, packageId: null }, null, 'return 1'][at])
    }
    assert.deepEqual(await uninstallPackage(registry, 'dashboard', db), { success: true })
    assert.deepEqual(db.contents(), {})
  })

  test('succeeds for a package without components and scripts', async () => {
    const db = new MemoryStore()
    const bare = definition('bare')
    delete bare.components
    await installPackage(registryOf(bare), 'bare', db)
    assert.deepEqual(await uninstallPackage(registryOf(bare), 'bare', db), { success: true })
    assert.deepEqual(await getInstalledPackages(db), [])
  })

  test('refuses a package that the registry lacks', async () => {
    const db = new MemoryStore()
    await installPackage(registry, 'bare', db)
    const before = structuredClone(db.contents())
    for (const id of ['nowhere', ...INHERITED_NAMES]) {
      assert.deepEqual(await uninstallPackage(registry, id, db), { success: false, error: `Package ${id} not found` })
    }
    assert.deepEqual(db.contents(), before)
  })

  test('takes ids such as __proto__ for ids like any other', async () => {
    const odd = registryOf(
      ...INHERITED_NAMES.map((id) => definition(id, { scripts: '--', scriptFiles: [file('init')] })),
    )
    const db = new MemoryStore()
    for (const id of INHERITED_NAMES) await installPackage(odd, id, db)
    for (const id of INHERITED_NAMES) assert.deepEqual(await uninstallPackage(odd, id, db), { success: true })
    assert.deepEqual(db.contents(), {})
  })

  test('says why where the store fails, and never throws', async () => {
    for (const fail of [() => Promise.reject(new Error('read only')), throwing('read only')]) {
      const db = new MemoryStore()
      await installPackage(registry, 'dashboard', db)
      db.delete = fail
      const { success, error } = await uninstallPackage(registry, 'dashboard', db)
      assert.equal(success, false)
      assert.match(error, /read only/)
    }
  })

  test('can be tried again after the store failed half-way', async () => {
    const db = new MemoryStore()
    await installPackage(registry, 'dashboard', db)
    db.failOn = (method, _table, id) => method === 'delete' && id === 'package_dashboard_stats' && new Error('locked')
    assert.equal((await uninstallPackage(registry, 'dashboard', db)).success, false)
    assert.equal(await isPackageInstalled('dashboard', db), true)
    db.failOn = () => undefined
    assert.deepEqual(await uninstallPackage(registry, 'dashboard', db), { success: true })
    assert.deepEqual(db.contents(), {})
  })
})

function throwing(message) {
  return () => {
    throw new Error(message)
  }
}
