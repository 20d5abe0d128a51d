/** Computed fields in the database: no column for the virtual, a column and its trigger for the stored, and changes of both. */
import type { Mapping } from '@backsaas/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootstrap, migrate } from '../src/index.ts'
import type { Naming } from '../src/plan/names.ts'
import { FILL_ROWS_MAX } from '../src/plan/plan-version.ts'
import { codeOf, type OpenTestDatabase, type Rows, type TestDatabase } from './open-databases.ts'

const FIELDS = `
      email: { type: string, required: true }
      first: { type: string }
      born: { type: date }
      total: { type: integer }
      parts: { type: integer }
      paid: { type: boolean }
      full: { computed: "first + ' <' + email + '>'" }
      shout: { computed: "full.upperAscii()" }
      domain: { computed: "email.split('@')[1]", stored: true, unique: true }
      share: { computed: "parts == 0 ? null : total / parts", stored: true }
      label: { computed: 'string(born) + " \\\\ it''s $computed$ ; -- \\"x\\""', stored: true }
      half: { computed: "double(total) / 2.0", stored: true }`

/** `more` goes behind the fields of `people`, its other parts behind these. */
function people(more = '', fields = FIELDS): string {
  return `
schema: computed
entities:
  people:
    fields:${fields}${more}
    indexes: [[share, domain]]
    without: [created_by]
  places:
    fields:
      name: { type: string }
      loud: { computed: "name.upperAscii()", stored: true }`
}

export function computedSuite(name: string, open: OpenTestDatabase, naming?: Naming): void {
  const options = naming ? { naming } : {}

  describe(`computed fields on ${name}`, () => {
    let db: TestDatabase
    const tenant = '018f0000-0000-7000-8000-0000000000aa'
    const id = (n: number): string => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`

    async function names(): Promise<{ table: string; column: (field: string) => string; mapping: Mapping }> {
      const [[text] = []] = await db.sql(
        `select v.mapping from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'computed' order by v.version desc limit 1`,
      )
      const mapping = JSON.parse(text ?? '') as Mapping
      const physical = mapping.entities.people
      return {
        mapping,
        table: `${q(mapping.schema)}.${q(physical?.table ?? '')}`,
        column: (field) => q(physical?.columns[field] ?? `no ${field}`),
      }
    }
    async function insert(n: number, values: Record<string, string>, tail = ''): Promise<Rows> {
      const { table, column } = await names()
      const all: Record<string, string> = { id: `'${id(n)}'`, created_at: 'now()', updated_at: 'now()', ...values }
      return db.as(
        'migrator',
        `insert into ${table} (tenant_id, ${Object.keys(all).map(column).join(', ')}, ${column('revision')})
         values ('${tenant}', ${Object.values(all).join(', ')}, 1) ${tail}`,
      )
    }
    async function read(n: number, ...fields: string[]): Promise<readonly (string | null)[]> {
      const { table, column } = await names()
      const list = fields.map((field) => `${column(field)}::text`).join(', ')
      const [row] = await db.as('migrator', `select ${list} from ${table} where ${column('id')} = '${id(n)}'`)
      return row ?? []
    }

    beforeAll(async () => {
      db = await open()
      await bootstrap(db.database, options)
      await migrate(db.database, people(), options)
    })
    afterAll(() => db.close())

    test('a virtual field has no column and no name, a stored one has both', async () => {
      const { mapping } = await names()
      const columns = mapping.entities.people?.columns ?? {}
      expect(Object.keys(columns)).toEqual(expect.arrayContaining(['domain', 'share', 'label']))
      expect(columns).not.toHaveProperty('full')
      expect(columns).not.toHaveProperty('shout')
      const stored = await db.sql(
        `select count(*)::text from pg_attribute where attrelid = $1::regclass and attnum > 0 and attname <> 'tenant_id'`,
        [(await names()).table],
      )
      expect(stored).toEqual([[String(Object.keys(columns).length)]])
    })

    test('a stored field is kept on insert, update and upsert, and nobody else may write it', async () => {
      await insert(1, { email: `'a@one.example'`, born: `'2001-02-03'`, total: '7', parts: '2' })
      const label = `2001-02-03 \\ it's $computed$ ; -- "x"`
      expect(await read(1, 'domain', 'share', 'label')).toEqual(['one.example', '3', label])
      const { table, column } = await names()
      const at = `where ${column('id')} = '${id(1)}'`
      await db.as('migrator', `update ${table} set ${column('parts')} = 0, ${column('domain')} = 'forged' ${at}`)
      expect(await read(1, 'domain', 'share')).toEqual(['one.example', null])
      const [tenantId, key, email] = ['tenant_id', column('id'), column('email')]
      const merge = `on conflict (${tenantId}, ${key}) do update set ${email} = excluded.${email}`
      await insert(1, { email: `'a@two.example'`, total: '9' }, merge)
      expect(await read(1, 'domain', 'total')).toEqual(['two.example', '7'])
      await insert(2, { email: `'b@three.example'`, domain: `'forged'` })
      expect(await read(2, 'domain')).toEqual(['three.example'])
    })

    test('a stored field is unique where it says so, and is what a conflict is looked for by', async () => {
      await insert(3, { email: `'c@four.example'` })
      expect(await codeOf(insert(4, { email: `'d@four.example'` }))).toBe('23505')
      const { column } = await names()
      const tail = `on conflict (tenant_id, ${column('domain')}) do update set ${column('first')} = 'met'`
      await insert(4, { email: `'d@four.example'` }, tail)
      expect(await read(3, 'email', 'first')).toEqual(['c@four.example', 'met'])
      expect(await read(4, 'email')).toEqual([])
    })

    test('its value does not depend on the settings of the session that writes', async () => {
      const { table, column } = await names()
      const row = `insert into ${table} (tenant_id, ${['id', 'email', 'born', 'created_at', 'updated_at', 'revision'].map(column).join(', ')})
        values ('${tenant}', '${id(5)}', 'e@five.example', '2001-02-03', now(), now(), 1)`
      await db.as('migrator', `set local datestyle = 'SQL, DMY'`, `set local search_path = public`, row)
      expect((await read(5, 'label'))[0]).toMatch(/^2001-02-03 /)
    })

    test('an expression that raises refuses the write with its own SQLSTATE', async () => {
      const smallest = '-9223372036854775808'
      expect(await codeOf(insert(6, { email: `'f@six.example'`, total: smallest, parts: '-1' }))).toBe('22003')
      expect(await read(6, 'domain')).toEqual([])
    })

    test("one function a table, the owner's, that nobody may call; no table without stored fields has one", async () => {
      const functions = await db.sql(
        `select p.prosecdef::text, (p.proowner::regrole::text = quote_ident(o.name))::text,
                has_function_privilege(r.name::name, p.oid, 'EXECUTE')::text, p.proconfig[1], cardinality(p.proconfig)::text
         from pg_proc p join pg_namespace n on n.oid = p.pronamespace join backsaas.logins o on o.kind = 'owner'
         join backsaas.logins r on r.kind = 'runtime' where n.nspname like 'backsaas\\__%' order by 5`,
      )
      // Settings that decide what texts look like are pinned where a text is made of another type.
      const shape = ['false', 'true', 'false', 'search_path=pg_catalog, pg_temp']
      expect(functions).toEqual([
        [...shape, '1'],
        [...shape, '6'],
      ])
      const triggers = await db.sql(
        `select count(*)::text, count(distinct tgfoid)::text from pg_trigger where tgname = 'backsaas_computed'`,
      )
      expect(triggers).toEqual([['2', '2']])
    })

    test('another expression of a virtual field is compatible, of a stored one needs a migration', async () => {
      const other = people().replace(`"full.upperAscii()"`, `"full.lowerAscii()"`)
      expect(await migrate(db.database, other, options)).toMatchObject({ version: 2, created: true })
      const error: unknown = await migrate(
        db.database,
        other.replace(`"email.split('@')[1]"`, `"email.split('@')[0]"`),
        { ...options, breaking: 'refuse' },
      ).catch((e: unknown) => e)
      expect(error).toMatchObject({
        code: 'NEEDS_MIGRATION',
        errors: [{ code: 'CHANGE_FIELD', pointer: '/entities/people/fields/domain/computed' }],
      })
      for (const [field, from, to] of [
        ['full', `email + '>'"`, `email + '>'", stored: true`],
        ['half', `/ 2.0", stored: true`, `/ 2.0"`],
      ] as const) {
        await expect(
          migrate(db.database, other.replace(from, to), { ...options, breaking: 'refuse' }),
        ).rejects.toMatchObject({
          code: 'NEEDS_MIGRATION',
          errors: [{ code: 'CHANGE_FIELD', pointer: `/entities/people/fields/${field}/computed` }],
        })
      }
    })

    test('a new stored field of a table with rows is worked out for them, and changes nothing else of them', async () => {
      const { table, column } = await names()
      const rest = `select to_jsonb(t)::text from (select ${['id', 'email', 'updated_at', 'revision', 'domain'].map(column).join(', ')} from ${table} order by 1) t`
      const before = await db.as('migrator', rest)
      const [functionBefore] = await functionOf()
      const next = people('\n      length: { computed: "size(email)", stored: true, type: integer }').replace(
        `"full.upperAscii()"`,
        `"full.lowerAscii()"`,
      )
      expect(await migrate(db.database, next, options)).toMatchObject({ version: 3, created: true })
      expect(await read(3, 'length')).toEqual(['14'])
      expect(await db.as('migrator', rest)).toEqual(before)
      expect((await functionOf())[0]).toBe(functionBefore)
      const versions = await db.sql(
        `select count(*)::text from backsaas.versions v join backsaas.placements p on p.id = v.placement_id
         where p.schema_name = 'computed' and v.state = 'live'`,
      )
      expect(versions).toEqual([['3']])
      // As a client of the version before would, who knows nothing of it.
      await insert(7, { email: `'g@seven.example'` })
      expect(await read(7, 'length', 'domain')).toEqual(['15', 'seven.example'])
    })

    test('a value that cannot be worked out for a row that is there refuses the version, and nothing is done', async () => {
      await insert(8, { email: `'h@eight.example'`, total: '1', parts: '0' })
      const before = await db.sql('select count(*)::text from backsaas.versions')
      const base = newest()
      const bad = base.replace('    indexes:', '      ratio: { computed: "total / parts", stored: true }\n    indexes:')
      await expect(migrate(db.database, bad, options)).rejects.toMatchObject({
        code: 'FILL_FAILED',
        status: 409,
        message: expect.stringMatching(/^people\.ratio cannot be worked out .* division by zero/),
      })
      const tooBig = base.replace(
        '    indexes:',
        '      big: { computed: "total * 4000000000", stored: true, type: integer }\n    indexes:',
      )
      expect(await codeOf(migrate(db.database, tooBig, options))).toBe('FILL_FAILED')
      expect(await db.sql('select count(*)::text from backsaas.versions')).toEqual(before)
      expect((await names()).mapping.entities.people?.columns).not.toHaveProperty('ratio')
    })

    test('a table with more rows than are filled at once is refused; a virtual field is not', async () => {
      const { table, column } = await names()
      await db.as(
        'migrator',
        `insert into ${table} (tenant_id, ${['id', 'email', 'created_at', 'updated_at', 'revision'].map(column).join(', ')})
         select '${tenant}', gen_random_uuid(), 'x@' || n || '.example', now(), now(), 1 from generate_series(1, ${FILL_ROWS_MAX}) n`,
      )
      const more = (field: string) =>
        migrate(db.database, newest().replace('    indexes:', `      ${field}\n    indexes:`), {
          ...options,
          breaking: 'refuse',
        })
      await expect(more('late: { computed: "size(email)", stored: true }')).rejects.toMatchObject({
        code: 'NEEDS_MIGRATION',
        errors: [{ code: 'ADD_STORED_COMPUTED', pointer: '/entities/people/fields/late' }],
      })
      expect(await more('late: { computed: "size(email)" }')).toMatchObject({ created: true })
    })

    /** The document of the newest version. */
    function newest(): string {
      return people('\n      length: { computed: "size(email)", stored: true, type: integer }').replace(
        `"full.upperAscii()"`,
        `"full.lowerAscii()"`,
      )
    }

    async function functionOf(): Promise<readonly (string | null)[]> {
      const [row] = await db.sql(
        `select tgfoid::text from pg_trigger where tgname = 'backsaas_computed' and tgrelid = $1::regclass`,
        [(await names()).table],
      )
      return row ?? []
    }
  })
}

function q(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
