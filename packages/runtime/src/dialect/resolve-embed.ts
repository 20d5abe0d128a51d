/** Which relation an embed means: by relation name, entity, foreign key or column, narrowed by a hint. */
import {
  BackSaasError,
  type CompiledEntity,
  type CompiledRelation,
  type CompiledSchema,
  type JsonObject,
  nearestName,
} from '@backsaas/core'

export interface ResolvedEmbed {
  readonly relation: CompiledRelation
  /** Set for a many-to-many: from the junction on to the target. */
  readonly through?: CompiledRelation
}

/**
 * @throws `PGRST200` (400) where nothing leads to `target`; `PGRST201` (300) with the candidates where several do.
 */
export function resolveEmbed(
  schema: CompiledSchema,
  entity: CompiledEntity,
  target: string,
  hint: string | null,
): ResolvedEmbed {
  const named = Object.hasOwn(entity.relations, target) ? entity.relations[target] : undefined
  // A relation's own name is exact: `company` is meant even where `companies` has other ways to be reached.
  if (named && hint === null && named.entity !== target) return { relation: named }
  const candidates = [...direct(entity, target), ...throughJunction(schema, entity, target)].filter(
    (candidate) => isMeant(entity, target, candidate, hint) && (hint === null || matchesHint(entity, candidate, hint)),
  )
  const [only] = candidates
  if (!only) throw noRelation(schema, entity, target, hint)
  if (candidates.length > 1) throw ambiguous(entity, target, candidates)
  return only
}

function direct(entity: CompiledEntity, target: string): readonly ResolvedEmbed[] {
  return Object.values(entity.relations)
    .filter(
      (r) =>
        r.entity === target ||
        r.name === target ||
        r.key === target ||
        (r.kind === 'one' && r.from.length === 1 && r.from[0] === target),
    )
    .map((relation) => ({ relation }))
}

/** entity ← junction → target, where the junction's key is made of both references. */
function throughJunction(schema: CompiledSchema, entity: CompiledEntity, target: string): readonly ResolvedEmbed[] {
  const found: ResolvedEmbed[] = []
  for (const relation of Object.values(entity.relations)) {
    if (relation.kind !== 'many') continue
    const junction = schema.entities[relation.entity]
    for (const through of Object.values(junction?.relations ?? {})) {
      if (through.kind !== 'one' || through.key === relation.key) continue
      if (through.entity !== target && through.name !== target) continue
      if ([...relation.to, ...through.from].every((field) => junction?.key.includes(field)))
        found.push({ relation, through })
    }
  }
  return found
}

/**
 * An entity that refers to itself is embedded by its own name as the rows that refer; those referred to have the
 * column or the relation's name. Through a junction only where a hint asks for it.
 */
function isMeant(
  entity: CompiledEntity,
  target: string,
  { relation, through }: ResolvedEmbed,
  hint: string | null,
): boolean {
  if (target !== entity.name || (through ?? relation).entity !== target) return true
  return through ? hint !== null : relation.kind !== 'one'
}

function matchesHint(entity: CompiledEntity, { relation, through }: ResolvedEmbed, hint: string): boolean {
  // Between rows of one entity a junction can be walked in two directions: its first key says which.
  const either = through?.entity !== entity.name && through?.key === hint
  if (through) return relation.entity === hint || relation.key === hint || either
  const columns = relation.kind === 'one' ? relation.from : relation.to
  return relation.key === hint || (columns.length === 1 && columns[0] === hint) || relation.to.join() === hint
}

function noRelation(
  schema: CompiledSchema,
  entity: CompiledEntity,
  target: string,
  hint: string | null,
): BackSaasError {
  const by = hint === null ? '' : ` using the hint '${hint}'`
  const names = [...Object.keys(entity.relations), ...Object.values(entity.relations).map((r) => r.entity)]
  const near = nearestName(target, names)
  return new BackSaasError(
    'PGRST200',
    400,
    `Could not find a relationship between '${entity.name}' and '${target}' in the schema cache`,
    {
      details: `Searched for a foreign key relationship between '${entity.name}' and '${target}'${by} in the schema '${schema.name}', but no matches were found.`,
      hint: near ? `Perhaps you meant '${near}' instead of '${target}'.` : null,
    },
  )
}

function ambiguous(entity: CompiledEntity, target: string, candidates: readonly ResolvedEmbed[]): BackSaasError {
  const described = candidates.map((candidate) => describe(entity, candidate))
  const error = new BackSaasError(
    'PGRST201',
    300,
    `Could not embed because more than one relationship was found for '${entity.name}' and '${target}'`,
    {
      hint: `Try changing '${target}' to one of the following: ${candidates.map((candidate) => `'${hinted(candidate, candidates)}'`).join(', ')}. Find the desired relationship in the 'details' key.`,
      details: described,
    },
  )
  return error
}

/** What to write instead: the junction's name for a many-to-many, else the foreign key's. */
function hinted({ relation, through }: ResolvedEmbed, candidates: readonly ResolvedEmbed[]): string {
  if (!through) return `${relation.entity}!${relation.key}`
  const same = candidates.filter((other) => other.through && other.relation.entity === relation.entity)
  return `${through.entity}!${same.length > 1 ? relation.key : relation.entity}`
}

function describe(entity: CompiledEntity, { relation, through }: ResolvedEmbed): JsonObject {
  const columns = (r: CompiledRelation, near: string): string =>
    `${near}(${r.from.join(', ')}) and ${r.entity}(${r.to.join(', ')})`
  if (through) {
    return {
      cardinality: 'many-to-many',
      embedding: `${entity.name} with ${through.entity}`,
      relationship: `${relation.entity} using ${relation.key}(${relation.to.join(', ')}) and ${through.key}(${through.from.join(', ')})`,
    }
  }
  const cardinality = { one: 'many-to-one', many: 'one-to-many', one_back: 'one-to-one' }[relation.kind]
  return {
    cardinality,
    embedding: `${entity.name} with ${relation.entity}`,
    relationship: `${relation.key} using ${columns(relation, entity.name)}`,
  }
}
