/**
 * Stored computed fields: real columns, kept by a trigger whoever writes the row.
 *
 * Not by generated columns: those take immutable expressions alone, and what Postgres calls stable is asked for (a date as text);
 * and a generated column's expression is changed by rewriting the table, a function's by replacing it.
 */
import type { CompiledEntity, CompiledField, EntityMapping, Expression, Mapping } from '@backsaas/core'
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

const SEARCH_PATH = { search_path: 'pg_catalog, pg_temp' }

/** What texts and JSON of other types look like; a column must not depend on the session that happened to write it. */
const TEXT_FORMS = {
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

/** The function that keeps the stored computed fields of `entity`; null where it has none. */
export function computedFunction(entity: CompiledEntity, physical: EntityMapping): ComputedFunction | null {
  const kept = storedComputed(entity).flatMap(({ name, computed }) =>
    computed ? [[name, computed.expression.tree] as const] : [],
  )
  if (kept.length === 0) return null
  const column = (field: string): string => {
    const name = physical.columns[field]
    invariant(name, `the mapping has the field ${entity.name}.${field}`)
    return `new.${identifier(name)}`
  }
  const assignments = kept.map(([name, tree]) => {
    const expression = toSql(tree, { field: (_, field) => sql.raw(column(field)) })
    return `  ${column(name)} := ${textOf(expression)};\n`
  })
  return {
    body: `\nbegin\n${assignments.join('')}  return new;\nend\n`,
    settings: kept.some(([, tree]) => makesText(tree)) ? { ...SEARCH_PATH, ...TEXT_FORMS } : SEARCH_PATH,
  }
}

/**
 * The statements that make, or replace, what keeps the stored computed fields of `entity`; none where it has none. Nobody may
 * call the function: a trigger needs no right to.
 *
 * Two live versions of a schema write through the same trigger, that of the newer one. The older one does not know the fields that
 * it keeps besides; no field that both know differs, since such a change is refused.
 *
 * @param nameOf gives the name of the function, inside the store's Postgres schema.
 */
export function keepComputed(entity: CompiledEntity, mapping: Mapping, roles: Roles, nameOf: () => string): string[] {
  const physical = mapping.entities[entity.name]
  invariant(physical, `the mapping has the entity ${entity.name}`)
  const wanted = computedFunction(entity, physical)
  if (wanted === null) return []
  const name = `${qualified(mapping.schema, nameOf())}()`
  const settings = Object.entries(wanted.settings).map(([setting, value]) => `set ${setting} = ${settingText(value)}`)
  const table = qualified(mapping.schema, physical.table)
  return [
    `create or replace function ${name} returns trigger language plpgsql ${settings.join(' ')} as ${literal(wanted.body)}`,
    `alter function ${name} owner to ${identifier(roles.owner)}`,
    `revoke all on function ${name} from public`,
    `create or replace trigger ${COMPUTED_TRIGGER} before insert or update on ${table} for each row execute function ${name}`,
  ]
}

/** Works the fields out for the rows there are; nothing else of them changes, and no event is told. */
export function fillComputed(table: string, columns: readonly string[]): string {
  return `update ${table} set ${columns.map((column) => `${identifier(column)} = null`).join(', ')}`
}

/** A list is written without quotes, or it would be one name. */
function settingText(value: string): string {
  return value === SEARCH_PATH.search_path ? value : literal(value)
}

function makesText(tree: Expression): boolean {
  return (
    (tree.node === 'call' && ['string', 'json', 'date', 'timestamp'].includes(tree.call)) ||
    childrenOf(tree).some(makesText)
  )
}

const dialect = new PgDialect()

/** DDL takes no parameters: constants stand in the text, quoted. */
function textOf(expression: SQL): string {
  const { sql: text, params } = dialect.sqlToQuery(expression)
  invariant(params.length === 0, 'an expression in DDL has no parameters')
  return text
}
