/** What the platform's admin does: tenants come, are suspended and let in again; events are sent once more. */
import { describe, expect, test } from 'vitest'
import { createCaller } from '../fixture/caller.ts'
import { type Lend, type Registry, type RegistryCaller, registryCaller, SOON, schemaOf } from './start-registry.ts'

export function platform(lend: Lend): void {
  const provision = async (slug: string): Promise<RegistryCaller> => {
    const { row } = await lend().system.rpc('provision_tenant', { slug, name: 'New', key: true })
    return registryCaller(createCaller({ slug, id: String(row.id), key: String(row.key), send: lend().fixture.fetch }))
  }

  describe('a tenant', () => {
    test('is provisioned with a key that is written nowhere', async () => {
      const caller = await provision('fresh')
      expect((await caller.rpc('publish_schema', { source: schemaOf('crm') })).status).toBe(201)
      const { system } = lend()
      const jobs = await system.get(`/jobs?kind=eq.provision_tenant&select=*`)
      expect(jobs.text).toContain('fresh')
      expect(jobs.text).not.toContain(caller.tenant.key.slice(-43))
      expect((await system.get('/tenants?slug=eq.fresh&select=name,status')).body).toEqual([
        { name: 'New', status: 'live' },
      ])
      expect((await caller.get('/tenants')).body).toEqual([])
    })

    test.each<[string, object, number, string]>([
      ['is there already', { slug: 'acme' }, 409, 'TENANT_EXISTS'],
      ['has a reserved slug', { slug: 'admin' }, 422, 'TENANT_SLUG_RESERVED'],
      ['has a slug that is none', { slug: 'A b' }, 422, 'TENANT_SLUG_INVALID'],
      ['has a host that is none', { slug: 'hosted', hosts: ['http://x'] }, 422, 'TENANT_HOST_INVALID'],
      ['asks for an unknown schema', { slug: 'hosted', schemas: ['none'] }, 404, 'SCHEMA_UNKNOWN'],
      ['brings half a key', { slug: 'hosted', key: { prefix: 'x' } }, 422, 'ARGUMENTS_INVALID'],
    ])('that %s is refused', async (_, given, status, code) => {
      const answer = await lend().system.rpc('provision_tenant', given)
      expect([answer.status, answer.row.code]).toEqual([status, code])
    })

    test('that is suspended asks for nothing, and what it has asked for is not done', async () => {
      const { system, fixture } = lend()
      const caller = await provision('naughty')
      expect((await caller.get('/installs')).status).toBe(200)
      const suspended = await system.rpc('suspend_tenant', { tenant: 'naughty' })
      expect(suspended.body).toMatchObject({ status: 'suspended', changed: true })
      expect((await system.rpc('suspend_tenant', { tenant: 'naughty' })).body).toMatchObject({ changed: false })
      const refused = async (): Promise<number> =>
        (await caller.rpc('publish_schema', { source: schemaOf('crm') })).status
      await expect.poll(refused, SOON).toBeGreaterThanOrEqual(401)
      const job = await leftBehind(fixture, caller)
      lend().worker.kick()
      await expect.poll(() => fixture.ownerQuery(job), SOON).toEqual([['failed', 'TENANT_SUSPENDED']])
      await system.rpc('resume_tenant', { tenant: 'naughty' })
      await expect
        .poll(async () => (await caller.rpc('publish_schema', { source: schemaOf('crm') })).status, SOON)
        .toBe(201)
    })

    test('the platform itself stays', async () => {
      const answer = await lend().system.rpc('suspend_tenant', { tenant: 'system' })
      expect([answer.status, answer.row.code]).toEqual([409, 'TENANT_PROTECTED'])
      expect((await lend().system.rpc('suspend_tenant', { tenant: 'nobody' })).status).toBe(404)
      expect((await lend().system.rpc('install_schema', { schema: 'crm' })).status).toBe(403)
    })
  })

  test('the platform’s own schemas are everybody’s', async () => {
    const { system } = lend()
    const published = await system.rpc('publish_schema', { source: schemaOf('common') })
    expect(published.body).toMatchObject({ version: 1, profile: null })
    const caller = await lend().newTenant()
    expect((await caller.rpc('install_schema', { schema: 'common', as: 'ours' })).status).toBe(201)
    await expect.poll(async () => (await caller.tenant.get('/notes')).status, SOON).toBe(200)
  })

  test('events are sent again', async () => {
    const { system, fixture, relay } = lend()
    const before = await fixture.bus.read({ position: 0 }, 1000)
    expect(before.length).toBeGreaterThan(3)
    const heard: string[] = []
    const stop = await fixture.bus.subscribe?.((event) => void heard.push(`${event.position} ${event.type}`))
    const from = before[0]?.position ?? 1
    const types = [...new Set(before.map(({ type }) => type))].filter((type) => type.startsWith('schema.'))
    const answer = await system.rpc('replay_events', { from, types })
    const wanted = before.filter(({ type }) => types.includes(type)).map(({ position, type }) => `${position} ${type}`)
    expect(answer.body).toMatchObject({ next: null })
    expect(answer.row.events).toBeGreaterThanOrEqual(wanted.length)
    relay.kick()
    await expect.poll(() => heard, SOON).toEqual(expect.arrayContaining(wanted))
    await stop?.()
    expect((await system.rpc('replay_events', { from: 1_000_000_000 })).body).toEqual({ events: 0, next: null })
  })
}

/** A job that was asked for before the tenant was suspended. @returns the query of what has become of it. */
async function leftBehind(fixture: Registry['fixture'], { tenant }: RegistryCaller): Promise<string> {
  const [names] = await fixture.ownerQuery(`
    select mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
    where p.schema_name = 'platform' and v.state = 'live' order by version desc limit 1`)
  const mapping: { schema: string; entities: Record<string, { table: string; columns: Record<string, string> }> } =
    JSON.parse(names?.[0] ?? '{}')
  const { table = '', columns = {} } = mapping.entities.jobs ?? {}
  const at = `"${mapping.schema}"."${table}"`
  const c = (field: string): string => `"${columns[field]}"`
  const id = crypto.randomUUID()
  await fixture.ownerQuery(`
    insert into ${at} (tenant_id, ${c('id')}, ${c('kind')}, ${c('input')}, ${c('status')}, ${c('attempts')}, ${c('lease_epoch')}, ${c('created_at')})
    values ('${tenant.id}', '${id}', 'publish_schema', '{"source":"x"}', 'queued', 0, 0, now())`)
  return `select ${c('status')}, ${c('problem')}->>'code' from ${at} where ${c('id')} = '${id}'`
}
