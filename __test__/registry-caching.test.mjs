// Tags, conditional requests, content codings and what caches are told.

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { inChild } from './helpers/child.mjs'
import { publish, serve } from './helpers/registry-service.mjs'

const MANY = Array.from({ length: 40 }, (_, number) => ({
  packageId: `package_${String(number).padStart(2, '0')}`,
  version: '1.0.0',
  description: 'Words that compress well, since every package has the same ones',
}))
const BIG = {
  packageId: 'big',
  version: '1.0.0',
  components: Array.from({ length: 9000 }, (_, id) => ({ id: `c${id}` })),
}

const ROUTES = ['/packages', '/packages/search?q=words', '/packages/big', '/packages/big/versions']
const DECODE = { br: brotliDecompressSync, gzip: gunzipSync }

describe('Answers of the registry service', async () => {
  const { ask, store } = await serve({ after }, [...MANY, BIG])

  for (const path of ROUTES) {
    test(`${path}: its tag spares the body`, async () => {
      const first = await ask(path)
      const etag = first.headers.get('etag')
      assert.match(etag, /^"[0-9a-f]{32}"$/)
      for (const field of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await ask(path, { 'if-none-match': field })
        assert.equal(again.status, 304, field)
        assert.equal(again.body, null)
        for (const name of ['etag', 'cache-control', 'vary']) {
          assert.equal(again.headers.get(name), first.headers.get(name), name)
        }
        for (const name of ['content-length', 'content-type', 'content-encoding']) {
          assert.equal(again.headers.has(name), false, name)
        }
      }
      assert.equal((await ask(path, { 'if-none-match': etag }, 'HEAD')).status, 304)
      assert.equal((await ask(path, { 'if-none-match': '"other"' })).status, 200)
    })

    test(`${path}: every coding decodes to the same bytes and has a tag of its own`, async () => {
      const plain = await ask(path)
      const bytes = Buffer.from(await plain.arrayBuffer())
      const tags = new Set([plain.headers.get('etag')])
      for (const [coding, decode] of Object.entries(DECODE)) {
        const coded = await ask(path, { 'accept-encoding': coding })
        const body = Buffer.from(await coded.arrayBuffer())
        assert.equal(coded.headers.get('content-length'), String(body.length))
        if (bytes.length < 1024) {
          assert.equal(coded.headers.has('content-encoding'), false, 'too small to gain by it')
          continue
        }
        assert.equal(coded.headers.get('content-encoding'), coding)
        assert.ok(body.length < bytes.length / 2, `${body.length} of ${bytes.length}`)
        assert.ok(decode(body).equals(bytes))
        const etag = coded.headers.get('etag')
        assert.ok(!tags.has(etag), etag)
        tags.add(etag)
        assert.equal((await ask(path, { 'accept-encoding': coding, 'if-none-match': etag })).status, 304)
        assert.equal((await ask(path, { 'if-none-match': etag })).status, 200, 'the tag of another coding')
      }
    })
  }

  for (const [field, coding] of [
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0.2, gzip;q=0.3', 'gzip'],
    ['*', 'br'],
    ['*;q=0.1, br;q=0', 'gzip'],
    ['gzip;q=0', null],
    ['identity, gzip;q=0.9', null],
    ['deflate', null],
    ['', null],
  ]) {
    test(`Accept-Encoding: ${field || '(empty)'} gets ${coding ?? 'no coding'}`, async () => {
      const response = await ask('/packages', { 'accept-encoding': field })
      assert.equal(response.headers.get('content-encoding'), coding)
    })
  }

  test('tell caches how long they are good, and by what they vary', async () => {
    const { headers } = await ask('/packages')
    assert.equal(headers.get('cache-control'), 'public, max-age=60, stale-while-revalidate=600')
    assert.equal(headers.get('vary'), 'Accept-Encoding')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  })

  test('say what the application has set instead', async (t) => {
    const options = { store, maxAgeSeconds: 0, staleWhileRevalidateSeconds: 5 }
    const { headers } = await (await serve(t, [], options)).ask('/packages')
    assert.equal(headers.get('cache-control'), 'public, max-age=0, stale-while-revalidate=5')
  })

  test('have the same tags in another process', async () => {
    const { answer } = await inChild(`
      const { GET } = addon.createRegistryHandlers({ store: ${JSON.stringify(store)} })
      const tags = []
      for (const path of ${JSON.stringify(ROUTES)}) {
        for (const coding of ['', 'br', 'gzip']) {
          const request = new Request('http://app.invalid/api/v1' + path, { headers: { 'accept-encoding': coding } })
          tags.push((await GET(request)).headers.get('etag'))
        }
      }
      answer(tags)
    `)
    const own = []
    for (const path of ROUTES) {
      for (const coding of ['', 'br', 'gzip'])
        own.push((await ask(path, { 'accept-encoding': coding })).headers.get('etag'))
    }
    assert.deepEqual(answer, own)
  })

  test('change their tags with their contents alone', async (t) => {
    const { ask, store } = await serve(t, MANY.slice(0, 2))
    const tagOf = async (path) => (await ask(path)).headers.get('etag')
    const before = await Promise.all(['/packages', '/packages/package_00', '/packages?page=2&pageSize=1'].map(tagOf))
    await publish(t, store, MANY[2])
    const later = await Promise.all(['/packages', '/packages/package_00', '/packages?page=2&pageSize=1'].map(tagOf))
    assert.notEqual(later[0], before[0])
    assert.equal(later[1], before[1])
    assert.notEqual(later[2], before[2], 'it holds the total')
  })
})

describe('The memory for answers', () => {
  test('is bounded, and what is too large for it is answered all the same', async (t) => {
    const { ask } = await serve(t, [...MANY, BIG], { cacheMaxBytes: 10_000 })
    for (let round = 0; round < 2; round++) {
      assert.equal((await (await ask('/packages/big')).json()).components.length, 9000)
      assert.equal((await (await ask('/packages')).json()).packages.length, 41)
      assert.equal((await ask('/packages/big', { 'accept-encoding': 'br' })).headers.get('content-encoding'), 'br')
    }
  })

  test('may be none at all', async (t) => {
    const { ask } = await serve(t, MANY, { cacheMaxBytes: 0 })
    for (let round = 0; round < 3; round++) {
      const response = await ask('/packages/package_07')
      const etag = response.headers.get('etag')
      assert.equal((await response.json()).metadata.packageId, 'package_07')
      const again = await ask('/packages/package_07', { 'if-none-match': etag })
      assert.deepEqual([again.status, again.body, again.headers.has('content-length')], [304, null, false])
    }
  })

  test('a body in it is the same for all, and nobody is given a piece to change', async (t) => {
    const { ask } = await serve(t, [BIG])
    const first = new Uint8Array(await (await ask('/packages/big')).arrayBuffer())
    const text = Buffer.from(first).toString()
    first.fill(0)
    assert.equal(await (await ask('/packages/big')).text(), text)
    const small = new Uint8Array(await (await ask('/packages/big/versions')).arrayBuffer())
    small.fill(0)
    assert.equal((await (await ask('/packages/big/versions')).json()).packageId, 'big')
    const { value } = await (await ask('/packages/big')).body.getReader().read()
    structuredClone(value.buffer, { transfer: [value.buffer] })
    assert.equal(await (await ask('/packages/big')).text(), text, 'also where someone has transferred it away')
    for await (const chunk of (await ask('/packages/big')).body) chunk.fill(65)
    assert.equal(await (await ask('/packages/big')).text(), text, 'and where someone has written into it')
  })
})
