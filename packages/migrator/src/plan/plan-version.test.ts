import type { Mapping } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { describe, expect, test } from 'vitest'
import { scrambled, shop } from '../../test/schemas.ts'
import { diffSchemas } from './diff.ts'
import { readableNaming } from './names.ts'
import { type PlanContext, planVersion, type VersionPlan } from './plan-version.ts'

const context: PlanContext = {
  pgSchema: 's',
  roles: { owner: 'o', runtime: 'r', bypass: true },
  naming: readableNaming,
  taken: [],
  history: [],
  functions: new Map(),
  crowded: new Set(),
}

/** One entity `a` with these lines as its fields. */
function entity(...fields: readonly string[]): string {
  return ['schema: t', 'entities:', '  a:', '    fields:', ...fields.map((field) => `      ${field}`), ''].join('\n')
}

function changes(before: string, after: string): string[] {
  return diffSchemas(compileSchema(before), compileSchema(after)).map((c) => `${c.class} ${c.type} ${c.pointer}`)
}

describe('diff', () => {
  const base = entity('f: { type: string, max: 5 }', 'g: { type: integer, default: 1 }')

  test('nothing differs from itself', () => {
    expect(changes(shop(), shop())).toEqual([])
  })

  test.each([
    ['f: { type: string, max: 6 }', 'compatible WIDEN_FIELD /entities/a/fields/f/max'],
    ['f: { type: string, max: 4 }', 'breaking NARROW_FIELD /entities/a/fields/f/max'],
    ['f: { type: string, max: 5, format: email }', 'compatible CHANGE_FIELD_NOTE /entities/a/fields/f/format'],
    ['f: { type: text, max: 5 }', 'compatible CHANGE_FIELD_NOTE /entities/a/fields/f/type'],
    ['f: { type: string, max: 5, list: true }', 'breaking CHANGE_FIELD /entities/a/fields/f/list'],
    ['f: { type: string, max: 5, required: true }', 'breaking SET_REQUIRED /entities/a/fields/f/required'],
    ['f: { type: string, max: 5, unique: true }', 'breaking ADD_UNIQUE /entities/a/unique'],
    ['f: { type: string, max: 5, default: x }', 'compatible CHANGE_FIELD_NOTE /entities/a/fields/f/default'],
    ['f: { type: string, max: 5, description: x }', 'compatible CHANGE_FIELD_NOTE /entities/a/fields/f/description'],
  ])('%s', (field, change) => {
    expect(changes(base, entity(field, 'g: { type: integer, default: 1 }'))).toEqual([change])
  })

  test.each([
    ['h: { type: string }', 'compatible ADD_FIELD'],
    ['h: { type: string, required: true, default: x }', 'compatible ADD_FIELD'],
    ['h: { type: string, required: true }', 'breaking ADD_REQUIRED_FIELD'],
    ['h: { type: string, unique: true }', 'breaking ADD_UNIQUE'],
    ['h: { to: a, as: parent }', 'breaking ADD_RELATION'],
  ])('a new field %s', (field, change) => {
    const found = changes(base, entity('f: { type: string, max: 5 }', 'g: { type: integer, default: 1 }', field))
    expect(found.some((line) => line.startsWith(change))).toBe(true)
    expect(found.some((line) => line.startsWith('breaking'))).toBe(change.startsWith('breaking'))
  })

  test('a new entity that refers to one that is there is additive', () => {
    const more = `${base}  b:\n    fields:\n      a_id: { to: a, as: parent }\n`
    const found = changes(base, more)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter((line) => line.startsWith('breaking'))).toEqual([])
    expect(changes(more, base)).toContain('breaking REMOVE_ENTITY /entities/b')
  })
})

describe('diff of expressions', () => {
  const text = (field: string, more = '') => `
schema: t
roles: { sales: {} }
entities:
  a:
    fields:
      f: { type: integer${field} }
      v: { computed: "f + 1" }
      s: { computed: "f + 1", stored: true }${more}`

  test.each([
    [', check: "f > 1"', '', 'compatible CHANGE_CHECKS /entities/a/check'],
    ['', '\n    check: ["f > 1", "v > 1"]', 'compatible CHANGE_CHECKS /entities/a/check'],
    ['', '\n    access: { sales: { read: { where: "f > 1" } } }', 'compatible CHANGE_ACCESS /entities/a/access'],
    [', default: { cel: "1 + 1" }', '', 'compatible CHANGE_FIELD_NOTE /entities/a/fields/f/default'],
    ['', '\n      w: { computed: "v * 2" }', 'compatible ADD_FIELD /entities/a/fields/w'],
    ['', '\n      w: { computed: "f * 2", stored: true }', 'compatible ADD_FIELD /entities/a/fields/w'],
    ['', '\n      w: { computed: "f * 2", stored: true, unique: true }', 'breaking ADD_UNIQUE /entities/a/unique'],
  ])('%s %s', (field, more, change) => {
    expect(changes(text(''), text(field, more))).toContain(change)
    const breaking = changes(text(''), text(field, more)).filter((line) => line.startsWith('breaking'))
    expect(breaking).toEqual(change.startsWith('breaking') ? [change] : [])
    expect(changes(text(field, more), text(field, more))).toEqual([])
  })

  test.each([
    [
      'v: { computed: "f + 1" }',
      'v: { computed: "f + 2" }',
      'compatible CHANGE_FIELD_NOTE /entities/a/fields/v/computed',
    ],
    ['v: { computed: "f + 1" }', 'v: { computed: "string(f)" }', 'breaking CHANGE_FIELD /entities/a/fields/v/type'],
    ['v: { computed: "f + 1" }', 'v: { type: bigint }', 'breaking CHANGE_FIELD /entities/a/fields/v/computed'],
    ['"f + 1", stored', '"f + 2", stored', 'breaking CHANGE_FIELD /entities/a/fields/s/computed'],
  ])('%s becomes %s', (from, to, change) => {
    expect(changes(text(''), text('').replace(from, to))).toContain(change)
  })

  test('what the compiler makes of an expression does not count, nor where a rule is written, nor decisions', () => {
    const one = compileSchema(
      text(', default: { cel: "1 + 1" }, check: "f > 1"', '\n    access: { sales: { read: { where: "f > 1" } } }'),
    )
    const other = JSON.parse(
      JSON.stringify(one, (name, value: unknown) => {
        if (name === 'tree') return { ...(value as object), type: 'changed' }
        return name === 'place' ? '/elsewhere' : value
      }),
    ) as typeof one
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(one))
    expect(diffSchemas(one, { ...other, decisions: { rules: [], roles: {} } })).toEqual([])
  })
})

describe('plan', () => {
  const plan = (text: string, more: Partial<PlanContext> = {}): VersionPlan =>
    planVersion(compileSchema(text), null, { ...context, ...more })

  test('tables of two schemas in one store are apart, and so are their constraints', () => {
    const first = plan(shop())
    const names = (mapping: Mapping): string[] =>
      Object.values(mapping.entities).flatMap((e) => [e.table, ...Object.keys(e.constraints)])
    const second = plan(shop(), { taken: names(first.mapping) })
    const all = [...names(first.mapping), ...names(second.mapping)]
    expect(new Set(all).size).toBe(all.length)
    expect(second.mapping.entities.contacts?.table).toBe('contacts_2')
  })

  test('a column that has been dropped never gives its name again', () => {
    const withField = plan(entity('f: { type: string }', 'g: { type: string }'))
    const without = compileSchema(entity('f: { type: string }'))
    const { g: _, ...columns } = withField.mapping.entities.a?.columns ?? {}
    const a = { ...withField.mapping.entities.a, table: 'a', columns, constraints: {} }
    const history = [withField.mapping, { schema: 's', entities: { a } }]
    const again = planVersion(compileSchema(entity('f: { type: string }', 'g: { type: date }')), without, {
      ...context,
      history,
    })
    expect(again.mapping.entities.a?.columns.g).toBe('g_2')
  })

  test('columns that Postgres or we have are not given', () => {
    const { mapping } = plan(entity('xmin: { type: string }', 'ctid: { type: string }'))
    expect(mapping.entities.a?.columns).toMatchObject({ xmin: 'xmin_2', ctid: 'ctid_2' })
  })

  test('every name is at most 63 bytes and quoted, whatever the naming', () => {
    const { mapping, statements } = plan(shop(), { naming: (e, f) => `${scrambled(e, f)}${'"long '.repeat(20)}` })
    const all = Object.values(mapping.entities).flatMap((e) => [
      e.table,
      ...Object.values(e.columns),
      ...Object.keys(e.constraints),
    ])
    expect(Math.max(...all.map((name) => new TextEncoder().encode(name).length))).toBeLessThanOrEqual(63)
    expect(statements.some((text) => text.includes('contacts'))).toBe(false)
  })

  test('one index serves the references that it begins with', () => {
    const indexes = plan(shop()).statements.filter((text) => text.startsWith('create index'))
    expect(indexes.map((text) => text.slice(text.indexOf('on ')))).toEqual([
      'on "s"."contacts" ("tenant_id", "status", "created_at")',
      'on "s"."contacts" ("tenant_id", "company_id")',
      'on "s"."contacts" ("tenant_id", "manager_id")',
      'on "s"."notes" ("tenant_id", "contact_id")',
    ])
  })

  test('without a bypass the tenant policy binds the runtime only', () => {
    const { statements } = plan(entity('f: { type: string }'), { roles: { owner: 'o', runtime: 'r', bypass: false } })
    expect(statements.find((text) => text.includes('restrictive'))).toContain('for all to "r" using')
  })

  test('what keeps stored fields is named by the table, not by a field, and all constants are quoted', () => {
    const text = entity('f: { type: string }', `g: { computed: 'f + "it''s $a$ \\\\"', stored: true }`)
    const statements = plan(text).statements.filter((one) => /backsaas_computed|create or replace function/.test(one))
    expect(statements).toHaveLength(2)
    expect(statements[0]).toBe(
      `create or replace function "s"."a_computed"() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as ` +
        `E'\\nbegin\\n  new."g" := new."f" || E''it''''s $a$ \\\\\\\\''::text;\\n  return new;\\nend\\n'`.replaceAll(
          '\\n',
          '\n',
        ),
    )
    expect(plan(entity('f: { type: string }', 'g: { computed: "f" }')).statements.join()).not.toContain('"g"')
  })
})
