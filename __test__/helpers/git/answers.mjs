/**
 * Answers of Git's smart HTTP protocol that no repository gives, for `server.respond`.
 *
 * ```js
 * server.respond(({ command }) => (command === 'advertise' ? refsAdvertisement(manyRefs(100_000)) : undefined))
 * server.respond(({ command }) => (command === 'fetch' ? packAnswer(Buffer.from('no pack')) : undefined))
 * server.respond(() => endlessAnswer())
 * ```
 */

/** Ends a section of a protocol message. */
export const FLUSH = Buffer.from('0000')

/** The most that one line holds. */
const LINE_LIMIT = 65_516

/** A line of the protocol: its length in four hex digits, then the text. */
export function pktLine(content) {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}

/** So many refs, `[name, id]` each; the ids lead to no object. */
export function* manyRefs(count, { prefix = 'refs/heads/branch-' } = {}) {
  for (let n = 0; n < count; n++) yield [`${prefix}${n}`, (n + 1).toString(16).padStart(40, '0')]
}

/**
 * A server's refs, as versions 0 and 1 of the protocol advertise them; who asked for version 2 takes it as well.
 * @param {Iterable<[string, string]>} refs `[name, id]` each, under any name whatever.
 * @param {string} [capabilities]
 */
export function refsAdvertisement(refs, capabilities = 'side-band-64k ofs-delta shallow agent=test') {
  const lines = [pktLine('# service=git-upload-pack\n'), FLUSH]
  for (const [name, oid] of refs)
    lines.push(pktLine(`${oid} ${name}${lines.length === 2 ? `\0${capabilities}` : ''}\n`))
  return answer('upload-pack-advertisement', Buffer.concat([...lines, FLUSH]))
}

/**
 * A server's refs, as version 2 of the protocol answers `ls-refs`.
 * @param {Iterable<[string, string]>} refs `[name, id]` each, under any name whatever.
 */
export function lsRefsAnswer(refs) {
  const lines = Array.from(refs, ([name, oid]) => pktLine(`${oid} ${name}\n`))
  return answer('upload-pack-result', Buffer.concat([...lines, FLUSH]))
}

/**
 * A pack, as version 2 of the protocol sends one to whoever has nothing and asks for no depth.
 * @param {Uint8Array} pack Any bytes.
 */
export function packAnswer(pack) {
  const lines = [pktLine('packfile\n')]
  for (let at = 0; at < pack.length; at += LINE_LIMIT - 1) {
    lines.push(pktLine(Buffer.concat([Buffer.from([1]), pack.subarray(at, at + LINE_LIMIT - 1)])))
  }
  return answer('upload-pack-result', Buffer.concat([...lines, FLUSH]))
}

/** The answer `ERR`, with which a server says in words why it gives nothing. */
export function errorAnswer(message) {
  return answer('upload-pack-advertisement', Buffer.concat([pktLine(`ERR ${message}\n`)]))
}

/**
 * An advertisement of refs that never ends.
 * @param {{ refsAtOnce?: number }} [options]
 */
export function endlessAnswer({ refsAtOnce = 1000 } = {}) {
  const body = function* () {
    yield refsAdvertisement(manyRefs(1)).body.subarray(0, -FLUSH.length)
    for (let round = 0; ; round++) {
      const refs = manyRefs(refsAtOnce, { prefix: `refs/heads/round-${round}-` })
      yield lsRefsAnswer(refs).body.subarray(0, -FLUSH.length)
    }
  }
  return answer('upload-pack-advertisement', body())
}

const answer = (type, body) => ({
  status: 200,
  headers: { 'content-type': `application/x-git-${type}`, 'cache-control': 'no-cache' },
  body,
})
