/** Gives both sides of every foreign key a name to be embedded by. */
import type { CompiledRelation } from '../contracts/compiled.ts'
import type { Draft, EntityDraft } from './draft.ts'
import type { ForeignKey } from './foreign-keys.ts'
import { checkName } from './names.ts'
import { didYouMean } from './nearest-name.ts'
import type { Path } from './path.ts'

export type Relations = ReadonlyMap<string, Readonly<Record<string, CompiledRelation>>>

/** A relation, and how strong its claim to its name is: given by the author, derived on this side, on the other. */
interface Claim {
  readonly relation: CompiledRelation
  readonly strength: 'given' | 'own' | 'reverse'
  /** The fields of the side that holds the reference. */
  readonly fields: readonly string[]
  readonly path: Path
}

/**
 * The relations of every entity.
 *
 * Names: `as`; without it the field's name less `_<target's key>` or `_id`, or else the target's. The other side is
 * named by `has_many`, or else after the entity that refers. Where several relations claim one name, a given name
 * wins, then a single derived one of this side; the others are kept under `<name>!<fields>`, their `name` unchanged,
 * to be selected by a hint.
 */
export function relateEntities(draft: Draft, keys: readonly ForeignKey[]): Relations {
  const claims = new Map<string, Claim[]>([...draft.entities.keys()].map((name) => [name, []]))
  const reverseNames = nameOtherSides(draft, keys)
  for (const key of keys) {
    claims.get(key.entity.name)?.push(ownSide(key))
    claims.get(key.target.name)?.push(otherSide(key, reverseNames.get(key)))
  }
  return new Map([...draft.entities.values()].map((e) => [e.name, settle(draft, e, claims.get(e.name) ?? [])]))
}

/** What `has_many` says: foreign key → its name on the other side. */
function nameOtherSides(
  draft: Draft,
  keys: readonly ForeignKey[],
): ReadonlyMap<ForeignKey, { name: string; path: Path }> {
  const named = new Map<ForeignKey, { name: string; path: Path }>()
  const byPair = Map.groupBy(keys, (key) => `${key.entity.name} ${key.target.name}`)
  for (const entity of draft.entities.values()) {
    for (const [name, { entity: other, by }] of Object.entries(entity.document.has_many ?? {})) {
      const path = [...entity.path, 'has_many', name]
      checkName('relation', name, { path, at: 'key' }, draft.problems)
      const found = matchOtherSide(draft, entity, { other, by, path }, byPair.get(`${other} ${entity.name}`) ?? [])
      if (found && named.has(found)) {
        const message = `\`${named.get(found)?.name}\` names this side already`
        draft.problems.report({ path, at: 'key', code: 'DUPLICATE_RELATION', message })
      } else if (found) named.set(found, { name, path })
    }
  }
  return named
}

function matchOtherSide(
  draft: Draft,
  entity: EntityDraft,
  { other, by, path }: { other: string; by: string | string[] | undefined; path: Path },
  candidates: readonly ForeignKey[],
): ForeignKey | undefined {
  const target = draft.entities.get(other)
  if (!target) {
    const hint = (): string | undefined => didYouMean(other, draft.entities.keys())
    const message = `there is no entity \`${other}\``
    draft.problems.report({ path: [...path, 'entity'], code: 'UNKNOWN_ENTITY', message, hint })
    return undefined
  }
  const fields = by === undefined ? undefined : [by].flat()
  const matching = fields ? candidates.filter((key) => key.fields.join() === fields.join()) : candidates
  const faulty = !target.sound || (fields ?? []).some((name) => target.declared.get(name)?.sound === false)
  if (matching.length === 1 || faulty) return matching[0]
  const ways = candidates.map((key) => (key.fields.length === 1 ? key.fields[0] : `[${key.fields.join(', ')}]`))
  const message =
    matching.length > 1
      ? `\`${other}\` refers to \`${entity.name}\` in ${matching.length} ways; say which one with \`by\``
      : fields && candidates.length > 0
        ? `\`${other}\` does not refer to \`${entity.name}\` by ${fields.join(', ')}`
        : `\`${other}\` does not refer to \`${entity.name}\``
  const hint = ways.length > 0 ? `\`by\` is one of ${ways.slice(0, 10).join(', ')}` : undefined
  const code = matching.length > 1 ? 'HAS_MANY_AMBIGUOUS' : 'HAS_MANY_UNMATCHED'
  draft.problems.report({ path: fields ? [...path, 'by'] : path, code, message, hint })
  return undefined
}

function ownSide(key: ForeignKey): Claim {
  const { target, fields, as, path } = key
  const name = as ?? derivedName(key)
  const relation: CompiledRelation = {
    name,
    kind: 'one',
    entity: target.name,
    from: fields,
    to: target.key,
    key: key.name,
    onDelete: key.onDelete,
  }
  return {
    relation,
    strength: as === undefined ? 'own' : 'given',
    fields,
    path: as === undefined ? path : [...path, 'as'],
  }
}

function derivedName({ entity, target, fields }: ForeignKey): string {
  const [field = ''] = fields
  if (fields.length === 1) {
    for (const ending of [`_${target.key[0]}`, '_id']) {
      const name = field.endsWith(ending) ? field.slice(0, -ending.length) : ''
      if (name !== '' && !entity.declared.has(name)) return name
    }
  }
  return target.name
}

function otherSide(key: ForeignKey, named: { name: string; path: Path } | undefined): Claim {
  const { entity, target, fields } = key
  const relation: CompiledRelation = {
    name: named?.name ?? entity.name,
    kind: isUnique(entity, fields) ? 'one_back' : 'many',
    entity: entity.name,
    from: target.key,
    to: fields,
    key: key.name,
    onDelete: key.onDelete,
  }
  return { relation, strength: named ? 'given' : 'reverse', fields, path: named?.path ?? key.path }
}

/** Whether at most one row can hold the same values in these fields. */
function isUnique(entity: EntityDraft, fields: readonly string[]): boolean {
  if (fields.some((name) => entity.declared.get(name)?.document.unique)) return true
  const held = new Set(fields)
  return [entity.key, ...(entity.document.unique ?? [])].some(
    (set) => set.length > 0 && set.every((name) => held.has(name)),
  )
}

function settle(
  draft: Draft,
  entity: EntityDraft,
  claims: readonly Claim[],
): Readonly<Record<string, CompiledRelation>> {
  const relations: Record<string, CompiledRelation> = Object.create(null)
  for (const [name, rivals] of Map.groupBy(claims, (claim) => claim.relation.name)) {
    const given = rivals.filter((claim) => claim.strength === 'given')
    const own = rivals.filter((claim) => claim.strength === 'own')
    for (const second of given.slice(1)) {
      const message = `\`${entity.name}\` has two relations named \`${name}\``
      draft.problems.report({ path: second.path, code: 'DUPLICATE_RELATION', message })
    }
    if (entity.fields.has(name) || entity.declared.has(name)) reportCollision(draft, entity, rivals[0] as Claim)
    const winner = given[0] ?? (own.length === 1 ? own[0] : rivals.length === 1 ? rivals[0] : undefined)
    for (const claim of rivals) {
      const hinted = `${name}!${claim.fields.join()}`
      const place = claim === winner ? name : hinted in relations ? `${name}!${claim.relation.key}` : hinted
      relations[place] = claim.relation
    }
  }
  return relations
}

function reportCollision(draft: Draft, entity: EntityDraft, { relation, strength, path }: Claim): void {
  const { name } = relation
  const message = `the relation \`${name}\` of \`${entity.name}\` has the name of a field`
  const hint =
    strength === 'reverse'
      ? `name it: \`has_many: { ${name}_rows: { entity: ${relation.entity}, by: ${relation.to.join(', ')} } }\` in \`${entity.name}\``
      : strength === 'own'
        ? 'name it with `as`'
        : 'choose another name'
  draft.problems.report({ path, at: 'key', code: 'AMBIGUOUS_NAME', message, hint })
}
