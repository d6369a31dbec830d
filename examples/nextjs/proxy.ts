import { type NextRequest, NextResponse } from 'next/server'
import { LEVEL_COOKIE, parseLevel } from './lib/level'

/** Remembers the level that the form asks for, with and without JavaScript in the browser. */
export function proxy(request: NextRequest) {
  const response = NextResponse.next()
  const text = request.nextUrl.searchParams.get('level')
  if (text === null) return response
  if (parseLevel(text) === undefined) response.cookies.delete(LEVEL_COOKIE)
  else response.cookies.set(LEVEL_COOKIE, text, { httpOnly: true, maxAge: 31_536_000, path: '/', sameSite: 'lax' })
  return response
}

export const config = { matcher: '/' }
