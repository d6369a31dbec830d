/** The catalogue of the conformance suite as files of a packages folder. */

/** The manifest has the catalogue's fields and no default of the builder's. */
const bare = (fields) => ({
  name: undefined,
  description: undefined,
  author: undefined,
  category: undefined,
  ...fields,
})

/**
 * Writes packages into a folder of the builder.
 * @param {import('./package-builder.mjs').PackagesFolder} folder
 * @param {typeof import('./conformance.mjs').CATALOGUE} catalogue
 * @param {'seed' | 'manifest'} layout
 */
export function writeCatalogue(folder, catalogue, layout) {
  for (const { fields, contents } of catalogue) {
    // Folders that are named otherwise, in another order than the ids.
    const options = { folder: `${String.fromCharCode(200 - fields.packageId.charCodeAt(0))}-folder` }
    const dependencies = fields.dependencies ?? undefined
    writeContents(folder[layout](fields.packageId, { ...bare(fields), dependencies }, options), contents)
  }
  return folder
}

function writeContents(builder, { components, scripts, scriptFiles, examples }) {
  const contents = builder.layout === 'seed' ? 'seed/' : ''
  if (components) builder.components(components)
  if (scripts !== undefined) builder.file(`${contents}scripts.lua`, scripts)
  if (examples) builder.examples(examples)
  for (const { path, code } of scriptFiles ?? []) builder.file(`${contents}${path}`, code)
  if (scriptFiles) {
    const listed = scriptFiles.map(({ path, code, ...fields }) => ({ file: path.replace('scripts/', ''), ...fields }))
    builder.file(`${contents}scripts/manifest.json`, { scripts: listed })
  }
}
