/**
 * An `onError` that keeps what it is told: `reports` is a list of `{ error, context }`.
 * @returns {{ reports: Array<{ error: Error & { code: string }, context: object }>, onError: Function }}
 */
export function recordReports() {
  const reports = []
  return { reports, onError: (error, context) => reports.push({ error, context }) }
}

/**
 * Replaces `console.error` until the test ends and keeps what is written there, one list of arguments a call.
 * @param {import('node:test').TestContext} t
 * @returns {unknown[][]}
 */
export function captureConsoleError(t) {
  const lines = []
  t.mock.method(console, 'error', (...args) => {
    lines.push(args)
  })
  return lines
}
