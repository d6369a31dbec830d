// Processes with four threads each over one cache folder and a repository that changes all the time, killed at random:
// whatever any of them reads is one whole state of the repository that was published, nothing hangs, and what the killed
// ones leave behind is in nobody's way.
//
// GIT_TORTURE_ROUNDS says how many are killed: 48 on CI, 24 elsewhere if it says nothing.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cacheFolder, filesBelow } from '../helpers/cache-folder.mjs'
import { startGitDaemon } from '../helpers/git/daemon.mjs'
import { startGitHttp } from '../helpers/git/http-server.mjs'
import { askGit } from '../helpers/git/program.mjs'
import { watchedGit } from '../helpers/git/source.mjs'
import { until } from '../helpers/until.mjs'
import { BRANCHES, ChangingRepository, faultOf, faultOfIndex, PACKAGE_IDS } from './helpers/changing-repository.mjs'

const USER = fileURLToPath(new URL('helpers/git-user.mjs', import.meta.url))

const ROUNDS = Number(process.env.GIT_TORTURE_ROUNDS ?? (process.env.CI ? 48 : 24))

/** Processes at the same time. */
const PROCESSES = 2

/** Rounds after which the folder is another one, so that clones are made again and again. */
const ROUNDS_PER_FOLDER = 6

/** Longest life of a process, from its start on or after it has read something, milliseconds. */
const LONGEST_LIFE = 900

/** Time between two changes of the repository, milliseconds. */
const CHANGE_EVERY = 60

/** Reads of a process that lived to tell, at least: those of the first line of its report. */
const LEAST_READS = 10

test(`Clones stand ${ROUNDS} processes that are killed at any moment`, async (t) => {
  const changing = new ChangingRepository(t)
  const { repository } = changing
  const daemon = await startGitDaemon(t, repository.directory)
  const http = await startGitHttp(t, repository.directory)
  const urls = [repository.path, `${daemon.url}/${repository.name}`, `${http.url}/${repository.name}`]
  const stop = changing.keepChanging(CHANGE_EVERY)
  t.after(stop)

  const reports = cacheFolder(t)
  const folders = Array.from({ length: Math.ceil(ROUNDS / ROUNDS_PER_FOLDER) }, () => cacheFolder(t))
  const seen = { kills: 0, early: 0, reads: 0, fromDisk: 0, versions: 0 }
  const faults = []
  let rounds = 0

  /** Starts a process, kills it at some time, and counts what it saw. */
  async function live(round) {
    const cacheDir = folders[Math.floor(round / ROUNDS_PER_FOLDER)]
    const reportFile = join(reports, `${round}.jsonl`)
    const child = spawn(process.execPath, [USER, JSON.stringify({ urls, cacheDir, reportFile })], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    })
    let complaints = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (complaints.length < 2000) complaints += text
    })
    const exit = once(child, 'exit')
    // Some are killed while they make their first clone, the others once they have read something.
    const isEarly = Math.random() < 0.4
    try {
      if (!isEarly) {
        await until(() => existsSync(reportFile) || child.exitCode !== null, { what: 'a report', timeout: 120_000 })
      }
      await sleep(Math.random() * LONGEST_LIFE)
      assert.deepEqual([child.exitCode, child.signalCode], [null, null], `a process ended by itself: ${complaints}`)
    } finally {
      child.kill('SIGKILL')
      await exit
    }
    seen.kills++
    if (isEarly) seen.early++
    if (!existsSync(reportFile)) return
    for (const line of readFileSync(reportFile, 'utf8').split('\n').slice(0, -1)) count(JSON.parse(line))
  }

  function count({ fault, reads = 0, fromDisk = 0, sights = [], failures = {} }) {
    if (fault) faults.push(fault)
    seen.reads += reads
    seen.fromDisk += fromDisk
    for (const sight of sights) {
      if (sight.version !== undefined) seen.versions++
      const wrong = changing.faultOfSight(sight)
      if (wrong) faults.push(wrong)
    }
    // The repository is there all the time, with both branches: nothing may fail that asks for it.
    for (const [code, message] of Object.entries(failures)) faults.push(`${code}: ${message}`)
  }

  async function liveAgainAndAgain() {
    while (rounds < ROUNDS && faults.length === 0) await live(rounds++)
  }

  await Promise.all(Array.from({ length: PROCESSES }, liveAgainAndAgain))
  stop()
  t.diagnostic(JSON.stringify({ ...seen, ...changing.changes }))
  assert.deepEqual(faults, [])
  assert.equal(seen.kills, ROUNDS)
  assert.ok(seen.reads >= LEAST_READS * (ROUNDS - seen.early))
  assert.ok(seen.fromDisk > 0 && seen.versions > 0)

  await t.test('whoever comes after them gets what is there now, and sweeps what they have left', async (t) => {
    const newest = changing.commitEverywhere()
    for (const cacheDir of folders) {
      for (const url of urls) {
        for (const branch of BRANCHES) {
          const { source, reports: told } = watchedGit(t, url, { id: 'even', cacheDir, branch, cacheExpiry: 0 })
          const entries = await source.fetchIndex()
          assert.deepEqual(told, [])
          assert.equal(faultOfIndex(entries), null)
          assert.equal(entries[0].revision, newest[branch])
          for (const packageId of PACKAGE_IDS)
            assert.equal(faultOf(await source.loadPackage(packageId), packageId), null)
        }
      }
      const files = filesBelow(join(cacheDir, 'git')).map(({ path }) => path)
      const left = files.filter((path) => /\/new-|\.lock$|\/pack_/.test(path.slice(cacheDir.length)))
      assert.deepEqual(left, [])
    }
  })

  await t.test('what they have left is whole, also to git itself', async () => {
    const clones = folders.flatMap((folder) =>
      readdirSync(join(folder, 'git'))
        .map((name) => join(folder, 'git', name, 'clone'))
        .filter((clone) => existsSync(clone)),
    )
    assert.equal(clones.length, folders.length * urls.length)
    for (const clone of clones) {
      // All that refs lead to but for earlier commits, which may be absent.
      const reachable = ['rev-list', '--objects', '--no-walk', '--all', '--quiet']
      const packs = filesBelow(join(clone, 'objects/pack')).filter(({ path }) => path.endsWith('.pack'))
      assert.ok(packs.length > 0)
      const bytes = ['verify-pack', ...packs.map(({ path }) => path)]
      for (const args of [reachable, bytes]) {
        const { status, stderr } = await askGit(['--git-dir', clone, ...args])
        assert.deepEqual([status, stderr], [0, ''])
      }
    }
  })
})
