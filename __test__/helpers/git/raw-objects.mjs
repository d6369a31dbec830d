/** Git objects byte for byte, for those that git itself refuses to make. */

import { PERSON } from './program.mjs'

/**
 * Writes an object into a repository, without a look at whether it is well formed.
 * @param {{ feed: (args: string[], input: Uint8Array) => Buffer }} repository
 * @param {'blob' | 'tree' | 'commit' | 'tag'} type
 * @param {string | Uint8Array} content
 * @returns {string} Its id.
 */
export function hashObject(repository, type, content) {
  const args = ['hash-object', '-t', type, '--literally', '-w', '--stdin']
  return repository.feed(args, Buffer.from(content)).toString().trim()
}

/** @param {{ mode: string, name: string | Uint8Array, oid: string }[]} entries */
export function treeBytes(entries) {
  return Buffer.concat(
    entries.flatMap(({ mode, name, oid }) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.from([0]),
      Buffer.from(oid, 'hex'),
    ]),
  )
}

/** @param {{ tree: string, parents?: string[], message?: string, time: number }} fields `time` in seconds since 1970. */
export function commitBytes({ tree, parents = [], message = 'A commit', time }) {
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${signature(time)}`,
    `committer ${signature(time)}`,
  ]
  return Buffer.from(`${lines.join('\n')}\n\n${message}\n`)
}

/** @param {{ object: string, type?: string, name: string, message?: string, time: number }} fields */
export function tagBytes({ object, type = 'commit', name, message = 'A tag', time }) {
  const lines = [`object ${object}`, `type ${type}`, `tag ${name}`, `tagger ${signature(time)}`]
  return Buffer.from(`${lines.join('\n')}\n\n${message}\n`)
}

/** Who did something when, as objects hold it. */
export const signature = (time) => `${PERSON.name} <${PERSON.email}> ${time} +0000`
