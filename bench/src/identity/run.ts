/** `npm run bench:identity`: what it costs to know who asks, and whether one tenant can take the room of the others. */
import { parseArgs } from 'node:util'
import { startBackSaas, startContestant } from '../contestant.ts'
import { prepareData, TENANT } from '../data.ts'
import { measureCost } from './measure-cost.ts'
import { createNeighbours, measureNeighbours } from './measure-neighbours.ts'
import { measureVerification } from './measure-verification.ts'
import { createTokens } from './tokens.ts'

const HELP = `npm run bench:identity [-- OPTIONS]

  --seconds 60       of each contestant, in --rounds 6 turns
  --connections 32   of the load, --pool 10 to Postgres
  --json

Postgres: BACKSAAS_TEST_DATABASE_URL; the data is that of npm run bench.
`
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '32' },
    pool: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await run()

async function run(): Promise<void> {
  const admin = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  const verification = await measureVerification()
  const data = await prepareData(admin, { tenants: 1000, contactsPerTenant: 1000 }, say)
  const tenants = await createNeighbours(data.url)
  const { issuer, token } = await createTokens('check')
  process.env.BENCH_ISSUERS = JSON.stringify([issuer])
  const path = `/t/${TENANT}/rest/v1`
  const plain = await startBackSaas('pg', data, values.pool)
  const guarded = await startContestant({ kind: 'guarded', driver: 'pg', url: data.url, pool: values.pool, path })
  const [seconds, rounds, connections] = [Number(values.seconds), Number(values.rounds), Number(values.connections)]
  say('reads by id, without and with')
  const cost = await measureCost(
    [
      { who: 'an API key, no plugins', contestant: plain, headers: { apikey: data.key } },
      { who: 'an API key, rules, auth and gateway', contestant: guarded, headers: { apikey: data.key } },
      { who: 'a token, rules, auth and gateway', contestant: guarded, headers: { authorization: `Bearer ${token}` } },
    ],
    data,
    { seconds, rounds, connections },
  )
  say('ten tenants, one of them noisy')
  const share = Math.round((cost[1]?.rps ?? 0) / 20 / 2)
  const neighbours = await measureNeighbours(guarded, tenants, share, { seconds, rounds })
  await Promise.all([plain.stop(), guarded.stop()])
  if (values.json) return void process.stdout.write(`${JSON.stringify({ verification, cost, neighbours }, null, 2)}\n`)
  console.table(verification)
  console.table(cost)
  console.table(neighbours)
}
