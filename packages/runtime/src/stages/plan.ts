/** Operation → the statements to run: rendered once per shape, filled with this request's values. */
import {
  ACTOR_SETTING,
  arrayText,
  invariant,
  isUuid,
  type Operation,
  PLATFORM_PLACEMENT_ID,
  type Principal,
  REFUSED,
  type Statement,
  uuidv7,
} from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { ParamSource, RenderedStatement } from '../binding/rendered-statement.ts'
import { ENTER_STATEMENT, planDelete, planUpdate } from '../planner/plan-change.ts'
import { planInsert } from '../planner/plan-insert.ts'
import { planRead } from '../planner/plan-read.ts'

/**
 * @returns one statement for a read or a create, `enter` and the statement for an update or a delete, and between them
 *   the time zone where one is asked for; an update that names no column reads its item, or nothing.
 */
export function plan(
  schema: BoundSchema,
  operation: Operation,
  tenantId: string,
  principal: Principal | null,
  origin: Origin = NO_ORIGIN,
): readonly Statement[] {
  if (!changesNothing(operation)) return planAsked(schema, operation, tenantId, principal, origin)
  // An item is read, to tell whether it is there; of a collection nothing is changed.
  return operation.item
    ? planAsked(schema, { ...operation, action: 'read', count: 'none' }, tenantId, principal, origin)
    : []
}

function changesNothing({ action, input }: Operation): boolean {
  return action === 'update' && input?.columns.length === 0
}

function planAsked(
  schema: BoundSchema,
  operation: Operation,
  tenantId: string,
  principal: Principal | null,
  origin: Origin,
): readonly Statement[] {
  let rendered = schema.statements.get(operation)
  if (!rendered) {
    rendered = renderFor(schema, operation)
    schema.statements.set(operation, rendered)
  }
  const values: Values = { schema, operation, tenantId, principal, origin }
  const statement = fill(rendered, values)
  const zone = timeZone(operation)
  const undo = operation.rollback ? [UNDO] : []
  const before = [...zone, ...actor(values), ...(operation.told ?? [])]
  return operation.action === 'update' || operation.action === 'delete' || before.length > 0
    ? [fill(ENTER_STATEMENT, values), ...before, statement, ...undo]
    : [statement, ...undo]
}

/** Who changes the platform's rows stands in its log: triggers ask the transaction for it. */
function actor({ schema, operation, principal }: Values): readonly Statement[] {
  if (schema.placementId !== PLATFORM_PLACEMENT_ID || operation.action === 'read') return []
  const { kind, id } = principal ?? { kind: 'runtime', id: 'runtime' }
  return [{ text: `select set_config('${ACTOR_SETTING}', $1, true)`, params: [JSON.stringify({ kind, id })] }]
}

/** Undoes the transaction once every constraint has had its say; the answer that was kept comes back in the error. */
const UNDO: Statement = {
  text: `select backsaas.refuse('${REFUSED.rollback}', current_setting('backsaas.answer'))`,
  params: [],
}

/** Times are written in the zone of the transaction. */
function timeZone({ timeZone, params }: Operation): readonly Statement[] {
  if (timeZone === undefined) return []
  const name = params[timeZone]
  invariant(name, 'a time zone without a name')
  return [{ text: "select set_config('timezone', $1, true)", params: [name] }]
}

export interface Values {
  readonly schema: BoundSchema
  readonly operation: Operation
  readonly tenantId: string
  readonly principal: Principal | null
  readonly origin?: Origin
}

/** What is noted of the request beside the work that it queues. */
export interface Origin {
  readonly requestId: string
  readonly depth: number
  readonly profile: string
}

const NO_ORIGIN: Origin = { requestId: '', depth: 0, profile: '' }

function renderFor(schema: BoundSchema, operation: Operation): RenderedStatement {
  switch (operation.action) {
    case 'read':
      return planRead(schema, operation)
    case 'create':
      return planInsert(schema, operation)
    case 'update':
      return planUpdate(schema, operation)
    case 'delete':
      return planDelete(schema, operation)
  }
}

/** The statement with the values of one request. */
export function fill(rendered: RenderedStatement, values: Values): Statement {
  return { text: rendered.text, params: rendered.params.map((source) => readSource(source, values)) }
}

function readSource(source: ParamSource, values: Values): string | null {
  const { schema, operation, tenantId, principal, origin = NO_ORIGIN } = values
  if (typeof source === 'number') {
    const value = operation.params[source]
    invariant(value !== undefined, `the operation has no param ${source}`)
    return value
  }
  if (source === 'tenant') return tenantId
  if (source === 'placement') return schema.placementId
  if (source === 'version') return String(schema.version)
  if (source === 'principal') return principal?.id ?? null
  if (source.startsWith('user:')) return readVariable(source.slice('user:'.length), principal, tenantId)
  if (source === 'request') return origin.requestId
  if (source === 'depth') return String(origin.depth)
  if (source === 'profile') return origin.profile
  if (source === 'caller') return JSON.stringify(principal)
  if (source === 'seen') return JSON.stringify(operation.seen ?? [])
  const { input } = operation
  invariant(input, 'an input is planned that is not there')
  if (source === 'input') return inputText(operation)
  return arrayText(input.rows.map(() => uuidv7()))
}

/** What rules know of who asks, as text; with `:uuid` null where it is none, so that no rule fails on it. */
function readVariable(name: string, principal: Principal | null, tenantId: string): string | null {
  const asUuid = name.endsWith(':uuid')
  const text = variableText(asUuid ? name.slice(0, -':uuid'.length) : name, principal, tenantId)
  return asUuid && (text === null || !isUuid(text)) ? null : text
}

function variableText(name: string, principal: Principal | null, tenantId: string): string | null {
  if (name === 'tenant.id') return tenantId
  if (principal === null) return null
  if (name === 'tenant.slug') return principal.tenant
  if (name === 'current_user.id') return principal.id
  if (name === 'current_user.kind') return principal.kind
  if (name === 'current_user.email') return principal.email ?? null
  if (name === 'current_user.roles') return arrayText(principal.roles)
  invariant(false, `nothing is known as ${name}`)
  return null
}

/** The body as it came where nobody changed it: numbers keep every digit. */
function inputText({ action, input, seen }: Operation): string {
  invariant(input, 'an input is planned that is not there')
  if (seen) return JSON.stringify(seen.map((mark, at) => ({ ...(input.rows[at] ?? input.rows[0]), ...mark })))
  return input.text ?? JSON.stringify(action === 'update' ? input.rows[0] : input.rows)
}
