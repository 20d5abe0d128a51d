/** What changed between two versions of a schema, and whether the older one can live on beside the newer. */
import type { CompiledEntity, CompiledField, CompiledRelation, CompiledSchema } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { accessContent, checksContent, fieldContent, hooksContent } from './content.ts'

export interface Change {
  /** JSON pointer into the document. */
  readonly pointer: string
  /** What it is, UPPER_SNAKE. */
  readonly kind: string
  /** `compatible`: applied at once, both versions serve. `breaking`: needs a migration. */
  readonly class: 'compatible' | 'breaking'
  readonly message: string
  /** Of an index or a unique set. */
  readonly fields?: readonly string[]
}

/**
 * All changes from `previous` to `next`. Compatible are a new entity, a new field that is optional or has a literal
 * default, a new index, and what only the runtime reads (descriptions, defaults, roles, events, rules, checks, expressions of
 * virtual fields); all else is breaking. Of expressions their sources count. Rules and checks are metadata of a version, which
 * its own statements enforce: versions that differ in them live side by side, and rows that are there are not asked again.
 *
 * @example diffSchemas(crm1, crm2).filter((change) => change.class === 'breaking')
 */
export function diffSchemas(previous: CompiledSchema, next: CompiledSchema): Change[] {
  const changes = diffKeys(previous.entities, next.entities, '/entities', {
    added: (_, pointer, name) => [compatible(pointer, 'ADD_ENTITY', `the entity ${name} is new`)],
    removed: (_, pointer, name) => [breaking(pointer, 'REMOVE_ENTITY', `the entity ${name} is gone`)],
    both: (before, after, pointer) => diffEntity(before, after, pointer, previous),
  })
  if (!same(previous.roles, next.roles)) changes.push(compatible('/roles', 'CHANGE_ROLES', 'the roles differ'))
  if (!same(previous.functions ?? null, next.functions ?? null)) {
    changes.push(compatible('/functions', 'CHANGE_FUNCTIONS', 'what the schema says of functions differs'))
  }
  return changes
}

/** @throws `NEEDS_MIGRATION` (409) with every breaking change, where there is one. */
export function refuseBreaking(schema: string, changes: readonly Change[]): void {
  const list = changes.filter((change) => change.class === 'breaking')
  if (list.length === 0) return
  throw new BackSaasError('NEEDS_MIGRATION', 409, `the new version of "${schema}" changes what older clients rely on`, {
    details: list.map((change) => `${change.kind} ${change.pointer}: ${change.message}`).join('\n'),
    hint: 'only additive changes are applied for now: new entities, optional fields, fields with a literal default, and indexes',
    errors: list.map((change) => ({ pointer: change.pointer, code: change.kind, detail: change.message })),
  })
}

function diffEntity(before: CompiledEntity, after: CompiledEntity, at: string, previous: CompiledSchema): Change[] {
  const changes = diffKeys(before.fields, after.fields, `${at}/fields`, {
    added: diffNewField,
    removed: (_, pointer, name) => [breaking(pointer, 'REMOVE_FIELD', `the field ${name} is gone`)],
    both: diffField,
  })
  if (!same(before.key, after.key)) changes.push(breaking(`${at}/key`, 'CHANGE_KEY', 'the key differs'))
  for (const set of missing(before.unique, after.unique)) {
    changes.push({ ...breaking(`${at}/unique`, 'ADD_UNIQUE', `${set.join(', ')} must be unique now`), fields: set })
  }
  for (const set of missing(after.unique, before.unique)) {
    changes.push({
      ...breaking(`${at}/unique`, 'REMOVE_UNIQUE', `${set.join(', ')} need not be unique any more`),
      fields: set,
    })
  }
  for (const set of missing(before.indexes, after.indexes)) {
    changes.push({ ...compatible(`${at}/indexes`, 'ADD_INDEX', `an index on ${set.join(', ')} is new`), fields: set })
  }
  for (const set of missing(after.indexes, before.indexes)) {
    changes.push({
      ...breaking(`${at}/indexes`, 'REMOVE_INDEX', `the index on ${set.join(', ')} is gone`),
      fields: set,
    })
  }
  if (!same(before.events, after.events)) {
    changes.push(compatible(`${at}/events`, 'CHANGE_EVENTS', 'the record events differ'))
  }
  if (!same(accessContent(before), accessContent(after))) {
    changes.push(compatible(`${at}/access`, 'CHANGE_ACCESS', 'the access rules differ'))
  }
  if (!same(checksContent(before), checksContent(after))) {
    changes.push(
      compatible(`${at}/check`, 'CHANGE_CHECKS', 'the checks differ; they hold for what is written from now on'),
    )
  }
  if (!same(hooksContent(before), hooksContent(after))) {
    changes.push(compatible(`${at}/hooks`, 'CHANGE_HOOKS', 'the hooks differ'))
  }
  return [...changes, ...diffRelations(before, after, at, previous)]
}

function diffNewField(field: CompiledField, pointer: string): Change[] {
  const constant = field.default && 'literal' in field.default && field.default.literal !== null
  if (field.required && !constant) {
    const message = `the new field ${field.name} is required and has no literal default for the rows there are`
    return [breaking(pointer, 'ADD_REQUIRED_FIELD', message)]
  }
  if (field.default && 'from' in field.default && field.default.from === 'identity') {
    return [breaking(pointer, 'ADD_IDENTITY', `the new field ${field.name} would number the rows there are`)]
  }
  return [compatible(pointer, 'ADD_FIELD', `the field ${field.name} is new`)]
}

/** Read by the runtime alone: the database's default only serves writers that do not know the field. */
const RUNTIME_ONLY: readonly string[] = ['description', 'default']

function diffField(before: CompiledField, after: CompiledField, pointer: string): Change[] {
  const [old, now] = [fieldContent(before), fieldContent(after)]
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => !same(old[name], now[name]))
    .map((name) => {
      const message = `${name} of ${after.name} differs`
      const generated = name === 'default' && (isIdentity(before) || isIdentity(after))
      const virtual = name === 'computed' && isVirtual(before) && isVirtual(after)
      return (RUNTIME_ONLY.includes(name) && !generated) || virtual
        ? compatible(`${pointer}/${name}`, 'CHANGE_FIELD_NOTE', message)
        : breaking(`${pointer}/${name}`, 'CHANGE_FIELD', message)
    })
}

/** Each version writes out its own expression. */
function isVirtual({ computed }: CompiledField): boolean {
  return computed !== undefined && !computed.stored
}

function isIdentity(field: CompiledField): boolean {
  return field.default !== undefined && 'from' in field.default && field.default.from === 'identity'
}

/** The other side of a new entity's reference is new on its target too; only the side that holds it decides. */
function diffRelations(before: CompiledEntity, after: CompiledEntity, at: string, previous: CompiledSchema): Change[] {
  return diffKeys(before.relations, after.relations, `${at}/relations`, {
    added: (relation, pointer, name) =>
      isFromNewEntity(relation, previous)
        ? [compatible(pointer, 'ADD_RELATION', `${name} leads to a new entity`)]
        : [breaking(pointer, 'ADD_RELATION', `the relation ${name} is new on rows that are there`)],
    removed: (_, pointer, name) => [breaking(pointer, 'REMOVE_RELATION', `the relation ${name} is gone`)],
    both: (a, b, pointer, name) =>
      same(a, b) ? [] : [breaking(pointer, 'CHANGE_RELATION', `the relation ${name} differs`)],
  })
}

function isFromNewEntity(relation: CompiledRelation, previous: CompiledSchema): boolean {
  return relation.kind !== 'one' && !Object.hasOwn(previous.entities, relation.entity)
}

interface KeyDiff<T> {
  readonly added: (value: T, pointer: string, name: string) => Change[]
  readonly removed: (value: T, pointer: string, name: string) => Change[]
  readonly both: (before: T, after: T, pointer: string, name: string) => Change[]
}

function diffKeys<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  pointer: string,
  diff: KeyDiff<T>,
): Change[] {
  const changes: Change[] = []
  for (const [name, value] of Object.entries(before)) {
    if (!Object.hasOwn(after, name)) changes.push(...diff.removed(value, `${pointer}/${name}`, name))
  }
  for (const [name, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined
    const at = `${pointer}/${name}`
    changes.push(...(old === undefined ? diff.added(value, at, name) : diff.both(old, value, at, name)))
  }
  return changes
}

/** The sets of `after` that are not in `before`. */
function missing(before: readonly (readonly string[])[], after: readonly (readonly string[])[]): (readonly string[])[] {
  return after.filter((set) => !before.some((other) => same(set, other)))
}

/** Equality of plain data; the order of an object's properties does not count. */
function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : v,
  )
}

function compatible(pointer: string, kind: string, message: string): Change {
  return { pointer, kind, class: 'compatible', message }
}

function breaking(pointer: string, kind: string, message: string): Change {
  return { pointer, kind, class: 'breaking', message }
}
