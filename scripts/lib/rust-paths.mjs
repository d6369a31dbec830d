/**
 * Finds the paths (`crate::model::Entry`, `use super::{a, b::c}`) in a Rust file: enough of Rust's grammar to know
 * which module needs which, and no more. Text inside comments, strings and character literals doesn't count.
 */

const TOKEN = [
  ['space', /\s+/y],
  ['comment', /\/\/[^\n]*/y],
  ['raw', /(?:b|c)?r(#*)"[\s\S]*?"\1/y],
  ['string', /(?:b|c)?"(?:\\[\s\S]|[^"\\])*"/y],
  ['char', /b?'(?:\\(?:u\{[^}]*\}|x[0-9a-fA-F]{2}|.)|[^\\'])'/uy],
  ['lifetime', /'[\p{L}_][\p{L}\p{N}_]*/uy],
  ['name', /(?:r#)?[\p{L}_][\p{L}\p{N}_]*/uy],
  ['number', /[0-9][0-9a-zA-Z_]*/y],
  ['punct', /::|[\s\S]/y],
]
const SILENT = new Set(['space', 'comment', 'raw', 'string', 'char', 'lifetime', 'number'])

/** @typedef {{ text: string, name: boolean, line: number }} Token */

/**
 * The names and punctuation of a Rust text.
 * @param {string} text
 * @returns {Token[]}
 */
export function tokens(text) {
  const found = []
  let at = 0
  let line = 1
  while (at < text.length) {
    const [kind, word] = next(text, at)
    if (!SILENT.has(kind)) found.push({ text: word.replace(/^r#/, ''), name: kind === 'name', line })
    line += word.split('\n').length - 1
    at += word.length
  }
  return found
}

function next(text, at) {
  if (text.startsWith('/*', at)) return ['comment', blockComment(text, at)]
  for (const [kind, pattern] of TOKEN) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) return [kind, match[0]]
  }
  throw new Error(`No token at ${at}`)
}

// Block comments nest in Rust, which no regular expression follows.
function blockComment(text, start) {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  let depth = 0
  for (let match = edge.exec(text); match; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return text.slice(start, edge.lastIndex)
  }
  return text.slice(start)
}

/**
 * @typedef {object} RustPath
 * @property {string[]} segments As written: `['crate', 'model', 'Entry']`, `['super', 'x']`, `['serde', 'de']`.
 * @property {string[]} inside The inline modules around it, outermost first.
 * @property {number} line
 * @property {string} [binds] The name that a `use` makes of it; absent for a glob and outside `use`.
 */

/**
 * Everything that is `use`d, and all paths of at least two segments elsewhere.
 * @param {Token[]} list What {@link tokens} gave.
 * @returns {RustPath[]}
 */
export function paths(list) {
  const found = []
  const modules = []
  let depth = 0
  for (let at = 0; at < list.length; at++) {
    const { text, name, line } = list[at]
    const inside = () => modules.map((module) => module.name)
    if (text === '{') depth++
    else if (text === '}') {
      depth--
      if (modules.at(-1)?.depth === depth) modules.pop()
    } else if (name && text === 'mod' && list[at + 2]?.text === '{') {
      modules.push({ name: list[at + 1].text, depth })
    } else if (name && text === 'use' && list[at + 1]?.text !== '<') {
      const used = []
      at = useTree(list, at + 1, [], used)
      for (const path of used) found.push({ ...path, inside: inside() })
    } else if (name && list[at + 1]?.text === '::' && opensPath(list, at)) {
      const segments = [text]
      for (; list[at + 1]?.text === '::' && list[at + 2]?.name; at += 2) segments.push(list[at + 2].text)
      found.push({ segments, line, inside: inside() })
    }
  }
  return found
}

// `::serde::de` opens a path at `serde`; in `<T as Trait>::Item::new` the name after `>::` goes on with one.
function opensPath(list, at) {
  if (list[at - 1]?.text !== '::') return true
  const before = list[at - 2]
  return before !== undefined && !before.name && before.text !== '>'
}

// Reads one branch of a `use` into `used` and returns the index of the last token that belongs to it.
function useTree(list, start, prefix, used) {
  const segments = [...prefix]
  const { line } = list[start]
  for (let at = start; at < list.length; at++) {
    const { text, name } = list[at]
    if (text === '{') return useGroup(list, at + 1, segments, used)
    if (text === '*') {
      used.push({ segments, line })
      return at
    }
    if (name && text === 'as') {
      used.push({ segments, line, binds: list[at + 1].text })
      return at + 1
    }
    if (name) segments.push(text)
    else if (text !== '::') {
      used.push({ segments, line, binds: segments.at(-1) })
      return at - 1
    }
  }
  return list.length
}

function useGroup(list, start, prefix, used) {
  let at = start
  while (at < list.length && list[at].text !== '}') {
    if (list[at].text === ',') at++
    else at = useTree(list, at, prefix, used) + 1
  }
  return at
}
