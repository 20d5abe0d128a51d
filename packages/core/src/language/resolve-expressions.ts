/** Gives fields their computed values and expression defaults, and entities their checks. */
import type { CompiledCheck, CompiledField } from '../contracts/compiled.ts'
import { expressionType } from '../expression/expression-type.ts'
import { type Draft, type EntityDraft, isComputed, optionPath } from './draft.ts'
import type { Expressions } from './expressions.ts'
import { expressionDefault } from './literals.ts'
import type { Path } from './path.ts'

/** Adds computed fields to `fields` of every entity, at their places, and the defaults that are expressions. */
export function resolveExpressions(draft: Draft, expressions: Expressions): void {
  for (const entity of draft.entities.values()) {
    const computed = [...entity.declared.values()].filter(isComputed)
    const found = new Map<string, CompiledField>()
    for (const field of computed) {
      const compiled = expressions.computedOf(entity, field)
      if (compiled) found.set(field.name, compiled)
    }
    if (computed.length > 0) insertInOrder(entity, found)
    resolveDefaults(entity, expressions)
  }
}

/** In the order of the document, as the others are: before the declared fields the generated key, behind them the system's. */
function insertInOrder(entity: EntityDraft, computed: ReadonlyMap<string, CompiledField>): void {
  const fields = [...entity.fields.entries()]
  const keys = fields.filter(([name]) => !entity.declared.has(name) && entity.key.includes(name))
  const declared = [...entity.declared.keys()].flatMap((name) => {
    const field = computed.get(name) ?? entity.fields.get(name)
    return field ? [[name, field] as const] : []
  })
  const system = fields.filter(([name]) => !entity.declared.has(name) && !entity.key.includes(name))
  entity.fields.clear()
  for (const [name, field] of [...keys, ...declared, ...system]) entity.fields.set(name, field)
}

function resolveDefaults(entity: EntityDraft, { compile }: Expressions): void {
  for (const field of entity.declared.values()) {
    const source = expressionDefault(field.document.default)
    const compiled = entity.fields.get(field.name)
    if (source === undefined || !compiled || compiled.computed) continue
    const path = [...optionPath(field, 'default'), 'cel']
    const { values } = compiled
    const expects = expressionType(compiled)
    const expression = compile({ source, path, entity, use: 'default', expects, ...(values && { values }) })
    if (expression) entity.fields.set(field.name, { ...compiled, default: { from: 'expression', expression } })
  }
}

/** What `check` says of the entity and of its fields, in the order of the document. Needs `resolveExpressions`. */
export function resolveChecks(entity: EntityDraft, { compile }: Expressions): readonly CompiledCheck[] {
  const read = (check: string | string[] | undefined, path: Path, field?: string): readonly CompiledCheck[] =>
    [check ?? []].flat().flatMap((source, index) => {
      const place = Array.isArray(check) ? [...path, index] : path
      const expression = compile({ source, path: place, entity, use: 'check', expects: 'bool' })
      return expression ? [{ ...(field !== undefined && { field }), expression }] : []
    })
  return [
    ...[...entity.declared.values()].flatMap((field) =>
      read(field.document.check, optionPath(field, 'check'), field.name),
    ),
    ...read(entity.document.check, [...entity.path, 'check']),
  ]
}
