'use client'

/** What stands in the page's place where it could not be made. Why not is for the operator's log alone. */
export default function ErrorPage({ retry }: { retry: () => void }) {
  return (
    <main className="error-page">
      <title>Error – Package catalogue</title>
      <h1>The catalogue can’t be shown</h1>
      <p role="alert">Something went wrong on the server. It may work again in a moment.</p>
      <p className="error-actions">
        <button type="button" onClick={retry}>
          Try again
        </button>{' '}
        {/* A whole new page: what is left of the broken one must not matter. */}
        <a href="/">Show all packages</a>
      </p>
    </main>
  )
}
