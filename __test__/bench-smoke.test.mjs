// The benchmark runs and yields all of its rows; what it measures is not judged here.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { markdown } from '../bench/report.mjs'
import { rootPath, runNode } from './helpers/child.mjs'

const TINY = ['--sizes=2,5', '--rounds=3', '--round-ms=1', '--cold-entries=20', '--cold-rounds=1']

test('the benchmark yields a row for every call, size and kind of source', async () => {
  const { stdout } = await runNode([join(rootPath, 'bench/run.mjs'), '--json', ...TINY])
  const { machine, warm, cold } = JSON.parse(stdout)
  assert.equal(machine.node, process.version)
  assert.deepEqual(
    warm.map(({ operation, size }) => [operation, size]),
    [2, 5].flatMap((size) => ['hasPackage', 'loadPackage', 'fetchMergedIndex'].map((operation) => [operation, size])),
  )
  for (const row of warm) {
    assert.ok(row.ratios.copying > 0 && row.ratios.ideal > 0 && row.ratios.ownCopying > 0)
    for (const contender of ['addon', 'addonOwn', 'copying', 'ideal']) assert.ok(row[contender] > 0, contender)
  }
  assert.deepEqual(
    cold.map(({ kind, contender, entries }) => [kind, contender, entries]),
    ['local folders', 'sources in memory'].flatMap((kind) =>
      ['addon', 'plain'].map((contender) => [kind, contender, 80]),
    ),
  )
  for (const { wallMs, longestBlockMs, worstBlockMs } of cold) {
    assert.ok(wallMs > 0 && longestBlockMs > 0 && worstBlockMs >= longestBlockMs)
  }
  const lines = markdown({ machine, warm, cold }).split('\n')
  assert.equal(lines.filter((line) => line.startsWith('| ')).length, warm.length + cold.length + 4)
})
