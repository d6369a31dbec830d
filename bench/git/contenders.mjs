// The two that read the same repository, each loaded only where it is asked for.

import { join } from 'node:path'

const ID = 'git'

/** How each is opened: `home` is where its clone lies, or comes to lie. */
const OPEN = {
  async addon({ home, ...options }) {
    const { GitPackageSource } = await import('../../index.mjs')
    return new GitPackageSource({ ...options, id: ID, cacheDir: home })
  },
  async plain({ home, ...options }) {
    const { PlainGitSource } = await import('./plain-source.mjs')
    return new PlainGitSource({ ...options, id: ID, clone: join(home, 'clone') })
  },
}

export const CONTENDERS = Object.keys(OPEN)

/**
 * @param {'addon' | 'plain'} contender
 * @param {{ url: string, home: string, cacheExpiry?: number }} options
 */
export function openSource(contender, options) {
  return OPEN[contender](options)
}
