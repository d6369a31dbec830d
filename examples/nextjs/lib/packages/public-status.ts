import type { PackageSourceStatus } from './package-glue'

/** A status for everybody's eyes: the message of a failure may name folders and hosts, and is in the operator's log. */
export function publicStatus(status: PackageSourceStatus): PackageSourceStatus {
  const { lastError } = status
  if (lastError === null) return status
  return { ...status, lastError: { code: lastError.code, message: 'The source failed when it was last asked.' } }
}
