/**
 * `npm run bench`: BackSaaS beside hand-written handlers of the same queries, in turns, on one real Postgres.
 *
 * Options: `--seconds 60` for each contestant and scenario, `--rounds 6` turns, `--only a,b`, `--tenants 1000`,
 * `--contacts 1000` per tenant, `--json`. Postgres: BACKSAAS_TEST_DATABASE_URL.
 */
import { parseArgs } from 'node:util'
import { compareAnswers } from './compare-answers.ts'
import { type Contestant, startContestant } from './contestant.ts'
import { prepareData, TENANT } from './data.ts'
import { load, type Measured } from './load.ts'
import { printTable, type Row, toRow } from './report.ts'
import { SCENARIOS } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '32' },
    pool: { type: 'string', default: '10' },
    tenants: { type: 'string', default: '1000' },
    contacts: { type: 'string', default: '1000' },
    only: { type: 'string', default: 'a,b,c,d,e' },
    drivers: { type: 'string', default: 'postgres' },
    json: { type: 'boolean', default: false },
  },
})
const adminUrl = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const say = (line: string): void => void process.stderr.write(`${line}\n`)

const data = await prepareData(
  adminUrl,
  { tenants: Number(values.tenants), contactsPerTenant: Number(values.contacts) },
  say,
)
const contestants = await startAll()
try {
  const rows = await measureAll(contestants)
  if (values.json) process.stdout.write(`${JSON.stringify({ rows }, null, 2)}\n`)
  else printTable(rows)
} finally {
  await Promise.all(contestants.map((contestant) => contestant.stop()))
}

async function startAll(): Promise<readonly Contestant[]> {
  const backsaas = values.drivers.split(',').map((driver, i) =>
    startContestant({
      name: `backsaas (${driver})`,
      script: 'backsaas.ts',
      args: [driver, data.url, values.pool],
      port: 9411 + i,
      path: `/t/${TENANT}/rest/v1`,
      headers: { apikey: data.key },
    }),
  )
  const byHand = ['pg', 'postgres'].map((driver, i) =>
    startContestant({
      name: `by hand (${driver})`,
      script: 'by-hand.ts',
      args: [driver, data.url, values.pool],
      port: 9421 + i,
    }),
  )
  return Promise.all([...backsaas, ...byHand])
}

async function measureAll(all: readonly Contestant[]): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const scenario of SCENARIOS.filter(({ name }) => values.only.split(',').includes(name.slice(0, 1)))) {
    await compareAnswers(all, (n) => scenario.call(n, data.ids))
    const measured = new Map<Contestant, Measured[]>(all.map((contestant) => [contestant, []]))
    const seconds = Number(values.seconds) / Number(values.rounds)
    const shared = { connections: Number(values.connections), call: (n: number) => scenario.call(n, data.ids) }
    for (const contestant of all) await load({ ...shared, ...contestant, seconds: 2 })
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const contestant of all) measured.get(contestant)?.push(await load({ ...shared, ...contestant, seconds }))
      say(`${scenario.name}: turn ${round + 1} of ${values.rounds}`)
    }
    rows.push(
      ...(await Promise.all(
        [...measured].map(async ([contestant, turns]) =>
          toRow(scenario, contestant.name, turns, await contestant.rssMb()),
        ),
      )),
    )
  }
  return rows
}
