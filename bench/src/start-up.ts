/** f: from the start of a process to its first answer to a request for data. */
import { startBackSaas } from './contestant.ts'
import type { BenchData } from './data.ts'
import { round } from './report.ts'
import { SCENARIOS } from './scenarios.ts'

export interface StartUp {
  /** Medians, in milliseconds: until the process listens (the database has been asked by then), and until it has answered 200. */
  readonly listeningMs: number
  readonly firstAnswerMs: number
}

const TIMES = 5

/** @throws where the first answer is not 200. */
export async function measureStartUp(driver: string, data: BenchData, pool: string): Promise<StartUp> {
  const all: StartUp[] = []
  for (let i = 0; i < TIMES; i++) {
    const startedAt = performance.now()
    const contestant = await startBackSaas(driver, data, pool)
    try {
      const response = await fetch(contestant.url + path(data), { headers: contestant.headers })
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`the first answer was ${response.status}`)
      all.push({ listeningMs: contestant.startedInMs, firstAnswerMs: performance.now() - startedAt })
    } finally {
      await contestant.stop()
    }
  }
  return {
    listeningMs: median(all.map((one) => one.listeningMs)),
    firstAnswerMs: median(all.map((one) => one.firstAnswerMs)),
  }
}

function path(data: BenchData): string {
  return SCENARIOS[0]?.call(0, data).path ?? ''
}

function median(values: readonly number[]): number {
  return round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN)
}
