/** h: what each request of a–e and i sends to the database, and how often it waits, read between contestant and database. */
import { startWireCounter, type WireCount } from '../../tests/fixture/wire-counter.ts'
import { headersOf, startBackSaas, startByHand } from './contestant.ts'
import type { BenchData } from './data.ts'
import type { Options } from './options.ts'
import { SCENARIOS } from './scenarios.ts'

export interface RoundTrips extends WireCount {
  readonly scenario: string
  readonly contestant: string
}

/** One request at a time; the first few of each kind prepare, and are not counted. */
export async function measureRoundTrips({ drivers, pool }: Options, data: BenchData): Promise<readonly RoundTrips[]> {
  const wire = await startWireCounter(data.url)
  const through = { ...data, url: wire.url }
  const all: RoundTrips[] = []
  const starts = [
    ...drivers.map((driver) => () => startBackSaas(driver, through, pool)),
    ...['pg', 'postgres'].map((driver) => () => startByHand(driver, wire.url, '1')),
  ]
  try {
    for (const start of starts) {
      const contestant = await start()
      for (const scenario of SCENARIOS) {
        for (let n = 0; n < WARM_UPS; n++) {
          wire.take()
          const call = scenario.call(n, data)
          const { method, path, body } = call
          const headers = { ...headersOf(contestant, call), ...(body ? { 'content-type': 'application/json' } : {}) }
          const response = await fetch(contestant.url + path, { method, headers, ...(body ? { body } : {}) })
          await response.arrayBuffer()
        }
        all.push({ scenario: scenario.name, contestant: contestant.name, ...wire.take() })
      }
      await contestant.stop()
    }
  } finally {
    await wire.close()
  }
  return all
}

const WARM_UPS = 4
