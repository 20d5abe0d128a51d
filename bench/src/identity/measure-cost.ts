/** What the gateway and a token cost in reads by id: the same runtime without and with them, in turns. */
import type { Contestant } from '../contestant.ts'
import type { BenchData } from '../data.ts'
import { load, quantile } from '../load.ts'
import { median } from '../report.ts'
import { SCENARIOS } from '../scenarios.ts'

export interface Cost {
  readonly who: string
  readonly rps: number
  readonly p50Ms: number
  /** Of answers a second to those without plugins, round by round: the median. */
  readonly ratio: number
}

export interface Guest {
  readonly who: string
  readonly contestant: Contestant
  readonly headers: Readonly<Record<string, string>>
}

/** The first is what the others are compared with. */
export async function measureCost(
  guests: readonly Guest[],
  data: BenchData,
  { seconds, rounds, connections }: { readonly seconds: number; readonly rounds: number; readonly connections: number },
): Promise<readonly Cost[]> {
  const [readById] = SCENARIOS
  if (!readById) throw new Error('no scenario')
  const run = ({ contestant: { server, url }, headers }: Guest, duration: number) =>
    load(server, { connections, seconds: duration, call: (n) => ({ ...readById.call(n, data), url, headers }) })
  const turns = guests.map((guest) => ({ guest, rates: [] as number[], latencies: [] as (readonly number[])[] }))
  for (const guest of guests) await run(guest, 3)
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < turns.length; i++) {
      const own = turns[(round + i) % turns.length]
      if (!own) continue
      const measured = await run(own.guest, seconds / rounds)
      if (measured.failures > 0) throw new Error(`${own.guest.who}: ${measured.failures} requests failed`)
      own.rates.push(measured.latencies.length / measured.seconds)
      own.latencies.push(measured.latencies)
    }
  const [first] = turns
  return turns.map(({ guest, rates, latencies }) => ({
    who: guest.who,
    rps: Math.round(median(rates)),
    p50Ms: Number(quantile(latencies.flat(), 0.5).toFixed(2)),
    ratio: Number(median(rates.map((rate, round) => rate / (first?.rates[round] ?? Number.NaN))).toFixed(3)),
  }))
}
