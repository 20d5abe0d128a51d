/** `explain_access`: whether a caller may do something, and which rules decide that. */
import { type AccessRule, type Json, type JsonObject, PLATFORM_PLACEMENT_ID, type Principal } from '@backsaas/core'
import { holdsAdmin } from '../access/holds-admin.ts'
import type { BoundSchema } from '../binding/bound-schema.ts'
import type { BuiltInFunction, FunctionRequest } from '../functions/function-request.ts'
import { readBody } from '../http/read-body.ts'
import { may } from '../stages/authorize.ts'
import { type Asker, createAsker, refuseOthers } from './asker.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import { fieldStandings, type Standing } from './field-standing.ts'
import { predicateText } from './predicate-text.ts'
import { columnsOf, type Question } from './question.ts'
import { readQuestion } from './read-question.ts'
import { deniedReason, reasonOf } from './reason.ts'
import { rulesOf } from './rules-of.ts'
import { isDenial, type Outcome, tryOperation } from './try-operation.ts'

/** What is found out about a question. */
interface Findings {
  readonly rules: readonly AccessRule[]
  readonly standings: Readonly<Record<string, Standing>>
  readonly evaluation: Evaluation | null
  readonly outcome: Outcome | null
  readonly isAllowed: boolean
  readonly reason: string
}

/**
 * @throws `42501` (403) for a question about others by who is no admin; what `readQuestion` throws.
 * @example
 * await explainAccess(request) // body {"action":"read","entity":"contacts","row":"018f…"}
 * // body: { decision: 'allow', reason, rules: [{ place, effect, role, where, fields, check, holds }], sql, fields, row, outcome }
 */
export const explainAccess: BuiltInFunction = async (request) => {
  const asker = createAsker(request)
  const body = await readBody(request.request, request.limits.bodyBytes)
  const question = readQuestion(body, request.request.headers.get('content-type'), asker.known)
  refuseOthers(asker, question, request.principal)
  const principal = principalOf(asker, question, request.principal)
  const view = principal === request.principal ? request.schema : await request.viewOf(principal)
  const findings = await find(request, asker, view, principal, question)
  return { status: 200, body: shown(asker, view, principal, question, findings) }
}

/** Whoever is not named in full is nobody in particular. */
function principalOf({ isAdmin }: Asker, { principal: asked }: Question, caller: Principal): Principal {
  return asked && isAdmin ? { tenant: caller.tenant, id: '', kind: 'user', roles: [], ...asked } : caller
}

async function find(
  request: FunctionRequest,
  asker: Asker,
  view: BoundSchema,
  principal: Principal,
  question: Question,
): Promise<Findings> {
  const { action, entity } = question
  const access = view.access?.entities[entity.name] ?? null
  const isOpen = view.access === null && holdsAdmin(principal.roles, view.compiled) && !isReadOnly(view, question)
  const rules = view.access ? rulesOf(view.access, principal.roles, entity.name, action) : []
  const standings = fieldStandings(action, entity, access, isOpen)
  const found = { rules, standings, evaluation: null, outcome: null }
  if (view.access === null && !isOpen) return { ...found, isAllowed: false, reason: CLOSED }
  if (access && !may(access, action)) {
    const isBlind = action !== 'create' && access.read === null && action !== 'read'
    return { ...found, isAllowed: false, reason: deniedReason(question, principal, rules, isBlind) }
  }
  const outcome = await tryOperation(request, view, principal, question)
  const evaluation = await evaluated(request, asker, view, principal, question, rules, outcome)
  const isAllowed = decide(question, standings, evaluation, outcome)
  const judged = rules.map((rule, i) => ({ rule, holds: holdsOf(asker, question, rule, evaluation?.holds[i]) }))
  const never =
    action === 'delete' ? [] : columnsOf(question).filter((field) => (standings[field] ?? 'never') === 'never')
  const reason =
    never.length > 0 && !isAllowed
      ? `no rule lets the caller ${action === 'read' ? 'see' : 'give'} ${never.join(', ')}`
      : view.access === null
        ? openReason(outcome, isAllowed)
        : reasonOf(question, judged, evaluation, outcome, isAllowed)
  return { rules, standings, evaluation, outcome, isAllowed, reason }
}

const CLOSED = 'the schema has no access rules, so it is open to the role "admin" only, and the registry to reading'

function openReason(outcome: Outcome | null, isAllowed: boolean): string {
  if (isAllowed) return 'the schema has no access rules, so it is open to the role "admin"'
  return outcome ? `the request is refused: ${outcome.code} ${outcome.message}` : 'there is no such row'
}

function isReadOnly({ placementId }: BoundSchema, { action }: Question): boolean {
  return placementId === PLATFORM_PLACEMENT_ID && action !== 'read'
}

/** Null where there is no row to ask of, or none that the asker may be told of. */
async function evaluated(
  request: FunctionRequest,
  asker: Asker,
  view: BoundSchema,
  principal: Principal,
  question: Question,
  rules: readonly AccessRule[],
  outcome: Outcome | null,
): Promise<Evaluation | null> {
  if (question.action === 'create' ? !question.input : !question.row) return null
  // What is given is no value of its field: the rules were not asked.
  if (outcome && outcome.status >= 400 && !isDenial(outcome)) return null
  const evaluation = await evaluate(request, view, principal, question, rules, !asker.isAdmin)
  return evaluation && (asker.isAdmin || evaluation.isSeen) ? evaluation : null
}

function decide(
  { action, row, fields, input }: Question,
  standings: Findings['standings'],
  evaluation: Evaluation | null,
  outcome: Outcome | null,
): boolean {
  if (outcome && outcome.status >= 300) return false
  const asked = fields ?? (action === 'update' && input ? Object.keys(input) : [])
  if (asked.some((field) => (standings[field] ?? 'never') === 'never')) return false
  if (outcome && !fields) return true
  return evaluation ? evaluation.isAllowed : row === null
}

/** Without conditions it holds of every row; with some, of the row that they were asked of. */
function holdsOf(
  asker: Asker,
  { entity }: Question,
  { where, check }: AccessRule,
  holds: boolean | null | undefined,
): boolean | null {
  if (!where && !check) return true
  const isTold = [where, check].every((expression) => !expression || asker.mayLearn(expression, entity.name))
  return isTold ? (holds ?? null) : null
}

function shown(
  asker: Asker,
  view: BoundSchema,
  principal: Principal,
  question: Question,
  { rules, standings, evaluation, outcome, isAllowed, reason }: Findings,
): JsonObject {
  const { action, entity, fields, row, input } = question
  const known = (field: string): boolean => Object.hasOwn(entity.fields, field)
  const faults = asker.isAdmin ? (view.access?.decisions.faults ?? []) : []
  const undeclared = principal.roles.filter((role) => !Object.hasOwn(view.compiled.roles, role) && role !== 'admin')
  return {
    decision: isAllowed ? 'allow' : 'deny',
    reason: undeclared.length > 0 ? `${reason} (the schema declares no role ${undeclared.join(', ')})` : reason,
    rules: rules.map((rule, i) => shownRule(asker, question, rule, evaluation?.holds[i], known)),
    sql: shownSql(asker, view, principal, question),
    fields: Object.fromEntries(Object.entries(standings).filter(([name]) => !fields || fields.includes(name))),
    row:
      row || input
        ? evaluation && action !== 'create'
          ? { seen: evaluation.isSeen, fields: evaluation.fields }
          : null
        : null,
    outcome: outcome && { ...outcome },
    ...(faults.length > 0 ? { faults: faults as unknown as Json } : {}), // plain data, as the contract says
  }
}

function shownRule(
  asker: Asker,
  question: Question,
  rule: AccessRule,
  holds: boolean | null | undefined,
  known: (field: string) => boolean,
): JsonObject {
  const { place, effect, role, where, check, fields } = rule
  const isHidden = [where, check].some((expression) => expression && !asker.mayRead(expression, question.entity.name))
  return {
    place,
    effect,
    role,
    where: (!isHidden && where?.source) || null,
    fields: fields ? fields.filter(known) : null,
    check: (!isHidden && check?.source) || null,
    ...(isHidden ? { hidden: true } : {}),
    holds: holdsOf(asker, question, rule, holds),
  }
}

/** Null where it would tell of what the asker may not know. */
function shownSql(asker: Asker, view: BoundSchema, principal: Principal, question: Question): string | null {
  const { action, entity, input } = question
  const { access } = view
  if (access === null) return String(holdsAdmin(principal.roles, view.compiled) && !isReadOnly(view, question))
  const actions = action === 'create' || action === 'read' ? [action] : (['read', action] as const)
  const rules = actions.flatMap((one) => rulesOf(access, principal.roles, entity.name, one))
  const expressions = rules.flatMap(({ where, check }) => [where ?? [], check ?? []].flat())
  if (!expressions.every((expression) => asker.mayRead(expression, entity.name))) return null
  return predicateText(
    view,
    entity.name,
    action,
    columnsOf(question),
    action === 'update' && input ? Object.keys(input) : null,
  )
}
