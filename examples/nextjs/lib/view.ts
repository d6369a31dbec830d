import { parseLevel } from './level'

/** Most characters that the manager looks for. */
export const MAX_QUERY = 1024

/** What the page is asked to show. */
export interface View {
  q: string
  category: string
  /** `undefined` shows the packages of all levels. */
  level: number | undefined
  page: number
}

export type Query = Record<string, string | string[] | undefined>

/** The view that a query and the remembered level ask for. */
export function readView(query: Query, rememberedLevel: string | undefined): View {
  const page = Number(first(query.page) ?? 1)
  return {
    q: clipped(first(query.q)?.trim() ?? ''),
    category: first(query.category) ?? '',
    level: readLevel(first(query.level) ?? rememberedLevel),
    page: Number.isInteger(page) && page >= 1 && page <= 1_000_000 ? page : 1,
  }
}

/** The address of a view, on another page of its results. */
export function viewHref(view: View, page: number): string {
  const params = new URLSearchParams({ q: view.q, level: String(view.level ?? ''), category: view.category })
  if (page > 1) params.set('page', String(page))
  return `/?${params}`
}

// The empty text is the form's "all levels". What is no level shows what everybody may see, never more.
function readLevel(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : (parseLevel(text) ?? 1)
}

// A character outside the basic plane is two units long: none is left in half.
function clipped(q: string): string {
  return q.length <= MAX_QUERY ? q : q.slice(0, MAX_QUERY).replace(/[\uD800-\uDBFF]$/, '')
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
