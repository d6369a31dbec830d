import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

/** Where this example's own Git repository lies: a folder that outlives a deployment, and no part of the build. */
const REPOSITORY = resolve(/*turbopackIgnore: true*/ process.env.PACKAGE_GIT_REPOSITORY || '.repository')

const BRANCH = 'main'

/** Holds a folder for each release, relative to where the server runs: the files that it added or changed. */
const HISTORY = 'repository'

/** Oldest first. */
const RELEASES = ['2.0.0', '2.1.0']

/**
 * The Git repository that the catalogue has packages from: that of `PACKAGE_GIT_URL`, where it is empty none, else this
 * example's own.
 */
export function gitRepository(): { url: string; branch?: string } | undefined {
  const { PACKAGE_GIT_URL, PACKAGE_GIT_BRANCH } = process.env
  if (PACKAGE_GIT_URL === undefined) {
    return existsSync(join(/*turbopackIgnore: true*/ REPOSITORY, 'HEAD'))
      ? { url: REPOSITORY, branch: BRANCH }
      : undefined
  }
  return PACKAGE_GIT_URL === '' ? undefined : { url: PACKAGE_GIT_URL, branch: PACKAGE_GIT_BRANCH || undefined }
}

/**
 * Makes this example's own repository, so that there is one to show without any network. The same releases are the same
 * commits, so that every start may do this.
 */
export function makeRepository(): void {
  if (process.env.PACKAGE_GIT_URL !== undefined) return
  const history = Buffer.concat(RELEASES.flatMap(release))
  try {
    git(['-c', `init.defaultBranch=${BRANCH}`, 'init', '--quiet', '--bare', REPOSITORY])
    git(['--git-dir', REPOSITORY, 'fast-import', '--quiet', '--force'], history)
  } catch (error) {
    if (!isNotInstalled(error)) throw error
    console.error(
      'git is not installed, so this example can’t make its Git repository, and goes on without. ' +
        'Install git, or name a repository in PACKAGE_GIT_URL.',
    )
  }
}

/** A commit and its tag, as `git fast-import` reads them. */
function release(version: string, index: number): Buffer[] {
  const folder = join(HISTORY, version)
  // Always the same time, or each start would make other commits.
  const when = `MetaBuilder <> ${Date.UTC(2025, 9 + index) / 1000} +0000`
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
  return [
    ...(index === 0 ? [Buffer.from(`reset refs/heads/${BRANCH}\n\n`)] : []),
    Buffer.from(`commit refs/heads/${BRANCH}\ncommitter ${when}\n`),
    data(`Release ${version}\n`),
    ...files.flatMap((name) => [
      Buffer.from(`M 100644 inline ${name.replaceAll(sep, '/')}\n`),
      data(readFileSync(join(folder, name))),
    ]),
    Buffer.from(`tag v${version}\nfrom refs/heads/${BRANCH}\ntagger ${when}\n`),
    data(`Release ${version}\n`),
  ]
}

function data(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')])
}

function git(args: string[], input?: Buffer): void {
  // Neither another repository that we may be started from nor a user's choice of hashes has a say.
  execFileSync('git', args, { input, env: { ...process.env, GIT_DIR: undefined, GIT_DEFAULT_HASH: 'sha1' } })
}

function isNotInstalled(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'spawnSync git'
}
