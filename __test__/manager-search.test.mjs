import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { idsOf, managerOf } from './helpers/manager.mjs'
import { brokenSource, plainSource } from './helpers/sources.mjs'

/** The ids that a search over one source's packages finds, in order. */
async function found(packages, query, options) {
  const { manager } = managerOf([plainSource('a', packages)])
  return idsOf((await manager.searchPackages(query, options)).packages)
}

describe('searchPackages ranks', () => {
  const packages = [
    { packageId: 'aaa', name: 'Alpha', description: 'A form for everything' },
    { packageId: 'bbb', name: 'Beta', author: 'Form Makers' },
    { packageId: 'ccc', name: 'The Form Maker' },
    { packageId: 'zz_form', name: 'Zeta' },
    { packageId: 'ddd', name: 'Delta', category: 'form' },
  ]

  test('matches in the id first, then in the name, then in description and author', async () => {
    const ids = await found(packages, 'form')
    assert.deepEqual(ids.slice(0, 2), ['zz_form', 'ccc'])
    assert.deepEqual(ids.slice(2).sort(), ['aaa', 'bbb'])
  })

  test('by the best field where a package matches in several', async () => {
    const ids = await found(
      [
        { packageId: 'aaa', name: 'Form', description: 'form form form', author: 'Form' },
        { packageId: 'zz_form', name: 'Zeta' },
      ],
      'form',
    )
    assert.deepEqual(ids, ['zz_form', 'aaa'])
  })

  test('the same way however often it is asked', async () => {
    const many = Array.from({ length: 50 }, (_, at) => ({ packageId: `p${(at * 37) % 50}`, name: 'Same' }))
    const { manager } = managerOf([plainSource('a', many)])
    const once = idsOf((await manager.searchPackages('same', { pageSize: 100 })).packages)
    const again = idsOf((await manager.searchPackages('same', { pageSize: 100 })).packages)
    assert.equal(once.length, 50)
    assert.deepEqual(once, again)
  })
})

describe('searchPackages matches', () => {
  test('whatever the case', async () => {
    const packages = [{ packageId: 'data_table', name: 'Data TABLE' }]
    for (const query of ['DATA_TABLE', 'Data_Table', 'tAbLe']) {
      assert.deepEqual(await found(packages, query), ['data_table'], query)
    }
  })

  test('whatever the accents, in the query and in the package', async () => {
    const packages = [
      { packageId: 'one', name: 'Café Ångström' },
      { packageId: 'two', name: 'cafe angstrom' },
      { packageId: 'three', name: 'Cafe\u0301 A\u030angstro\u0308m' },
    ]
    for (const query of ['cafe', 'CAFÉ', 'cafe\u0301', 'Ångström', 'angstrom', 'ÅNGSTRÖM']) {
      assert.deepEqual((await found(packages, query)).sort(), ['one', 'three', 'two'], query)
    }
  })

  test('text in other scripts as it is', async () => {
    const packages = [
      { packageId: 'one', name: 'Панель управления' },
      { packageId: 'two', name: '仪表板' },
      { packageId: 'three', name: 'Chart 📊' },
    ]
    assert.deepEqual(await found(packages, 'ПАНЕЛЬ'), ['one'])
    assert.deepEqual(await found(packages, '表板'), ['two'])
    assert.deepEqual(await found(packages, '📊'), ['three'])
  })

  test('every word, each in whichever field', async () => {
    const packages = [
      { packageId: 'data_table', name: 'Table', description: 'Sortable rows', author: 'MetaBuilder' },
      { packageId: 'data_chart', name: 'Chart', description: 'Bars', author: 'MetaBuilder' },
    ]
    assert.deepEqual(await found(packages, 'data rows'), ['data_table'])
    assert.deepEqual(await found(packages, '  ROWS \t meta\n data '), ['data_table'])
    assert.deepEqual((await found(packages, 'data metabuilder')).sort(), ['data_chart', 'data_table'])
    assert.deepEqual(await found(packages, 'data missing'), [])
  })

  test('everything where the query is empty or blank', async () => {
    const packages = ['c', 'a', 'b']
    assert.deepEqual((await found(packages, '')).sort(), ['a', 'b', 'c'])
    assert.deepEqual((await found(packages, ' \t ')).sort(), ['a', 'b', 'c'])
  })

  test('the characters of patterns literally', async () => {
    const packages = [
      { packageId: 'a', name: 'C++ (tools) [x] .* 100% \\ ^$' },
      { packageId: 'b', name: 'plain' },
    ]
    for (const query of ['c++', '(tools)', '[x]', '.*', '100%', '\\', '^$']) {
      assert.deepEqual(await found(packages, query), ['a'], query)
    }
  })

  test("the winner's fields, not those of a shadowed entry", async () => {
    const { manager } = managerOf([
      plainSource('winner', [{ packageId: 'x', name: 'Visible' }]),
      plainSource('loser', [{ packageId: 'x', name: 'Hidden' }], { priority: 1 }),
    ])
    assert.equal((await manager.searchPackages('hidden')).totalCount, 0)
    const { packages } = await manager.searchPackages('visible')
    assert.deepEqual(packages, await manager.fetchMergedIndex())
    assert.deepEqual(packages[0].availableSources, ['winner', 'loser'])
  })

  test('nothing where there is nothing', async () => {
    const { manager } = managerOf([plainSource('a', ['x']), brokenSource('broken', 'throws', ['y'])])
    assert.deepEqual(await manager.searchPackages('y'), { packages: [], totalCount: 0, page: 1, pageSize: 20 })
  })
})

describe('searchPackages filters', () => {
  const packages = [
    { packageId: 'one', category: 'ui', minLevel: 1 },
    { packageId: 'two', category: 'ui', minLevel: 2 },
    { packageId: 'three', category: 'tools', minLevel: 3 },
    { packageId: 'six', category: 'ui_extra', minLevel: 6 },
    { packageId: 'no_level', category: '', minLevel: undefined },
  ]
  const cases = [
    [{ category: 'ui' }, ['one', 'two']],
    [{ category: 'tools' }, ['three']],
    [{ category: 'u' }, []],
    [{ minLevel: 2 }, ['two']],
    [{ minLevel: 1 }, ['no_level', 'one']],
    [{ minLevel: 4 }, []],
    [{ userLevel: 1 }, ['no_level', 'one']],
    [{ userLevel: 3 }, ['no_level', 'one', 'three', 'two']],
    [{ userLevel: 6 }, ['no_level', 'one', 'six', 'three', 'two']],
    [{ userLevel: 0 }, []],
    [{ userLevel: Number.NaN }, []],
    [{ minLevel: Number.NaN }, []],
    [{ category: 'ui', userLevel: 1 }, ['one']],
    [{ category: 'ui', minLevel: 2, userLevel: 1 }, []],
    [{ category: undefined, minLevel: undefined, userLevel: undefined }, ['no_level', 'one', 'six', 'three', 'two']],
  ]
  for (const [options, expected] of cases) {
    test(`by ${inspect(options)}`, async () => {
      assert.deepEqual((await found(packages, '', options)).sort(), expected)
    })
  }

  test('together with words, and counts what is left', async () => {
    const { manager } = managerOf([plainSource('a', packages)])
    const result = await manager.searchPackages('o', { category: 'ui' })
    assert.equal(result.totalCount, 2)
    assert.deepEqual(idsOf(result.packages).sort(), ['one', 'two'])
  })
})

describe('searchPackages pages', () => {
  const packages = Array.from({ length: 45 }, (_, at) => ({
    packageId: `p${String((at * 19) % 45).padStart(2, '0')}`,
    name: at % 3 === 0 ? 'Widget' : 'Thing',
    description: 'widget',
  }))

  test('by 20 from the first on where nothing is said', async () => {
    const { manager } = managerOf([plainSource('a', packages)])
    const result = await manager.searchPackages('')
    assert.deepEqual(Object.keys(result).sort(), ['packages', 'page', 'pageSize', 'totalCount'])
    assert.equal(result.packages.length, 20)
    assert.deepEqual([result.totalCount, result.page, result.pageSize], [45, 1, 20])
  })

  test('so that the pages together are the whole list, each package once', async () => {
    const { manager } = managerOf([plainSource('a', packages)])
    for (const query of ['', 'widget']) {
      const whole = idsOf((await manager.searchPackages(query, { pageSize: 1000 })).packages)
      assert.equal(new Set(whole).size, 45)
      for (const pageSize of [1, 7, 20, 45]) {
        const paged = []
        for (let page = 1; paged.length < 45; page++) {
          const result = await manager.searchPackages(query, { page, pageSize })
          assert.deepEqual([result.totalCount, result.page, result.pageSize], [45, page, pageSize])
          assert.ok(result.packages.length > 0)
          paged.push(...idsOf(result.packages))
        }
        assert.deepEqual(paged, whole)
      }
    }
  })

  test('emptily beyond the end', async () => {
    const { manager } = managerOf([plainSource('a', packages)])
    for (const page of [4, 1000, 2_000_000_000]) {
      assert.deepEqual(await manager.searchPackages('', { page }), { packages: [], totalCount: 45, page, pageSize: 20 })
    }
  })
})

describe('searchPackages rejects with EINVALIDARG', () => {
  const refused = async (...args) => {
    const { manager } = managerOf([plainSource('a', ['x'])])
    await assert.rejects(
      manager.searchPackages(...args),
      (error) => error instanceof Error && error.code === 'EINVALIDARG',
      JSON.stringify(args),
    )
  }

  test('a query that is no string', async () => {
    for (const query of [undefined, null, 5, {}, ['x'], true]) await refused(query)
  })

  test('options that are no object', async () => {
    for (const options of [5, 'ui', true]) await refused('x', options)
  })

  const faulty = {
    page: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null],
    pageSize: [0, -1, 1001, 2.5, Number.NaN, Number.POSITIVE_INFINITY, '20', null],
    category: [5, null, ['ui']],
    minLevel: ['1', null],
    userLevel: ['1', null],
  }
  for (const [field, values] of Object.entries(faulty)) {
    test(`a ${field} of the wrong type or out of range`, async () => {
      for (const value of values) await refused('x', { [field]: value })
    })
  }

  test('but takes the bounds themselves', async () => {
    const { manager } = managerOf([plainSource('a', ['x'])])
    for (const pageSize of [1, 1000]) {
      assert.deepEqual((await manager.searchPackages('', { page: 1, pageSize })).pageSize, pageSize)
    }
  })
})
