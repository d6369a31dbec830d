import { MissingPart } from './missing-part.mjs'

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} [needs] Names of the steps without whose success this one makes no sense.
 * @property {() => Promise<string | void>} run Gives a remark for the summary; throws where the step fails.
 *
 * @typedef {{ name: string, state: 'passed' | 'failed' | 'missing' | 'not run', seconds: number, remark: string, failures: string[] }} Result
 */

/**
 * Runs the steps one after the other. One that fails stops only those that need it.
 * @param {Step[]} steps
 * @returns {Promise<Result[]>}
 */
export async function runSteps(steps) {
  /** @type {Map<string, Result>} */
  const results = new Map()
  for (const step of steps) {
    const blocker = step.needs?.find((name) => results.get(name)?.state !== 'passed')
    results.set(
      step.name,
      blocker === undefined
        ? await runStep(step)
        : { name: step.name, state: 'not run', seconds: 0, remark: `needs "${blocker}"`, failures: [] },
    )
  }
  return [...results.values()]
}

async function runStep({ name, run }) {
  console.log(`\n━━ ${name} ${'━'.repeat(Math.max(0, 90 - name.length))}`)
  const start = performance.now()
  const end = (state, remark, failures = []) => {
    return { name, state, seconds: (performance.now() - start) / 1000, remark, failures }
  }
  try {
    return end('passed', (await run()) ?? '')
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    return end(error instanceof MissingPart ? 'missing' : 'failed', error.message, error.failures)
  }
}

/** The steps that match one of the words, and all that they need; without words all. */
export function selectSteps(steps, words) {
  if (words.length === 0) return steps
  const wanted = new Set()
  const want = (step) => {
    wanted.add(step)
    for (const name of step.needs ?? []) want(steps.find((other) => other.name === name))
  }
  for (const step of steps) if (words.some((word) => step.name.toLowerCase().includes(word.toLowerCase()))) want(step)
  return steps.filter((step) => wanted.has(step))
}

/**
 * The closing table; under a step the tests of it that failed.
 * @param {Result[]} results
 */
export function summary(results) {
  const width = Math.max(...results.map(({ name }) => name.length))
  const rows = results.flatMap(({ name, state, seconds, remark, failures }) => [
    `${name.padEnd(width)}  ${state.padEnd(7)}  ${seconds.toFixed(0).padStart(5)} s  ${remark}`.trimEnd(),
    ...failures.map((failure) => `    ✖ ${failure}`),
  ])
  return ['━━ summary '.padEnd(93, '━'), ...rows].join('\n')
}

/** Whether the run counts as failed: on CI also where a part couldn't be had. */
export function hasFailed(results, onCi) {
  return results.some(({ state }) => state === 'failed' || state === 'not run' || (onCi && state === 'missing'))
}
