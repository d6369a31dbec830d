/** Requests that come through Next.js, which takes `Content-Encoding` away from what a route answers. */

import assert from 'node:assert/strict'
import test from 'node:test'
import { createRegistryHandlers, importPackages, LocalPackageSource, PackageSourceManager } from '../index.mjs'
import { packagesFolder, temporaryDirectory } from './helpers/package-builder.mjs'

/** What Next.js passes to a route, as far as it differs from a plain request. */
class NextRequest extends Request {
  get nextUrl() {
    return new URL(this.url)
  }
}

const ACCEPT = { 'Accept-Encoding': 'gzip, br' }

/** Both kinds of handler over packages whose index is large enough to be compressed. */
async function handlers(t) {
  const folder = packagesFolder(t)
  for (let n = 0; n < 20; n++) folder.manifest(`package_${n}`, { description: 'The same again and again. '.repeat(9) })
  const store = temporaryDirectory(t)
  await importPackages(folder.path, { store })
  const manager = new PackageSourceManager()
  manager.addSource(new LocalPackageSource({ url: folder.path }))
  return {
    'http://localhost/api/v1/packages': createRegistryHandlers({ store }).GET,
    'http://localhost/api/packages/index': manager.createIndexHandler(),
  }
}

test('bodies for Next.js are not coded, and their tags are weak', async (t) => {
  for (const [url, handle] of Object.entries(await handlers(t))) {
    const plain = await handle(new Request(url, { headers: ACCEPT }))
    assert.equal(plain.headers.get('content-encoding'), 'br', url)
    assert.match(plain.headers.get('etag'), /^"/)
    const answer = await handle(new NextRequest(url, { headers: ACCEPT }))
    assert.equal(answer.headers.get('content-encoding'), null, url)
    assert.match(answer.headers.get('etag'), /^W\/"/)
    assert.equal((await answer.json()).packages.length, 20)
  }
})

test('a weak tag is known again', async (t) => {
  for (const [url, handle] of Object.entries(await handlers(t))) {
    const etag = (await handle(new NextRequest(url, { headers: ACCEPT }))).headers.get('etag')
    const again = await handle(new NextRequest(url, { headers: { ...ACCEPT, 'If-None-Match': etag } }))
    assert.equal(again.status, 304, url)
    assert.equal(again.headers.get('etag'), etag)
    // The same handler goes on giving others their strong one.
    const { headers } = await handle(new Request(url, { headers: { 'Accept-Encoding': 'identity' } }))
    assert.equal(`W/${headers.get('etag')}`, etag)
  }
})
