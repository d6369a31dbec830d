import { json, route } from '@/lib/http'
import { getManager } from '@/lib/packages/manager'
import { describeSources } from '@/lib/packages/sources'

export const GET = route(async () => {
  // The status asks no source anything: without an index there would be nothing to tell yet.
  const index = await getManager().fetchMergedIndex()
  return json({ sources: describeSources(index) })
})
