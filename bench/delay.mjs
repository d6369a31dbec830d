// What the event loop's other work waits for while something is done.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from './stats.mjs'

/** How often the delay is sampled, in milliseconds; it is part of every delay that is shown. */
const RESOLUTION_MS = 1

/**
 * Does a piece of work. Samples meanwhile, and until the loop has turned once more: what blocks it to the end shows only
 * then.
 *
 * @template T
 * @param {() => T | Promise<T>} work
 * @returns {Promise<{ value: T, wallMs: number, p99Ms: number, maxMs: number }>} `value`: what the work gave.
 */
export async function watched(work) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const start = performance.now()
  const value = await work()
  const wallMs = performance.now() - start
  await sleep(2 * RESOLUTION_MS)
  delay.disable()
  return { value, wallMs, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 }
}

/** The medians of what {@link watched} gave, and the longest delay of all. */
export function summary(samples) {
  const of = (field) => samples.map((sample) => sample[field])
  return {
    wallMs: median(of('wallMs')),
    delayP99Ms: median(of('p99Ms')),
    delayMaxMs: median(of('maxMs')),
    worstDelayMs: Math.max(...of('maxMs')),
  }
}
