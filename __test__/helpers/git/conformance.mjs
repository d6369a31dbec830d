/** What the conformance suite needs to run over Git. */

import assert from 'node:assert/strict'
import { after } from 'node:test'
import { GitPackageSource } from '../../../index.mjs'
import { writeCatalogue } from '../catalogue-folder.mjs'
import { gitRepository } from './repository.mjs'

/** A Git source's entries have revisions, which the catalogue's have not. */
export class RevisedSource extends GitPackageSource {
  async fetchIndex(options) {
    return (await super.fetchIndex(options)).map(withoutRevision)
  }

  async loadPackage(packageId, version, options) {
    const data = await super.loadPackage(packageId, version, options)
    return data && { ...data, metadata: withoutRevision(data.metadata) }
  }
}

function withoutRevision({ revision, ...entry }) {
  assert.match(revision, /^[0-9a-f]{40}$/)
  return entry
}

const cleanups = []
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

/** A test context for what all tests of a file share: it ends after the last of them. */
export const WHOLE_FILE = { after: (cleanup) => cleanups.push(cleanup) }

/** Repositories that were made already: nobody writes to them, so all tests of a file share them. */
const made = new Map()

/**
 * A repository that holds these packages, for the whole file.
 * @param {typeof import('../conformance.mjs').CATALOGUE} catalogue
 * @param {object} [options]
 * @param {string} [options.folder] The packages folder's path in the repository; `.` for its root.
 * @param {'seed' | 'manifest'} [options.layout]
 * @param {boolean} [options.indexed] Whether it has an `index.json`.
 */
export function catalogueRepository(catalogue, options = {}) {
  const key = JSON.stringify([catalogue, options])
  const there = made.get(key)
  if (there) return there
  const { folder = 'packages', layout = 'seed', indexed = false } = options
  const repository = gitRepository(WHOLE_FILE, { folder })
  writeCatalogue(repository.packages, catalogue, layout)
  if (indexed) repository.packages.index(catalogue.map(({ fields }) => fields))
  // Git keeps no empty folder.
  if (catalogue.length === 0) repository.packages.file('.gitkeep', '')
  repository.commit()
  made.set(key, repository)
  return repository
}
