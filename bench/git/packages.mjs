// What is in the packages of the benchmark's repository: about as much as in real ones.

import { makeEntries } from '../fixture.mjs'

const SCRIPTS = ['init', 'handlers', 'utils']

const WORDS = 'local panel state value render on close user list item table open page form load save count label'.split(
  ' ',
)

/** Components in a package's `components/ui.json`, which make 2 to 4 KB. */
const COMPONENTS = [4, 5, 6]

/**
 * The files of one package in the manifest layout: the manifest, `components/ui.json` and three scripts of about 1 KB.
 *
 * @param {string} folder The package's folder in the repository.
 * @param {string} packageId `package_` and a number.
 * @param {string} version
 * @returns {[string, string][]} Path and text.
 */
export function filesOfPackage(folder, packageId, version) {
  const n = Number(packageId.slice(packageId.lastIndexOf('_') + 1))
  const words = wordsFrom(n)
  return [
    manifestOfPackage(folder, packageId, version),
    [`${folder}/components/ui.json`, JSON.stringify({ components: componentsOf(packageId, n, words) }, null, 2)],
    ...SCRIPTS.map((script) => [`${folder}/scripts/${script}.lua`, scriptOf(script, words)]),
  ]
}

/** The manifest alone: what a new version changes. */
export function manifestOfPackage(folder, packageId, version) {
  const n = Number(packageId.slice(packageId.lastIndexOf('_') + 1))
  const [{ sourceId, dependencies, ...entry }] = makeEntries(n, 1)
  const ranges = Object.fromEntries(dependencies.map((id) => [id, '^1.0.0']))
  return [`${folder}/package.json`, JSON.stringify({ ...entry, version, dependencies: ranges }, null, 2)]
}

function componentsOf(packageId, n, words) {
  return Array.from({ length: COMPONENTS[n % COMPONENTS.length] }, (_, at) => ({
    id: `${packageId}_${at}`,
    type: words(1),
    props: { title: words(4), className: words(8), visible: at % 2 === 0, width: 100 + at },
    children: [
      { id: `${packageId}_${at}_head`, type: 'Heading', props: { text: words(6) } },
      { id: `${packageId}_${at}_body`, type: 'Text', props: { text: words(12) } },
    ],
  }))
}

function scriptOf(name, words) {
  const lines = Array.from({ length: 18 }, () => `  local ${words(1)} = "${words(7)}"`)
  return `-- ${words(8)}\nfunction ${name}()\n${lines.join('\n')}\nend\n`
}

// Words at random, the same on every run, for texts that pack as texts do.
function wordsFrom(seed) {
  let state = seed + 1
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return WORDS[(state >>> 16) % WORDS.length]
  }
  return (count) => Array.from({ length: count }, next).join(' ')
}
