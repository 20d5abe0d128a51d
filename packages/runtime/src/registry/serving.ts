/** What a runtime tells of itself with its beat, in `runtimes.serving`. */
import { type Json, type Usage, usageJson } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'

export interface Serving {
  /** The version of the platform's own schema. */
  readonly platform: number | null
  /** How many tenants are known. */
  readonly tenants: number
  /** How many versions are loaded; `versions` has those that are asked for most, and first those beside another of the same schema. */
  readonly loaded: number
  readonly versions: readonly ServedVersion[]
}

export interface ServedVersion {
  readonly placement_id: string
  readonly schema: string
  readonly version: number
  /** Since it was loaded. */
  readonly requests: number
  /** As `usageJson` writes it: what roll-outs judge the version by. */
  readonly usage: Readonly<Record<string, Json>>
}

/** A beat is no report: of so many versions it tells. */
const MAX_TOLD = 100

export function describeServing(
  platform: BoundSchema | null,
  tenants: number,
  loaded: readonly BoundSchema[],
): Serving {
  const told = loaded.toSorted(bySignificance(loaded)).slice(0, MAX_TOLD)
  return {
    platform: platform?.version ?? null,
    tenants,
    loaded: loaded.length,
    versions: told.map(({ placementId, compiled: { name }, version, uses }) => ({
      placement_id: placementId,
      schema: name,
      version,
      requests: uses.count,
      usage: usageJson(uses satisfies Usage),
    })),
  }
}

/** Few ask for a version that is rolled out to a few tenants, and that is the one to know of. */
function bySignificance(loaded: readonly BoundSchema[]): (a: BoundSchema, b: BoundSchema) => number {
  const versions = new Map<string, number>()
  for (const { placementId, uses } of loaded)
    if (uses.count > 0) versions.set(placementId, (versions.get(placementId) ?? 0) + 1)
  const isBeside = ({ placementId }: BoundSchema): number => ((versions.get(placementId) ?? 0) > 1 ? 1 : 0)
  return (a, b) => isBeside(b) - isBeside(a) || b.uses.count - a.uses.count
}
