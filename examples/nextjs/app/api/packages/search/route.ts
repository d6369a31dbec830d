import { json, numberParam, requestedLevel, route } from '@/lib/http'
import { getManager } from '@/lib/packages/manager'

export const GET = route(async (request) => {
  const params = request.nextUrl.searchParams
  const result = await getManager().searchPackages(params.get('q') ?? '', {
    // A form sends the field also where nothing is chosen.
    category: params.get('category') || undefined,
    userLevel: requestedLevel(request),
    page: numberParam(request, 'page'),
    pageSize: numberParam(request, 'pageSize'),
  })
  return json(result)
})
