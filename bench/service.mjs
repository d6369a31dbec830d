// The index over HTTP: requests per second and bytes, ready bytes beside an index that is made into text each time.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importPackages } from '../index.mjs'
import { runChild, startChild } from './children/child.mjs'
import { makeEntries, writeFolder } from './fixture.mjs'
import { median, rotated } from './stats.mjs'

export const SERVERS = ['registryServer', 'registryHandlers', 'indexHandler', 'stringify']

/** What is asked for, by the headers that ask for it; `known` asks with the tag of what one has. */
export const FORMS = {
  identity: { 'Accept-Encoding': 'identity' },
  gzip: { 'Accept-Encoding': 'gzip' },
  br: { 'Accept-Encoding': 'br' },
  known: { 'Accept-Encoding': 'identity' },
}

/**
 * Measures the index route of every server in every form.
 *
 * @param {{ entries: number, rounds: number, roundMs: number, connections: number,
 *   further?: (folder: string) => Promise<{ servers: { name: string, url: string }[], close: () => Promise<void> }> }}
 *   options `entries` at most 1,000, a registry's page; `further` starts other servers of the same folder.
 * @returns {Promise<object[]>} A row for each server and form, with its `ratio` to `stringify`.
 */
export async function measureService({ entries, rounds, roundMs, connections, further }) {
  const root = await mkdtemp(join(tmpdir(), 'package-sources-bench-'))
  const closers = [() => rm(root, { recursive: true })]
  try {
    const [folder, store] = [join(root, 'packages'), join(root, 'store')]
    await writeFolder(folder, makeEntries(0, entries, 'local'), { manifests: true })
    const { added } = await importPackages(folder, { store })
    if (added.length !== entries) throw new Error(`${added.length} packages imported, ${entries} expected`)
    const servers = []
    for (const name of SERVERS) {
      const { answer: url, close } = await startChild('serve.mjs', { contender: name, folder, store })
      closers.push(close)
      servers.push({ name, url })
    }
    if (further) {
      const others = await further(folder)
      closers.push(others.close)
      servers.push(...others.servers)
    }
    const rows = []
    for (const form of Object.keys(FORMS))
      rows.push(...(await measure(servers, form, { rounds, roundMs, connections })))
    return rows.map((row) => ({ entries, ...row }))
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function measure(servers, form, { rounds, roundMs: durationMs, connections }) {
  const contenders = []
  for (const { name, url } of servers) {
    const headers = await headersFor(url, form)
    if (headers)
      contenders.push({ name, samples: [], ask: () => runChild('load.mjs', { url, headers, connections, durationMs }) })
  }
  const status = form === 'known' ? 304 : 200
  // The first round warms up and isn't counted.
  for (let round = 0; round <= rounds; round++) {
    for (const { name, samples, ask } of rotated(contenders, round)) {
      const sample = await ask()
      if (sample.statuses.some((other) => other !== status)) {
        throw new Error(`${name} answers ${form} with ${sample.statuses.join(', ')}, ${status} expected`)
      }
      if (round > 0) samples.push(sample)
    }
  }
  const rates = (samples) => samples.map(({ requestsPerSecond }) => requestsPerSecond)
  const plain = rates(contenders.find(({ name }) => name === 'stringify').samples)
  return contenders.map(({ name, samples }) => ({
    server: name,
    form,
    requestsPerSecond: median(rates(samples)),
    bytesPerAnswer: Math.round(median(samples.map(({ bytesPerAnswer }) => bytesPerAnswer))),
    // Round by round: what slows the machine down for a while slows both of them down.
    ratio: median(rates(samples).map((rate, round) => rate / plain[round])),
  }))
}

// Also sees to it that the form is what is answered; nothing where a server has no tag to ask by.
async function headersFor(url, form) {
  const response = await fetch(url, { headers: FORMS[form] })
  await response.arrayBuffer()
  const coding = response.headers.get('content-encoding') ?? 'identity'
  if (form === 'known') {
    const etag = response.headers.get('etag')
    return etag && { ...FORMS.known, 'If-None-Match': etag }
  }
  return coding === form && FORMS[form]
}
