import { json, type PackageContext, requestedLevel, route } from '@/lib/http'
import { loadAccessible } from '@/lib/packages/access'
import { getManager } from '@/lib/packages/manager'

export const GET = route<PackageContext>(async (request, { params }) => {
  const { id } = await params
  await loadAccessible(id, requestedLevel(request))
  const versions = await getManager().getAllVersions(id)
  return json({ packageId: id, versions: Object.fromEntries(versions) })
})
