import { fileURLToPath } from 'node:url'

// The repository around this folder has a lockfile of its own, so Next.js would take that folder for the root.
const root = fileURLToPath(new URL('.', import.meta.url))

/** @type {import('next').NextConfig} */
export default {
  output: 'standalone',
  outputFileTracingRoot: root,
  turbopack: { root },
  // A native addon is loaded by Node.js itself, never bundled.
  serverExternalPackages: ['@metabuilder/package-sources'],
  // Read when the server starts, so that no import leads to them.
  outputFileTracingIncludes: { '/*': ['registry/catalogue/**', 'repository/**'] },
  images: { unoptimized: true },
  poweredByHeader: false,
}
