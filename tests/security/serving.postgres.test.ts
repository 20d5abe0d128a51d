/** Who may serve, who is served, and for how long: logins that are too powerful, tenants suspended, statements that hang. */
import { postgres } from '@backsaas/adapters/databases/postgres'
import { createTenant, resumeTenant, suspendTenant } from '@backsaas/migrator'
import { createRuntime } from '@backsaas/runtime'
import sql from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAnswer } from '../fixture/answer.ts'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres', statementTimeoutMs: 400 })
})
afterAll(() => fixture?.close())

/** Starts a runtime whose connection is exactly that URL's. */
async function serveAs(url: string): Promise<unknown> {
  const runtime = createRuntime({ database: postgres(url, { serveAs: 'given', max: 1 }) })
  try {
    await runtime.ready()
    return 'served'
  } catch (error) {
    return error
  } finally {
    await runtime.close()
  }
}

test('serving refuses the owner and the migrator, and takes the runtime’s login', async () => {
  const url = String(fixture.url)
  expect(await serveAs(url)).toMatchObject({ code: 'LOGIN_TOO_POWERFUL' })
  const logins = await fixture.ownerQuery('select kind, name, password from backsaas.logins')
  const outcomes: Record<string, unknown> = {}
  for (const [kind, name, password] of logins) {
    const own = new URL(url)
    own.username = String(name)
    own.password = String(password)
    outcomes[String(kind)] = await serveAs(own.href)
  }
  expect(outcomes).toMatchObject({ runtime: 'served', migrator: { code: 'LOGIN_TOO_POWERFUL' } })
})

test('a suspended tenant is refused at once, and its neighbour is not', async () => {
  const [one, other] = [await fixture.newTenant(), await fixture.newTenant()]
  await one.add('companies', [{ name: 'C' }])
  await suspendTenant(fixture.database, one.slug)
  const answers = [
    await one.get('/companies'),
    await one.post('/companies', { name: 'D' }),
    await one.patch('/companies?name=eq.C', { name: 'E' }),
    await one.delete('/companies?name=eq.C'),
  ]
  expect(answers.map((answer) => answer.status)).toEqual([403, 403, 403, 403])
  expect((await other.get('/companies')).status).toBe(200)
  await resumeTenant(fixture.database, one.slug)
  await expect
    .poll(async () => (await one.get('/companies?select=name')).body, { timeout: 16_000 })
    .toEqual([{ name: 'C' }])
})

test('a host that one tenant registered is refused with a key of another', async () => {
  const tenant = await fixture.newTenant()
  const host = `crm.${tenant.slug}.test`
  await createTenant(fixture.database, { slug: `${tenant.slug}x`, name: 'X', hosts: [host], schemas: ['crm'] })
  const response = await fixture.runtime.fetch(
    new Request(`http://${host}/rest/v1/companies`, { headers: { apikey: tenant.key } }),
  )
  expect(response.status).toBe(400)
})

test('a statement that hangs ends in bounded time, and says no more than that', async () => {
  const tenant = fixture.tenants.acme
  const [[table] = []] = await fixture.ownerQuery(`
    select format('%I.%I', p.pg_schema, v.mapping::json -> 'entities' -> 'companies' ->> 'table')
    from backsaas.placements p join backsaas.versions v on v.placement_id = p.id where p.schema_name = 'crm'`)
  const locker = sql(String(fixture.url), { max: 1 })
  const lock = await locker.reserve()
  try {
    await lock.unsafe(`begin; lock table ${table} in access exclusive mode`)
    const started = performance.now()
    const request = new Request('http://localhost/rest/v1/companies', { headers: { apikey: tenant.key } })
    const answer = await readAnswer(await fixture.runtime.fetch(request))
    expect(performance.now() - started).toBeLessThan(3000)
    expect([408, 429, 503, 504], answer.text).toContain(answer.status)
    expect(answer.text).not.toMatch(/lock |relation|statement_timeout|select/)
  } finally {
    await lock.unsafe('rollback')
    lock.release()
    await locker.end()
  }
  expect((await tenant.get('/companies')).status).toBe(200)
})
