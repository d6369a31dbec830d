/** The registry protocol's document, held against the running service. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createRegistryServer, importPackages } from '../../index.mjs'
import { ROOT } from '../../scripts/lib/root.mjs'
import { temporaryDirectory } from '../helpers/package-builder.mjs'
import { hold } from './helpers/schemathesis.mjs'

const DOCUMENT = readFileSync(join(ROOT, 'docs/registry-openapi.json'), 'utf8')
const TOKEN = 'a-token-for-reading'

/** The document, altered where `alter` does so. */
function documented(alter = () => {}) {
  const document = JSON.parse(DOCUMENT)
  alter(document)
  return document
}

/** The document of a registry that asks for a token. */
const isPrivate = (document) => {
  document.security = [{ token: [] }]
}

describe('the registry', () => {
  const store = temporaryDirectory({ after })

  before(async () => {
    // Some packages are in both, in different versions.
    for (const folder of ['packages', 'examples/nextjs/registry/catalogue']) {
      const { failed } = await importPackages(join(ROOT, folder), { store })
      assert.deepEqual(failed, [])
    }
  })

  /** A service that is closed with the test. */
  async function serve(t, options) {
    const server = await createRegistryServer({ store, ...options })
    t.after(() => server.close())
    return server
  }

  it('answers as the document says', async (t) => {
    const { url } = await serve(t)
    const { passed, output, exchanges } = await hold(t, documented(), { url })
    assert.ok(passed, output)
    assertSeen(exchanges, url, { everywhere: [200, 304], paged: [400], packages: [404] })
  })

  it('answers as the document says where it asks for a token', async (t) => {
    const { url } = await serve(t, { readTokens: [TOKEN] })
    const { passed, output, exchanges } = await hold(t, documented(isPrivate), { url, token: TOKEN })
    assert.ok(passed, output)
    assertSeen(exchanges, url, { everywhere: [200, 304, 401, 403], paged: [400], packages: [404] })
  })

  const falsehoods = {
    'a field that no answer has': (document) => {
      document.components.schemas.Page.required.push('nextPage')
    },
    'another type of a field': (document) => {
      document.components.schemas.VersionList.properties.versions.items.properties.checksum = { type: 'integer' }
    },
    'no answer 404': (document) => {
      delete document.paths['/packages/{id}'].get.responses[404]
    },
    'a header that no answer has': (document) => {
      document.components.responses.NotFound.headers = { 'X-Hint': { required: true, schema: { type: 'string' } } }
    },
    'another media type of errors': (document) => {
      const { content } = document.components.responses.NotFound
      content['text/plain'] = { schema: { type: 'string' } }
      delete content['application/problem+json']
    },
    'a token where there is none to be given': isPrivate,
    'a looser bound than the service has': (document) => {
      document.components.parameters.PageSize.schema.maximum = 5000
    },
    'a closer bound than the service has': (document) => {
      document.components.parameters.PageSize.schema.maximum = 500
    },
  }
  for (const [what, alter] of Object.entries(falsehoods)) {
    it(`would be found out where the document said: ${what}`, async (t) => {
      const { url } = await serve(t)
      const { passed, output } = await hold(t, documented(alter), { url, arguments: ['--max-failures=1'] })
      assert.equal(passed, false, output)
      assert.match(output, /1 unique failure/, output)
    })
  }
})

/** Asserts that every route was answered so by `GET` and by `HEAD`: a check that saw no answer would prove nothing. */
function assertSeen(exchanges, url, { everywhere, paged, packages }) {
  const base = new URL(url).pathname
  const routes = [
    [/^\/packages$/, [...everywhere, ...paged]],
    [/^\/packages\/search$/, [...everywhere, ...paged]],
    [/^\/packages\/(?!search$)[^/]+$/, [...everywhere, ...packages]],
    [/^\/packages\/[^/]+\/versions$/, [...everywhere, ...packages]],
    [/^\/packages\/[^/]+\/versions\/[^/]+$/, [...everywhere, ...packages]],
  ]
  for (const [route, statuses] of routes) {
    for (const method of ['GET', 'HEAD']) {
      const asked = exchanges.filter((one) => one.method === method && route.test(one.path.slice(base.length)))
      const seen = new Set(asked.map((one) => one.status))
      for (const status of statuses) assert.ok(seen.has(status), `${method} ${route}: ${status} among ${[...seen]}`)
    }
  }
}
