/** Bootstrap: twice in a row, beside other people's things, and repairing its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootstrap, migrate } from '../src/index.ts'
import { catalogue } from './catalogue.ts'
import { codeOf, type OpenTestDatabase, type TestDatabase } from './open-databases.ts'

const KEPT = `
schema: kept
entities:
  people:
    fields:
      email: { type: string }
      domain: { computed: "email.split('@')[1]", stored: true }`

export function bootstrapSuite(name: string, open: OpenTestDatabase): void {
  describe(`bootstrap on ${name}`, () => {
    let db: TestDatabase
    let before: string

    beforeAll(async () => {
      db = await open()
      await db.sql('create table public.theirs (id int primary key, note text)')
      await db.sql(`insert into public.theirs values (1, 'kept')`)
      await db.sql('create schema their_schema')
      await db.sql('create function their_schema.f() returns int language sql as $$ select 1 $$')
      await db.sql(`do $$ begin execute format('create role %I nologin', 'theirs_' || current_database()); end $$`)
      await db.sql(
        `do $$ begin execute format('grant select on public.theirs to %I', 'theirs_' || current_database()); end $$`,
      )
      before = await catalogue(db, 'not ours')
      await bootstrap(db.database)
    })
    afterAll(() => db.close())

    test('touches nothing that was there', async () => {
      expect(await catalogue(db, 'not ours')).toBe(before)
      expect(await db.sql('select * from public.theirs')).toEqual([['1', 'kept']])
    })

    test('a second run changes nothing', async () => {
      const first = await catalogue(db, 'everything')
      const logins = await db.sql('select * from backsaas.logins order by 1')
      const versions = await db.sql('select placement_id, version, hash from backsaas.versions')
      await bootstrap(db.database)
      expect(await catalogue(db, 'everything')).toBe(first)
      expect(await db.sql('select * from backsaas.logins order by 1')).toEqual(logins)
      expect(await db.sql('select placement_id, version, hash from backsaas.versions')).toEqual(versions)
    })

    test('a platform that this version does not add to is refused, and said to be so', async () => {
      const set = (change: string) => db.sql(`update backsaas.versions set ${change}`)
      await db.sql('create table public.versions_before as select * from backsaas.versions')
      const field = `compiled::jsonb->'entities'->'stores'->'fields'->'name' || '{"name":"gone","required":false}'`
      await set(
        `hash = repeat('0', 64), compiled = jsonb_set(compiled::jsonb, '{entities,stores,fields,gone}', ${field})::text`,
      )
      await expect(bootstrap(db.database)).rejects.toMatchObject({
        code: 'PLATFORM_INCOMPATIBLE',
        errors: [{ code: 'REMOVE_FIELD', pointer: '/entities/stores/fields/gone' }],
      })
      await db.sql(`update backsaas.versions v set hash = b.hash, compiled = b.compiled from public.versions_before b`)
      await db.sql('drop table public.versions_before')
      await bootstrap(db.database)
    })

    test('the roles are what they have to be', async () => {
      const roles = await db.sql(`
        select l.kind, r.rolcanlogin::text, r.rolbypassrls::text, (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication)::text
        from backsaas.logins l join pg_roles r on r.rolname = l.name order by 1`)
      expect(roles).toEqual([
        ['migrator', 'true', 'true', 'false'],
        ['owner', 'false', 'false', 'false'],
        ['runtime', 'true', 'false', 'false'],
      ])
      const [inherits] = await db.sql(`
        select pg_has_role(m.name, o.name, 'USAGE')::text, pg_has_role(r.name, o.name, 'MEMBER')::text, pg_has_role(r.name, m.name, 'MEMBER')::text
        from backsaas.logins m, backsaas.logins o, backsaas.logins r
        where m.kind = 'migrator' and o.kind = 'owner' and r.kind = 'runtime'`)
      expect(inherits).toEqual(['true', 'false', 'false'])
    })

    test('the runtime owns nothing, and the migrator neither', async () => {
      const owned = await db.sql(`
        select c.oid::regclass::text from pg_class c join pg_roles r on r.oid = c.relowner join backsaas.logins l on l.name = r.rolname
        where l.kind <> 'owner'`)
      expect(owned).toEqual([])
    })

    test('a login whose row is lost gets a new one, and one whose role is lost a new role', async () => {
      const [[runtime] = []] = await db.sql(`select name from backsaas.logins where kind = 'runtime'`)
      await db.sql(`delete from backsaas.logins where kind in ('runtime', 'migrator')`)
      await bootstrap(db.database)
      const logins = await db.sql(`select kind, name, (password is not null)::text from backsaas.logins order by kind`)
      expect(logins.map(([kind, , password]) => [kind, password])).toEqual([
        ['migrator', 'true'],
        ['owner', 'false'],
        ['runtime', 'true'],
      ])
      expect(logins[2]?.[1]).toBe(runtime)
      await db.sql(`alter role "${runtime}" bypassrls nologin`)
      await bootstrap(db.database)
      const [role] = await db.sql(`select rolbypassrls::text, rolcanlogin::text from pg_roles where rolname = $1`, [
        runtime ?? '',
      ])
      expect(role).toEqual(['false', 'true'])
    })

    test('tables that stand are held to what they would be made as today', async () => {
      await migrate(db.database, KEPT)
      const before = await catalogue(db, 'everything')
      const [[table, proc] = []] = await db.sql(
        `select t.tgrelid::regclass::text, t.tgfoid::regprocedure::text from pg_trigger t where t.tgname = 'backsaas_computed'`,
      )
      const [[runtime] = []] = await db.sql(`select name from backsaas.logins where kind = 'runtime'`)
      const damages = [
        `drop policy backsaas_tenant on ${table}`,
        `alter policy backsaas_tenant on ${table} using (true)`,
        `alter policy backsaas_tenant on ${table} to "${runtime}"`,
        `drop policy backsaas_tenant on ${table}; create policy backsaas_tenant on ${table} using (true)`,
        `alter policy backsaas_base on ${table} with check (false)`,
        `alter table ${table} no force row level security`,
        `alter table ${table} disable row level security`,
        `revoke update on ${table} from "${runtime}"`,
        `alter table ${table} disable trigger backsaas_computed`,
        `drop function ${proc} cascade`,
        `alter function ${proc} set search_path = public`,
        `alter function ${proc} reset all`,
        `create or replace function ${proc} returns trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin return new;end'`,
      ]
      for (const damage of damages) {
        const lines: string[] = []
        for (const statement of damage.split('; ')) await db.sql(statement)
        expect([damage, (await catalogue(db, 'everything')) === before]).toEqual([damage, false])
        await bootstrap(db.database, { report: (line) => void lines.push(line) })
        expect([damage, await catalogue(db, 'everything')]).toEqual([damage, before])
        expect([damage, lines.length]).toEqual([damage, /trigger|function/.test(damage) ? 1 : 0])
      }
    })

    test('what is as it has to be is not written again', async () => {
      await migrate(db.database, KEPT)
      const rows = async (): Promise<unknown> => [
        await db.sql('select oid::text, xmin::text from pg_policy order by oid'),
        await db.sql('select oid::text, xmin::text from pg_trigger where not tgisinternal order by oid'),
        await db.sql(`select oid::text, xmin::text from pg_proc where proname like '%computed%' order by oid`),
        await db.sql('select oid::text, xmin::text from pg_class where relrowsecurity order by oid'),
        await db.sql(`select s.xmin::text from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
          join backsaas.logins l on l.name = r.rolname order by 1`),
      ]
      const before = await rows()
      await bootstrap(db.database)
      expect(await rows()).toEqual(before)
      expect(JSON.stringify(before)).not.toContain('[]')
    })

    test("a policy of another name is somebody else's, and stays", async () => {
      const [[table] = []] = await db.sql(
        `select tgrelid::regclass::text from pg_trigger where tgname = 'backsaas_computed'`,
      )
      await db.sql(`create policy theirs on ${table} as restrictive using (true)`)
      const before = await catalogue(db, 'everything')
      await bootstrap(db.database)
      expect(await catalogue(db, 'everything')).toBe(before)
      await db.sql(`drop policy theirs on ${table}`)
    })

    test("the runtime's login has the settings of its sessions; how long a statement may take is an operator's", async () => {
      const [[runtime] = []] = await db.sql(`select name from backsaas.logins where kind = 'runtime'`)
      const settings = async (): Promise<string[]> => {
        const [[list] = []] = await db.sql(`select array_to_string(rolconfig, '; ') from pg_roles where rolname = $1`, [
          runtime ?? '',
        ])
        return (list ?? '').split('; ').toSorted()
      }
      const texts = ['DateStyle=ISO, MDY', 'IntervalStyle=postgres', 'TimeZone=UTC', 'bytea_output=hex']
      expect(await settings()).toEqual([...texts, 'statement_timeout=5000'])
      await db.sql(`alter role "${runtime}" set timezone = 'Europe/Berlin'`)
      await db.sql(`alter role "${runtime}" reset datestyle`)
      await db.sql(`alter role "${runtime}" set statement_timeout = '20s'`)
      await bootstrap(db.database)
      expect(await settings()).toEqual([...texts, 'statement_timeout=20s'])
      await db.sql(`alter role "${runtime}" reset statement_timeout`)
      await bootstrap(db.database)
      expect(await settings()).toEqual([...texts, 'statement_timeout=5000'])
    })

    test('a schema of our name that is not ours is refused, not taken', async () => {
      const other = await open()
      await other.sql('create schema backsaas')
      expect(await codeOf(bootstrap(other.database))).toBe('BOOTSTRAP_SCHEMA_TAKEN')
      expect(await other.sql(`select 1 from pg_namespace where nspname like 'backsaas\\__%'`)).toEqual([])
      await other.close()
    })
  })
}
