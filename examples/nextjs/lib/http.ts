import type { NextRequest } from 'next/server'
import { LEVEL_COOKIE, parseLevel } from './level'

/** A failure that the caller of the API is told about. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** What Next.js passes to the handlers below `/api/packages/[id]`. */
export interface PackageContext {
  params: Promise<{ id: string }>
}

/** A JSON answer that depends on who asks, so that no shared cache may keep it. */
export function json(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: { 'Cache-Control': 'private, no-cache', Vary: 'Cookie' } })
}

/** Makes a route of a handler: what the handler throws becomes `{ error: { code, message } }`. */
export function route<Context>(handler: (request: NextRequest, context: Context) => Promise<Response>) {
  return async (request: NextRequest, context: Context): Promise<Response> => {
    try {
      return await handler(request, context)
    } catch (error) {
      return errorResponse(error)
    }
  }
}

function errorResponse(error: unknown): Response {
  if (error instanceof HttpError) {
    return json({ error: { code: error.code, message: error.message } }, error.status)
  }
  if (error instanceof Error && 'code' in error && error.code === 'EINVALIDARG') {
    return json({ error: { code: error.code, message: error.message } }, 400)
  }
  // Anything else may name files or hosts: that is for the operator's log alone.
  console.error(error)
  return json({ error: { code: 'EINTERNAL', message: 'The server could not answer this request.' } }, 500)
}

/** The level in the query, else the one in the cookie, else `undefined`: nothing is filtered then. */
export function requestedLevel(request: NextRequest): number | undefined {
  const text = request.nextUrl.searchParams.get('level') ?? request.cookies.get(LEVEL_COOKIE)?.value
  if (text === undefined) return undefined
  const level = parseLevel(text)
  if (level === undefined) throw new HttpError(400, 'EINVALIDARG', 'level must be a whole number from 1 to 6')
  return level
}

/** A number in the query; one that is no number becomes NaN, which the manager refuses. */
export function numberParam(request: NextRequest, name: string): number | undefined {
  const text = request.nextUrl.searchParams.get(name)
  if (text === null) return undefined
  return text.trim() === '' ? Number.NaN : Number(text)
}
