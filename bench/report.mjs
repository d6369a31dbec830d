// The tables as Markdown.

const TITLES = { addon: 'addon', addonOwn: 'addon, own source', copying: 'copying', ideal: 'ideal' }

/** Which of the targets a row misses. */
export function judge({ operation, size, ratios }) {
  const misses = []
  if (size <= 30 && ratios.copying > 1) misses.push('slower than copying')
  if (size <= 30 && ratios.ownCopying > 1) misses.push('own source slower than copying')
  if (size >= 10_000 && operation !== 'fetchMergedIndex' && ratios.copying > 0.01) misses.push('under 100× of copying')
  if (ratios.ideal > 2) misses.push('over 2× of ideal')
  return misses
}

/** Both tables and the machine, as Markdown. */
export function markdown({ warm, cold, machine }) {
  const lines = [
    `Node ${machine.node}, ${machine.cpu} (${machine.cores} cores), ${machine.platform}`,
    '',
    '## Warm calls, ns per call (median; ratios: median of the rounds)',
    '',
    row(['call', 'packages', ...Object.values(TITLES), 'addon / copying', 'addon / ideal', 'own / copying', 'target']),
    row(['---', ...Array(8).fill('---:'), '---']),
    ...warm.map((measured) =>
      row([
        measured.operation,
        measured.size.toLocaleString('en'),
        ...Object.keys(TITLES).map((contender) => Math.round(measured[contender]).toLocaleString('en')),
        ratio(measured.ratios.copying),
        ratio(measured.ratios.ideal),
        ratio(measured.ratios.ownCopying),
        judge(measured).join(', ') || 'met',
      ]),
    ),
    '',
    '## First index of four sources, ms (median)',
    '',
    row(['sources', 'entries', 'contender', 'wall', 'longest block', 'worst block']),
    row(['---', '---:', '---', '---:', '---:', '---:']),
    ...cold.map((measured) =>
      row([
        measured.kind,
        measured.entries.toLocaleString('en'),
        measured.contender,
        ...[measured.wallMs, measured.longestBlockMs, measured.worstBlockMs].map((value) => value.toFixed(1)),
      ]),
    ),
  ]
  return `${lines.join('\n')}\n`
}

function row(cells) {
  return `| ${cells.join(' | ')} |`
}

function ratio(value) {
  return value < 0.1 ? value.toFixed(4) : value.toFixed(2)
}
