import { etagOf } from '@/lib/etag'
import type { PackageIndexEntry } from './package-glue'

interface EncodedIndex {
  entries: PackageIndexEntry[]
  body: Uint8Array<ArrayBuffer>
  etag: string
}

let last: EncodedIndex | undefined

/** An index as bytes with their tag, made once: a source gives the same objects until it reads its packages anew. */
export function encodedIndex(entries: PackageIndexEntry[]): EncodedIndex {
  if (last === undefined || !areSame(last.entries, entries)) {
    const body = new TextEncoder().encode(JSON.stringify({ packages: entries }))
    last = { entries, body, etag: etagOf(body) }
  }
  return last
}

function areSame(some: PackageIndexEntry[], others: PackageIndexEntry[]): boolean {
  return some.length === others.length && some.every((entry, position) => entry === others[position])
}
