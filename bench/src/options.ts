/** What `npm run bench` is told on its command line. */
import { parseArgs } from 'node:util'

export interface Options {
  /** Letters of what is measured. */
  readonly only: readonly string[]
  /** Of each contestant in each scenario, all turns together. */
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly rounds: number
  readonly connections: number
  /** Connections of each contestant to Postgres. */
  readonly pool: string
  /** BackSaaS' adapters that take part. */
  readonly drivers: readonly string[]
  readonly tenants: number
  readonly contacts: number
  readonly json: boolean
  readonly help: boolean
}

export const HELP = `npm run bench [-- OPTIONS]

BackSaaS beside hand-written handlers of the same queries, on a real Postgres. The first run loads its data, which
stays: a million contacts of a thousand tenants (backsaas_bench), and 10,000 tenants of 500 schemas (backsaas_bench_many).

What is measured (--only a,b,…; default: all)
  a  read by id                 d  update by id
  b  list of 20 with an embed   e  page of 100 with two embeds
  c  insert                     i  read by id as who may see the rows of a condition
  f  from the start of the process to the first answer
  g  10,000 tenants of 500 schemas beside one tenant: time, memory, cold tenants
  h  statements and round trips of each request of a–e and i

  --quick            3 seconds each instead of 60, one warm-up second
  --seconds 60       of each contestant in each scenario, in --rounds 6 turns
  --drivers pg       BackSaaS' adapters: pg, postgres, or pg,postgres
  --connections 32   of the load, --pool 10 of each contestant to Postgres
  --tenants 1000     with --contacts 1000 each
  --json             { rows: [{ name, rps, p50Ms, p99Ms, ratio, rssMb, … }], … } on standard output

Postgres: BACKSAAS_TEST_DATABASE_URL, a login that may create databases and roles;
default postgres://postgres@127.0.0.1:5432/postgres.
`

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
const DRIVERS = ['pg', 'postgres']

/**
 * @throws `Error` with one sentence where a value cannot be.
 * @example readOptions(process.argv.slice(2))
 */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: LETTERS.join(',') },
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      connections: { type: 'string', default: '32' },
      pool: { type: 'string', default: '10' },
      drivers: { type: 'string', default: 'pg' },
      tenants: { type: 'string', default: '1000' },
      contacts: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return {
    only: oneOf('only', values.only, LETTERS),
    seconds: positive('seconds', values.seconds ?? (values.quick ? '3' : '60')),
    warmUpSeconds: values.quick ? 1 : 3,
    rounds: positive('rounds', values.rounds ?? (values.quick ? '2' : '6')),
    connections: positive('connections', values.connections),
    pool: String(positive('pool', values.pool)),
    drivers: oneOf('drivers', values.drivers, DRIVERS),
    tenants: positive('tenants', values.tenants),
    contacts: positive('contacts', values.contacts),
    json: values.json,
    help: values.help,
  }
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`--${name} is a number above 0, not ${text}`)
  return number
}

function oneOf(name: string, text: string, known: readonly string[]): readonly string[] {
  const given = text.split(',')
  const unknown = given.find((one) => !known.includes(one))
  if (unknown !== undefined) throw new Error(`--${name} knows ${known.join(', ')}, not ${unknown}`)
  return given
}
