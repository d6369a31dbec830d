import assert from 'node:assert/strict'

/**
 * A client of one server.
 * @param {string} base The server's URL.
 * @returns {(path: string, options?: { headers?: Record<string, string>, method?: string }) =>
 *   Promise<{ status: number, headers: Headers, text: string, body: any }>} `body` is the JSON, where it is JSON.
 */
export function clientOf(base) {
  return async (path, options = {}) => {
    const response = await fetch(`${base}${path}`, { redirect: 'manual', ...options })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== ''
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
  }
}

/** Asserts that an answer is the API's error of this status and code, and tells nothing about the machine. */
export function assertError(answer, status, code) {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.body?.error?.code, code, answer.text)
  assert.ok(answer.body.error.message.length > 0)
  assert.doesNotMatch(answer.text, /node_modules|\.rs:|\.js:|at async/)
}

/** The ids of entries, in their order. */
export const idsOf = (entries) => entries.map((entry) => entry.packageId)
