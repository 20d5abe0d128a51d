/** The values of a body, of whatever kind, as the row of `policies` that Postgres would make of them. */
import type { Action, PolicyRow } from '@backsaas/core'

export type Values = Readonly<Record<string, unknown>>

const ACTIONS: readonly Action[] = ['read', 'create', 'update', 'delete']
const EFFECTS: readonly PolicyRow['effect'][] = ['allow', 'deny']

/**
 * Null where a value is of the wrong kind, so that it can become no policy: the stage that validates says so.
 *
 * @example policyRow({ schema: 'crm', role: 'sales', entity: 'contacts', action: 'read', effect: 'allow' })?.where // null
 */
export function policyRow(values: Values): PolicyRow | null {
  const [schema, role, entity] = [text(values.schema), text(values.role), text(values.entity)]
  const action = ACTIONS.find((name) => name === values.action)
  const effect = EFFECTS.find((name) => name === values.effect)
  const [where, check] = [text(values.where), text(values.check)]
  const [fields, except] = [list(values.fields), list(values.except)]
  if (!schema || !role || !entity || !action || !effect) return null
  if (where === undefined || check === undefined || fields === undefined || except === undefined) return null
  return {
    id: text(values.id)?.toLowerCase() ?? 'new',
    schema,
    role,
    entity,
    action,
    effect,
    where,
    check,
    fields,
    except,
  }
}

/** Numbers and booleans are text to Postgres too. */
function text(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? undefined : String(value)
}

/** A list, or Postgres' own way to write one: `{email,meta}`. A null in it names nothing. */
function list(value: unknown): readonly string[] | null | undefined {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return value.map((item) => text(item) ?? '')
  const literal = typeof value === 'string' ? /^\s*\{(.*)\}\s*$/s.exec(value)?.[1] : undefined
  if (literal === undefined) return undefined
  if (literal.trim() === '') return []
  return literal.split(',').map((item) => item.trim().replace(/^"(.*)"$/, '$1'))
}
