/** The condition of the rules as SQL text in the schema's own names: for reading, never for running. */
import { type Action, type CompiledSchema, invariant, type Mapping } from '@backsaas/core'
import { sql } from 'drizzle-orm'
import { type BoundSchema, bindSchema } from '../binding/bound-schema.ts'
import { render } from '../planner/render.ts'
import { rootScope } from '../planner/scope.ts'
import { nextScope } from '../planner/write-rules.ts'
import { conditionOf } from './condition.ts'

/**
 * `true` for every row, `false` for none.
 *
 * @param input the fields that an update gives, where it is known what: they are called `input."field"`.
 * @example predicateText(view, 'contacts', 'read', [], null) // "contacts"."owner_id" = current_user.id::uuid
 */
export function predicateText(
  view: BoundSchema,
  entity: string,
  action: Action,
  columns: readonly string[],
  input: readonly string[] | null,
): string {
  const named = { ...bindSchema(view.compiled, ownNames(view.compiled), '', 0, null), access: view.access }
  const scope = { ...rootScope(named, entity, sql.raw('tenant.id')), alias: sql.identifier(entity).getSQL() }
  const given = new Map((input ?? []).map((name) => [name, sql`input.${sql.identifier(name)}`] as const))
  const next = action === 'update' && input ? nextScope(scope, given) : null
  const condition = conditionOf(scope, action, columns, next)
  if (typeof condition === 'boolean') return String(condition)
  const { text, params } = render(condition)
  return text.replace(TEXT_OR_PLACE, (found, place: string | undefined) => {
    if (place === undefined) return found
    const source = params[Number(place) - 1]
    invariant(typeof source === 'string', 'a rule knows the caller and the tenant alone')
    return source.replace(/^user:/, '').replace(/:uuid$/, '')
  })
}

/** A quoted text, where a `$1` is no place, or a place. */
const TEXT_OR_PLACE = /'(?:[^'\\]|''|\\.)*'|\$(\d+)/gs

function ownNames({ name, entities }: CompiledSchema): Mapping {
  const mapped = Object.values(entities).map((entity) => {
    const columns = Object.fromEntries(Object.keys(entity.fields).map((field) => [field, field]))
    return [entity.name, { table: entity.name, columns, constraints: {} }] as const
  })
  return { schema: name, entities: Object.assign(Object.create(null), Object.fromEntries(mapped)) }
}
