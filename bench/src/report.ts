/** Figures → a table, with the ratio to the faster of those written by hand. */
import type { Measured } from './load.ts'
import type { Scenario } from './scenarios.ts'

export interface Row {
  readonly name: string
  readonly contestant: string
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rssMb: number
  readonly failures: number
  readonly floor: number
}

export function toRow(scenario: Scenario, contestant: string, turns: readonly Measured[], rssMb: number): Row {
  const sum = (pick: (turn: Measured) => number): number => turns.reduce((total, turn) => total + pick(turn), 0)
  return {
    name: scenario.name,
    contestant,
    rps: Math.round(sum((turn) => turn.answers) / sum((turn) => turn.seconds)),
    p50Ms: round(sum((turn) => turn.p50Ms) / turns.length),
    p99Ms: round(sum((turn) => turn.p99Ms) / turns.length),
    rssMb,
    failures: sum((turn) => turn.failures),
    floor: scenario.floor,
  }
}

/** To the faster contestant written by hand, in the same scenario. */
export function ratioOf(row: Row, rows: readonly Row[]): number {
  const baseline = Math.max(
    ...rows
      .filter((other) => other.name === row.name && other.contestant.startsWith('by hand'))
      .map((other) => other.rps),
  )
  return round(row.rps / baseline)
}

export function printTable(rows: readonly Row[]): void {
  const table = rows.map((row) => ({
    scenario: row.name,
    contestant: row.contestant,
    'answers/s': row.rps,
    'p50 ms': row.p50Ms,
    'p99 ms': row.p99Ms,
    ratio: ratioOf(row, rows),
    'to reach': row.contestant.startsWith('by hand') ? '' : row.floor,
    'RSS MiB': row.rssMb,
    failures: row.failures,
  }))
  console.table(table)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
