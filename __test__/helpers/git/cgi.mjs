/** `git http-backend`, run for one request as a web server would run it. */

import { spawn } from 'node:child_process'
import { gitEnvironment } from './program.mjs'

const BLANK_LINE = '\r\n\r\n'

/**
 * Hands a request to the backend, body and all, and gives its answer as soon as its head is there.
 * @param {string} program The backend's path.
 * @param {import('node:http').IncomingMessage} request
 * @param {{ directory: string, user?: string, env?: Record<string, string>, children: Set<import('node:child_process').ChildProcess> }} options
 * `children` has the process for as long as it runs.
 * @returns {Promise<{ status: number, headers: Record<string, string>, body: AsyncIterable<Buffer> }>}
 */
export async function askBackend(program, request, { directory, user, env, children }) {
  // A group of its own, so that it can be ended with the programs that it starts. Should this process die, they find
  // nobody to read from and to write to, and end.
  const child = spawn(program, {
    env: gitEnvironment({ ...variables(request, directory, user), ...env }),
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  children.add(child)
  child.on('close', () => children.delete(child))
  child.on('error', () => children.delete(child))
  feed(child.stdin, request)

  const chunks = child.stdout[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (!head.includes(BLANK_LINE)) {
    const { value, done } = await chunks.next()
    if (done) return { status: 500, headers: {}, body: [Buffer.from(`No answer from ${program}\n`)] }
    head = Buffer.concat([head, value])
  }
  const end = head.indexOf(BLANK_LINE)
  const { status = '200', ...headers } = fieldsOf(head.toString('latin1', 0, end))
  const body = async function* () {
    yield head.subarray(end + BLANK_LINE.length)
    yield* chunks
  }
  return { status: Number.parseInt(status, 10), headers, body: body() }
}

/** Gives the backend what the client sends, as long as both are there. */
function feed(stdin, request) {
  // It may answer without having read all: the rest is passed over, for the connection's next request.
  stdin.on('error', () => request.resume())
  request.on('error', () => {})
  // A client that goes before it has sent all.
  request.on('close', () => stdin.end())
  if (request.readableEnded || request.destroyed) stdin.end()
  else request.pipe(stdin)
}

/** Ends the processes of these requests. */
export function endBackends(children) {
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch (error) {
      // It has ended by itself, and its `close` is on the way.
      if (error.code !== 'ESRCH') throw error
    }
  }
}

/** The CGI variables of a request; what it doesn't have isn't set. */
function variables(request, directory, user) {
  const [path, query = ''] = request.url.split(/\?(.*)/s)
  const { headers } = request
  const values = {
    GIT_PROJECT_ROOT: directory,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: headers['git-protocol'],
    PATH_INFO: decodeURIComponent(path),
    QUERY_STRING: query,
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_USER: user,
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

const fieldsOf = (head) =>
  Object.fromEntries(
    head.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
