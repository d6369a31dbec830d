/** Called once, before the server answers its first request; a build doesn't call it. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { publishCatalogue } = await import('./lib/packages/registry')
  await publishCatalogue().catch((error) => console.error('The registry has what its store had:', error))
  const { makeRepository } = await import('./lib/packages/repository')
  try {
    makeRepository()
  } catch (error) {
    console.error('The Git repository is as it was:', error)
  }
}
