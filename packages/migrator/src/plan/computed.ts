/**
 * Stored computed fields: real columns, kept by a trigger whoever writes the row.
 *
 * Not by generated columns: those take immutable expressions alone, and what Postgres calls stable is asked for (a date as text);
 * and a generated column's expression is changed by rewriting the table, a function's by replacing it.
 */
import type { CompiledEntity, CompiledField, EntityMapping, Expression } from '@backsaas/core'
import { invariant } from '@backsaas/core'
import { childrenOf, toSql } from '@backsaas/core/expression'
import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { identifier, literal, qualified } from './quote.ts'
import type { Roles } from './row-security.ts'

/** The name of the trigger, the same on every table that has one. */
export const COMPUTED_TRIGGER = 'backsaas_computed'

/** What the function of a table has to be. */
export interface ComputedFunction {
  readonly body: string
  /** Settings that it pins, by name. */
  readonly settings: Readonly<Record<string, string>>
}

/** What a function of ours looks names up in. */
export const SEARCH_PATH: Readonly<Record<string, string>> = { search_path: 'pg_catalog, pg_temp' }

/** What texts and JSON of other types look like; a column must not depend on the session that happened to write it. */
export const TEXT_FORMS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
}

/** The fields of `entity` that its trigger keeps. */
export function storedComputed(entity: CompiledEntity): CompiledField[] {
  return Object.values(entity.fields).filter(({ computed }) => computed?.stored)
}

/** An entity of one live version, with its columns. */
export interface Kept {
  readonly entity: CompiledEntity
  readonly physical: EntityMapping
}

/**
 * The function that keeps the stored computed fields of a table; null where it has none.
 *
 * @param versions the live versions of the entity, oldest first: each has its columns kept, and a column of several is the last one's.
 */
export function computedFunction(versions: readonly Kept[]): ComputedFunction | null {
  const lines = new Map<string, string>()
  let text = false
  for (const { entity, physical } of versions) {
    const column = (field: string): string => {
      const name = physical.columns[field]
      invariant(name, `the mapping has the field ${entity.name}.${field}`)
      return `new.${identifier(name)}`
    }
    for (const { name, computed } of storedComputed(entity)) {
      if (!computed) continue
      const { tree } = computed.expression
      const expression = toSql(tree, { field: (_, field) => sql.raw(column(field)) })
      // Set anew, so that what a later version has stands behind what it is made of in the same order.
      lines.delete(column(name))
      lines.set(column(name), `  ${column(name)} := ${textOf(expression)};\n`)
      text ||= makesText(tree)
    }
  }
  if (lines.size === 0) return null
  return {
    body: `\nbegin\n${[...lines.values()].join('')}  return new;\nend\n`,
    settings: text ? { ...SEARCH_PATH, ...TEXT_FORMS } : SEARCH_PATH,
  }
}

/** A stored computed field of a row as it stands, for the rows there are. */
export function computedValue(field: CompiledField, physical: EntityMapping, row: string): string {
  invariant(field.computed, `${field.name} is computed`)
  const column = (name: string): SQL => sql.raw(`${row}.${identifier(physical.columns[name] as string)}`)
  return textOf(toSql(field.computed.expression.tree, { field: (_, name) => column(name) }))
}

/**
 * The statements that make, or replace, what keeps the stored computed fields of a table; none where it has none. Nobody may
 * call the function: a trigger needs no right to.
 *
 * Live versions write through the same trigger, which keeps the columns of all of them.
 *
 * @param versions the live versions of the entity in this table, oldest first.
 * @param nameOf gives the name of the function, inside the store's Postgres schema.
 */
export function keepComputed(
  versions: readonly Kept[],
  pgSchema: string,
  roles: Roles,
  nameOf: () => string,
): string[] {
  const wanted = computedFunction(versions)
  const physical = versions.at(-1)?.physical
  if (wanted === null || !physical) return []
  const name = `${qualified(pgSchema, nameOf())}()`
  const settings = Object.entries(wanted.settings).map(([setting, value]) => `set ${setting} = ${settingText(value)}`)
  const table = qualified(pgSchema, physical.table)
  return [
    `create or replace function ${name} returns trigger language plpgsql ${settings.join(' ')} as ${literal(wanted.body)}`,
    `alter function ${name} owner to ${identifier(roles.owner)}`,
    `revoke all on function ${name} from public`,
    `create or replace trigger ${COMPUTED_TRIGGER} before insert or update on ${table} for each row execute function ${name}`,
  ]
}

/** What keeps them goes: no version that serves has any. */
export function dropComputed(pgSchema: string, table: string, name: string): string[] {
  return [
    `drop trigger if exists ${COMPUTED_TRIGGER} on ${qualified(pgSchema, table)}`,
    `drop function if exists ${qualified(pgSchema, name)}()`,
  ]
}

/** Works the fields out for the rows there are; nothing else of them changes, and no event is told. */
export function fillComputed(table: string, columns: readonly string[]): string {
  return `update ${table} set ${columns.map((column) => `${identifier(column)} = null`).join(', ')}`
}

/** A list is written without quotes, or it would be one name. */
export function settingText(value: string): string {
  return value === SEARCH_PATH.search_path ? value : literal(value)
}

/** Whether texts or JSON are made of other types. */
export function makesText(tree: Expression): boolean {
  return (
    (tree.node === 'call' && ['string', 'json', 'date', 'timestamp'].includes(tree.call)) ||
    childrenOf(tree).some(makesText)
  )
}

const dialect = new PgDialect()

/** DDL takes no parameters: constants stand in the text, quoted. */
export function textOf(expression: SQL): string {
  const { sql: text, params } = dialect.sqlToQuery(expression)
  invariant(params.length === 0, 'an expression in DDL has no parameters')
  return text
}
