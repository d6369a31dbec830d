import { createRegistryHandlers } from '@/lib/packages/package-glue'
import { STORE } from '@/lib/packages/registry'

/** This application as a registry for others, and as a source of its own catalogue. */
export const { GET, HEAD } = createRegistryHandlers({ store: STORE })
