import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  getInstalledPackages,
  installPackage,
  installPackageComponents,
  installPackageScripts,
  isPackageInstalled,
  uninstallPackage,
} from '../index.mjs'
import { definition, INHERITED_NAMES, registryOf } from './helpers/registry.mjs'
import { MemoryStore } from './helpers/store.mjs'

const dashboard = () =>
  definition('dashboard', {
    name: 'Dashboard',
    version: '1.2.0',
    dependencies: ['core'],
    components: [{ id: 'StatCard', type: 'card' }, { id: 'Grid' }],
    scripts: 'return 1',
    scriptFiles: [
      { name: 'init', path: 'scripts/init.lua', code: '-- init', category: 'lifecycle', description: 'Start' },
      { name: 'layout', path: 'scripts/layout.lua', code: '-- layout', description: 'Layouts' },
    ],
  })

const registry = registryOf(dashboard(), definition('core'), definition('lost', { dependencies: ['x', 'core', 'y'] }))

const COMPONENTS = { StatCard: { id: 'StatCard', type: 'card' }, Grid: { id: 'Grid' } }
const SCRIPTS = {
  package_dashboard: {
    id: 'package_dashboard',
    name: 'Dashboard Scripts',
    code: 'return 1',
    category: 'package',
    packageId: 'dashboard',
  },
  package_dashboard_init: {
    id: 'package_dashboard_init',
    name: 'Dashboard - init',
    code: '-- init',
    category: 'lifecycle',
    packageId: 'dashboard',
    path: 'scripts/init.lua',
    description: 'Start',
  },
  package_dashboard_layout: {
    id: 'package_dashboard_layout',
    name: 'Dashboard - layout',
    code: '-- layout',
    category: 'package',
    packageId: 'dashboard',
    path: 'scripts/layout.lua',
    description: 'Layouts',
  },
}

describe('installPackage', () => {
  test('writes components, scripts and, last, the installation record', async () => {
    const db = new MemoryStore()
    const before = Date.now()
    assert.deepEqual(await installPackage(registry, 'dashboard', db), { success: true })
    const { components, lua_scripts, installed_packages, ...rest } = db.contents()
    assert.deepEqual(components, COMPONENTS)
    assert.deepEqual(lua_scripts, SCRIPTS)
    assert.deepEqual(rest, {})
    const { installedAt, ...record } = installed_packages.dashboard
    assert.deepEqual(record, { packageId: 'dashboard', name: 'Dashboard', version: '1.2.0' })
    assert.equal(typeof installedAt, 'number')
    assert.ok(installedAt >= before && installedAt <= Date.now())
    const writes = db.calls.filter(([method]) => method === 'set')
    assert.equal(writes.length, 6)
    assert.deepEqual(writes.at(-1), ['set', 'installed_packages', 'dashboard'])
  })

  test('installs a package without components and scripts', async () => {
    const db = new MemoryStore()
    const bare = definition('bare')
    delete bare.components
    assert.deepEqual(await installPackage(registryOf(bare), 'bare', db), { success: true })
    assert.deepEqual(Object.keys(db.contents()), ['installed_packages'])
  })

  test('refuses a package that the registry lacks', async () => {
    const db = new MemoryStore()
    for (const id of ['nowhere', 'toString', '__proto__', 'constructor']) {
      assert.deepEqual(await installPackage(registry, id, db), { success: false, error: `Package ${id} not found` })
    }
    assert.deepEqual(db.contents(), {})
  })

  test('refuses a package with missing dependencies and names them', async () => {
    const db = new MemoryStore()
    assert.deepEqual(await installPackage(registry, 'lost', db), {
      success: false,
      error: 'Missing dependencies: x, y',
    })
    assert.deepEqual(db.contents(), {})
  })

  test('takes ids such as __proto__ for ids like any other', async () => {
    const odd = registryOf(
      ...INHERITED_NAMES.map((id) => definition(id, { scripts: '--', components: [{ id: `${id}_component` }] })),
    )
    const db = new MemoryStore()
    for (const id of INHERITED_NAMES) {
      assert.equal(await isPackageInstalled(id, db), false)
      assert.deepEqual(await installPackage(odd, id, db), { success: true })
      assert.equal(await isPackageInstalled(id, db), true)
    }
    assert.deepEqual(db.ids('installed_packages'), INHERITED_NAMES)
    assert.deepEqual(await getInstalledPackages(db), INHERITED_NAMES)
    assert.equal({}.packageId, undefined)
  })
})

describe('An installation that fails half-way', () => {
  const WRITES = 6

  for (let failing = 1; failing <= WRITES; failing++) {
    test(`at write ${failing} of ${WRITES} takes back what it wrote`, async () => {
      const db = new MemoryStore()
      await db.set('components', 'Other', { id: 'Other' })
      const before = db.contents()
      db.calls = []
      db.failOn = (method, _table, _id, count) => method === 'set' && count === failing && new Error('disk full')
      assert.deepEqual(await installPackage(registry, 'dashboard', db), {
        success: false,
        error: 'Installation failed: disk full',
      })
      assert.equal(db.calls.filter(([method]) => method === 'set').length >= failing, true)
      assert.deepEqual(db.contents(), before)
      assert.equal(await isPackageInstalled('dashboard', db), false)
    })
  }

  test('puts back what it overwrote', async () => {
    const db = new MemoryStore()
    assert.deepEqual(await installPackage(registry, 'dashboard', db), { success: true })
    const before = structuredClone(db.contents())
    const next = dashboard()
    next.version = '2.0.0'
    next.components = [{ id: 'StatCard', type: 'new' }, { id: 'Added' }]
    next.scripts = 'return 2'
    db.calls = []
    let room = true
    db.failOn = (method, table) => {
      if (method !== 'set' || table !== 'installed_packages' || !room) return undefined
      room = false
      return new Error('disk full')
    }
    assert.deepEqual(await installPackage(registryOf(next, definition('core')), 'dashboard', db), {
      success: false,
      error: 'Installation failed: disk full',
    })
    assert.deepEqual(db.contents(), before)
  })

  test('says why also where taking back fails too', async () => {
    const db = new MemoryStore()
    db.failOn = (method, table) =>
      (method === 'delete' && new Error('read only now')) ||
      (method === 'set' && table === 'lua_scripts' && new Error('disk full'))
    const { success, error } = await installPackage(registry, 'dashboard', db)
    assert.equal(success, false)
    assert.match(error, /^Installation failed: disk full/)
  })

  test('takes back the rest where taking back one row fails', async () => {
    const db = new MemoryStore()
    db.failOn = (method, table, id) =>
      (method === 'delete' && id === 'StatCard' && new Error('locked')) ||
      (method === 'set' && table === 'installed_packages' && new Error('disk full'))
    assert.equal((await installPackage(registry, 'dashboard', db)).success, false)
    assert.deepEqual(Object.keys(db.contents().components ?? {}), ['StatCard'])
    assert.deepEqual(db.contents().lua_scripts, undefined)
  })

  test('gives the reason also where the store throws at once, or throws what is no Error', async () => {
    const throwing = new MemoryStore()
    throwing.set = () => {
      throw new Error('synchronously')
    }
    assert.deepEqual(await installPackage(registry, 'dashboard', throwing), {
      success: false,
      error: 'Installation failed: synchronously',
    })
    const rejecting = new MemoryStore()
    rejecting.set = () => Promise.reject('a text')
    assert.deepEqual(await installPackage(registry, 'dashboard', rejecting), {
      success: false,
      error: 'Installation failed: a text',
    })
  })
})

/** What a store may throw that resists being looked at. */
function unreadable() {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const secretive = Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('no')
    },
  })
  return [Object.create(null), proxy, secretive, Object.assign(new Error('x'), { message: Symbol('s') }), undefined]
}

describe('An installation whose store', () => {
  test("can't be read leaves the row that it could not read alone", async () => {
    const db = new MemoryStore()
    await installPackage(registry, 'dashboard', db)
    await db.set('components', 'Other', { id: 'Other' })
    const before = structuredClone(db.contents())
    const next = dashboard()
    next.components = [{ id: 'StatCard', type: 'new' }, { id: 'Grid' }]
    const fails = [() => Promise.reject(new Error('timed out')), () => assert.fail('timed out')]
    for (const fail of fails) {
      db.calls = []
      const get = db.get.bind(db)
      db.get = (table, id) => (id === 'Grid' ? fail() : get(table, id))
      assert.deepEqual(await installPackage(registryOf(next, definition('core')), 'dashboard', db), {
        success: false,
        error: 'Installation failed: timed out',
      })
      assert.deepEqual(db.contents(), before)
      assert.ok(!db.calls.some(([method, , id]) => method !== 'get' && id === 'Grid'))
    }
  })

  test('says null for what is not there is written to and cleared again', async () => {
    const db = new MemoryStore()
    db.get = async (table, id) => db.row(table, id) ?? null
    db.failOn = (method, table) => method === 'set' && table === 'installed_packages' && new Error('disk full')
    assert.equal((await installPackage(registry, 'dashboard', db)).success, false)
    assert.deepEqual(db.contents(), {})
    db.failOn = () => undefined
    assert.deepEqual(await installPackage(registry, 'dashboard', db), { success: true })
  })

  test('throws what resists being looked at ends in a reason, too', async () => {
    for (const thrown of unreadable()) {
      for (const method of ['set', 'get']) {
        const db = new MemoryStore()
        db[method] = () => Promise.reject(thrown)
        const { success, error } = await installPackage(registry, 'dashboard', db)
        assert.equal(success, false)
        assert.match(error, /^Installation failed: ./)
      }
      for (const method of ['delete', 'getAll']) {
        const db = new MemoryStore()
        db[method] = () => Promise.reject(thrown)
        const { success, error } = await uninstallPackage(registry, 'dashboard', db)
        assert.equal(success, false)
        assert.match(error, /^Uninstallation failed: ./)
      }
    }
  })
})

describe('installPackageComponents and installPackageScripts', () => {
  test('write their part alone', async () => {
    const db = new MemoryStore()
    await installPackageComponents(dashboard(), db)
    assert.deepEqual(db.contents(), { components: COMPONENTS })
    await installPackageScripts(dashboard(), db)
    assert.deepEqual(db.contents(), { components: COMPONENTS, lua_scripts: SCRIPTS })
  })

  test('reject with what the store rejected with', async () => {
    const db = new MemoryStore()
    const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' })
    db.failOn = () => full
    await assert.rejects(installPackageComponents(dashboard(), db), { code: 'ENOSPC', message: /disk full/ })
    await assert.rejects(installPackageScripts(dashboard(), db), { code: 'ENOSPC', message: /disk full/ })
  })

  test('call the store with itself as this', async () => {
    const db = new MemoryStore()
    // The store's private fields can't be reached with another `this`, so a lost one fails here.
    await installPackageScripts(definition('tiny', { scripts: '--' }), db)
    assert.deepEqual(db.ids('lua_scripts'), ['package_tiny'])
  })

  test('write script files without category and description', async () => {
    const db = new MemoryStore()
    const pkg = definition('tiny', { scriptFiles: [{ name: 'init', path: 'scripts/init.lua', code: '--' }] })
    await installPackageScripts(pkg, db)
    const row = db.row('lua_scripts', 'package_tiny_init')
    assert.equal(row.category, 'package')
    assert.equal(row.path, 'scripts/init.lua')
    assert.equal(row.description, undefined)
  })
})

describe('isPackageInstalled', () => {
  test('is false before and true after an installation', async () => {
    const db = new MemoryStore()
    assert.equal(await isPackageInstalled('dashboard', db), false)
    await installPackage(registry, 'dashboard', db)
    assert.equal(await isPackageInstalled('dashboard', db), true)
    assert.equal(await isPackageInstalled('core', db), false)
  })

  test('is false where the store says null or fails', async () => {
    const db = new MemoryStore()
    db.get = async () => null
    assert.equal(await isPackageInstalled('dashboard', db), false)
    db.get = async () => Promise.reject(new Error('down'))
    assert.equal(await isPackageInstalled('dashboard', db), false)
    db.get = () => {
      throw new Error('down at once')
    }
    assert.equal(await isPackageInstalled('dashboard', db), false)
  })
})

describe('getInstalledPackages', () => {
  test('gives the ids in the table', async () => {
    const db = new MemoryStore()
    assert.deepEqual(await getInstalledPackages(db), [])
    await installPackage(registry, 'dashboard', db)
    await installPackage(registry, 'core', db)
    assert.deepEqual(await getInstalledPackages(db), ['dashboard', 'core'])
  })

  test('gives [] where the store has no such table or fails', async () => {
    const db = new MemoryStore()
    for (const nothing of [null, undefined]) {
      db.getAll = async () => nothing
      assert.deepEqual(await getInstalledPackages(db), [])
    }
    db.getAll = async () => Promise.reject(new Error('down'))
    assert.deepEqual(await getInstalledPackages(db), [])
    db.getAll = () => {
      throw new Error('down at once')
    }
    assert.deepEqual(await getInstalledPackages(db), [])
  })
})
