/** Compiles `hooks:` of an entity: which functions run at which moment, their parameters and conditions checked. */
import type { CompiledField } from '../contracts/compiled.ts'
import type { CompiledExpression, Expression } from '../contracts/expression.ts'
import type { FunctionDefinition, FunctionPlace } from '../contracts/function.ts'
import type { CompiledHook, CompiledHooks } from '../contracts/hook.ts'
import type { Json } from '../contracts/json.ts'
import { MOMENTS, type Moment } from '../contracts/moment.ts'
import { childrenOf } from '../expression/may-raise.ts'
import { checkParameters } from './check-parameters.ts'
import { reportUnknownField } from './check-sets.ts'
import type { Draft, EntityDraft } from './draft.ts'
import type { Expressions } from './expressions.ts'
import type { FunctionCatalogue } from './function-catalogue.ts'
import type { HookDocument } from './hooks-document.ts'
import type { Path } from './path.ts'

/** Of one moment: each runs for every row. */
const HOOKS_MAX = 50

/** A use of a function in the document. */
interface Site {
  readonly draft: Draft
  readonly entity: EntityDraft
  readonly definition: FunctionDefinition
  readonly document: HookDocument
  readonly moment: Moment
  readonly path: Path
}

/** In the order of the document; undefined where there are none. Needs `resolveExpressions`. */
export function resolveHooks(
  draft: Draft,
  entity: EntityDraft,
  expressions: Expressions,
  catalogue: FunctionCatalogue,
): CompiledHooks | undefined {
  const { hooks } = entity.document
  if (!hooks) return undefined
  const compiled = MOMENTS.flatMap((moment) => {
    const path = [...entity.path, 'hooks', moment]
    const list = hooks[moment]
    if (!list) return []
    if (list.length > HOOKS_MAX) {
      const message = `a moment has at most ${HOOKS_MAX} hooks`
      draft.problems.report({ path, at: 'key', code: 'TOO_MANY_HOOKS', message })
      return []
    }
    const found = list.flatMap((document, index) => {
      const place = [...path, index]
      const definition = catalogue.find(document.use, [...place, 'use'], 'value')
      if (!definition) return []
      const hook = resolveHook({ draft, entity, definition, document, moment, path: place }, expressions)
      return hook ? [hook] : []
    })
    return found.length > 0 ? [[moment, found] as const] : []
  })
  return compiled.length > 0 ? Object.fromEntries(compiled) : undefined
}

function resolveHook(site: Site, expressions: Expressions): CompiledHook | null {
  const { definition, document, draft, path, moment } = site
  if (!checkMoment(site) || !checkField(site)) return null
  const what = `the parameters of \`${definition.name}\``
  const params = checkParameters(
    document.with ?? {},
    definition.params,
    { path: [...path, 'with'], what },
    draft.problems,
  )
  if (params === undefined) return null
  checkPlace(site, params)
  const when = resolveCondition(site, expressions)
  if (when === null) return null
  const { use, on } = document
  const isOld =
    moment === 'before_delete' ||
    (moment === 'before_update' && (definition.old === true || (when !== undefined && asksOld(when.tree)))) ||
    (moment === 'after_update' && (definition.old === true || (when !== undefined && asksChanged(when.tree))))
  return { use, ...(on !== undefined && { on }), params, ...(when && { when }), ...(isOld && { old: true }) }
}

/** Whether the function can do anything at that moment. */
function checkMoment({ definition, draft, moment, path }: Site): boolean {
  const moments: readonly Moment[] =
    definition.kind === 'hook' ? definition.moments : ['before_create', 'before_update', 'before_delete']
  const isValue = definition.kind === 'transform' || definition.kind === 'compute'
  if (moments.includes(moment) && !(isValue && moment === 'before_delete')) return true
  const message = `\`${definition.name}\` does nothing at \`${moment}\``
  const hint = `use it at ${moments.filter((one) => !isValue || one !== 'before_delete').join(', ')}`
  draft.problems.report({ path: [...path, 'use'], code: 'NOT_APPLICABLE', message, hint })
  return false
}

/** Whether it is about a field where it must be, one that it can read and write. */
function checkField({ draft, entity, definition, document, path }: Site): boolean {
  const { on } = document
  const say = (code: string, message: string, hint?: string): false => {
    const place = on === undefined ? path : [...path, 'on']
    draft.problems.report({ path: place, code, message, hint })
    return false
  }
  if (definition.kind === 'hook') {
    if (on === undefined) return true
    return say('NOT_APPLICABLE', `\`${definition.name}\` is about the whole row`, 'remove `on`')
  }
  if (on === undefined) return say('MISSING_KEY', `\`${definition.name}\` is about a field: say which \`on\``)
  const field = entity.fields.get(on)
  if (!field) {
    reportUnknownField(entity, on, [...path, 'on'], draft.problems)
    return false
  }
  if (!field.writable || field.computed) return say('NOT_APPLICABLE', `\`${on}\` is not written by anybody`)
  return checkType(definition, field, say)
}

function checkType(
  definition: Exclude<FunctionDefinition, { kind: 'hook' }>,
  { name, type, list }: CompiledField,
  say: (code: string, message: string, hint?: string) => false,
): boolean {
  const { fields } = definition
  if (list) return say('NOT_APPLICABLE', `\`${definition.name}\` works on one value, and \`${name}\` is a list`)
  if (!fields || fields.includes(type)) return true
  return say('NOT_APPLICABLE', `\`${definition.name}\` works on ${fields.join(', ')}, and \`${name}\` is ${type}`)
}

/** What of the parameters depends on the entity. */
function checkPlace({ draft, entity, definition, document, path }: Site, params: Json): void {
  const entities = Object.fromEntries(
    [...draft.entities.values()].map((one) => [
      one.name,
      Object.fromEntries([...one.fields.values()].map((field) => [field.name, field.type])),
    ]),
  )
  const place: FunctionPlace = { entity: entity.name, field: document.on ?? null, entities }
  for (const { path: inner, message, hint } of definition.check?.(params, place) ?? [])
    draft.problems.report({ path: [...path, 'with', ...inner], code: 'WRONG_PARAMETER', message, hint })
}

/** Undefined where there is none, null where it is faulty. */
function resolveCondition(
  { document, entity, path, moment }: Site,
  expressions: Expressions,
): CompiledExpression | undefined | null {
  if (document.when === undefined) return undefined
  return expressions.compile({
    source: document.when,
    path: [...path, 'when'],
    entity,
    use: moment.startsWith('after_') ? 'condition_after' : 'condition',
    expects: 'bool',
  })
}

/** After an update the row is known, and what it was for a condition on a change alone. */
function asksChanged(tree: Expression): boolean {
  return tree.node === 'changed' || childrenOf(tree).some(asksChanged)
}

/** Of an update, what a row has beside what it is given, and what changes of it, are known from the row as it was. */
function asksOld(tree: Expression): boolean {
  return (tree.node === 'field' && tree.row === undefined) || tree.node === 'changed' || childrenOf(tree).some(asksOld)
}
