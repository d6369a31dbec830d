/**
 * In the place of a test's context, for its helpers: what is to be done in the end, last things first.
 *
 * @returns {{ after: (fn: () => unknown) => void, run: () => Promise<void> }}
 */
export function cleanup() {
  const steps = []
  return {
    after: (fn) => {
      steps.push(fn)
    },
    run: async () => {
      for (const step of steps.splice(0).reverse()) await step()
    },
  }
}
