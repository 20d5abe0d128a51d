/** Why something is allowed or denied, in a sentence. */
import type { AccessRule, Principal } from '@backsaas/core'
import type { Evaluation } from './evaluate.ts'
import type { Question } from './question.ts'
import { isDenial, type Outcome } from './try-operation.ts'

/** What is known of a rule, beside what it says. */
export interface JudgedRule {
  readonly rule: AccessRule
  readonly holds: boolean | null
}

/** Of a schema with rules, and an action that some rule lets the caller do. */
export function reasonOf(
  question: Question,
  rules: readonly JudgedRule[],
  evaluation: Evaluation | null,
  outcome: Outcome | null,
  isAllowed: boolean,
): string {
  const { row, action } = question
  if (outcome && outcome.status >= 300 && !isDenial(outcome))
    return `the rules aside, the request is refused: ${outcome.code} ${outcome.message}`
  if (row && !evaluation) return 'there is no such row'
  if (evaluation && !evaluation.isSeen) return 'the caller does not see the row'
  if (isAllowed) return allowedBy(question, rules, evaluation !== null, outcome)
  const forbidding = rules.filter(({ rule, holds }) => rule.effect === 'deny' && holds === true)
  if (forbidding.length > 0) return `it is forbidden by ${placesOf(forbidding)}`
  if (outcome?.code === 'PGRST204' || outcome?.code === 'FIELD_NOT_WRITABLE') return String(outcome.message)
  if (evaluation?.isAllowed && outcome) return `the request is refused: ${outcome.code} ${outcome.message}`
  return `no rule lets the caller ${action} this row${question.fields || question.input ? ' with these fields' : ''}`
}

function allowedBy(
  question: Question,
  rules: readonly JudgedRule[],
  isJudged: boolean,
  outcome: Outcome | null,
): string {
  const granting = rules.filter(({ rule }) => rule.effect === 'allow')
  const holding = granting.filter(({ holds }) => holds === true)
  const done = outcome && question.action !== 'read' ? '; it was done, and undone' : ''
  if (holding.length > 0) return `it is allowed by ${placesOf(holding)}${done}`
  if (isJudged) return `it is allowed by ${placesOf(granting)}, as far as the row decides${done}`
  return `it is allowed for rows that satisfy ${placesOf(granting)}`
}

/** Where no rule lets the caller do the action, whatever the row. */
export function deniedReason(
  { action, entity }: Question,
  { roles }: Principal,
  rules: readonly AccessRule[],
  isBlind: boolean,
): string {
  const forbidding = rules.filter((rule) => rule.effect === 'deny' && !rule.where && !rule.fields)
  if (forbidding.length > 0) return `it is forbidden by ${placesOf(forbidding.map((rule) => ({ rule, holds: true })))}`
  const who = roles.length === 0 ? 'a caller without roles' : roles.map((role) => `"${role}"`).join(', ')
  const verb = isBlind ? 'read' : action
  return `no rule lets ${who} ${verb} ${entity.name}${isBlind ? ', and rows are chosen by what is seen of them' : ''}`
}

function placesOf(rules: readonly JudgedRule[]): string {
  const shown = rules.slice(0, 5).map(({ rule }) => rule.place)
  return `${shown.join(', ')}${rules.length > shown.length ? ` and ${rules.length - shown.length} more` : ''}`
}
