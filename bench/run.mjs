// `npm run bench`: the addon beside plain JavaScript, in one run. `--json` prints the data in place of the tables;
// `--only=remote,service` measures these parts alone; `--next` adds the routes of the built Next.js example; `--sizes=10,30`,
// `--rounds=9`, `--round-ms=2`, `--cold-entries=100` and so on make it smaller.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureCold } from './cold.mjs'
import { measureGit } from './git.mjs'
import { measureRemote } from './remote.mjs'
import { markdown } from './report.mjs'
import { measureService } from './service.mjs'
import { measureWarm } from './warm.mjs'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: 'warm,cold,remote,service,git' },
    next: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '10,30,1000,10000' },
    rounds: { type: 'string', default: '101' },
    'round-ms': { type: 'string', default: '2' },
    'cold-entries': { type: 'string', default: '10000' },
    'cold-rounds': { type: 'string', default: '11' },
    'remote-entries': { type: 'string', default: '10000' },
    'remote-rounds': { type: 'string', default: '11' },
    'service-entries': { type: 'string', default: '1000' },
    'service-rounds': { type: 'string', default: '5' },
    'service-round-ms': { type: 'string', default: '1000' },
    'git-packages': { type: 'string', default: '1000' },
    'git-tags': { type: 'string', default: '50' },
    'git-rounds': { type: 'string', default: '7' },
    connections: { type: 'string', default: '8' },
  },
})

const PARTS = {
  warm: () =>
    measureWarm({ sizes: values.sizes.split(',').map(Number), rounds: number('rounds'), roundMs: number('round-ms') }),
  cold: () => measureCold({ entries: number('cold-entries'), rounds: number('cold-rounds') }),
  remote: () => measureRemote({ entries: number('remote-entries'), rounds: number('remote-rounds') }),
  service: async () =>
    measureService({
      entries: number('service-entries'),
      rounds: number('service-rounds'),
      roundMs: number('service-round-ms'),
      connections: number('connections'),
      // What builds the example is loaded only where it is wanted.
      further: values.next ? (await import('./next.mjs')).startNext : undefined,
    }),
  git: () => measureGit({ packages: number('git-packages'), tags: number('git-tags'), rounds: number('git-rounds') }),
}

const [cpu] = cpus()
const machine = {
  node: process.version,
  cpu: cpu?.model ?? 'unknown processor',
  cores: cpus().length,
  platform: `${process.platform}-${process.arch}`,
}
const result = { machine }
for (const part of values.only.split(',')) {
  if (!Object.hasOwn(PARTS, part)) throw new Error(`There is no part ${part}: ${Object.keys(PARTS).join(', ')}`)
  result[part] = await PARTS[part]()
}
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : markdown(result))

function number(name) {
  return Number(values[name])
}
