import { json, type PackageContext, requestedLevel, route } from '@/lib/http'
import { loadAccessible } from '@/lib/packages/access'

export const GET = route<PackageContext>(async (request, { params }) => {
  const { id } = await params
  return json(await loadAccessible(id, requestedLevel(request)))
})
