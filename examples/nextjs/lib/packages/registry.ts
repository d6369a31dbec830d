import { importPackages } from '@/lib/packages/package-glue'

/** Where the registry keeps what was published: a folder that outlives a deployment. */
export const STORE = process.env.PACKAGE_REGISTRY_STORE || '.registry'

/** The second catalogue, relative to where the server runs. */
const CATALOGUE = 'registry/catalogue'

/** Publishes the catalogue. What the store has already stays as it is, so that every start may do this. */
export async function publishCatalogue(): Promise<void> {
  const { failed } = await importPackages(CATALOGUE, { store: STORE })
  for (const failure of failed) console.error('Not published:', failure)
}

/**
 * The registry's address: that of `PACKAGE_REGISTRY_URL`, where it is empty none, else this application's own. A server
 * that listens on all addresses is reached on this machine's.
 */
export function registryUrl(): string {
  const { PACKAGE_REGISTRY_URL, HOSTNAME = '', PORT = '3000' } = process.env
  if (PACKAGE_REGISTRY_URL !== undefined) return PACKAGE_REGISTRY_URL
  const host = ['', '0.0.0.0', '::'].includes(HOSTNAME) ? 'localhost' : HOSTNAME
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/api/v1`
}
