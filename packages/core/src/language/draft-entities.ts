/** Brings the entities of a document into one form, whichever way they are written, and checks every name. */
import type { EntityDocument, SchemaDocument } from './document.ts'
import type { Draft, EntityDraft, FieldDraft } from './draft.ts'
import { draftJsonSchemaFields } from './json-schema-entity.ts'
import { checkName } from './names.ts'
import { type Path, toPointer } from './path.ts'
import type { ProblemList } from './problem-list.ts'

/** The entities by name, with their declared fields; system fields and types come later. */
export function draftEntities(document: SchemaDocument, unsound: ReadonlySet<string>, problems: ProblemList): Draft {
  const entities = new Map<string, EntityDraft>()
  checkName('schema', document.schema, { path: ['schema'], at: 'value' }, problems)
  for (const role of Object.keys(document.roles ?? {})) {
    checkName('role', role, { path: ['roles', role], at: 'key' }, problems)
  }
  for (const [name, entity] of Object.entries(document.entities)) {
    const path = ['entities', name]
    checkName('entity', name, { path, at: 'key' }, problems)
    const declared = draftFields(entity, path, unsound, problems)
    for (const field of declared.values()) checkName('field', field.name, { path: field.path, at: 'key' }, problems)
    const sound = !unsound.has(toPointer(path))
    entities.set(name, { name, path, sound, document: entity, declared, fields: new Map(), key: [] })
  }
  return { document, entities, problems }
}

function draftFields(
  entity: EntityDocument,
  path: Path,
  unsound: ReadonlySet<string>,
  problems: ProblemList,
): ReadonlyMap<string, FieldDraft> {
  const sound = (place: Path): boolean => !unsound.has(toPointer(place))
  if (entity.schema) {
    if (entity.fields) {
      const message = 'an entity has `fields` or, in the JSON Schema form, `schema`; not both'
      problems.report({ path: [...path, 'schema'], at: 'key', code: 'CONTRADICTION', message })
    }
    const keys = new Set([entity.key ?? 'id'].flat())
    return draftJsonSchemaFields(entity.schema, [...path, 'schema'], keys, sound, problems)
  }
  if (!entity.fields && sound(path)) {
    problems.report({ path, at: 'key', code: 'MISSING_KEY', message: 'an entity needs `fields`' })
  }
  return new Map(
    Object.entries(entity.fields ?? {}).map(([name, document]) => {
      const place = [...path, 'fields', name]
      return [name, { name, path: place, sound: sound(place), document, places: {} }]
    }),
  )
}
