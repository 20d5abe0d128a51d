/** What who asks may be told: an admin all, others what they know of their own rights. */
import type { CompiledEntity, CompiledExpression, CompiledSchema, Expression, Principal } from '@backsaas/core'
import { childrenOf } from '@backsaas/core/expression'
import { holdsAdmin } from '../access/holds-admin.ts'
import { isKnown } from '../access/view.ts'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { unknownColumn } from '../dialect/dialect-errors.ts'
import { runtimeError } from '../errors/error-catalogue.ts'
import type { FunctionRequest } from '../functions/function-request.ts'
import type { Question } from './question.ts'

export interface Asker {
  /** Whether everything may be told, of everybody. */
  readonly isAdmin: boolean
  /** What the question may name. */
  readonly known: CompiledSchema
  /** A field of the key that the asker does not see, of an entity that it sees something of: it cannot name rows by it. */
  hiddenKey(entity: CompiledEntity): string | null
  /** Whether an expression may be shown: it reads nothing that the asker can never see. */
  mayRead(expression: CompiledExpression, entity: string): boolean
  /** Whether what it comes to for a row may be told: it reads nothing of the row that the asker does not see. */
  mayLearn(expression: CompiledExpression, entity: string): boolean
}

/** @example const asker = createAsker(request); const question = readQuestion(body, type, asker.known) */
export function createAsker({
  schema,
  open,
  principal,
}: Pick<FunctionRequest, 'schema' | 'open' | 'principal'>): Asker {
  if (holdsAdmin(principal.roles, open.compiled))
    return { isAdmin: true, known: open.served, hiddenKey: () => null, mayRead: () => true, mayLearn: () => true }
  const all = schema.access?.entities
  const sees = (entity: string, field: string): boolean => all?.[entity]?.read?.fields.has(field) === true
  return {
    isAdmin: false,
    known: knownPart(schema, open),
    hiddenKey: ({ name, key }) => (all?.[name]?.read && key.find((field) => !sees(name, field))) ?? null,
    mayRead: ({ reads, tree }, own) =>
      reads.every(({ entity, field }) => sees(entity, field)) &&
      relationsIn(tree).every((name) => Object.hasOwn(schema.served.entities[own]?.relations ?? {}, name)),
    mayLearn: ({ reads, tree }, own) =>
      relationsIn(tree).length === 0 &&
      reads.every(({ entity, field }) => entity === own && all?.[own]?.read?.fields.get(field)?.length === 0),
  }
}

function relationsIn(tree: Expression): readonly string[] {
  const own = tree.node === 'related' || tree.node === 'relation' ? [tree.relation] : []
  return [...own, ...childrenOf(tree).flatMap(relationsIn)]
}

/**
 * @throws `42703` (400) for a row by a key that the caller does not see; `42501` (403; `AUTH_REQUIRED`, 401, for an anonymous caller) where it is about somebody else, or about a row that is
 *   made up, which could be asked to find out what is in others.
 */
export function refuseOthers(
  { isAdmin, hiddenKey }: Asker,
  { principal, row, entity }: Question,
  caller: Principal,
): void {
  if (isAdmin) return
  const unseen = row && hiddenKey(entity)
  if (unseen) throw unknownColumn(entity.name, unseen, null)
  const hint = 'An admin of the schema may; everybody may ask about themselves, and about rows by their key.'
  if (principal && !isSame(principal, caller))
    throw refusal(caller, 'permission denied to explain the access of others', hint)
  if (row && 'values' in row) throw refusal(caller, 'permission denied to explain the access to a row of values', hint)
}

function isSame(asked: NonNullable<Question['principal']>, caller: Principal): boolean {
  const { id = caller.id, kind = caller.kind, roles = caller.roles, email = caller.email } = asked
  const sameRoles =
    roles.every((role) => caller.roles.includes(role)) && caller.roles.every((role) => roles.includes(role))
  return sameRoles && id === caller.id && kind === caller.kind && email === caller.email
}

function refusal({ kind }: Principal, message: string, hint: string): Error {
  if (kind !== 'anonymous') return runtimeError('42501', message, { hint })
  return runtimeError('AUTH_REQUIRED', message, { hint, headers: { 'www-authenticate': 'Bearer realm="backsaas"' } })
}

/** The fields that the caller can see or give. */
function knownPart({ access }: BoundSchema, { served }: BoundSchema): CompiledSchema {
  const entities = Object.values(served.entities).map((entity) => {
    const fields = Object.entries(entity.fields).filter(([name]) => access && isKnown(access, entity.name, name))
    return [entity.name, { ...entity, fields: Object.fromEntries(fields) }] as const
  })
  return { ...served, entities: Object.assign(Object.create(null), Object.fromEntries(entities)) }
}
