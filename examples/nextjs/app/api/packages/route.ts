import { json, requestedLevel, route } from '@/lib/http'
import { getManager } from '@/lib/packages/manager'

export const GET = route(async (request) => {
  const level = requestedLevel(request)
  const packages = await getManager().fetchMergedIndex()
  return json({ packages: level === undefined ? packages : packages.filter((entry) => entry.minLevel <= level) })
})
