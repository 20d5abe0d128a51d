/** When what was out of order: what clients meet meanwhile is expected, and at no other time. */

/** A runtime by its index; `postgres`: all of them. */
export type Place = number | 'postgres'

interface Outage {
  readonly place: Place
  readonly from: number
  to: number
}

export interface Outages {
  /** Notes the time that `work` takes. */
  during(place: Place, work: () => Promise<void>): Promise<void>
  /** Whether the runtime may have been out of order at some time from `from` on until now. */
  explain(runtime: number, from: number): boolean
  /** Whether the runtime itself is out of order now: killed or stopped. */
  isDown(runtime: number): boolean
}

/** Connections that were lost are made again, and requests that waited are answered, for so long after. */
const GRACE_MS = 6_000

export function createOutages(): Outages {
  const outages: Outage[] = []
  return {
    async during(place, work) {
      const outage: Outage = { place, from: Date.now(), to: Infinity }
      outages.push(outage)
      try {
        await work()
      } finally {
        outage.to = Date.now()
      }
    },
    isDown: (runtime) => outages.some(({ place, to }) => place === runtime && to === Infinity),
    explain: (runtime, from) =>
      outages.some(({ place, to, ...outage }) => {
        const here = place === 'postgres' || place === runtime
        return here && outage.from <= Date.now() && to + GRACE_MS >= from
      }),
  }
}
