/** Checks what a document says of the version before, as far as that can be told without it. */
import { expressionType } from '../expression/expression-type.ts'
import { type Draft, type EntityDraft, type FieldDraft, optionPath } from './draft.ts'
import { removedFields } from './evolution.ts'
import { expressionDefault, isExpressionDefault, literalOf } from './literals.ts'

/** Reports names that are there and gone at once, two fields out of one, and hints that say nothing. Needs `resolveFields`. */
export function checkEvolution(draft: Draft): void {
  const { document, entities } = draft
  for (const [index, name] of (document.removed ?? []).entries()) {
    if (entities.has(name)) reportStillThere(draft, 'entity', name, ['removed', index])
  }
  checkOrigins(
    draft,
    [...entities.values()].map((entity) => [entity.document.renamed_from, [...entity.path, 'renamed_from']]),
  )
  for (const entity of entities.values()) {
    checkEntity(draft, entity)
    for (const field of entity.declared.values()) checkHints(draft, entity, field)
  }
}

function checkEntity(draft: Draft, entity: EntityDraft): void {
  const { removed } = entity.document
  for (const name of Object.keys(removed ? removedFields(removed) : {})) {
    const index = Array.isArray(removed) ? removed.indexOf(name) : name
    if (entity.declared.has(name)) reportStillThere(draft, 'field', name, [...entity.path, 'removed', index])
  }
  checkOrigins(
    draft,
    [...entity.declared.values()].map((field) => [field.document.renamed_from, optionPath(field, 'renamed_from')]),
  )
}

function reportStillThere(draft: Draft, kind: string, name: string, path: (string | number)[]): void {
  const message = `the ${kind} \`${name}\` is there, and listed as removed`
  draft.problems.report({ path, code: 'CONTRADICTION', message, hint: 'take it out of `removed`' })
}

/** One thing becomes one thing. */
function checkOrigins(
  draft: Draft,
  origins: readonly (readonly [origin: string | undefined, path: readonly (string | number)[]])[],
): void {
  const seen = new Set<string>()
  for (const [origin, path] of origins) {
    if (origin === undefined) continue
    if (seen.has(origin)) {
      const message = `\`${origin}\` has been renamed to something else already`
      const hint = 'of a value that is split, use `convert: { up: "…" }` in each part'
      draft.problems.report({ path, code: 'DUPLICATE_RENAME', message, hint })
    }
    seen.add(origin)
  }
}

function checkHints(draft: Draft, entity: EntityDraft, field: FieldDraft): void {
  const { convert, map, fill } = field.document
  const say = (option: 'convert' | 'map' | 'fill', code: string, message: string, hint?: string): void =>
    draft.problems.report({ path: optionPath(field, option), code, message, hint })
  if (convert && convert.up === undefined && convert.down === undefined && convert.hook === undefined) {
    say('convert', 'MISSING_KEY', 'a conversion has `up`, `down` or `hook`')
  }
  if (convert?.hook !== undefined && (convert.up !== undefined || convert.down !== undefined)) {
    say('convert', 'CONTRADICTION', 'a `hook` converts both ways, so `up` and `down` do not stand beside it')
  }
  if (convert?.up !== undefined && map) {
    say('map', 'CONTRADICTION', '`map` and `convert.up` say the same thing twice')
  }
  const compiled = entity.fields.get(field.name)
  if (!compiled) return
  for (const [old, value] of Object.entries(map ?? {})) {
    if (value !== null && compiled.values && !compiled.values.includes(value)) {
      say('map', 'UNKNOWN_VALUE', `"${old}" becomes "${value}", which is not among the values`)
    }
  }
  if (fill === undefined || expressionDefault(fill) !== undefined) return
  if (isExpressionDefault(fill)) {
    say('fill', 'WRONG_TYPE', 'a `fill` with `cel` is an expression, written as text', 'write `fill: { cel: "…" }`')
    return
  }
  const { fault } = literalOf({ type: compiled.type, list: compiled.list, values: new Set(compiled.values) }, fill)
  if (fault !== undefined)
    say('fill', 'FILL_INVALID', `what fills it does not fit ${expressionType(compiled)}: ${fault}`)
}
