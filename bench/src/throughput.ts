/** a–e and i: every contestant under the same load, in turns. */
import { compareAnswers } from './compare-answers.ts'
import { connect } from './connect.ts'
import { type Contestant, headersOf, startBackSaas, startByHand } from './contestant.ts'
import type { BenchData } from './data.ts'
import { load, type Measured } from './load.ts'
import type { Options } from './options.ts'
import { type Row, type Turns, toRows } from './report.ts'
import { resetData, tidy } from './reset-data.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

const COMPARED = [0, 1, 2, 17, 49, 120]

/**
 * Measures the scenarios that `options.only` names.
 *
 * @throws where contestants differ in what they answer.
 */
export async function measureThroughput(
  options: Options,
  data: BenchData,
  report: (line: string) => void,
): Promise<readonly Row[]> {
  const contestants = await startAll(options, data)
  const rows: Row[] = []
  try {
    for (const scenario of SCENARIOS.filter(({ name }) => options.only.includes(name.slice(0, 1)))) {
      const calls = COMPARED.map((n) => scenario.call(n, data))
      await compareAnswers(contestants, calls)
      // What an update has written is what a read by the same id finds.
      const readById = SCENARIOS[0]
      if (readById && calls[0]?.method === 'PATCH') {
        const reads = COMPARED.map((n) => readById.call(n, data))
        await compareAnswers(contestants, reads)
      }
      rows.push(...toRows(scenario, await takeTurns(scenario, contestants, options, data, report)))
      if (calls.some(({ method }) => method !== 'GET')) await cleaned(data, resetData)
    }
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.stop()))
    await cleaned(data, resetData)
  }
  return rows
}

/** @throws where one does not start; the others are stopped then. */
async function startAll({ drivers, pool }: Options, data: BenchData): Promise<readonly Contestant[]> {
  const started = await Promise.allSettled([
    ...drivers.map((driver) => startBackSaas(driver, data, pool)),
    ...['pg', 'postgres'].map((driver) => startByHand(driver, data.url, pool)),
  ])
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (!failed) return running
  await Promise.all(running.map((contestant) => contestant.stop()))
  throw failed.reason
}

/** After a warm-up, every contestant once in each round, beginning with another one each time. */
async function takeTurns(
  scenario: Scenario,
  contestants: readonly Contestant[],
  options: Options,
  data: BenchData,
  report: (line: string) => void,
): Promise<readonly Turns[]> {
  const { connections, rounds } = options
  const run = (contestant: Contestant, seconds: number): Promise<Measured> => {
    const call = (n: number) => {
      const made = scenario.call(n, data)
      return { ...made, url: contestant.url, headers: headersOf(contestant, made) }
    }
    return load(contestant.server, { connections, seconds, call })
  }
  const writes = scenario.call(0, data).method !== 'GET'
  const all = contestants.map((contestant) => ({ contestant, turns: [] as Measured[], rssMb: 0 }))
  for (const { contestant } of all) await run(contestant, options.warmUpSeconds)
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < all.length; i++) {
      const own = all[(round + i) % all.length]
      if (!own) continue
      if (writes) await cleaned(data, tidy)
      const watch = setInterval(async () => {
        own.rssMb = Math.max(own.rssMb, await own.contestant.rssMb())
      }, 500)
      own.turns.push(await run(own.contestant, options.seconds / rounds))
      clearInterval(watch)
    }
    report(`${scenario.name}: turn ${round + 1} of ${rounds}`)
  }
  return all
}

async function cleaned(data: BenchData, how: typeof tidy): Promise<void> {
  const sql = connect(data.url)
  await how(sql, data.tables)
  await sql.end()
}
