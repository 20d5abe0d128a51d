/** What changed between two versions of a schema, and whether the older one can live on beside the newer. */
import type { CompiledEntity, CompiledField, CompiledRelation, CompiledSchema } from '@backsaas/core'
import { BackSaasError, physicalType } from '@backsaas/core'
import { breaking, type Change, type Choice, compatible, destructive, same } from './change.ts'
import { accessContent, checksContent, hooksContent } from './content.ts'
import { diffField, isIdentity } from './diff-field.ts'
import { type EntityMatch, type Matches, matchSchemas } from './identity.ts'

export type { Change, Choice } from './change.ts'

/**
 * All changes from `previous` to `next`. Compatible are what is new and optional or has a value of its own for the rows there are,
 * renames, wider bounds, and what only the runtime reads (descriptions, defaults, roles, events, rules, checks, formats,
 * expressions of virtual fields); all else is breaking. Of expressions their sources count. Rules and checks are metadata of a
 * version, which its own statements enforce: versions that differ in them live side by side, and rows that are there are not
 * asked again. What goes has to be named under `removed`, or as what another comes from: where it is not, the change has choices.
 *
 * @example diffSchemas(crm1, crm2).filter((change) => change.class === 'breaking')
 */
export function diffSchemas(previous: CompiledSchema, next: CompiledSchema): Change[] {
  const matches = matchSchemas(previous, next)
  const added = Object.values(next.entities).filter(({ name }) => !matches.entities.has(name))
  const changes = [
    ...matches.removed.map((name) => goneEntity(name, next, added)),
    ...Object.values(next.entities).flatMap((entity) => {
      const match = matches.entities.get(entity.name)
      return match ? diffEntity(match, matches) : [newEntity(entity)]
    }),
  ]
  if (!same(previous.roles, next.roles))
    changes.push(compatible({ pointer: '/roles' }, 'CHANGE_ROLES', 'the roles differ'))
  if (!same(previous.functions ?? null, next.functions ?? null)) {
    const message = 'what the schema says of functions differs'
    changes.push(compatible({ pointer: '/functions' }, 'CHANGE_FUNCTIONS', message))
  }
  return changes
}

/** @throws `NEEDS_MIGRATION` (409) with every breaking change, where there is one. */
export function refuseBreaking(schema: string, changes: readonly Change[]): void {
  const list = changes.filter((change) => change.class === 'breaking')
  if (list.length === 0) return
  throw new BackSaasError('NEEDS_MIGRATION', 409, `the new version of "${schema}" changes what older clients rely on`, {
    details: list.map((change) => `${change.type} ${change.pointer}: ${change.message}`).join('\n'),
    hint: 'such a change is a migration: `backsaas plan FILE` shows its steps, `backsaas migrate FILE` runs them',
    errors: list.map((change) => ({ pointer: change.pointer, code: change.type, detail: change.message })),
  })
}

/** @throws `CHANGE_AMBIGUOUS` (409) with the readings of every change that has several. */
export function refuseAmbiguous(schema: string, changes: readonly Change[]): void {
  const list = changes.filter(({ choices }) => choices !== undefined)
  if (list.length === 0) return
  throw new BackSaasError('CHANGE_AMBIGUOUS', 409, `the new version of "${schema}" can be read in several ways`, {
    // Plain data, as changes are.
    details: JSON.parse(JSON.stringify(list.map(({ pointer, message, choices }) => ({ pointer, message, choices })))),
    hint: 'say which: list what is gone under `removed`, or write `renamed_from` into what it has become',
    errors: list.map(({ pointer, type, message, choices = [] }) => ({
      pointer,
      code: type,
      detail: `${message}; ${choices.map(({ title }) => title).join(', or ')}`,
    })),
  })
}

function newEntity({ name }: CompiledEntity): Change {
  return compatible({ pointer: `/entities/${name}`, entity: name }, 'ADD_ENTITY', `the entity ${name} is new`)
}

function goneEntity(name: string, next: CompiledSchema, added: readonly CompiledEntity[]): Change {
  const at = { pointer: `/entities/${name}`, entity: name }
  const change = destructive(at, 'REMOVE_ENTITY', `the entity ${name} is gone`)
  if (next.evolution?.removed.includes(name)) return change
  const renames = added.map((entity): Choice => {
    const path = `/entities/${entity.name}/renamed_from`
    return { id: 'rename', title: `${entity.name} is what ${name} was`, patch: [{ op: 'add', path, value: name }] }
  })
  const removed = [...(next.evolution?.removed ?? []), name]
  const title = `the rows of ${name} are no longer needed`
  return {
    ...change,
    choices: [...renames, { id: 'remove', title, patch: [{ op: 'add', path: '/removed', value: removed }] }],
  }
}

function diffEntity(match: EntityMatch, matches: Matches): Change[] {
  const { before, after } = match
  const at = `/entities/${after.name}`
  const entity = after.name
  const place = (part: string): { pointer: string; entity: string } => ({ pointer: `${at}/${part}`, entity })
  const changes: Change[] = []
  if (before.name !== after.name) {
    const message = `${before.name} is called ${after.name} now`
    changes.push(compatible({ pointer: at, entity }, 'RENAME_ENTITY', message))
  }
  changes.push(...diffFields(match))
  if (!same(translated(before.key, match), after.key)) {
    changes.push(breaking(place('key'), 'CHANGE_KEY', 'the key differs'))
  }
  changes.push(...diffSets(match, place))
  if (!same(before.events, after.events)) {
    changes.push(compatible(place('events'), 'CHANGE_EVENTS', 'the record events differ'))
  }
  if (!same(accessContent(before), accessContent(after))) {
    changes.push(compatible(place('access'), 'CHANGE_ACCESS', 'the access rules differ'))
  }
  if (!same(checksContent(before), checksContent(after))) {
    const message = 'the checks differ; they hold for what is written from now on'
    changes.push(compatible(place('check'), 'CHANGE_CHECKS', message))
  }
  if (!same(hooksContent(before), hooksContent(after))) {
    changes.push(compatible(place('hooks'), 'CHANGE_HOOKS', 'the hooks differ'))
  }
  return [...changes, ...diffRelations(match, matches)]
}

function diffFields(match: EntityMatch): Change[] {
  const { before, after, origins } = match
  const fresh = Object.values(after.fields).filter(({ name }) => !origins.has(name))
  return [
    ...match.removed.map((name) => goneField(name, match, fresh)),
    ...Object.values(after.fields).flatMap((field) => {
      const at = { pointer: `/entities/${after.name}/fields/${field.name}`, entity: after.name, field: field.name }
      const old = before.fields[origins.get(field.name) ?? '']
      return old ? diffField(old, field, match, at) : diffNewField(field, at)
    }),
  ]
}

function goneField(name: string, { before, after }: EntityMatch, fresh: readonly CompiledField[]): Change {
  const at = { pointer: `/entities/${after.name}/fields/${name}`, entity: after.name, field: name }
  const old = before.fields[name] as CompiledField
  const message = `the field ${name} is gone`
  const change = old.computed ? breaking(at, 'REMOVE_FIELD', message) : destructive(at, 'REMOVE_FIELD', message)
  const removed = after.evolution?.removed ?? {}
  // What the platform itself gives is left out by `without`, which says as much.
  if (Object.hasOwn(removed, name) || (!old.writable && !old.computed) || old.computed) return change
  const renames = fresh
    .filter((field) => !field.computed && physicalType(field.type, field.list) === physicalType(old.type, old.list))
    .map((field): Choice => {
      const path = `/entities/${after.name}/fields/${field.name}/renamed_from`
      return { id: 'rename', title: `${field.name} is what ${name} was`, patch: [{ op: 'add', path, value: name }] }
    })
  const title = `the values of ${name} are no longer needed`
  const path = `/entities/${after.name}/removed`
  const all = [...Object.keys(removed), name]
  return { ...change, choices: [...renames, { id: 'remove', title, patch: [{ op: 'add', path, value: all }] }] }
}

/** What a new field has for the rows there are: a literal, or what the platform gives each row. */
export function hasConstant({ default: given }: CompiledField): boolean {
  if (!given) return false
  if ('literal' in given) return given.literal !== null
  return given.from === 'now' || given.from === 'revision'
}

function diffNewField(field: CompiledField, at: { pointer: string; entity: string; field: string }): Change[] {
  const { fill, convert } = field.evolution ?? {}
  if (fill || convert)
    return [breaking(at, 'ADD_FILLED_FIELD', `the new field ${field.name} is made of what rows have`)]
  if (field.required && !hasConstant(field)) {
    const message = `the new field ${field.name} is required and has no literal default for the rows there are`
    return [breaking(at, 'ADD_REQUIRED_FIELD', message)]
  }
  if (isIdentity(field)) {
    return [breaking(at, 'ADD_IDENTITY', `the new field ${field.name} would number the rows there are`)]
  }
  return [compatible(at, 'ADD_FIELD', `the field ${field.name} is new`)]
}

function diffSets(match: EntityMatch, place: (part: string) => { pointer: string; entity: string }): Change[] {
  const { before, after } = match
  const unique = before.unique.map((set) => translated(set, match))
  const indexes = before.indexes.map((set) => translated(set, match))
  const each = (sets: readonly (readonly string[])[], say: (names: string) => Change): Change[] =>
    sets.map((fields) => ({ ...say(fields.join(', ')), fields }))
  return [
    ...each(missing(unique, after.unique), (names) =>
      breaking(place('unique'), 'ADD_UNIQUE', `${names} must be unique now`),
    ),
    ...each(missing(after.unique, unique), (names) =>
      breaking(place('unique'), 'REMOVE_UNIQUE', `${names} need not be unique any more`),
    ),
    ...each(missing(indexes, after.indexes), (names) =>
      compatible(place('indexes'), 'ADD_INDEX', `an index on ${names} is new`),
    ),
    ...each(missing(after.indexes, indexes), (names) =>
      compatible(place('indexes'), 'REMOVE_INDEX', `the index on ${names} is gone`),
    ),
  ]
}

/** Names of fields as the later version has them; one that is gone keeps a name that none has. */
export function translated(fields: readonly string[], match: EntityMatch): readonly string[] {
  const now = new Map([...match.origins].map(([name, origin]) => [origin, name]))
  return fields.map((field) => now.get(field) ?? `${field} (gone)`)
}

/** References are compared by what they bind; the names that relations are embedded by are the API's alone. */
function diffRelations(match: EntityMatch, matches: Matches): Change[] {
  const { before, after } = match
  const at = (name: string): { pointer: string; entity: string } => ({
    pointer: `/entities/${after.name}/relations/${name}`,
    entity: after.name,
  })
  const old = references(before).map((relation) => referenceContent(translatedReference(relation, match, matches)))
  const now = references(after).map((relation) => ({ relation, content: referenceContent(relation) }))
  const gone = references(before).filter((_, i) => !now.some(({ content }) => content === old[i]))
  const fresh = now.filter(({ content }) => !old.includes(content))
  const changes = [
    ...fresh.map(({ relation }) => {
      const message = `the relation ${relation.name} is new on rows that are there`
      return breaking(at(relation.name), 'ADD_RELATION', message)
    }),
    ...gone.map((relation) => breaking(at(relation.name), 'REMOVE_RELATION', `the relation ${relation.name} is gone`)),
  ]
  const names = (entity: CompiledEntity): string[] => Object.keys(entity.relations).toSorted()
  if (changes.length > 0 || same(names(before), names(after))) return changes
  return [
    compatible(
      { pointer: `/entities/${after.name}/relations`, entity: after.name },
      'CHANGE_RELATIONS',
      'the names of relations differ',
    ),
  ]
}

/** The relations that hold a reference. */
export function references(entity: CompiledEntity): CompiledRelation[] {
  return Object.values(entity.relations).filter(({ kind }) => kind === 'one')
}

/** A reference of the version before, in the names of the later one. */
export function translatedReference(
  relation: CompiledRelation,
  match: EntityMatch,
  matches: Matches,
): CompiledRelation {
  const target = [...matches.entities.values()].find((other) => other.before.name === relation.entity)
  return {
    ...relation,
    entity: target?.after.name ?? `${relation.entity} (gone)`,
    from: translated(relation.from, match),
    to: target ? translated(relation.to, target) : relation.to,
  }
}

/** What a reference binds, as text. */
export function referenceContent({ entity, from, to, onDelete }: CompiledRelation): string {
  return JSON.stringify([entity, from, to, onDelete])
}

/** The sets of `after` that are not in `before`. */
function missing(before: readonly (readonly string[])[], after: readonly (readonly string[])[]): (readonly string[])[] {
  return after.filter((set) => !before.some((other) => same(set, other)))
}
