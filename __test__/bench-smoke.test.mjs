// The benchmark runs and yields all of its rows; what it measures is not judged here.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CALLS } from '../bench/git/round.mjs'
import { PLACES } from '../bench/git.mjs'
import { markdown } from '../bench/report.mjs'
import { FORMS, SERVERS } from '../bench/service.mjs'
import { rootPath, runNode } from './helpers/child.mjs'

const TINY = [
  '--sizes=2,5',
  '--rounds=3',
  '--round-ms=1',
  '--cold-entries=20',
  '--cold-rounds=1',
  '--remote-entries=1500',
  '--remote-rounds=1',
  '--service-entries=40',
  '--service-rounds=1',
  '--service-round-ms=20',
  '--connections=2',
  '--git-packages=3',
  '--git-tags=2',
  '--git-rounds=1',
]

test('the benchmark yields a row for all that it compares', async (t) => {
  const { stdout } = await runNode([join(rootPath, 'bench/run.mjs'), '--json', ...TINY])
  const { machine, warm, cold, remote, service, git } = JSON.parse(stdout)
  assert.equal(machine.node, process.version)

  await t.test('every call and size', () => {
    assert.deepEqual(
      warm.map(({ operation, size }) => [operation, size]),
      [2, 5].flatMap((size) => ['hasPackage', 'loadPackage', 'fetchMergedIndex'].map((operation) => [operation, size])),
    )
    for (const row of warm) {
      assert.ok(row.ratios.copying > 0 && row.ratios.ideal > 0 && row.ratios.ownCopying > 0)
      for (const contender of ['addon', 'addonOwn', 'copying', 'ideal']) assert.ok(row[contender] > 0, contender)
    }
  })

  await t.test('every kind of source', () => {
    assert.deepEqual(
      cold.map(({ kind, contender, entries }) => [kind, contender, entries]),
      ['local folders', 'sources in memory'].flatMap((kind) =>
        ['addon', 'plain'].map((contender) => [kind, contender, 80]),
      ),
    )
    for (const { wallMs, longestBlockMs, worstBlockMs } of cold) {
      assert.ok(wallMs > 0 && longestBlockMs > 0 && worstBlockMs >= longestBlockMs)
    }
  })

  await t.test('registries, and the idle event loop beside them', () => {
    assert.deepEqual(
      remote.map(({ contender, entries }) => [contender, entries]),
      ['addon', 'plain', 'idle'].map((contender) => [contender, 6000]),
    )
    for (const { wallMs, delayP99Ms, delayMaxMs, worstDelayMs } of remote) {
      assert.ok(wallMs > 0 && delayP99Ms > 0 && delayMaxMs >= delayP99Ms && worstDelayMs >= delayMaxMs)
    }
  })

  await t.test('every server in every form', () => {
    assert.deepEqual(
      service.map(({ server, form, entries }) => [server, form, entries]),
      Object.keys(FORMS).flatMap((form) => SERVERS.map((server) => [server, form, 40])),
    )
    const bytesOf = (server, form) => service.find((row) => row.server === server && row.form === form).bytesPerAnswer
    for (const { server, requestsPerSecond, ratio } of service) {
      assert.ok(requestsPerSecond > 0 && ratio > 0)
      assert.ok(bytesOf(server, 'known') < bytesOf(server, 'br') && bytesOf(server, 'br') < bytesOf(server, 'identity'))
    }
    for (const row of service.filter(({ server }) => server === 'stringify')) assert.equal(row.ratio, 1)
  })

  await t.test('every call to a Git repository at every place, and the event loop beside it', () => {
    assert.deepEqual(
      git.calls.map(({ place, call, packages, tags }) => [place, call, packages, tags]),
      PLACES.flatMap((place) => CALLS.map((call) => [place, call, 3, 2])),
    )
    for (const { addonMs, plainMs, ratio } of git.calls) assert.ok(addonMs > 0 && plainMs > 0 && ratio > 0)
    assert.deepEqual(
      git.delays.map(({ place, contender }) => [place, contender]),
      PLACES.flatMap((place) => ['addon', 'plain', 'idle'].map((contender) => [place, contender])),
    )
    for (const { wallMs, delayP99Ms, delayMaxMs, worstDelayMs } of git.delays) {
      assert.ok(wallMs > 0 && delayP99Ms > 0 && delayMaxMs >= delayP99Ms && worstDelayMs >= delayMaxMs)
    }
  })

  await t.test('its tables show all of them', () => {
    const lines = markdown({ machine, warm, cold, remote, service, git }).split('\n')
    const tables = [warm, cold, remote, service, git.calls, git.delays]
    const rows = tables.reduce((sum, table) => sum + table.length, 0)
    assert.equal(lines.filter((line) => line.startsWith('| ')).length, rows + tables.length * 2)
    assert.ok(!lines.some((line) => line.includes('undefined') || line.includes('NaN')))
  })
})
