/** `npm run bench`: what BackSaaS costs beside hand-written code, measured on a real Postgres; `--help` says how. */
import { prepareData } from './data.ts'
import { prepareMany } from './many-data.ts'
import { type ManyTenants, measureManyTenants } from './many-tenants.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { printRows, type Row } from './report.ts'
import { measureRoundTrips, type RoundTrips } from './round-trips.ts'
import { measureStartUp, type StartUp } from './start-up.ts'
import { measureThroughput } from './throughput.ts'

const ADMIN_URL = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'

const MANY = { schemas: 500, tenants: 10_000 }

interface Results {
  readonly rows: readonly Row[]
  readonly startUp?: StartUp
  readonly manyTenants?: ManyTenants
  readonly roundTrips?: readonly RoundTrips[]
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(HELP)
  else await run(options)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function run(options: Options): Promise<void> {
  const results = await measure(options)
  if (options.json) return void process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  if (results.rows.length > 0) printRows(results.rows)
  if (results.startUp) console.table(results.startUp)
  if (results.manyTenants) {
    const { speeds, ...figures } = results.manyTenants
    console.table(figures)
    console.table(speeds)
  }
  if (results.roundTrips) console.table(results.roundTrips)
}

async function measure(options: Options): Promise<Results> {
  const { only, pool, tenants, contacts } = options
  const has = (letters: string): boolean => only.some((letter) => letters.includes(letter))
  const [driver = 'pg'] = options.drivers
  const many = has('g') ? await prepareMany(ADMIN_URL, MANY, say) : null
  const data = has('abcdefhi') ? await prepareData(ADMIN_URL, { tenants, contactsPerTenant: contacts }, say) : null
  return {
    rows: data && has('abcdei') ? await measureThroughput(options, data, say) : [],
    ...(data && has('f') ? { startUp: await measureStartUp(driver, data, pool) } : {}),
    ...(many ? { manyTenants: await measureManyTenants(driver, many, options) } : {}),
    ...(data && has('h') ? { roundTrips: await measureRoundTrips(options, data) } : {}),
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
