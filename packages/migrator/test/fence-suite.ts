/** `enter`, and what the runtime's login can and cannot do. */
import { PLATFORM_PLACEMENT_ID, SYSTEM_TENANT_ID } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTenant, migrate, resumeTenant, suspendTenant } from '../src/index.ts'
import { codeOf, type OpenTestDatabase, SCOPE, type TestDatabase } from './open-databases.ts'
import { shop } from './schemas.ts'

const UNKNOWN = '018f0000-0000-7000-8000-00000000dead'

export function fenceSuite(name: string, open: OpenTestDatabase): void {
  describe(`the fence on ${name}`, () => {
    let db: TestDatabase
    let acme: string
    let globex: string
    let companies: string
    const enter = (tenant: string | null, placement: string | null = PLATFORM_PLACEMENT_ID, version = '1'): string =>
      `select tenant::text from backsaas.enter(${quote(tenant)}, ${quote(placement)}, ${version}) as x(tenant)`

    beforeAll(async () => {
      db = await open()
      await migrate(db.database, shop())
      acme = (await createTenant(db.database, { slug: 'acme', schemas: ['shop'] })).id
      globex = (await createTenant(db.database, { slug: 'globex', schemas: ['shop'] })).id
      const [[schema] = []] = await db.sql(`select pg_schema from backsaas.placements where schema_name = 'shop'`)
      companies = `"${schema}"."companies"`
      for (const id of [acme, globex]) {
        await db.as(
          'runtime',
          enter(id),
          `insert into ${companies} (tenant_id, id, name, created_at, updated_at, revision) values ('${id}', '${id}', 'c', now(), now(), 1)`,
        )
      }
    })
    afterAll(() => db.close())

    test('answers one row: the tenant', async () => {
      expect(await db.as('runtime', enter(acme))).toEqual([[acme]])
    })

    test('refuses an unknown or missing tenant with BS002', async () => {
      expect(await codeOf(db.as('runtime', enter(UNKNOWN)))).toBe('BS002')
      expect(await codeOf(db.as('runtime', enter(null)))).toBe('BS002')
    })

    test('refuses an unknown or retired version with BS001', async () => {
      expect(await codeOf(db.as('runtime', enter(acme, UNKNOWN)))).toBe('BS001')
      expect(await codeOf(db.as('runtime', enter(acme, null)))).toBe('BS001')
      expect(await codeOf(db.as('runtime', enter(acme, PLATFORM_PLACEMENT_ID, '99')))).toBe('BS001')
      expect(await codeOf(db.as('runtime', enter(acme, PLATFORM_PLACEMENT_ID, 'null')))).toBe('BS001')
      await db.sql(`update backsaas.versions set state = 'retired' where version = 1 and placement_id <> $1`, [
        PLATFORM_PLACEMENT_ID,
      ])
      const [[shopPlacement] = []] = await db.sql(`select id::text from backsaas.placements where schema_name = 'shop'`)
      expect(await codeOf(db.as('runtime', enter(acme, shopPlacement ?? null)))).toBe('BS001')
      await db.sql(`update backsaas.versions set state = 'live'`)
      expect(await codeOf(db.as('runtime', enter(acme, shopPlacement ?? null)))).toBeNull()
    })

    test('refuses a second tenant in one transaction, and another isolation, with BS003', async () => {
      expect(await codeOf(db.as('runtime', enter(acme), enter(globex)))).toBe('BS003')
      expect(await codeOf(db.as('runtime', enter(acme), enter(acme)))).toBeNull()
      const isolation = 'set transaction isolation level repeatable read'
      expect(await codeOf(db.as('runtime', isolation, enter(acme)))).toBe('BS003')
    })

    test('a transaction may enter as often as it likes, and each version that it enters is looked up', async () => {
      const again = [enter(acme), enter(acme), enter(acme), enter(acme)]
      expect(await db.as('runtime', ...again)).toEqual([[acme]])
      expect(await codeOf(db.as('runtime', ...again, enter(globex)))).toBe('BS003')
      expect(await codeOf(db.as('runtime', ...again, enter(acme, PLATFORM_PLACEMENT_ID, '99')))).toBe('BS001')
      expect(await codeOf(db.as('runtime', ...again, enter(acme, null)))).toBe('BS001')
      expect(await codeOf(db.as('runtime', ...again, enter(null)))).toBe('BS002')
    })

    test('what one transaction has found live, the next looks up again', async () => {
      await db.as('runtime', enter(globex), enter(globex), enter(globex))
      await suspendTenant(db.database, 'globex')
      expect(await codeOf(db.as('runtime', enter(globex)))).toBe('BS002')
      await resumeTenant(db.database, 'globex')
    })

    test('the tenant ends with the transaction, and a statement without one fails loudly', async () => {
      await db.as('runtime', enter(acme), `select 1`)
      for (let i = 0; i < 12; i++) {
        const code = await codeOf(db.as('runtime', `select * from ${companies}`))
        expect(['42704', '22P02']).toContain(code)
      }
    })

    test('suspending bites at once, and resuming lets back in', async () => {
      await suspendTenant(db.database, 'globex')
      await suspendTenant(db.database, 'globex')
      expect(await codeOf(db.as('runtime', enter(globex)))).toBe('BS002')
      expect(await codeOf(db.as('runtime', enter(acme)))).toBeNull()
      await resumeTenant(db.database, 'globex')
      expect(await codeOf(db.as('runtime', enter(globex)))).toBeNull()
      expect(await codeOf(suspendTenant(db.database, 'system'))).toBe('TENANT_PROTECTED')
      expect(await codeOf(suspendTenant(db.database, 'nobody'))).toBe('TENANT_UNKNOWN')
    })

    test('the runtime sees and writes rows of its tenant only', async () => {
      expect(await db.as('runtime', enter(acme), `select tenant_id::text from ${companies}`)).toEqual([[acme]])
      const foreign = `update ${companies} set name = 'taken' where tenant_id = '${globex}' returning 1`
      expect(await db.as('runtime', enter(acme), foreign)).toEqual([])
      const moved = `update ${companies} set tenant_id = '${globex}'`
      expect(await codeOf(db.as('runtime', enter(acme), moved))).toBe('42501')
      const inserted = `insert into ${companies} (tenant_id, id, name) values ('${globex}', gen_random_uuid(), 'x')`
      expect(await codeOf(db.as('runtime', enter(acme), inserted))).toBe('42501')
      expect(await db.as('migrator', `select count(*)::text from ${companies}`)).toEqual([['2']])
      expect(await db.as('runtime', enter(SYSTEM_TENANT_ID), `select count(*)::text from ${companies}`)).toEqual([
        ['0'],
      ])
    })

    test('the runtime may not read logins, write the fence, or change a table', async () => {
      const refused = [
        'select * from backsaas.logins',
        'select name from backsaas.logins',
        `update backsaas.fence_tenants set state = 'live'`,
        `insert into backsaas.fence_tenants values (gen_random_uuid(), 'live')`,
        `update backsaas.versions set state = 'live'`,
        'delete from backsaas.placements',
        'select * from backsaas.relay_lease',
        `alter table ${companies} disable row level security`,
        `truncate ${companies}`,
        `create table backsaas.mine (id int)`,
        `create table ${companies.split('.')[0]}.mine (id int)`,
        'set local role postgres',
      ]
      // PGlite's session is a superuser's, who may always change roles: there the adapter stands guard, not Postgres.
      for (const text of refused.filter((sql) => db.kind === 'postgres' || !sql.startsWith('set'))) {
        expect([text, await codeOf(db.as('runtime', text))]).toEqual([text, '42501'])
      }
      expect((await db.as('runtime', 'select count(*) from backsaas.versions')).length).toBe(1)
    })

    test('the migrator reads the names of logins, not their passwords', async () => {
      expect(await codeOf(db.as('migrator', 'select kind, name from backsaas.logins'))).toBeNull()
      expect(await codeOf(db.as('migrator', 'select password from backsaas.logins'))).toBe('42501')
    })

    test('enter is nobody else’s to execute', async () => {
      const [row] = await db.sql(
        `select has_function_privilege('public', 'backsaas.enter(uuid, uuid, int)', 'EXECUTE')::text`,
      )
      expect(row).toEqual(['false'])
    })

    test('a version retired while a statement waits is refused: enter sees what is committed, not its snapshot', async () => {
      if (db.kind !== 'postgres') return
      const connection = db.database.open(SCOPE, 'runtime')
      const slow = connection.batch([
        {
          text: `select backsaas.enter($1, $2, 1) from (select pg_sleep(0.5)) s`,
          params: [acme, PLATFORM_PLACEMENT_ID],
          prepare: false,
        },
      ])
      const code = codeOf(slow)
      await new Promise((resolve) => setTimeout(resolve, 150))
      await db.sql(`update backsaas.fence_tenants set state = 'suspended' where tenant_id = $1`, [acme])
      expect(await code).toBe('BS002')
      await db.sql(`update backsaas.fence_tenants set state = 'live' where tenant_id = $1`, [acme])
    })
  })
}

function quote(value: string | null): string {
  return value === null ? 'null' : `'${value}'`
}
