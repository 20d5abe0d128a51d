/** What a runtime tells of itself with its beat, in `runtimes.serving`. */
import type { BoundSchema } from '../binding/bound-schema.ts'

export interface Serving {
  /** The version of the platform's own schema. */
  readonly platform: number | null
  /** How many tenants are known. */
  readonly tenants: number
  /** How many versions are loaded; `versions` has those that are asked for most. */
  readonly loaded: number
  readonly versions: readonly ServedVersion[]
}

export interface ServedVersion {
  readonly placement_id: string
  readonly schema: string
  readonly version: number
  /** Since it was loaded. */
  readonly requests: number
}

/** A beat is no report: of so many versions it tells. */
const MAX_TOLD = 100

export function describeServing(
  platform: BoundSchema | null,
  tenants: number,
  loaded: readonly BoundSchema[],
): Serving {
  const busiest = loaded.toSorted((a, b) => b.uses.count - a.uses.count).slice(0, MAX_TOLD)
  return {
    platform: platform?.version ?? null,
    tenants,
    loaded: loaded.length,
    versions: busiest.map(({ placementId, compiled: { name }, version, uses }) => ({
      placement_id: placementId,
      schema: name,
      version,
      requests: uses.count,
    })),
  }
}
