// `npm run bench`: the addon beside plain JavaScript, in one run. `--json` prints the data in place of the tables;
// `--sizes=10,30`, `--rounds=9`, `--round-ms=2` and `--cold-entries=100` make it smaller.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureCold } from './cold.mjs'
import { markdown } from './report.mjs'
import { measureWarm } from './warm.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '10,30,1000,10000' },
    rounds: { type: 'string', default: '101' },
    'round-ms': { type: 'string', default: '2' },
    'cold-entries': { type: 'string', default: '10000' },
    'cold-rounds': { type: 'string', default: '11' },
  },
})

const warm = await measureWarm({
  sizes: values.sizes.split(',').map(Number),
  rounds: Number(values.rounds),
  roundMs: Number(values['round-ms']),
})
const cold = await measureCold({ entries: Number(values['cold-entries']), rounds: Number(values['cold-rounds']) })
const [cpu] = cpus()
const machine = {
  node: process.version,
  cpu: cpu?.model ?? 'unknown processor',
  cores: cpus().length,
  platform: `${process.platform}-${process.arch}`,
}
const result = { machine, warm, cold }
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : markdown(result))
