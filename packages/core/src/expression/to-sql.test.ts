/** The SQL of rules as they are written every day: what stands in it is what Postgres can use an index for. */
import { sql } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import { expect, test } from 'vitest'
import { compileExpression } from '../cel/compile-expression.ts'
import type { ContextEntity } from '../cel/expression-context.ts'
import type { FieldType } from '../contracts/field-type.ts'
import { sqlType } from './sql-types.ts'
import { type SqlEnvironment, toSql } from './to-sql.ts'

const field = (type: FieldType, list = false) => ({ type, list })
const entities: Readonly<Record<string, ContextEntity>> = {
  contacts: {
    fields: {
      email: field('string'),
      status: field('enum'),
      owner_id: field('uuid'),
      amount: field('bigint'),
      price: field('decimal'),
      tags: field('string', true),
      meta: field('json'),
      created_at: field('timestamp'),
      born: field('date'),
      first_name: field('string'),
      last_name: field('string'),
    },
    relations: { company: { kind: 'one', entity: 'contacts' }, members: { kind: 'many', entity: 'contacts' } },
  },
}

function environment(row: string | null = null): SqlEnvironment {
  return {
    field: (of, name) => sql.raw(of === null ? `t.${name}` : of === row ? `e1.${name}` : 'missing'),
    related: (relation, name) => sql.raw(`(select ${name} from ${relation})`),
    relation: (relation, name, where) =>
      sql`exists (select from ${sql.raw(relation)} e1 where ${where(environment(name))})`,
    variable: (name, type) => sql`${sql.raw(`$${name}`)}::${sqlType(type)}`,
  }
}

function sqlOf(source: string, given: SqlEnvironment = environment()): string {
  const { tree } = compileExpression(source, { entities, entity: 'contacts', use: 'row_rule' })
  const config = { casing: new CasingCache(), escapeName: String, escapeParam: String, escapeString: String }
  return toSql(tree, given).toQuery(config).sql
}

test.each([
  ['owner_id == current_user.id', 't.owner_id = $current_user.id::uuid'],
  ['email == current_user.id', 't.email = $current_user.id::text'],
  ["status == 'lead'", "t.status = 'lead'::text"],
  [
    "self.owner_id == current_user.id || status == 'lead'",
    "t.owner_id = $current_user.id::uuid or t.status = 'lead'::text",
  ],
  [
    "(status == 'a' || status == 'b') && amount > 1",
    "(t.status = 'a'::text or t.status = 'b'::text) and t.amount > '1'::bigint",
  ],
  ["status in ['a', 'b']", "t.status = any(array['a'::text, 'b'::text]::text[])"],
  ['!(email != null)', 'not (t.email is not null)'],
  ["'admin' in current_user.roles", "'admin'::text = any(($current_user.roles::text[])::text[])"],
  [
    'members.exists(m, m.owner_id == current_user.id)',
    'exists (select from members e1 where e1.owner_id = $current_user.id::uuid)',
  ],
  ['members.all(m, m.amount > amount)', 'not exists (select from members e1 where (e1.amount > t.amount) is not true)'],
  ["company.email == 'a'", "(select email from company) = 'a'::text"],
  ["email < 'b'", `t.email < 'b'::text collate "C"`],
  ["first_name + coalesce(' ' + last_name, '')", "t.first_name || coalesce((' '::text || t.last_name), ''::text)"],
  ["email.split('@')[1]", "(string_to_array(t.email, '@'::text))[2]"],
  ['price > 1.50', "t.price > '1.5'::numeric"],
  ['price > amount', 't.price > (t.amount)::numeric'],
  ["meta.a.b == 'x'", `nullif(t.meta -> 'a' -> 'b', 'null'::jsonb) = '"x"'::jsonb`],
  ["created_at > '2026-01-31T17:30:00+01:00'", "t.created_at > '2026-01-31T16:30:00.000000Z'::timestamptz"],
  ['born <= today()', "t.born <= ((now()) at time zone 'UTC')::date"],
  [
    "tags.exists(t, t == 'a')",
    "case when t.tags is null then null else exists (select from unnest(t.tags) as cel1(v) where cel1.v = 'a'::text) end",
  ],
])('%s', (source, text) => {
  expect(sqlOf(source)).toBe(text)
})

test('a moving time beside a test of the row needs no order, since neither can raise', () => {
  const text = sqlOf("created_at > now() - duration('P30D') && status == 'lead'")
  expect(text).toContain("and t.status = 'lead'::text")
  expect(text).not.toContain('select')
})

test('what can raise is worked out after what stands before it, and what the planner knows is hidden from it', () => {
  expect(sqlOf('amount != 0 && 10 / amount > size(current_user.id)')).toBe(
    "(select case when cel1.v is false then false else cel1.v and (('10'::bigint / t.amount) > " +
      "char_length((select $current_user.id::text))::bigint) end from (select t.amount <> '0'::bigint offset 0) as cel1(v))",
  )
})

test('the size of the SQL is linear in that of the expression', () => {
  const nested = (depth: number): string =>
    depth === 0 ? '10 / amount > 1' : `(${nested(depth - 1)} ${depth % 2 ? '&&' : '||'} 10 / amount > ${depth})`
  const [short, long] = [sqlOf(nested(10)).length, sqlOf(nested(20)).length]
  expect(long).toBeLessThan(short * 2.5)
})

test('constants are quoted, whatever they hold, and may be given in another way', () => {
  expect(sqlOf("email == 'it\\'s \\\\ \"x\"'")).toBe(`t.email = E'it''s \\\\ "x"'::text`)
  const given: SqlEnvironment = { ...environment(), literal: (text) => sql`<${sql.raw(text)}>` }
  expect(sqlOf("email == 'a'", given)).toBe('t.email = <a>')
})

test('what an environment does not have is told', () => {
  const { field: only } = environment()
  expect(() => sqlOf('owner_id == current_user.id', { field: only })).toThrow('no variables here')
})
