/** Flattens `access:` to rules, and checks the roles, fields and expressions that they name. */
import type { AccessRule } from '../contracts/access.ts'
import type { Action } from '../contracts/action.ts'
import type { CompiledExpression } from '../contracts/expression.ts'
import { ACTIONS, type DenyRuleDocument, type RoleRulesDocument, type RuleDocument } from './access-document.ts'
import { reportUnknownField } from './check-sets.ts'
import type { Draft, EntityDraft } from './draft.ts'
import type { Expressions } from './expressions.ts'
import { didYouMean } from './nearest-name.ts'
import { type Path, toPointer } from './path.ts'

/** Each may list every field there is. */
const RULES_MAX = 500

/** A rule in the document: what a role may do, or under `deny` what it may not. */
interface Site {
  readonly draft: Draft
  readonly entity: EntityDraft
  readonly expressions: Expressions
  readonly role: string
  readonly action: Action
  readonly effect: AccessRule['effect']
  readonly path: Path
}

/**
 * The rules of an entity in the order of the document; undefined where it has no `access`. Needs `resolveExpressions`.
 *
 * `true` allows all; `false` forbids all, also what is inherited; `except` becomes the fields that are left.
 */
export function resolveAccess(
  draft: Draft,
  entity: EntityDraft,
  expressions: Expressions,
): readonly AccessRule[] | undefined {
  const { access } = entity.document
  if (access === undefined) return undefined
  const rules = Object.entries(access).flatMap(([role, document]) => {
    const path = [...entity.path, 'access', role]
    checkRole(draft, role, path)
    return resolveRole({ draft, entity, expressions, role }, document, path)
  })
  if (rules.length > RULES_MAX) {
    const message = `an entity has at most ${RULES_MAX} rules`
    draft.problems.report({ path: [...entity.path, 'access'], at: 'key', code: 'TOO_MANY_RULES', message })
  }
  return rules
}

function checkRole({ document, problems }: Draft, role: string, path: Path): void {
  const roles = Object.keys(document.roles ?? {})
  if (roles.includes(role)) return
  const hint = (): string => didYouMean(role, roles) ?? `declare it at the top: \`roles: { ${role}: {} }\``
  problems.report({ path, at: 'key', code: 'UNKNOWN_ROLE', message: `there is no role \`${role}\``, hint })
}

function resolveRole(
  of: Pick<Site, 'draft' | 'entity' | 'expressions' | 'role'>,
  document: RoleRulesDocument,
  path: Path,
): readonly AccessRule[] {
  return ACTIONS.flatMap((action) => {
    const rule = document[action]
    const denial = document.deny?.[action]
    const site: Site = { ...of, action, effect: 'allow', path: [...path, action] }
    const denied: Site = { ...of, action, effect: 'deny', path: [...path, 'deny', action] }
    if (denial === true && rule !== undefined) reportContradiction(denied, rule)
    return [
      ...(rule === undefined ? [] : typeof rule === 'boolean' ? [plain(site, rule)] : resolveRule(site, rule)),
      ...(denial === undefined ? [] : denial === true ? [plain(denied, false)] : resolveRule(denied, denial)),
    ]
  })
}

function reportContradiction({ draft, action, path }: Site, rule: boolean | RuleDocument): void {
  const message =
    rule === false
      ? `\`${action}: false\` forbids it already`
      : `\`deny\` forbids every ${action}, so that \`${action}\` allows nothing`
  draft.problems.report({ path, at: 'key', code: 'CONTRADICTION', message, hint: 'remove one of them' })
}

function plain({ role, action, path }: Site, allow: boolean): AccessRule {
  return { role, action, effect: allow ? 'allow' : 'deny', place: toPointer(path) }
}

function resolveRule(site: Site, document: RuleDocument & DenyRuleDocument): readonly AccessRule[] {
  const { draft, role, action, effect, path } = site
  if (Object.keys(document).length === 0) {
    const hint = effect === 'deny' ? 'say `true`' : 'say `true` to allow it, or `false` to forbid it'
    draft.problems.report({ path, code: 'EMPTY_RULE', message: 'a rule without any part says nothing', hint })
    return []
  }
  const fields = resolveFields(site, document)
  const where = resolvePredicate(site, 'where', document.where)
  const check = resolvePredicate(site, 'check', document.check)
  return [
    {
      role,
      action,
      effect,
      ...(where && { where }),
      ...(fields && { fields }),
      ...(check && { check }),
      place: toPointer(path),
    },
  ]
}

function resolvePredicate(site: Site, part: 'where' | 'check', source: string | undefined): CompiledExpression | null {
  const { draft, entity, expressions, action } = site
  if (source === undefined) return null
  const path = [...site.path, part]
  if (part === 'check' && action !== 'create' && action !== 'update') {
    const message = `\`check\` judges what is written, and a ${action} writes nothing`
    draft.problems.report({ path, at: 'key', code: 'NOT_APPLICABLE', message, hint: 'say `where`' })
  }
  return expressions.compile({ source, path, entity, use: part === 'where' ? 'row_rule' : 'check', expects: 'bool' })
}

/** In the order of the entity; undefined where the rule holds for all. */
function resolveFields(site: Site, { fields, except }: RuleDocument): readonly string[] | undefined {
  const { draft, entity, action, effect, path } = site
  const report = (option: string, code: string, message: string, hint?: string): void =>
    draft.problems.report({ path: [...path, option], at: 'key', code, message, hint })
  const listed = fields ?? except
  if (!listed) return undefined
  const option = fields ? 'fields' : 'except'
  if (fields && except) report('except', 'CONTRADICTION', 'a rule has `fields` or `except`, not both')
  if (action === 'delete') {
    report(option, 'NOT_APPLICABLE', 'a row is deleted as a whole, with all of its fields')
    return undefined
  }
  if (listed.length === 0) report(option, 'EMPTY_LIST', `\`${option}\` names one field or more`)
  checkNames(site, option, listed)
  const isWrite = action !== 'read'
  const all = [...entity.fields.values()].filter((field) => !isWrite || effect === 'deny' || field.writable)
  const named = new Set(listed)
  const left = all.map((field) => field.name).filter((name) => named.has(name) === (option === 'fields'))
  if (option === 'except' && left.length === 0 && entity.sound && all.length > 0) {
    report(option, 'EMPTY_LIST', '`except` leaves no field', 'say `false` to forbid it')
  }
  return left
}

function checkNames({ draft, entity, action, effect, path }: Site, option: string, names: readonly string[]): void {
  const seen = new Set<string>()
  names.forEach((name, index) => {
    const place = [...path, option, index]
    const field = entity.fields.get(name)
    if (seen.size === seen.add(name).size) {
      draft.problems.report({ path: place, code: 'DUPLICATE_FIELD', message: `\`${name}\` stands here twice` })
    } else if (field && !field.writable && action !== 'read' && effect === 'allow' && option === 'fields') {
      const whose = field.computed ? 'is computed' : 'is written by the platform alone'
      const message = `\`${name}\` ${whose}, so that no rule can allow to ${action} it`
      draft.problems.report({ path: place, code: 'NOT_APPLICABLE', message, hint: 'remove it' })
    } else reportUnknownField(entity, name, place, draft.problems)
  })
}
