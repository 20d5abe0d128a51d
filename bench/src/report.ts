/** Figures → rows with the ratio to the faster of those written by hand, and a table of them. */
import type { Contestant } from './contestant.ts'
import { type Measured, quantile } from './load.ts'
import type { Scenario } from './scenarios.ts'

export interface Row {
  /** `a: read by id, backsaas (pg)` */
  readonly name: string
  readonly scenario: string
  readonly contestant: string
  /** Answers a second: the median of its turns. */
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of answers a second to those of the faster contestant written by hand, round by round: the median. */
  readonly ratio: number
  /** The lowest and the highest of these. */
  readonly ratios: readonly [number, number]
  /** The most that the process had in memory while it was measured, MiB. */
  readonly rssMb: number
  readonly failures: number
  /** The ratio to reach; null of what is written by hand. */
  readonly floor: number | null
}

/** What one contestant did in all turns of a scenario. */
export interface Turns {
  readonly contestant: Contestant
  readonly turns: readonly Measured[]
  readonly rssMb: number
}

export function toRows(scenario: Scenario, all: readonly Turns[]): readonly Row[] {
  const rates = all.map(({ turns }) => turns.map((turn) => turn.latencies.length / turn.seconds))
  // What runs beside the benchmark slows a turn down, and its neighbours of the same round alike.
  const baseline = rates.filter((_, i) => all[i]?.contestant.byHand).toSorted((a, b) => median(b) - median(a))[0] ?? []
  return all.map(({ contestant, turns, rssMb }, i) => {
    const latencies = turns.flatMap((turn) => turn.latencies)
    const own = rates[i] ?? []
    const ratios = own.map((rate, round) => rate / (baseline[round] ?? Number.NaN))
    return {
      name: `${scenario.name}, ${contestant.name}`,
      scenario: scenario.name,
      contestant: contestant.name,
      rps: Math.round(median(own)),
      p50Ms: round(quantile(latencies, 0.5)),
      p99Ms: round(quantile(latencies, 0.99)),
      ratio: round(median(ratios)),
      ratios: [round(Math.min(...ratios)), round(Math.max(...ratios))],
      rssMb,
      failures: sum(turns, (turn) => turn.failures),
      floor: contestant.byHand ? null : scenario.floor,
    }
  })
}

export function printRows(rows: readonly Row[]): void {
  console.table(
    rows.map((row) => ({
      scenario: row.scenario,
      contestant: row.contestant,
      'answers/s': row.rps,
      'p50 ms': row.p50Ms,
      'p99 ms': row.p99Ms,
      ratio: row.ratio,
      'of rounds': row.ratios.join('–'),
      'to reach': row.floor ?? '',
      'RSS MiB': row.rssMb,
      failures: row.failures,
    })),
  )
}

function sum<T>(list: readonly T[], pick: (item: T) => number): number {
  return list.reduce((total, item) => total + pick(item), 0)
}

/** Of an even number, the mean of the two in the middle. */
export function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}
