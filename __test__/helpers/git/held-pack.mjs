/** A clone that stops where a test says, until it says more. */

import { deferred } from '../until.mjs'
import { FLUSH, pktLine } from './answers.mjs'

/** The most that one line of the protocol holds beside its length and its channel. */
const LINE_LIMIT = 65_515

/**
 * Has a server send the pack of a whole clone of `main` in pieces, each when the test lets it. The source must ask for all
 * history (`depth: Infinity`): then one answer serves whoever asks.
 * @param {Awaited<ReturnType<typeof import('./http-server.mjs').startGitHttp>>} server
 * @param {import('./repository.mjs').GitRepository} repository
 * @param {{ pieces?: number }} [options]
 * @returns {{ bytes: number, send: () => void }} `bytes` of the pack; `send` lets the next piece go.
 */
export function holdPack(server, repository, { pieces = 4 } = {}) {
  const pack = wholePack(repository)
  const size = Math.ceil(pack.length / pieces)
  const gates = Array.from({ length: pieces }, deferred)
  const answer = async function* () {
    yield pktLine('NAK\n')
    for (const [n, { promise }] of gates.entries()) {
      await promise
      yield onChannel(1, pack.subarray(n * size, (n + 1) * size))
    }
    yield FLUSH
  }
  const headers = { 'content-type': 'application/x-git-upload-pack-result' }
  server.respond(({ command }) => (command === 'fetch' ? { headers, body: answer() } : undefined))
  let sent = 0
  return { bytes: pack.length, send: () => gates[sent++].resolve() }
}

/** All that `main` leads to. */
function wholePack(repository) {
  return repository.feed(['pack-objects', '--revs', '--stdout', '--quiet', '--delta-base-offset'], 'main\n')
}

/** Bytes as the protocol sends them beside progress and errors, each on a channel. */
function onChannel(channel, bytes) {
  const lines = []
  for (let at = 0; at < bytes.length; at += LINE_LIMIT) {
    lines.push(pktLine(Buffer.concat([Buffer.from([channel]), bytes.subarray(at, at + LINE_LIMIT)])))
  }
  return Buffer.concat(lines)
}
