/**
 * The same answers as a developer would write them by hand for one company: hono, one query each, prepared, no tenant
 * column, no row security, no keys to check. Started as a process: `by-hand.ts pg|postgres PORT URL POOL`.
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import pg from 'pg'
import postgres from 'postgres'

/** Runs a prepared query and answers the text of its only column. */
type Run = (name: string, text: string, values: readonly string[]) => Promise<string>

const CONTACT = 'id, email, first_name, last_name, status, score, company_id, created_at, updated_at, revision'
const BY_ID = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (select ${CONTACT} from by_hand.contacts where id = $1) r`
const LIST = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (
  select c.id, c.email, c.score, (select row_to_json(e) from (select name from by_hand.companies where id = c.company_id) e) as company
  from by_hand.contacts c where c.status = $1 and c.score >= $2 order by c.score desc, c.id limit 20) r`
const PAGE = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (
  select c.id, c.email, c.first_name, c.score, (select row_to_json(e) from (select name from by_hand.companies where id = c.company_id) e) as company,
    (select coalesce(json_agg(row_to_json(n)), '[]') from (select id, body from by_hand.notes where contact_id = c.id) n) as notes
  from by_hand.contacts c order by c.id limit 100 offset $1) r`
const INSERT = `insert into by_hand.contacts (id, email, first_name, status, score)
  select gen_random_uuid(), r.email, r.first_name, r.status, r.score from json_to_record($1::json) as r(email text, first_name text, status text, score bigint) returning ''`
const UPDATE = `update by_hand.contacts c set last_name = r.last_name, score = r.score, updated_at = now(), revision = revision + 1
  from json_to_record($2::json) as r(last_name text, score bigint) where id = $1 returning ''`

const [driver = 'pg', port = '0', url = '', pool = '10'] = process.argv.slice(2)
const run = driver === 'pg' ? await runWithPg(url, Number(pool)) : runWithPostgres(url, Number(pool))
const app = new Hono()
app.get('/contacts', async (c) =>
  c.body(await read((name) => c.req.query(name) ?? ''), 200, { 'content-type': 'application/json; charset=utf-8' }),
)
app.post('/contacts', async (c) => {
  await run('insert', INSERT, [await c.req.text()])
  return c.body(null, 201)
})
app.patch('/contacts', async (c) => {
  await run('update', UPDATE, [(c.req.query('id') ?? '').slice(3), await c.req.text()])
  return c.body(null, 204)
})
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }, () => process.send?.('ready'))

function read(query: (name: string) => string): Promise<string> {
  if (query('offset') !== '') return run('page', PAGE, [query('offset')])
  if (query('status') !== '') return run('list', LIST, [query('status').slice(3), query('score').slice(4)])
  return run('by_id', BY_ID, [query('id').slice(3)])
}

/** Clients that pipeline, each shared by every request, in turn. */
async function runWithPg(connectionString: string, count: number): Promise<Run> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString, ...{ pipeline: true } }))
  await Promise.all(clients.map((client) => client.connect()))
  let next = 0
  return async (name, text, values) => {
    const client = clients[next++ % clients.length] as pg.Client // there is at least one
    const { rows } = await client.query<string[]>({ name, text, values: [...values], rowMode: 'array' })
    return rows[0]?.[0] ?? ''
  }
}

function runWithPostgres(address: string, max: number): Run {
  const sql = postgres(address, {
    max,
    onnotice: () => {},
    types: { json: { to: 114, from: [114], serialize: (text: string) => text, parse: (text: string) => text } },
  })
  return async (_name, text, values) => {
    const rows = await sql.unsafe(text, [...values], { prepare: true }).values()
    return String(rows[0]?.[0] ?? '')
  }
}
