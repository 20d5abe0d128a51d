/** What a create or update of policies leaves behind: each policy as it will be. */
import type { CompiledEntity, Condition, Input, Operation, PolicyRow } from '@backsaas/core'
import { policyError } from './policy-errors.ts'
import { policyRow, type Values } from './policy-row.ts'

export interface WrittenPolicy {
  readonly row: PolicyRow
  /** JSON pointer to what was given for it: `/3` of several, else empty. */
  readonly at: string
}

/** What a policy says; the rest (its description) may change unseen. */
const JUDGED = ['schema', 'role', 'entity', 'action', 'effect', 'where', 'check', 'fields', 'except']

/**
 * What has values that no policy can hold is left out: the stage that validates refuses it.
 *
 * @param stored the tenant's policies as they are.
 * @throws `POLICY_WITHOUT_ID` (400) where an update does not say by `id` which policies it changes.
 */
export function writtenPolicies(
  operation: Operation,
  entity: CompiledEntity,
  stored: readonly PolicyRow[],
): readonly WrittenPolicy[] {
  const { action, input, upsert } = operation
  if (!input || !JUDGED.some((name) => input.columns.includes(name))) return []
  const ids = action === 'update' ? idsOf(operation) : null
  return input.rows.flatMap((row, index) => {
    const values = given(row, input, entity)
    const changed = stored.filter(({ id }) =>
      ids ? ids.has(id) : upsert?.resolution === 'merge' && id === idOf(values),
    )
    const made = ids ? [] : [{ ...defaults(entity), ...values }]
    const at = input.rows.length === 1 ? '' : `/${index}`
    return [...made, ...changed.map((old) => ({ ...old, ...values, id: old.id }))].flatMap((final) => {
      const policy = policyRow(final)
      return policy ? [{ row: policy, at }] : []
    })
  })
}

/** What a row of the input says of each column, and what stands for what it leaves out. */
function given(row: Values, { columns, missing }: Input, entity: CompiledEntity): Values {
  const absent = missing === 'default' ? defaults(entity) : {}
  return Object.fromEntries(columns.map((name) => [name, Object.hasOwn(row, name) ? row[name] : absent[name]]))
}

function defaults({ fields }: CompiledEntity): Values {
  return Object.fromEntries(
    Object.values(fields).flatMap(({ name, default: value }) =>
      value && 'literal' in value ? [[name, value.literal]] : [],
    ),
  )
}

function idOf({ id }: Values): string | null {
  return typeof id === 'string' ? id.toLowerCase() : null
}

/** The policies that an update is about, which a condition on `id` must say: no other one can be weighed in advance. */
function idsOf({ query, params }: Operation): ReadonlySet<string> {
  for (const condition of query.where) {
    const ids = namedIds(condition, params)
    if (ids) return new Set(ids.map((id) => id.toLowerCase()))
  }
  throw policyError('POLICY_WITHOUT_ID', 'policies are changed by their ids', {
    hint: 'Name them in the path or by a filter: `/policies/<id>`, `/policies?id=eq.<id>`, `/policies?id=in.(<id>,<id>)`.',
  })
}

function namedIds(condition: Condition, params: Operation['params']): readonly string[] | null {
  if (condition.kind !== 'comparison' || condition.not || condition.quantifier) return null
  const { path, operator, param } = condition
  if (path.field !== 'id' || path.json.length > 0 || param === undefined) return null
  const value = params[param] ?? ''
  if (operator === 'eq') return [value]
  return operator === 'in' ? value.split(/[{},"]+/).filter((id) => id !== '') : null
}
