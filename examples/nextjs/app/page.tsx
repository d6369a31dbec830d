import { cookies } from 'next/headers'
import { CatalogueForm } from '@/components/catalogue-form'
import { PackageList } from '@/components/package-list'
import { Pager } from '@/components/pager'
import { SourcePanel } from '@/components/source-panel'
import { readCatalogue } from '@/lib/catalogue'
import { LEVEL_COOKIE, levelName } from '@/lib/level'
import { type Query, readView, type View } from '@/lib/view'

export default async function CataloguePage({ searchParams }: { searchParams: Promise<Query> }) {
  const remembered = (await cookies()).get(LEVEL_COOKIE)?.value
  const view = readView(await searchParams, remembered)
  const catalogue = await readCatalogue(view)
  return (
    <>
      <a className="skip-link" href="#results">
        Skip to the packages
      </a>
      <header className="site-header">
        <h1>
          <Logo /> Package catalogue
        </h1>
        <p>
          {count(catalogue.knownIds.size, 'package')} from {count(catalogue.sources.length, 'source')}
        </p>
      </header>
      <CatalogueForm q={view.q} level={view.level} category={view.category} categories={catalogue.categories} />
      <div className="columns">
        <main id="results" tabIndex={-1}>
          <div className="results-header">
            <h2>Packages</h2>
            <p role="status" aria-live="polite">
              {resultText(view, catalogue.totalCount)}
            </p>
          </div>
          <PackageList catalogue={catalogue} />
          <Pager view={view} totalCount={catalogue.totalCount} />
        </main>
        <SourcePanel sources={catalogue.sources} conflictCount={catalogue.conflictCount} />
      </div>
    </>
  )
}

function Logo() {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="m12 2 10 5-10 5L2 7l10-5Z" fill="currentColor" />
      <path
        d="m2 12 10 5 10-5M2 17l10 5 10-5"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinejoin="round"
      />
    </svg>
  )
}

function resultText({ q, category, level }: View, totalCount: number): string {
  const parts = [count(totalCount, 'package')]
  if (q !== '') parts.push(`matching “${q}”`)
  if (category !== '') parts.push(`in ${category}`)
  if (level !== undefined) parts.push(`for level ${level} (${levelName(level)})`)
  return parts.join(' ')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
