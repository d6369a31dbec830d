import { json, requestedLevel, route } from '@/lib/http'
import { runDescriptionExamples } from '@/lib/packages/description-examples'

export const GET = route(async (request) => json(await runDescriptionExamples(requestedLevel(request) ?? 1)))
