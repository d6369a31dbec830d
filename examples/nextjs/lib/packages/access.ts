import { HttpError } from '@/lib/http'
import { levelName } from '@/lib/level'
import { getManager } from './manager'
import type { PackageData } from './package-glue'

/** A package that a level may open. Without a level every package may be opened. */
export async function loadAccessible(packageId: string, level: number | undefined): Promise<PackageData> {
  const data = await getManager().loadPackage(packageId)
  if (data === null) throw new HttpError(404, 'ENOTFOUND', `There is no package ${JSON.stringify(packageId)}`)
  const { minLevel } = data.metadata
  if (level !== undefined && level < minLevel) {
    throw new HttpError(403, 'EFORBIDDEN', `This package needs level ${minLevel} (${levelName(minLevel)})`)
  }
  return data
}
