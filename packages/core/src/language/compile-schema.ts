/** Schema text to compiled schema, stage by stage: read, shape, draft, resolve, check, relate, assemble. */
import type { CompiledEntity, CompiledSchema } from '../contracts/compiled.ts'
import { checkFields } from './check-fields.ts'
import { checkRoles } from './check-roles.ts'
import { checkSets } from './check-sets.ts'
import { checkShape } from './check-shape.ts'
import { contentHash } from './content-hash.ts'
import type { Draft, EntityDraft } from './draft.ts'
import { draftEntities } from './draft-entities.ts'
import { collectForeignKeys } from './foreign-keys.ts'
import { SchemaProblems } from './problem.ts'
import { readYaml } from './read-yaml.ts'
import { type Relations, relateEntities } from './relations.ts'
import { resolveFields } from './resolve-fields.ts'
import { resolveKeys } from './resolve-keys.ts'

/**
 * Parses, validates, normalises and compiles a schema document, YAML or JSON.
 *
 * @returns frozen data, serialisable as JSON. Its records have no prototype, but lose that when they are stored and
 *   read again: look names up with `Object.hasOwn`.
 * @throws `SchemaProblems` (422) with every problem of the document, each placed.
 * @example compileSchema('schema: crm\nentities:\n  notes:\n    fields:\n      body: { type: text }\n').entities.notes
 */
export function compileSchema(text: string): CompiledSchema {
  const { tree, problems } = readYaml(text)
  const shape = checkShape(tree, problems)
  if (!shape) throw new SchemaProblems(problems.all())
  const draft = draftEntities(shape.document, shape.unsound, problems)
  resolveKeys(draft)
  resolveFields(draft)
  checkRoles(draft)
  checkFields(draft)
  checkSets(draft)
  const relations = relateEntities(draft, collectForeignKeys(draft))
  if (problems.all().length > 0) throw new SchemaProblems(problems.all())
  return assemble(draft, relations)
}

function assemble({ document, entities }: Draft, relations: Relations): CompiledSchema {
  const { schema: name, version, description } = document
  const content = {
    name,
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    roles: record(Object.entries(document.roles ?? {}).map(([role, { inherits = [] }]) => [role, { inherits }])),
    entities: record([...entities.values()].map((entity) => [entity.name, assembleEntity(entity, relations)])),
  }
  return deepFreeze({ ...content, hash: contentHash(content) })
}

function assembleEntity(entity: EntityDraft, relations: Relations): CompiledEntity {
  const { unique = [], indexes = [], events = [] } = entity.document
  const description = entity.document.description ?? entity.document.schema?.description
  const alone = [...entity.declared.values()].filter((field) => field.document.unique).map((field) => [field.name])
  return {
    name: entity.name,
    ...(description !== undefined && { description }),
    key: entity.key,
    fields: record([...entity.fields]),
    relations: relations.get(entity.name) ?? {},
    unique: [...alone, ...unique],
    indexes,
    events,
  }
}

/** Without prototype, so that no name finds what nobody declared. */
function record<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
