/**
 * `npm run bench:functions`: what hooks cost a row, an insert and a bulk insert, on the Postgres of `DATABASE_URL` (an owner's).
 * Each figure is the best of several rounds, with and without hooks in turn, so that a busy machine does not decide.
 */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { defineFunction } from '@backsaas/core'
import { createKey, createTenant, migrate } from '@backsaas/migrator'
import { functions } from '@backsaas/plugins/functions'
import { createRuntime } from '@backsaas/runtime'
import * as v from 'valibot'
import { median } from './report.ts'

const FIELDS = 'email, name, phone, city, street, zip, country, note, code'.split(', ')
const HOOKS = [
  '{ use: transform.trim, on: email }',
  '{ use: transform.lower, on: email }',
  '{ use: validation.email_domain, on: email, with: { deny: [example.com] } }',
  '{ use: transform.slug, on: code, with: { from: name } }',
  '{ use: validation.luhn, on: zip }',
]
const ROUNDS = 12
const SINGLES = 300
const BULK = 1000

const url = process.env.DATABASE_URL
if (!url) throw new Error('DATABASE_URL is an owner of a database of its own')
const database = postgres(url, { max: 4 })
/** Waits, as one that asks a slow server does. */
const wait = defineFunction({
  name: 'bench.wait',
  kind: 'validate',
  needs: 'reads',
  description: 'Waits.',
  params: v.strictObject({}),
  run: () => new Promise((done) => setTimeout(done, 200, null)),
})
const curated = functions([wait])
const fields = [...FIELDS.map((name) => `${name}: { type: string }`), 'size: { type: integer }'].join(', ')
const schema = `schema: bench_functions
entities:
  plain: { fields: { ${fields} } }
  hooked: { fields: { ${fields} }, hooks: { before_create: [${HOOKS.join(', ')}] } }
  slow: { fields: { ${fields} }, hooks: { before_create: [${Array(50).fill('{ use: bench.wait, on: email }').join(', ')}] } }
  busy: { fields: { ${fields} }, hooks: { before_create: [${Array(50).fill('{ use: transform.slug, on: code, with: { from: name } }').join(', ')}] } }
`
const { schema: name } = await migrate(database, schema, { functions: curated.functions, report: () => undefined })
const slug = `bench-${Date.now().toString(36)}`
await createTenant(database, { slug, name: slug, schemas: [name] })
const { key } = await createKey(database, { tenant: slug, name: 'bench' })
const stages = new Map<string, number>()
const runtime = createRuntime({
  database,
  plugins: [curated],
  observe: (seen) => {
    if (seen.kind === 'stage') stages.set(seen.stage, Math.min(stages.get(seen.stage) ?? Infinity, seen.durationMs))
  },
})
await runtime.ready()

const best = { plain: { bulk: Infinity }, hooked: { bulk: Infinity } }
let hookMs = Infinity
let bulkStages = ''
for (let round = 0; round < ROUNDS; round++)
  for (const entity of ['plain', 'hooked'] as const) {
    await singles(entity)
    stages.clear()
    best[entity].bulk = Math.min(best[entity].bulk, await time(() => send(entity, rows(BULK))))
    if (entity === 'hooked') {
      hookMs = Math.min(hookMs, stages.get('hooks') ?? Infinity)
      bulkStages = [...stages].map(([stage, ms]) => `${stage} ${ms.toFixed(1)}`).join(', ')
    }
  }
/** Round by round: what else the machine does, its disk above all, falls on both. */
const ratios: number[] = []
for (let round = 0; round < 5 * ROUNDS; round++) {
  const [first, second] = round % 2 ? (['hooked', 'plain'] as const) : (['plain', 'hooked'] as const)
  const took = { plain: 0, hooked: 0 }
  for (const entity of [first, second]) took[entity] = await time(() => singles(entity))
  ratios.push(took.plain / took.hooked)
}
const other = await neighbour()
const alone = await p95(other, null)
const beside = {
  slow: await p95(other, ['slow', 64, 1]),
  busy: await p95(other, ['busy', 2, BULK]),
  none: await p95(other, ['plain', 2, BULK]),
}
await runtime.close()

const figures: readonly (readonly [string, string, string])[] = [
  ['a row of 10 fields through 5 pure hooks', `${((hookMs * 1000) / BULK).toFixed(2)} µs`, '<= 20 µs'],
  ['insert with 5 pure hooks, of none', median(ratios).toFixed(2), '>= 0.9'],
  ['1,000-row insert with 5 pure hooks', `${Math.round(BULK / (best.hooked.bulk / 1000))} rows/s`, '>= 20,000 rows/s'],
  ['1,000-row insert without', `${Math.round(BULK / (best.plain.bulk / 1000))} rows/s`, ''],
  ['stages of a 1,000-row insert with hooks', bulkStages, ''],
  ["a neighbour's insert, p95, alone", `${alone.toFixed(1)} ms`, ''],
  ['... beside 64 requests of 50 waiting hooks', `${(beside.slow / alone).toFixed(2)} of alone`, '<= 2'],
  ['... beside 1,000-row inserts without hooks', `${beside.none.toFixed(1)} ms`, ''],
  ['... beside 1,000-row inserts of 50 pure hooks', `${(beside.busy / beside.none).toFixed(2)} of those`, '<= 2'],
]
for (const [what, figure, target] of figures) console.log(`${what.padEnd(42)}  ${figure.padEnd(16)}  ${target}`)

async function singles(entity: string): Promise<void> {
  const [row] = rows(1)
  for (let i = 0; i < SINGLES; i += 4) await Promise.all([0, 1, 2, 3].map(() => send(entity, row)))
}

function rows(count: number): readonly object[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ email: ` Ann.${i}@Acme.Test `, name: `Ännchen von Tharau ${i}`, phone: '+43 664 1234567', city: 'Wien' },
    ...{ street: 'Ring 1', zip: '4111111111111111', country: 'AT', note: 'a note', code: null, size: i },
  }))
}

async function neighbour(): Promise<string> {
  const own = `${slug}-b`
  await createTenant(database, { slug: own, name: own, schemas: [name] })
  return (await createKey(database, { tenant: own, name: 'bench' })).key
}

/** Of 300 inserts, one after another, while the other tenant keeps so many requests under way. */
async function p95(own: string, load: readonly [entity: string, lanes: number, size: number] | null): Promise<number> {
  let over = false
  const lanes = Array.from({ length: load?.[1] ?? 0 }, async () => {
    const [entity = '', , size = 1] = load ?? []
    while (!over) await send(entity, rows(size))
  })
  const took: number[] = []
  for (let i = 0; i < 300; i++) took.push(await time(() => send('plain', rows(1)[0], own)))
  over = true
  await Promise.all(lanes)
  return took.sort((a, b) => a - b)[285] ?? Infinity
}

async function send(entity: string, body: unknown, apikey: string = key): Promise<void> {
  const headers = { apikey, 'content-type': 'application/json', prefer: 'return=minimal' }
  const request = new Request(`http://localhost/rest/v1/${entity}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  const response = await runtime.fetch(request)
  if (response.status !== 201) throw new Error(await response.text())
}

async function time(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}
