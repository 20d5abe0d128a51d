/**
 * The same answers as a developer would write them by hand for one company: hono, one query each, prepared, no tenant
 * column, no row security, no keys to check. Started as a process, which
 * tells its port: `by-hand.ts pg|postgres URL POOL`.
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import pg from 'pg'
import postgres from 'postgres'
import { v7 } from 'uuid'

/** Runs a prepared query and answers the text of its only column, if it has one. */
type Run = (name: string, text: string, values: readonly string[]) => Promise<string>

const CONTACT =
  'id, email, first_name, last_name, status, score, campaign, company_id, created_at, updated_at, revision'
const BY_ID = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (select ${CONTACT} from by_hand.contacts where id = $1) r`
/** The condition that ours has as a rule. */
const BY_ID_RULED = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (select ${CONTACT} from by_hand.contacts where id = $1 and (score >= 0 or email = $2)) r`
const COMPANY = '(select row_to_json(f) from (select name from by_hand.companies where id = c.company_id) f) as company'
const NOTES = `(select coalesce(json_agg(row_to_json(n)), '[]') from (select id, body from by_hand.notes where contact_id = c.id) n) as notes`
const LIST = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (
  select c.id, c.email, c.score, ${COMPANY}
  from by_hand.contacts c where c.company_id = $1 and c.score >= $2 order by c.score desc, c.id limit 20) r`
const PAGE = `select coalesce(json_agg(row_to_json(r))::text, '[]') from (
  select c.id, c.email, c.first_name, c.score, ${COMPANY}, ${NOTES}
  from by_hand.contacts c where c.campaign = $1 order by c.id limit 100) r`
// Plain values: a recordset of the body's JSON costs the backend a quarter more.
const INSERT = 'insert into by_hand.contacts (id, email, first_name, status, score) values ($1, $2, $3, $4, $5)'
const UPDATE =
  'update by_hand.contacts set last_name = $2, score = $3, updated_at = now(), revision = revision + 1 where id = $1'

const [driver = 'pg', url = '', pool = '10'] = process.argv.slice(2)
const run = driver === 'pg' ? await runWithPg(url, Number(pool)) : runWithPostgres(url, Number(pool))
const app = new Hono()
app.get('/contacts', async (c) =>
  c.body(await read((name) => c.req.query(name) ?? '', c.req.header('x-reader')), 200, {
    'content-type': 'application/json; charset=utf-8',
  }),
)
app.post('/contacts', async (c) => {
  const { email, first_name, status, score } = await c.req.json()
  await run('insert', INSERT, [v7(), email, first_name, status, String(score)])
  return c.body(null, 201)
})
app.patch('/contacts', async (c) => {
  const { last_name, score } = await c.req.json()
  await run('update', UPDATE, [(c.req.query('id') ?? '').slice(3), last_name, String(score)])
  return c.body(null, 204)
})
process.on('disconnect', () => process.exit())
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => process.send?.(port))

/** @param reader the e-mail of who may see the rows of a condition only. */
function read(query: (name: string) => string, reader: string | undefined): Promise<string> {
  const id = query('id')
  if (reader !== undefined) return run('by_id_ruled', BY_ID_RULED, [id.slice(3), reader])
  if (id !== '') return run('by_id', BY_ID, [id.slice(3)])
  const company = query('company_id')
  if (company !== '') return run('list', LIST, [company.slice(3), query('score').slice(4)])
  return run('page', PAGE, [query('campaign').slice(3)])
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
  const sql = postgres(address, { max, onnotice: () => {} })
  return async (_name, text, values) => {
    const rows = await sql.unsafe(text, [...values], { prepare: true }).values()
    return rows[0]?.[0] ?? ''
  }
}
