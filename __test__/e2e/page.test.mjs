/** The catalogue's page as a person meets it, in a real Chromium. */

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { clientOf, idsOf } from './helpers/ask.mjs'
import { keepScreenshot, launchBrowser, openPage } from './helpers/browser.mjs'
import { builtApp, serveApp } from './helpers/example-app.mjs'

const AXE = createRequire(import.meta.url).resolve('axe-core')

describe('the page', () => {
  let app
  let browser
  let catalogue

  before(async () => {
    const directory = await builtApp('turbopack')
    app = await serveApp(directory)
    catalogue = (await clientOf(app.url)('/api/packages')).body.packages
    browser = await launchBrowser()
  })
  after(async () => {
    await browser?.close()
    await app?.close()
  })

  /** Opens the catalogue. */
  async function open(t, options) {
    const page = await openPage(browser, t, options)
    await page.goto(app.url, { waitUntil: 'load' })
    return page
  }

  const shown = (page) => page.locator('[data-package]').evaluateAll((rows) => rows.map((row) => row.dataset.package))
  const row = (page, id) => page.locator(`[data-package="${id}"]`)

  /** Waits until just these packages are shown, in any order. */
  async function expectShown(page, entries) {
    const ids = idsOf(entries).sort()
    await page
      .waitForFunction((wanted) => {
        const rows = [...document.querySelectorAll('[data-package]')].map((item) => item.dataset.package)
        return rows.sort().join(' ') === wanted
      }, ids.join(' '))
      .catch(async () => assert.deepEqual((await shown(page)).sort(), ids))
  }

  it('shows every package with its version, source, level, category and dependencies', async (t) => {
    const page = await open(t)
    await expectShown(page, catalogue)
    for (const entry of catalogue) {
      const text = (await row(page, entry.packageId).innerText()).replace(/\s+/g, ' ')
      for (const fact of [entry.name, entry.version, entry.selectedSource, String(entry.minLevel), entry.category]) {
        assert.ok(text.includes(fact), `${entry.packageId} shows ${fact}: ${text}`)
      }
      for (const id of entry.dependencies) assert.ok(text.includes(id), `${entry.packageId} shows ${id}: ${text}`)
    }
    assert.deepEqual(page.faults, [])
  })

  it('shows the sources and how they are', async (t) => {
    const page = await open(t)
    const { body } = await clientOf(app.url)('/api/sources')
    for (const { sourceId, packageCount } of body.sources) {
      const text = await page.locator(`[data-source="${sourceId}"]`).innerText()
      assert.match(text, /healthy/i)
      assert.ok(text.includes(String(packageCount)), text)
    }
  })

  it('shows from which branch and commit a Git repository is, and the versions that it has', async (t) => {
    const page = await open(t)
    const get = clientOf(app.url)
    const { branch, revision } = (await get('/api/sources')).body.sources.find(({ type }) => type === 'git')
    const commit = revision.slice(0, 7)
    const card = page.locator('[data-source="git"]')
    for (const [term, fact] of Object.entries({ Branch: branch, Commit: commit })) {
      assert.equal(await card.locator(`dt:text-is("${term}") + dd`).innerText(), fact)
    }
    const fromGit = catalogue.filter((entry) => entry.selectedSource === 'git')
    assert.ok(fromGit.length > 1)
    for (const { packageId } of fromGit) {
      const { git: versions } = (await get(`/api/packages/${packageId}/versions`)).body.versions
      const shownVersions = await row(page, packageId).locator('.revision').innerText()
      assert.equal(shownVersions, `From commit ${commit}, versions ${versions.join(', ')}`)
    }
    assert.equal(await page.locator('.revision').count(), fromGit.length)
    await card.scrollIntoViewIfNeeded()
    await keepScreenshot(page, 'git')
    assert.deepEqual(page.faults, [])
  })

  it('searches while one types', async (t) => {
    const page = await open(t)
    const field = page.getByRole('searchbox', { name: 'Search' })
    await field.pressSequentially('dash')
    await page.waitForURL(/q=dash(&|$)/)
    const { body } = await clientOf(app.url)('/api/packages/search?q=dash&pageSize=100')
    await expectShown(page, body.packages)
    assert.ok(body.totalCount < catalogue.length)
    assert.match(await page.getByRole('status').innerText(), new RegExp(`^${body.totalCount} package.*dash`))

    await field.fill('no such package')
    await expectShown(page, [])
    assert.match(await page.getByRole('status').innerText(), /^0 packages/)

    await field.fill('')
    await expectShown(page, catalogue)
    assert.deepEqual(page.faults, [])
  })

  it('shows what a level may open, and remembers the level', async (t) => {
    const page = await open(t)
    const picker = page.getByRole('combobox', { name: 'Level' })
    const upTo = (level) => catalogue.filter((entry) => entry.minLevel <= level)
    for (const level of [1, 2, 6]) {
      await picker.selectOption(String(level))
      await expectShown(page, upTo(level))
    }
    await picker.selectOption('2')
    await expectShown(page, upTo(2))
    await page.goto(app.url)
    assert.equal(await picker.inputValue(), '2')
    await expectShown(page, upTo(2))
    await picker.selectOption({ label: 'All levels' })
    await expectShown(page, catalogue)
    assert.deepEqual(page.faults, [])
  })

  it('filters by category', async (t) => {
    const page = await open(t)
    const { category } = catalogue[0]
    await page.getByRole('combobox', { name: 'Category' }).selectOption(category)
    await expectShown(
      page,
      catalogue.filter((entry) => entry.category === category),
    )
  })

  it('explains a conflict: who won, and why the others lost', async (t) => {
    const page = await open(t)
    const conflicts = catalogue.filter((entry) => entry.availableSources.length > 1)
    assert.ok(conflicts.length > 0)
    assert.equal(await page.locator('details.conflict').count(), conflicts.length)
    for (const { packageId, selectedSource } of conflicts) {
      const { body } = await clientOf(app.url)(`/api/packages/${packageId}/explain`)
      const details = row(page, packageId).locator('details.conflict')
      assert.ok((await details.locator('summary').innerText()).includes(selectedSource))
      await details.locator('summary').click()
      const cells = await details
        .locator('tbody tr')
        .evaluateAll((rows) => rows.map((item) => [...item.cells].map((cell) => cell.textContent)))
      assert.deepEqual(
        cells,
        body.candidates.map((one) => [
          one.sourceId,
          one.type,
          one.version,
          String(one.priority),
          one.selected ? 'selected' : one.reason,
        ]),
      )
    }
    await row(page, conflicts[0].packageId).scrollIntoViewIfNeeded()
    await keepScreenshot(page, 'conflict')
    assert.deepEqual(page.faults, [])
  })

  it('is usable by keyboard alone', async (t) => {
    const page = await open(t)
    const focused = () =>
      page.evaluate(
        () =>
          document.activeElement?.id || document.activeElement?.getAttribute('name') || document.activeElement?.tagName,
      )

    await page.keyboard.press('Tab')
    assert.match(await page.evaluate(() => document.activeElement?.textContent), /skip/i)
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'q')
    await page.keyboard.type('a')
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'level')
    await page.keyboard.press('ArrowDown')
    await expectShown(
      page,
      catalogue.filter((entry) => entry.minLevel <= 1),
    )
    assert.equal(await focused(), 'level')
    await page.keyboard.press('Home')
    await expectShown(page, catalogue)

    const summary = page.locator('details.conflict summary').first()
    for (let presses = 0; presses < 200; presses++) {
      if (await summary.evaluate((element) => element === document.activeElement)) break
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    assert.equal(await page.locator('details.conflict').first().getAttribute('open'), '')
    await page.keyboard.press('Space')
    assert.equal(await page.locator('details.conflict').first().getAttribute('open'), null)

    await page.locator('a', { hasText: /^Skip/ }).focus()
    await page.keyboard.press('Enter')
    assert.equal(await focused(), 'results')
    assert.deepEqual(page.faults, [])
  })

  it('works without JavaScript', async (t) => {
    const page = await open(t, { javaScriptEnabled: false })
    await page.getByRole('combobox', { name: 'Level' }).selectOption('1')
    await page.getByRole('searchbox', { name: 'Search' }).fill('ui')
    await page.getByRole('button', { name: 'Search' }).click()
    const { body } = await clientOf(app.url)('/api/packages/search?q=ui&level=1&pageSize=100')
    await page.waitForURL(/level=1/)
    assert.ok(body.totalCount > 0)
    assert.equal(await page.locator('[data-package]').count(), body.totalCount)
  })

  for (const colorScheme of ['light', 'dark']) {
    it(`is accessible in ${colorScheme}`, async (t) => {
      const page = await open(t, { colorScheme })
      await page.locator('details.conflict summary').first().click()
      await page.addScriptTag({ path: AXE })
      const { violations } = await page.evaluate(() => globalThis.axe.run(document))
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
        [],
      )
      await page.locator('details.conflict summary').first().click()
      await keepScreenshot(page, `page-${colorScheme}`)
      assert.deepEqual(page.faults, [])
    })
  }

  it('fits a telephone', async (t) => {
    const page = await open(t, { viewport: { width: 360, height: 740 }, hasTouch: true })
    await expectShown(page, catalogue)
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    assert.equal(overflow, 0)
    await keepScreenshot(page, 'page-narrow')
  })

  it('looks different in light and dark', async (t) => {
    const shots = []
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(t, { colorScheme })
      shots.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
    }
    assert.notEqual(shots[0], shots[1])
  })
})
