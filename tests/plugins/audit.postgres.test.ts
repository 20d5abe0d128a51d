/** The example plugin in a running product: every slot does what its README says. */
import { readFile } from 'node:fs/promises'
import { startRelay } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import { audit } from '@backsaas-examples/plugin-audit'
import { auditPass } from '@backsaas-examples/plugin-audit/pass'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Row, readAnswer } from '../fixture/answer.ts'
import type { Caller } from '../fixture/caller.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const PASS = 'a-pass-of-at-least-32-characters-for-the-auditor'
const AUDIT = { 'accept-profile': 'audit', 'content-profile': 'audit' }

let fixture: Fixture
let acme: Caller
let stopRelay: () => Promise<void>
beforeAll(async () => {
  const crm = await readFile(new URL('../../examples/crm/schema.yaml', import.meta.url), 'utf8')
  const plugin = audit({ redact: ['meta'] })
  const plugins = [plugin, auditPass([{ secret: PASS, tenant: 'acme', auditor: 'auditor' }])]
  fixture = await startFixture({ database: 'postgres', schemas: [crm, plugin.schema], runtime: { plugins } })
  acme = fixture.tenants.acme
  const relay = await startRelay(fixture.database, fixture.bus, { leaseMs: 100, intervalMs: 20 })
  stopRelay = () => relay.close()
})
afterAll(async () => {
  await stopRelay?.()
  await fixture?.close()
})

/** The entries of a contact, as soon as there are as many as expected. */
async function entriesOf(caller: Caller, id: unknown, expected: number): Promise<readonly Row[]> {
  const path = `/entries?select=action,entity,record,schema_name&record_key=eq.${id}&order=happened_at`
  for (let attempt = 0; ; attempt++) {
    const { rows } = await caller.get(path, AUDIT)
    if (rows.length >= expected || attempt > 100) return rows
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('on: each change of a record becomes an entry, in order, without what is redacted', async () => {
  const [contact] = await acme.add('contacts', [{ email: 'a@x.example', first_name: 'A', meta: { secret: 1 } }])
  await acme.patch(`/contacts/${contact?.id}`, { last_name: 'B' })
  await acme.delete(`/contacts/${contact?.id}`)
  const entries = await entriesOf(acme, contact?.id, 3)
  expect(entries.map((entry) => entry.action)).toEqual(['created', 'updated', 'deleted'])
  expect(entries[1]).toMatchObject({
    entity: 'contacts',
    schema_name: 'crm',
    record: { last_name: 'B', email: 'a@x.example' },
  })
  for (const { record } of entries) expect(record).not.toHaveProperty('meta')
})

test('entries belong to the tenant whose record it was', async () => {
  const [contact] = await fixture.tenants.globex.add('contacts', [{ email: 'g@x.example', first_name: 'G' }])
  expect(await entriesOf(fixture.tenants.globex, contact?.id, 1)).toHaveLength(1)
  expect((await acme.get(`/entries?record_key=eq.${contact?.id}`, AUDIT)).body).toEqual([])
})

test('on: an event that comes twice makes one entry', async () => {
  const [contact] = await acme.add('contacts', [{ email: 'twice@x.example', first_name: 'T' }])
  await entriesOf(acme, contact?.id, 1)
  const events = await fixture.bus.read({ position: 0 }, 1000)
  await fixture.bus.publish(events)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(await entriesOf(acme, contact?.id, 1)).toHaveLength(1)
})

test('authorize: entries are append-only, for the admin too', async () => {
  const [entry] = (await acme.get('/entries?limit=1', AUDIT)).rows
  const forged = {
    event_id: crypto.randomUUID(),
    action: 'created',
    schema_name: 'crm',
    entity: 'x',
    record_key: 'x',
    happened_at: entry?.happened_at,
  }
  const answers = [
    await acme.post('/entries', forged, AUDIT),
    await acme.patch(`/entries/${entry?.id}`, { entity: 'x' }, AUDIT),
    await acme.delete(`/entries/${entry?.id}`, AUDIT),
  ]
  for (const answer of answers) expect([answer.status, answer.row.code]).toEqual([403, 'AUDIT_APPEND_ONLY'])
})

test('identify, authorize: an auditor reads the trail and nothing else', async () => {
  const ask = async (pass: string, profile: string, path: string): Promise<readonly [number, unknown]> => {
    const headers = { 'x-audit-pass': pass, 'accept-profile': profile }
    const answer = await readAnswer(await fixture.fetch(`/rest/v1${path}`, { headers }))
    return [answer.status, (answer.body as Row).code]
  }
  expect((await ask(PASS, 'audit', '/entries'))[0]).toBe(200)
  expect(await ask(PASS, 'crm', '/contacts')).toEqual([403, 'AUDIT_PASS_READS_ONLY'])
  expect(await ask(`${PASS}!`, 'audit', '/entries')).toEqual([401, 'AUDIT_PASS_UNKNOWN'])
})

test('respond: answers to writes say so, reads and refusals do not', async () => {
  expect((await acme.post('/companies', { name: 'R' })).headers.get('audit')).toBe('on-record')
  expect((await acme.get('/companies')).headers.get('audit')).toBe(null)
  expect((await acme.post('/companies', { nome: 'R' })).headers.get('audit')).toBe(null)
})

test('routes: the summary counts the tenant’s own entries, with a key only', async () => {
  const before = await summary(acme)
  const [contact] = await acme.add('contacts', [{ email: 's@x.example', first_name: 'S' }])
  await entriesOf(acme, contact?.id, 1)
  expect(await summary(acme)).toEqual({ ...before, created: Number(before.created) + 1 })
  expect((await summary(fixture.tenants.globex)).created).toBe(1)
  expect((await fixture.fetch('/audit/summary')).status).toBe(401)
  const inPath = await fixture.fetch('/t/acme/audit/summary?entity=nothing', { headers: { apikey: acme.key } })
  expect(await inPath.json()).toEqual({ created: 0, updated: 0, deleted: 0 })
})

async function summary(caller: Caller): Promise<Row> {
  const answer = await readAnswer(await fixture.fetch('/audit/summary', { headers: { apikey: caller.key } }))
  expect(answer.status, answer.text).toBe(200)
  return answer.row
}

test('schema: two plugins that bring the same one do not start together', async () => {
  const schema = 'schema: shared\nentities:\n  things: { fields: { label: { type: string } } }\n'
  const plugins = [
    { name: 'one', schema },
    { name: 'two', schema: schema.replace('label', 'name') },
  ]
  const error = await createRuntime({ database: fixture.database, plugins })
    .ready()
    .catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'SCHEMA_CONFLICT', message: expect.stringMatching(/two.*one.*shared/) })
})

test('schema: one that is not migrated does not start, and says what to do', async () => {
  const schema = 'schema: never_migrated\nentities:\n  things: { fields: { label: { type: string } } }\n'
  const error = await createRuntime({ database: fixture.database, plugins: [{ name: 'one', schema }] })
    .ready()
    .catch((error: unknown) => error)
  expect(error).toMatchObject({
    message: expect.stringContaining('never_migrated'),
    hint: expect.stringContaining('migrate'),
  })
})
