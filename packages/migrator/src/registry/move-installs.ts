/** All installs of a placement move at once, but those that are pinned. */
import type { Statement } from '@backsaas/core'
import { canPin } from '../pins/read-pins.ts'
import { type Platform, tableNames } from './platform.ts'

/** @param only those that have this version; all that have an older one unless given. */
export function moveInstalls(platform: Platform, placementId: string, to: number, only?: number): Statement {
  const installs = tableNames(platform, 'installs')
  const version = installs.column('version')
  return {
    text: `update ${installs.table} set ${version} = $1
           where ${installs.column('placement_id')} = $2 and ${only === undefined ? `${version} < $1` : `${version} = $3`}
             ${canPin(platform) ? `and ${installs.column('pinned_to')} is null` : ''}`,
    params: [String(to), placementId, ...(only === undefined ? [] : [String(only)])],
    prepare: false,
  }
}
