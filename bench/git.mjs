// Packages from a Git repository, over HTTP, from `git daemon` and from a folder, beside `git clone --depth 1` and reading
// what it has checked out.

import { fastImport, importCommits, manyPackages } from '../__test__/helpers/git/fast-import.mjs'
import { temporaryDirectory } from '../__test__/helpers/package-builder.mjs'
import { startChild } from './children/child.mjs'
import { summary } from './delay.mjs'
import { cleanup } from './git/cleanup.mjs'
import { filesOfPackage, manifestOfPackage } from './git/packages.mjs'
import { measureRound } from './git/round.mjs'
import { median } from './stats.mjs'

export const PLACES = ['http', 'daemon', 'path']

/**
 * Measures every call at every place.
 *
 * @param {{ packages: number, tags: number, rounds: number }} options
 * @returns {Promise<{ calls: object[], delays: object[] }>} `calls`: a row for each place and measure, milliseconds and the
 * addon's `ratio` to plain JavaScript. `delays`: a row for each place and contender, of the event loop while the first index
 * is made.
 */
export async function measureGit({ packages, tags, rounds }) {
  const scope = cleanup()
  try {
    const repository = fastImport(scope, manyPackages({ packages, tags, filesOf: filesOfPackage }))
    const { name, path } = repository
    const { answer: hosts, close } = await startChild('git-hosts.mjs', { directory: repository.directory })
    scope.after(close)
    const urls = { http: `${hosts.http}/${name}`, daemon: `${hosts.daemon}/${name}`, path }
    const root = temporaryDirectory(scope)
    const publish = publisher(repository, packages)
    const result = { calls: [], delays: [] }
    for (const place of PLACES) {
      const samples = []
      // The first round warms up and isn't counted.
      for (let turn = 0; turn <= rounds; turn++) {
        const sample = await measureRound({ url: urls[place], root, packages, publish, turn })
        if (turn > 0) samples.push(sample)
      }
      result.calls.push(...callsOf(samples).map((row) => ({ place, packages, tags, ...row })))
      result.delays.push(...delaysOf(samples).map((row) => ({ place, packages, tags, ...row })))
    }
    return result
  } finally {
    await scope.run()
  }
}

// Gives one package after the other a new version.
function publisher(repository, packages) {
  let count = 0
  return () => {
    const packageId = `package_${count % packages}`
    const version = `2.${count}.0`
    count++
    importCommits(repository, [{ files: [manifestOfPackage(`packages/${packageId}`, packageId, version)] }])
    return { packageId, version }
  }
}

function callsOf(samples) {
  return Object.keys(samples[0].times).map((call) => {
    const of = (contender) => samples.map(({ times }) => times[call][contender])
    const plain = of('plain')
    return {
      call,
      addonMs: median(of('addon')),
      plainMs: median(plain),
      // Round by round: what slows the machine down for a while slows both of them down.
      ratio: median(of('addon').map((wallMs, round) => wallMs / plain[round])),
    }
  })
}

function delaysOf(samples) {
  const contenders = Object.keys(samples[0].delays)
  return contenders.map((contender) => ({ contender, ...summary(samples.map(({ delays }) => delays[contender])) }))
}
