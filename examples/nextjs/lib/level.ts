/** The names of the permission levels; level 1 comes first. */
export const LEVEL_NAMES = ['Public', 'User', 'Moderator', 'Admin', 'God', 'Supergod'] as const

export const LEVEL_COOKIE = 'level'

/** A level as query or cookie give it; `undefined` where the text is none of `1` to `6`. */
export function parseLevel(text: string): number | undefined {
  return /^[1-6]$/.test(text) ? Number(text) : undefined
}

export function levelName(level: number): string {
  return LEVEL_NAMES[level - 1] ?? 'Beyond Supergod'
}
