/** How long the caller waits for a job: `Prefer: wait=…` and `respond-async` (RFC 7240). */

export interface Wait {
  readonly ms: number
  /** For `Preference-Applied`. */
  readonly applied: readonly string[]
}

const DEFAULT_S = 10
const MAX_S = 30

/** @example readWait('respond-async') // { ms: 0, applied: ['respond-async'] } */
export function readWait(prefer: string | null): Wait {
  const words = (prefer ?? '').split(',').map((word) => word.split(';', 1)[0]?.trim().toLowerCase() ?? '')
  const asked = words.map((word) => /^wait\s*=\s*"?(\d{1,6})"?$/.exec(word)?.[1]).find((value) => value !== undefined)
  const isAsync = words.includes('respond-async')
  const seconds = asked === undefined ? (isAsync ? 0 : DEFAULT_S) : Math.min(Number(asked), MAX_S)
  return {
    ms: seconds * 1000,
    applied: [...(isAsync ? ['respond-async'] : []), ...(asked === undefined ? [] : [`wait=${seconds}`])],
  }
}
