// The tables as Markdown.

const TITLES = { addon: 'addon', addonOwn: 'addon, own source', copying: 'copying', ideal: 'ideal' }

const SERVERS = {
  registryServer: 'registry page of the same packages, `createRegistryServer`',
  registryHandlers: 'registry page of the same packages, `createRegistryHandlers` in a Node server',
  indexHandler: 'index, `createIndexHandler` in a Node server',
  stringify: 'index, `JSON.stringify` and a SHA-1 tag in a Node server',
  nextIndexHandler: 'index, `createIndexHandler` in a Next.js route',
  nextStringify: 'index, `JSON.stringify` in a Next.js route',
}

const PLACES = { http: '`git http-backend`', daemon: '`git daemon`', path: 'a folder' }

const GIT_CALLS = {
  first: 'first index',
  firstAndTags: "first index, with the tags' trees",
  imported: 'restart: the import',
  restart: 'restart: the index',
  restartAsking: 'restart: the index, repository asked',
  refreshUnmoved: 'refresh, nothing new',
  refreshMoved: 'refresh, one new commit',
  loadOneByOne: 'all packages, one after the other',
  loadAtOnce: 'all packages, at once',
  versions: 'versions of one package',
}

/** Which of the targets a row misses. */
export function judge({ operation, size, ratios }) {
  const misses = []
  if (size <= 30 && ratios.copying > 1) misses.push('slower than copying')
  if (size <= 30 && ratios.ownCopying > 1) misses.push('own source slower than copying')
  if (size >= 10_000 && operation !== 'fetchMergedIndex' && ratios.copying > 0.01) misses.push('under 100× of copying')
  if (ratios.ideal > 2) misses.push('over 2× of ideal')
  return misses
}

/** The tables of the parts that were measured, and the machine, as Markdown. */
export function markdown({ machine, ...parts }) {
  const sections = { warm: warmTable, cold: coldTable, remote: remoteTable, service: serviceTable, git: gitTables }
  const lines = [
    `Node ${machine.node}, ${machine.cpu} (${machine.cores} cores), ${machine.platform}`,
    ...Object.entries(parts).flatMap(([part, rows]) => ['', ...sections[part](rows)]),
  ]
  return `${lines.join('\n')}\n`
}

function warmTable(rows) {
  return [
    '## Warm calls, ns per call (median; ratios: median of the rounds)',
    '',
    row(['call', 'packages', ...Object.values(TITLES), 'addon / copying', 'addon / ideal', 'own / copying', 'target']),
    row(['---', ...Array(8).fill('---:'), '---']),
    ...rows.map((measured) =>
      row([
        measured.operation,
        count(measured.size),
        ...Object.keys(TITLES).map((contender) => count(measured[contender])),
        ratio(measured.ratios.copying),
        ratio(measured.ratios.ideal),
        ratio(measured.ratios.ownCopying),
        judge(measured).join(', ') || 'met',
      ]),
    ),
  ]
}

function coldTable(rows) {
  return [
    '## First index of four sources, ms (median)',
    '',
    row(['sources', 'entries', 'contender', 'wall', 'longest block', 'worst block']),
    row(['---', '---:', '---', '---:', '---:', '---:']),
    ...rows.map((measured) =>
      row([
        measured.kind,
        count(measured.entries),
        measured.contender,
        ...[measured.wallMs, measured.longestBlockMs, measured.worstBlockMs].map(milliseconds),
      ]),
    ),
  ]
}

function remoteTable(rows) {
  return [
    '## First index of four registries, ms (median of the rounds)',
    '',
    row(['contender', 'entries', 'wall', 'event-loop delay, p99', 'delay, max', 'worst delay of all rounds']),
    row(['---', ...Array(5).fill('---:')]),
    ...rows.map((measured) =>
      row([
        measured.contender,
        count(measured.entries),
        ...[measured.wallMs, measured.delayP99Ms, measured.delayMaxMs, measured.worstDelayMs].map(milliseconds),
      ]),
    ),
  ]
}

function serviceTable(rows) {
  return [
    '## The index over HTTP (median of the rounds)',
    '',
    row(['server', 'packages', 'form', 'requests/s', 'bytes per answer', 'to `JSON.stringify` with a tag']),
    row(['---', '---:', '---', '---:', '---:', '---:']),
    ...rows.map((measured) =>
      row([
        SERVERS[measured.server],
        count(measured.entries),
        measured.form === 'known' ? '304' : measured.form,
        count(measured.requestsPerSecond),
        count(measured.bytesPerAnswer),
        `${ratio(measured.ratio)}×`,
      ]),
    ),
  ]
}

function gitTables({ calls, delays }) {
  return [
    '## A Git repository, ms (median of the rounds)',
    '',
    row(['repository at', 'packages', 'tags', 'call', 'addon', '`git clone --depth 1` and files', 'addon / plain']),
    row(['---', '---:', '---:', '---', '---:', '---:', '---:']),
    ...calls.map((measured) =>
      row([
        PLACES[measured.place],
        count(measured.packages),
        count(measured.tags),
        GIT_CALLS[measured.call],
        milliseconds(measured.addonMs),
        milliseconds(measured.plainMs),
        ratio(measured.ratio),
      ]),
    ),
    '',
    '## The event loop during the first index of a Git repository, ms (median of the rounds)',
    '',
    row(['repository at', 'contender', 'wall', 'event-loop delay, p99', 'delay, max', 'worst delay of all rounds']),
    row(['---', '---', ...Array(4).fill('---:')]),
    ...delays.map((measured) =>
      row([
        PLACES[measured.place],
        measured.contender,
        ...[measured.wallMs, measured.delayP99Ms, measured.delayMaxMs, measured.worstDelayMs].map(milliseconds),
      ]),
    ),
  ]
}

function row(cells) {
  return `| ${cells.join(' | ')} |`
}

function count(value) {
  return Math.round(value).toLocaleString('en')
}

function milliseconds(value) {
  return value.toFixed(1)
}

function ratio(value) {
  return value < 0.1 ? value.toFixed(4) : value.toFixed(2)
}
