import Link from 'next/link'
import { PAGE_SIZE } from '@/lib/catalogue'
import { type View, viewHref } from '@/lib/view'

export function Pager({ view, totalCount }: { view: View; totalCount: number }) {
  const pages = Math.ceil(totalCount / PAGE_SIZE)
  if (pages <= 1 && view.page === 1) return null
  return (
    <nav className="pager" aria-label="Pages of results">
      {view.page > 1 && <Link href={viewHref(view, Math.min(view.page - 1, Math.max(pages, 1)))}>Previous</Link>}
      <span>
        Page {view.page} of {Math.max(pages, 1)}
      </span>
      {view.page < pages && <Link href={viewHref(view, view.page + 1)}>Next</Link>}
    </nav>
  )
}
