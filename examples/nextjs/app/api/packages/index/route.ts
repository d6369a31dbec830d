import { HttpError, route } from '@/lib/http'
import { getLocalManager } from '@/lib/packages/manager'

type Handler = ReturnType<ReturnType<typeof getLocalManager>['createIndexHandler']>
let handler: Handler | undefined

/** The local packages alone, as other installations and build tools read them: the same for everyone who asks. */
export const GET = route(async (request) => {
  const manager = getLocalManager()
  handler ??= manager.createIndexHandler()
  const answer = await handler(request)
  // Answering has made the status current, and tried a failing source again when its time had come.
  if (manager.getSourceStatus()[0]?.state === 'failing') {
    throw new HttpError(503, 'ESOURCE', 'The packages folder cannot be read at the moment.')
  }
  return answer
})

export const HEAD = GET
