/** `npm run bench:registry`: how soon a published version is served elsewhere, what it costs others, what idling costs. */
import { parseArgs } from 'node:util'
import { measureIdle } from './measure-idle.ts'
import { measureNeighbour } from './measure-neighbour.ts'
import { measurePublish, type Published } from './measure-publish.ts'
import { createWorld } from './world.ts'

const HELP = `npm run bench:registry [-- OPTIONS]

  --publications 100   with Redis and with NOTIFY; with the bus dead a tenth, since each takes seconds
  --rate 200           requests a second of the neighbour
  --idle 30            seconds
  --json

Postgres: BACKSAAS_TEST_DATABASE_URL; Redis: REDIS_URL.
`
const { values } = parseArgs({
  options: {
    publications: { type: 'string', default: '100' },
    rate: { type: 'string', default: '200' },
    idle: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await run(Number(values.publications))

async function run(publications: number): Promise<void> {
  const adminUrl = process.env.BACKSAAS_TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
  const [world, elsewhere] = [
    await createWorld(adminUrl, redisUrl, 'backsaas_bench_registry'),
    await createWorld(adminUrl, redisUrl, 'backsaas_bench_elsewhere'),
  ]
  const published: Published[] = []
  for (const [kind, count] of [
    ['redis', publications],
    ['notify', publications],
    ['dead', Math.ceil(publications / 10)],
  ] as const) {
    process.stderr.write(`publishing ${count} versions, bus: ${kind}\n`)
    published.push(await measurePublish(world, kind, count))
  }
  process.stderr.write('a neighbour, while another tenant publishes\n')
  const neighbour = await measureNeighbour(world, elsewhere, { publications, rate: Number(values.rate) })
  process.stderr.write('an idle runtime\n')
  const idle = await measureIdle(world, Number(values.idle))
  if (values.json) return void process.stdout.write(`${JSON.stringify({ published, neighbour, idle }, null, 2)}\n`)
  console.table(published)
  console.table(neighbour)
  console.table(idle)
}
