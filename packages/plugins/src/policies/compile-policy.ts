/** One row of `policies` to the rule that it is, or to what is wrong with it. */
import type {
  AccessRule,
  CompiledEntity,
  CompiledExpression,
  CompiledSchema,
  PolicyFault,
  PolicyRow,
} from '@backsaas/core'
import { compileExpression, ExpressionProblem } from '@backsaas/core/cel'
import { extentOf } from '@backsaas/core/language'
import { didYouMean } from './did-you-mean.ts'
import type { Report } from './report.ts'
import { resolveFields } from './resolve-fields.ts'

export interface CompiledPolicy {
  /** Of a policy with faults: null where it allows; where it forbids, one that forbids all, unless nobody could be meant. */
  readonly rule: AccessRule | null
  readonly faults: readonly PolicyFault[]
}

/** Of one expression, virtual fields written out, as in a schema. */
const NODES_MAX = 2000

/**
 * All of its faults are told at once.
 *
 * @example compilePolicy({ ...row, role: 'slaes' }, crm).faults[0]?.hint // 'did you mean `sales`?'
 */
export function compilePolicy(policy: PolicyRow, schema: CompiledSchema): CompiledPolicy {
  const faults: PolicyFault[] = []
  const place = `policies/${policy.id}`
  const report: Report = (part, fault) => faults.push({ place: `${place}/${part}`, ...fault })
  const hasRole = checkRole(policy, schema, report)
  const entity = findEntity(policy, schema, report)
  if (!entity) return { rule: null, faults }
  const fields = resolveFields(policy, entity, report)
  const where = compilePart('where', policy, schema, report)
  const check = compileCheck(policy, schema, report)
  const { role, action, effect } = policy
  if (faults.length === 0) {
    const parts = { ...(where && { where }), ...(fields && { fields }), ...(check && { check }) }
    return { rule: { role, action, effect, ...parts, place }, faults }
  }
  return { rule: effect === 'deny' && hasRole ? { role, action, effect, place } : null, faults }
}

function checkRole({ role }: PolicyRow, { roles }: CompiledSchema, report: Report): boolean {
  if (Object.hasOwn(roles, role)) return true
  const hint = didYouMean(role, Object.keys(roles)) ?? `the schema declares it: \`roles: { ${role}: {} }\``
  report('role', { code: 'UNKNOWN_ROLE', message: `there is no role \`${role}\``, hint })
  return false
}

function findEntity(policy: PolicyRow, { name, entities }: CompiledSchema, report: Report): CompiledEntity | null {
  const found = Object.hasOwn(entities, policy.entity) ? entities[policy.entity] : undefined
  if (found) return found
  const hint = didYouMean(policy.entity, Object.keys(entities))
  report('entity', {
    code: 'UNKNOWN_ENTITY',
    message: `\`${name}\` has no entity \`${policy.entity}\``,
    ...(hint !== undefined && { hint }),
  })
  return null
}

function compileCheck(policy: PolicyRow, schema: CompiledSchema, report: Report): CompiledExpression | null {
  const { action, effect, check } = policy
  if (check === null) return null
  const isWrite = action === 'create' || action === 'update'
  if (isWrite && effect === 'allow') return compilePart('check', policy, schema, report)
  const message = isWrite
    ? '`check` says what a write that is allowed must come to, and this policy forbids'
    : `\`check\` judges what is written, and a ${action} writes nothing`
  report('check', { code: 'NOT_APPLICABLE', message, hint: 'say `where`' })
  return null
}

function compilePart(
  part: 'where' | 'check',
  policy: PolicyRow,
  schema: CompiledSchema,
  report: Report,
): CompiledExpression | null {
  const { entities } = schema
  const source = policy[part]
  if (source === null) return null
  try {
    const compiled = compileOnce(schema, policy.entity, part === 'where' ? 'row_rule' : 'check', source)
    if (extentOf(compiled, policy.entity, entities, new Map()).nodes <= NODES_MAX) return compiled
    const message = `with the computed fields it reads written out, it has more than ${NODES_MAX} parts`
    report(part, { code: 'EXPRESSION_TOO_LARGE', message })
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error
    const { code, message, hint, line, column } = error
    report(part, { code, message, ...(hint !== null && { hint }), line, column })
  }
  return null
}

/** By schema, use, entity and text: of a tenant's policies most are as they were, and tenants write the same ones. */
const compiledBefore = new WeakMap<CompiledSchema, Map<string, CompiledExpression>>()
/** Of one schema. */
const KEPT_MAX = 2000

function compileOnce(
  schema: CompiledSchema,
  entity: string,
  use: 'row_rule' | 'check',
  source: string,
): CompiledExpression {
  const kept = compiledBefore.get(schema) ?? new Map<string, CompiledExpression>()
  compiledBefore.set(schema, kept)
  const key = `${use} ${entity} ${source}`
  const known = kept.get(key)
  if (known) return known
  const compiled = compileExpression(source, { entities: schema.entities, entity, use, expects: 'bool' })
  if (kept.size >= KEPT_MAX) kept.clear()
  kept.set(key, compiled)
  return compiled
}
