/**
 * A registry whose packages change all the time, each content telling what it is: which package, which change, and its
 * own digest. A content is made from these two alone, so whoever has one can say whether it is whole.
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

/** The packages that there are. */
export const PACKAGE_IDS = Array.from({ length: 12 }, (_, n) => `p${n}`)

/** Lines of the longest content; a line is 64 bytes. */
const MAX_LINES = 1600

/** Time between two changes, milliseconds. */
const CHANGE_EVERY = 10

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** The package as it is after so many changes: between 64 bytes and 100 KiB. */
export function packageAt(packageId, counter) {
  const line = sha256(`${packageId}:${counter}`)
  const scripts = line.repeat(1 + (Number.parseInt(line.slice(0, 8), 16) % MAX_LINES))
  const metadata = { packageId, name: packageId, version: `1.0.${counter}`, counter, digest: sha256(scripts) }
  return { metadata, components: [{ id: `${packageId}_${counter}` }], scriptFiles: [], scripts }
}

/**
 * What is wrong with a package that was given for this id (and version): `null` where it is whole.
 * @param {any} data
 * @param {string} packageId
 * @param {string} [version]
 * @returns {string | null}
 */
export function faultOf(data, packageId, version) {
  const { counter, ...metadata } = data.metadata
  if (metadata.packageId !== packageId) return `${packageId} was asked for, ${metadata.packageId} given`
  if (version !== undefined && metadata.version !== version) return `${version} asked for, ${metadata.version} given`
  if (!Number.isSafeInteger(counter) || counter < 1) return `the counter is ${counter}`
  const right = packageAt(packageId, counter)
  if (data.scripts !== right.scripts) return `the script of ${packageId} ${counter} is not the one published`
  if (sha256(data.scripts) !== metadata.digest) return `the script of ${packageId} ${counter} has another digest`
  if (metadata.version !== right.metadata.version) return `${packageId} ${counter} has version ${metadata.version}`
  if (data.components[0]?.id !== right.components[0].id) return `${packageId} ${counter} has other components`
  return null
}

/**
 * What is wrong with an index: `null` where it is whole.
 * @param {any[]} entries
 * @returns {string | null}
 */
export function faultOfIndex(entries) {
  const ids = entries.map(({ packageId }) => packageId)
  if (ids.join() !== PACKAGE_IDS.join()) return `the index has ${ids.join() || 'nothing'}`
  for (const { packageId, version, counter, digest } of entries) {
    const { metadata } = packageAt(packageId, counter)
    if (metadata.version !== version || metadata.digest !== digest) return `the entry of ${packageId} is of two changes`
  }
  return null
}

/**
 * Starts the registry: `{ url, counters, answers, close() }`, where `counters` is how often each package has changed and
 * `answers` counts statuses.
 */
export async function startChangingRegistry() {
  const counters = Object.fromEntries(PACKAGE_IDS.map((id) => [id, 1]))
  const answers = { 200: 0, 304: 0, 404: 0 }
  const server = createServer((request, response) => {
    const body = bodyOf(new URL(request.url, 'http://registry.invalid').pathname, counters)
    const etag = body && `"${sha256(body)}"`
    const status = body === undefined ? 404 : request.headers['if-none-match'] === etag ? 304 : 200
    answers[status]++
    response.writeHead(status, { 'content-type': 'application/json', ...(etag && { etag }) })
    response.end(status === 200 ? body : undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const changing = setInterval(() => {
    counters[PACKAGE_IDS[Math.floor(Math.random() * PACKAGE_IDS.length)]]++
  }, CHANGE_EVERY)
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counters,
    answers,
    async close() {
      clearInterval(changing)
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

function bodyOf(path, counters) {
  const [, root, id, versions, version] = path.split('/')
  if (root !== 'packages') return undefined
  if (id === undefined) {
    return JSON.stringify({ packages: PACKAGE_IDS.map((one) => entryOf(one, counters[one])) })
  }
  if (!Object.hasOwn(counters, id)) return undefined
  if (versions === undefined) return JSON.stringify(packageAt(id, counters[id]))
  if (version === undefined) {
    const { metadata, checksum } = withChecksum(id, counters[id])
    return JSON.stringify({ packageId: id, versions: [{ version: metadata.version, checksum }] })
  }
  const counter = Number(version.split('.')[2])
  return counter >= 1 && counter <= counters[id] ? JSON.stringify(packageAt(id, counter)) : undefined
}

function entryOf(id, counter) {
  const { metadata, checksum } = withChecksum(id, counter)
  return { ...metadata, checksum }
}

function withChecksum(id, counter) {
  const data = packageAt(id, counter)
  return { metadata: data.metadata, checksum: sha256(JSON.stringify(data)) }
}
