import { json, route } from '@/lib/http'
import { getManager } from '@/lib/packages/manager'
import { publicStatus } from '@/lib/packages/public-status'

export const GET = route(async () => {
  const manager = getManager()
  // The status asks no source anything: without an index there would be nothing to tell yet.
  await manager.fetchMergedIndex()
  return json({ sources: manager.getSourceStatus().map(publicStatus) })
})
