import { json, type PackageContext, requestedLevel, route } from '@/lib/http'
import { loadAccessible } from '@/lib/packages/access'
import { getManager } from '@/lib/packages/manager'

export const GET = route<PackageContext>(async (request, { params }) => {
  const { id } = await params
  await loadAccessible(id, requestedLevel(request))
  return json(await getManager().explain(id))
})
