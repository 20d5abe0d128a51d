/** Tables as they come out: row security, keys, references and checks; additive changes; refusals. */
import type { Mapping } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootstrap, createTenant, migrate } from '../src/index.ts'
import type { Naming } from '../src/plan/names.ts'
import { codeOf, type OpenTestDatabase, type TestDatabase } from './open-databases.ts'
import { shop } from './schemas.ts'

export function migrateSuite(name: string, open: OpenTestDatabase, naming?: Naming): void {
  const options = naming ? { naming } : {}

  describe(`migrate on ${name}`, () => {
    let db: TestDatabase
    const tenant = '018f0000-0000-7000-8000-0000000000aa'
    const other = '018f0000-0000-7000-8000-0000000000bb'

    async function mapping(): Promise<Mapping> {
      const [[text] = []] = await db.sql(
        `select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'shop' order by v.version desc limit 1`,
      )
      return JSON.parse(text ?? '') as Mapping
    }
    /** Inserts a row as the migrator, `values` by field as SQL. */
    async function insert(entity: string, values: Record<string, string>, tenantId = tenant): Promise<unknown> {
      const { schema, entities } = await mapping()
      const physical = entities[entity]
      const all: Record<string, string> = { created_at: 'now()', updated_at: 'now()', revision: '1', ...values }
      const columns = Object.keys(all).map((field) => q(physical?.columns[field] ?? `no ${field}`))
      return db.as(
        'migrator',
        `insert into ${q(schema)}.${q(physical?.table ?? '')} (tenant_id, ${columns.join(', ')})
         values ('${tenantId}', ${Object.values(all).join(', ')}) returning 1`,
      )
    }
    const id = (n: number): string => `'018f0000-0000-7000-8000-${String(n).padStart(12, '0')}'`

    beforeAll(async () => {
      db = await open()
      await bootstrap(db.database, options)
      expect(await migrate(db.database, shop(), options)).toMatchObject({ schema: 'shop', version: 1, created: true })
    })
    afterAll(() => db.close())

    test('every table of a store forces row security with a restrictive tenant policy', async () => {
      const tables = await db.sql(`
        select c.relname, c.relrowsecurity::text, c.relforcerowsecurity::text, c.relowner::regrole::text = quote_ident(l.name),
          (select string_agg(p.permissive || ' ' || p.cmd || ' ' || p.roles::text || ' ' || p.qual || ' ' || p.with_check, '; ' order by p.policyname)
           from pg_policies p where p.schemaname = n.nspname and p.tablename = c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join backsaas.logins l on l.kind = 'owner'
        where n.nspname like 'backsaas\\__%' and c.relkind in ('r', 'p')`)
      const mappings = await db.sql('select mapping from backsaas.versions')
      const counts = mappings.map(([text]) => Object.keys((JSON.parse(text ?? '') as Mapping).entities).length)
      expect(tables.length).toBe(counts.reduce((sum, count) => sum + count, 0))
      expect(counts).toContain(5)
      const tenantRule = `(tenant_id = ( SELECT (current_setting('backsaas.tenant'::text))::uuid AS current_setting))`
      const policies = `PERMISSIVE ALL {public} true true; RESTRICTIVE ALL {public} ${tenantRule} ${tenantRule}`
      for (const [table, ...shape] of tables) expect([table, ...shape]).toEqual([table, 'true', 'true', 't', policies])
    })

    test('every key, unique set, index and reference is led by the tenant', async () => {
      const indexes = await db.sql(`
        select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where n.nspname like 'backsaas\\__%' and a.attname <> 'tenant_id'
          and i.indexrelid::regclass::text not like '%.backsaas\\_outbox\\_%' -- the relay's own: it reads all tenants'`)
      expect(indexes).toEqual([])
      const references = await db.sql(`
        select k.conname, a.attname, f.attname, exists (
            select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
              and (i.indkey::int2[])[0:array_length(k.conkey, 1) - 1] = k.conkey)::text
        from pg_constraint k join pg_namespace n on n.oid = k.connamespace
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
        join pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
        where n.nspname like 'backsaas\\__%' and k.contype = 'f'`)
      expect(references.length).toBe(8)
      for (const [conname, ...rest] of references)
        expect([conname, ...rest]).toEqual([conname, 'tenant_id', 'tenant_id', 'true'])
    })

    test('of every reference it is known that it decides the tenant; what is missing of that is made and filled', async () => {
      const unknown = `
        select k.conname from pg_constraint k join pg_namespace n on n.oid = k.connamespace
        where n.nspname like 'backsaas\\__%' and k.contype = 'f' and not exists (
          select from pg_statistic_ext s join pg_roles r on r.oid = s.stxowner join backsaas.logins l on l.name = r.rolname and l.kind = 'owner'
          where s.stxrelid = k.conrelid and 'f' = any (s.stxkind) and s.stxkeys::int2[] @> k.conkey and k.conkey @> s.stxkeys::int2[])`
      expect(await db.sql(unknown)).toEqual([])
      const [[name] = []] = await db.sql(`
        select format('%I.%I', p.pg_schema, s.stxname) from pg_statistic_ext s
        join backsaas.placements p on s.stxnamespace = p.pg_schema::regnamespace where p.schema_name = 'shop'`)
      await db.sql(`drop statistics ${name}`)
      expect(await db.sql(unknown)).toHaveLength(1)
      await migrate(db.database, shop(), options)
      expect(await db.sql(unknown)).toEqual([])
    })

    test('the runtime may read and write rows of every table, and nothing else', async () => {
      const grants = await db.sql(`
        select distinct c.relname, string_agg(a.privilege_type, ',' order by a.privilege_type)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
        where n.nspname like 'backsaas\\__%' and c.relkind = 'r' and a.grantee <> c.relowner group by 1`)
      for (const [table, privileges] of grants)
        expect([table, privileges]).toEqual([table, 'DELETE,INSERT,SELECT,UPDATE'])
    })

    test('a naming decides every physical name, and none is left logical', async () => {
      const { entities } = await mapping()
      const names = Object.entries(entities).flatMap(([entity, physical]) => [
        physical.table === entity,
        ...Object.entries(physical.columns).map(([field, column]) => field === column),
      ])
      expect(new Set(names)).toEqual(new Set([naming === undefined]))
    })

    test('the database holds values to their types and bounds', async () => {
      const company = (n: number, values: Record<string, string>): Promise<unknown> =>
        insert('companies', { id: id(n), name: `'c'`, ...values })
      expect(await codeOf(company(1, { revenue: '9999.99', rating: '1.5' }))).toBeNull()
      expect(await codeOf(company(2, { revenue: '1.000' }))).toBeNull()
      for (const revenue of ['10000', '0.001', '-1', `'NaN'`, `'Infinity'`]) {
        expect([revenue, await codeOf(company(3, { revenue }))]).toEqual([revenue, '23514'])
      }
      for (const rating of [`'NaN'`, `'Infinity'`, `'-Infinity'`]) {
        expect([rating, await codeOf(company(3, { rating }))]).toEqual([rating, '23514'])
      }
      for (const text of [`''`, `repeat('x', 21)`]) {
        expect([text, await codeOf(company(3, { name: text }))]).toEqual([text, '23514'])
      }
      expect(await codeOf(company(3, { name: 'null' }))).toBe('23502')
      const contact = (values: Record<string, string>): Promise<unknown> =>
        insert('contacts', { id: id(11), email: `'a@b'`, ...values })
      const bad = { age: '3000000000', status: `'gone'`, tags: `'{{a},{b}}'` }
      for (const [field, value] of [...Object.entries(bad), ['tags', `'{a,b,c,d}'`] as const, ['age', '-1'] as const]) {
        expect([field, await codeOf(contact({ [field]: value }))]).toEqual([field, '23514'])
      }
      expect(await codeOf(contact({ tags: `'{a,b,c}'`, status: `'customer'`, age: '2147483647' }))).toBeNull()
    })

    test('the mapping tells what a violated constraint means', async () => {
      const meaningOf = async (work: Promise<unknown>): Promise<unknown> => {
        const error: unknown = await work.catch((e: unknown) => e)
        const fields = error instanceof Error && 'fields' in error ? (error.fields as { constraint: string }) : null
        const found = Object.values((await mapping()).entities).map((e) => e.constraints[fields?.constraint ?? ''])
        return found.find((constraint) => constraint)
      }
      await insert('contacts', { id: id(21), email: `'twice@x'` })
      expect(await meaningOf(insert('contacts', { id: id(22), email: `'twice@x'` }))).toEqual({
        kind: 'unique',
        fields: ['email'],
      })
      expect(await meaningOf(insert('contacts', { id: id(21), email: `'other'` }))).toEqual({
        kind: 'key',
        fields: ['id'],
      })
      expect(await meaningOf(insert('notes', { id: id(1), body: `'b'`, contact_id: id(999) }))).toEqual({
        kind: 'reference',
        fields: ['contact_id'],
        entity: 'contacts',
      })
      expect(await meaningOf(insert('contacts', { id: id(23), email: `'c'`, age: '-1' }))).toEqual({
        kind: 'check',
        fields: ['age'],
      })
    })

    test('a unique value and a reference stay within the tenant', async () => {
      expect(await codeOf(insert('contacts', { id: id(21), email: `'twice@x'` }, other))).toBeNull()
      await insert('companies', { id: id(31), name: `'ours'` })
      expect(await codeOf(insert('contacts', { id: id(32), email: `'e'`, company_id: id(31) }, other))).toBe('23503')
    })

    test('on delete: set null nulls the column alone, cascade deletes, restrict refuses with 23503', async () => {
      const { schema, entities } = await mapping()
      const remove = (entity: string, n: number): Promise<unknown> => {
        const physical = entities[entity]
        const text = `delete from ${q(schema)}.${q(physical?.table ?? '')} where tenant_id = '${tenant}' and ${q(physical?.columns.id ?? '')} = ${id(n)}`
        return db.as('migrator', text)
      }
      await insert('companies', { id: id(41), name: `'c'` })
      await insert('contacts', { id: id(42), email: `'boss'`, company_id: id(41) })
      await insert('contacts', { id: id(43), email: `'staff'`, manager_id: id(42) })
      await insert('notes', { id: id(44), body: `'n'`, contact_id: id(43) })
      await remove('companies', 41)
      const contacts = entities.contacts
      const column = q(contacts?.columns.company_id ?? '')
      const at = `${q(schema)}.${q(contacts?.table ?? '')} where ${q(contacts?.columns.id ?? '')} = ${id(42)}`
      expect(await db.as('migrator', `select tenant_id::text, ${column}::text from ${at}`)).toEqual([[tenant, null]])
      expect(await codeOf(remove('contacts', 42))).toBe('23503')
      expect(await codeOf(remove('contacts', 43))).toBeNull()
      const notes = entities.notes
      expect(await db.as('migrator', `select count(*)::text from ${q(schema)}.${q(notes?.table ?? '')}`)).toEqual([
        ['0'],
      ])
    })

    test('an identity key numbers rows, and takes a given number', async () => {
      expect(await codeOf(insert('orders', {}))).toBeNull()
      expect(await codeOf(insert('orders', { number: '1000' }))).toBeNull()
      expect(await codeOf(insert('order_lines', { order_number: '1000', line: '1' }))).toBeNull()
      expect(await codeOf(insert('order_lines', { order_number: '1000', line: '1' }))).toBe('23505')
    })

    test('the same document is no new version, whatever its comments', async () => {
      const again = await migrate(db.database, `# note\nversion: 1\n${shop()}`, options)
      expect(again).toMatchObject({ version: 1, created: false })
    })

    test('a document that expects another version is refused', async () => {
      const later = shop()
        .replace('schema: shop', 'schema: shop\nversion: 9')
        .replace('max: 3', 'max: 3, description: labels')
      expect(await codeOf(migrate(db.database, later, options))).toBe('VERSION_CONFLICT')
      expect(await codeOf(migrate(db.database, `version: 9\n${shop()}`, options))).toBe('VERSION_CONFLICT')
    })

    test('a breaking change is refused with all it would break, and nothing is done', async () => {
      const before = await db.sql('select count(*)::text from backsaas.versions')
      const changed = shop()
        .replace('max: 20', 'max: 10')
        .replace('      rating: { type: float }\n', '')
        .replace('  companies:\n', '  companies:\n    removed: [rating]\n')
        .replace('age: { type: integer, min: 0 }', 'age: { type: integer, min: 0, required: true }')
      const error: unknown = await migrate(db.database, changed, { ...options, breaking: 'refuse' }).catch(
        (e: unknown) => e,
      )
      expect(error).toMatchObject({
        code: 'NEEDS_MIGRATION',
        status: 409,
        errors: [
          { code: 'REMOVE_FIELD', pointer: '/entities/companies/fields/rating' },
          { code: 'NARROW_FIELD', pointer: '/entities/companies/fields/name/max' },
          { code: 'SET_REQUIRED', pointer: '/entities/contacts/fields/age/required' },
        ],
      })
      expect(await db.sql('select count(*)::text from backsaas.versions')).toEqual(before)
    })

    test('an additive change is a new version beside the old, under the old names', async () => {
      const first = await mapping()
      await createTenant(db.database, { slug: 'acme', schemas: ['shop'] })
      const next = shop(
        '      phone: { type: string, max: 5, default: none }\n      level: { type: integer, required: true, default: 3, max: 9 }',
        '  tasks:\n    fields:\n      contact_id: { to: contacts, as: contact }\n      title: { type: string, required: true }',
      ).replace('indexes: [[status, created_at]]', 'indexes: [[status, created_at], [level, email]]')
      expect(await migrate(db.database, next, options)).toMatchObject({ version: 2, created: true })
      const second = await mapping()
      for (const [entity, physical] of Object.entries(first.entities)) {
        expect(second.entities[entity]).toMatchObject(physical)
      }
      const versions = await db.sql(
        `select v.version::text, v.state from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'shop' order by 1`,
      )
      expect(versions).toEqual([
        ['1', 'live'],
        ['2', 'live'],
      ])
      const contacts = second.entities.contacts
      const table = `${q(second.schema)}.${q(contacts?.table ?? '')}`
      const levels = await db.as('migrator', `select distinct ${q(contacts?.columns.level ?? '')}::text from ${table}`)
      expect(levels).toEqual([['3']])
      expect(await codeOf(insert('contacts', { id: id(91), email: `'l'`, level: '10' }))).toBe('23514')
      expect(await codeOf(insert('tasks', { id: id(92), title: `'t'`, contact_id: id(21) }))).toBeNull()
      expect(await db.sql(`select conname from pg_constraint where not convalidated`)).toEqual([])
      const columns = ['tenant_id', contacts?.columns.level, contacts?.columns.email].map((c) => q(c ?? '')).join(', ')
      const plain = columns.replaceAll(/"([a-z_]+)"/g, '$1')
      const indexes = await db.sql(`select indexdef from pg_indexes where schemaname = $1 and tablename = $2`, [
        second.schema,
        contacts?.table ?? '',
      ])
      expect(indexes.filter(([definition]) => definition?.includes(`(${plain})`))).toHaveLength(1)
      expect(await migrate(db.database, next, options)).toMatchObject({ version: 2, created: false, newest: 2 })
    })

    test('the content of an earlier version that is still live is no new version, and moves no install back', async () => {
      const before = await db.sql('select count(*)::text from backsaas.versions')
      expect(await migrate(db.database, shop(), options)).toMatchObject({ version: 1, created: false, newest: 2 })
      expect(await db.sql('select count(*)::text from backsaas.versions')).toEqual(before)
    })

    test('installs follow to the new version, and both versions made an event', async () => {
      const platform = JSON.parse(
        (
          await db.sql(
            `select mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id where p.schema_name = 'platform'`,
          )
        )[0]?.[0] ?? '',
      ) as Mapping
      const at = (entity: string): string => `${q(platform.schema)}.${q(platform.entities[entity]?.table ?? '')}`
      const column = (entity: string, field: string): string => q(platform.entities[entity]?.columns[field] ?? '')
      const installs = await db.as(
        'migrator',
        `select ${column('installs', 'version')}::text from ${at('installs')} where ${column('installs', 'profile')} = 'shop'`,
      )
      expect(installs).toEqual([['2']])
      const events = await db.as(
        'migrator',
        `select ${column('events', 'type')} from ${at('events')} where ${column('events', 'type')} like 'schema.%' and ${column('events', 'subject')} in
           (select ${column('schemas', 'id')}::text from ${at('schemas')} where ${column('schemas', 'name')} = 'shop') order by ${column('events', 'id')}`,
      )
      expect(events).toEqual([['schema.created'], ['schema.updated.compatible']])
    })

    test('two owners may have a schema of one name: their tables are apart', async () => {
      await createTenant(db.database, { slug: 'globex' })
      const mine = await migrate(db.database, shop().replace('min: 1, max: 20', 'max: 5'), {
        ...options,
        owner: 'globex',
      })
      expect(mine).toMatchObject({ version: 1, created: true })
      const tables = await db.sql(
        `select (v.mapping::json)->'entities'->'contacts'->>'table' from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'shop' and v.version = 1`,
      )
      expect(new Set(tables.flat()).size).toBe(2)
      expect(await codeOf(migrate(db.database, shop(), { ...options, owner: 'nobody' }))).toBe('TENANT_UNKNOWN')
    })

    test('a bad source is a clear error', async () => {
      expect(await codeOf(migrate(db.database, './no-such-file.yaml'))).toBe('SCHEMA_FILE_UNREADABLE')
      expect(await codeOf(migrate(db.database, 'schema: x\nentities: 3'))).toBe('SCHEMA_INVALID')
      expect(await codeOf(migrate(db.database, shop().replace('schema: shop', 'schema: platform')))).toBe(
        'SCHEMA_NAME_RESERVED',
      )
      expect(await codeOf(migrate(db.database, shop(), { owner: 'nobody' }))).toBe('TENANT_UNKNOWN')
    })
  })
}

function q(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
