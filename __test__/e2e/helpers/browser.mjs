import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { findChromium } from '../../../scripts/lib/chromium.mjs'
import { ROOT } from '../../../scripts/lib/root.mjs'

const ARTIFACTS = join(ROOT, 'artifacts')

/** Starts a real Chromium with an empty profile. */
export function launchBrowser() {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('There is no Chromium: install it, or name one in CHROME_PATH')
  const args = ['--disable-gpu', '--disable-quic', '--disable-dev-shm-usage']
  // Chromium's sandbox can't be had as root.
  return chromium.launch({ executablePath, args, chromiumSandbox: process.getuid?.() !== 0 })
}

/**
 * A new page of a new person: no cookies. What goes wrong in it is listed in `page.faults`.
 * @param {import('playwright-core').Browser} browser
 * @param {import('node:test').TestContext} t
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openPage(browser, t, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  t.after(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(120_000)
  const faults = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`))
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`)
  })
  return Object.assign(page, { faults })
}

/** Saves what the page shows as `artifacts/<name>.png`. */
export async function keepScreenshot(page, name) {
  mkdirSync(ARTIFACTS, { recursive: true })
  return page.screenshot({ path: join(ARTIFACTS, `${name}.png`) })
}
