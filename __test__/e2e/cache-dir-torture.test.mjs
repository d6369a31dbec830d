// Two processes with four threads each over one cache folder and a registry that changes all the time, killed at random:
// what any of them ever gets is whole and was published.
//
// CACHE_TORTURE_SECONDS says for how long: 60 on CI, 15 elsewhere if it says nothing.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cacheFolder, filesBelow } from '../helpers/cache-folder.mjs'
import { watchedRemote } from '../helpers/remote.mjs'
import { until } from '../helpers/until.mjs'
import { faultOf, PACKAGE_IDS, startChangingRegistry } from './helpers/changing-registry.mjs'

const USER = fileURLToPath(new URL('helpers/cache-dir-user.mjs', import.meta.url))

const SECONDS = Number(process.env.CACHE_TORTURE_SECONDS ?? (process.env.CI ? 60 : 15))

const PROCESSES = 2

/** What all packages as they are now need is about half of it, so that old copies have to go all the time. */
const CACHE_BYTES = 2_000_000

/** Each source counts what is there when it has written a sixteenth, so eight threads may be above it for a moment. */
const MOST_BYTES = 2 * CACHE_BYTES

/** Longest life of a process after it has read something, milliseconds. */
const LONGEST_LIFE = 900

/** Kills in a minute, and reads, below which the test shows nothing. They are far below what a slow machine reaches. */
const LEAST_A_MINUTE = { kills: 20, reads: 1000, fromDisk: 100 }

/** What is kept in a cache folder: without what was being written, which is swept after an hour. */
const keptIn = (folder) => filesBelow(folder).filter(({ path }) => !path.startsWith(join(folder, 'v1', 'tmp') + sep))

test(`A cache folder stands ${SECONDS} seconds of processes that are killed at any moment`, async (t) => {
  const registry = await startChangingRegistry()
  t.after(() => registry.close())
  const cacheDir = cacheFolder(t)
  const reports = cacheFolder(t)
  const seen = { kills: 0, reads: 0, fromDisk: 0, mostBytes: 0 }
  const faults = []
  const end = Date.now() + SECONDS * 1000
  let lives = 0

  /** Starts a process, kills it some time after its first report, and counts what it saw. */
  async function live() {
    const reportFile = join(reports, `${lives++}.jsonl`)
    const options = { url: registry.url, cacheDir, cacheDirMaxBytes: CACHE_BYTES, reportFile }
    const child = spawn(process.execPath, [USER, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    })
    let complaints = ''
    // Failures of reading are reported there; what counts is in the report. Only how it begins is kept.
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (complaints.length < 2000) complaints += text
    })
    const exit = once(child, 'exit')
    try {
      await until(() => existsSync(reportFile) || child.exitCode !== null, { what: 'a report of a process' })
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE))
      assert.equal(child.exitCode, null, `a process ended by itself: ${complaints}`)
    } finally {
      child.kill('SIGKILL')
      await exit
    }
    seen.kills++
    for (const line of readFileSync(reportFile, 'utf8').split('\n').slice(0, -1)) count(JSON.parse(line))
  }

  function count({ fault, reads = 0, fromDisk = 0, newest = {} }) {
    if (fault) faults.push(fault)
    seen.reads += reads
    seen.fromDisk += fromDisk
    for (const [packageId, counter] of Object.entries(newest)) {
      if (!(counter <= registry.counters[packageId])) faults.push(`${packageId} ${counter} was never published`)
    }
  }

  async function liveAgainAndAgain() {
    while (Date.now() < end && faults.length === 0) await live()
  }

  const measuring = setInterval(() => {
    const bytes = keptIn(cacheDir).reduce((sum, { size }) => sum + size, 0)
    seen.mostBytes = Math.max(seen.mostBytes, bytes)
  }, 100)
  t.after(() => clearInterval(measuring))

  await Promise.all(Array.from({ length: PROCESSES }, liveAgainAndAgain))
  clearInterval(measuring)
  t.diagnostic(`${JSON.stringify(seen)}, answers ${JSON.stringify(registry.answers)}`)

  assert.deepEqual(faults, [])
  for (const [what, least] of Object.entries(LEAST_A_MINUTE)) {
    assert.ok(seen[what] >= (least * SECONDS) / 60, `${what}: ${seen[what]}`)
  }
  assert.ok(registry.answers[304] > 0, 'copies were confirmed')
  assert.ok(seen.mostBytes > CACHE_BYTES / 4, `never more than ${seen.mostBytes} bytes`)
  assert.ok(seen.mostBytes <= MOST_BYTES, `${seen.mostBytes} bytes`)

  await t.test('what is left is whole', async () => {
    await registry.close()
    let found = 0
    for (const id of ['even', 'odd']) {
      const { source } = watchedRemote(registry, { id, cacheDir, offline: true })
      for (const packageId of PACKAGE_IDS) {
        const data = await source.loadPackage(packageId)
        if (data === null) continue
        found++
        assert.equal(faultOf(data, packageId), null)
        assert.ok(data.metadata.counter <= registry.counters[packageId])
      }
    }
    assert.ok(found > 0, 'nothing is left')
  })

  await t.test('every file that is named by a digest has it', () => {
    const contents = keptIn(cacheDir).filter(({ path }) => path.includes(`${sep}contents${sep}`))
    assert.ok(contents.length > 0)
    for (const { path, read } of contents) {
      assert.equal(createHash('sha256').update(read()).digest('hex'), basename(path))
    }
  })
})
