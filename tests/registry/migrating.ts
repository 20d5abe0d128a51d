/** A breaking change over HTTP: asked for by publishing, run by the migrator process, steered and looked at by its admin. */
import { describe, expect, test } from 'vitest'
import { type Lend, type RegistryCaller, SOON, schemaOf } from './start-registry.ts'

const LONG = { timeout: 40_000 } as const
const typesOf = async (caller: RegistryCaller, id: string): Promise<unknown[]> =>
  (await caller.get(`/events?subject=eq.${id}&order=time&select=type`)).rows.map(({ type }) => type)

export function migrating(lend: Lend): void {
  const status = async (caller: RegistryCaller, id: string): Promise<Record<string, unknown>> =>
    (await caller.get(`/migrations?id=eq.${id}`)).rows[0] ?? {}
  const phase = (caller: RegistryCaller, id: string) => async (): Promise<unknown> => (await status(caller, id)).phase

  async function begin(breaking: string, before: string = schemaOf('crm')): Promise<[RegistryCaller, string]> {
    const acme = await lend().newTenant()
    await acme.rpc('publish_schema', { source: before })
    await expect.poll(async () => (await acme.tenant.post('/notes', { title: 'a' })).status, SOON).toBe(201)
    const asked = await acme.rpc('publish_schema', { source: breaking })
    expect(asked.status).toBe(200)
    expect(asked.body).toMatchObject({ schema: 'crm', created: false, resumed: false })
    return [acme, String(asked.row.migration_id)]
  }

  describe('a breaking change', () => {
    test('is run until both versions serve, goes to its end with the token, and tells how it stands', async () => {
      const [acme, id] = await begin(
        schemaOf('crm')
          .replace('    fields:', '    removed: [title]\n    fields:')
          .replace('title: { type: string }', 'body: { type: string }'),
      )
      await expect.poll(phase(acme, id), LONG).toBe('live')
      await expect.poll(async () => (await acme.tenant.post('/notes', { body: 'b' })).status, SOON).toBe(201)
      const other = await lend().newTenant()
      expect((await other.get(`/migrations?id=eq.${id}`)).rows).toEqual([])
      const strange = await other.rpc('continue_migration', { migration: id, contract: true })
      expect([strange.status, strange.row.code]).toEqual([404, 'MIGRATION_UNKNOWN'])
      const refused = await acme.rpc('continue_migration', { schema: 'crm', contract: true, now: true })
      expect([refused.status, refused.row.code]).toEqual([409, 'TOKEN_NEEDED'])
      const { token } = await status(acme, id)
      const done = await acme.rpc('continue_migration', { schema: 'crm', contract: true, now: true, confirm: token })
      expect([done.status, done.row.wanted]).toEqual([200, 'done'])
      await expect.poll(phase(acme, id), LONG).toBe('done')
      const late = await acme.rpc('rollback_migration', { migration: id })
      expect([late.status, late.row.code]).toEqual([409, 'ROLLBACK_TOO_LATE'])
      const told = await typesOf(acme, id)
      expect(told[0]).toBe('schema.migration.requested')
      expect(told.at(-1)).toBe('schema.migration.completed')
      expect(told).toContain('schema.migration.started')
    })

    test('waits for rows to be corrected, and goes on when asked again', async () => {
      const acme = await lend().newTenant()
      await acme.rpc('publish_schema', { source: schemaOf('crm') })
      await expect.poll(async () => (await acme.tenant.post('/notes', { title: 'a' })).status, SOON).toBe(201)
      await acme.tenant.post('/notes', { title: 'a' })
      const source = schemaOf('crm').replace('{ type: string }', '{ type: string, unique: true }')
      const { row } = await acme.rpc('publish_schema', { source })
      const id = String(row.migration_id)
      await expect.poll(async () => (await status(acme, id)).state, LONG).toBe('blocked')
      expect((await status(acme, id)).problem).toMatchObject({
        code: 'DUPLICATES',
        count: 1,
        samples: [{ title: 'a' }],
      })
      const open = await acme.rpc('publish_schema', { source: schemaOf('crm', 'x: { type: string }') })
      expect([open.status, open.row.code]).toEqual([409, 'MIGRATION_OPEN'])
      const { rows } = await acme.tenant.get('/notes?limit=1')
      expect((await acme.tenant.patch(`/notes?id=eq.${rows[0]?.id}`, { title: 'b' })).status).toBe(204)
      expect((await acme.rpc('continue_migration', { migration: id })).status).toBe(200)
      await expect.poll(phase(acme, id), LONG).toBe('live')
      expect(await typesOf(acme, id)).toContain('schema.migration.failed')
    })

    test('is taken back', async () => {
      const [acme, id] = await begin(schemaOf('crm').replace('{ type: string }', '{ type: string, max: 5 }'))
      await expect.poll(phase(acme, id), LONG).toBe('live')
      const back = await acme.rpc('rollback_migration', { schema: 'crm' })
      expect([back.status, back.row.wanted]).toEqual([200, 'rolled_back'])
      await expect.poll(phase(acme, id), LONG).toBe('rolled_back')
      expect((await typesOf(acme, id)).at(-1)).toBe('schema.migration.rolled_back')
      await expect
        .poll(async () => (await acme.tenant.post('/notes', { title: 'longer than five' })).status, SOON)
        .toBe(201)
      const none = await acme.rpc('continue_migration', { schema: 'crm' })
      expect([none.status, none.row.code]).toEqual([404, 'MIGRATION_NONE'])
    })

    test.each([
      [{}, 'migration'],
      [{ migration: 'x' }, 'migration'],
      [{ schema: 'crm', contract: 'yes' }, 'contract'],
      [{ schema: 'crm', confirm: 3 }, 'confirm'],
    ])('asked for with %j is refused', async (given, named) => {
      const answer = await lend().acme.rpc('continue_migration', given)
      expect([answer.status, answer.row.code]).toEqual([422, 'ARGUMENTS_INVALID'])
      expect(answer.text).toContain(named)
    })
  })
}
