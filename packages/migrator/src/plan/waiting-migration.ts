/** Migrations whose versions both serve and whose contract is still to come: what a version that is published over them must leave alone. */
import type { CompiledEntity, CompiledField, CompiledSchema, EntityMapping, Mapping } from '@backsaas/core'
import { BackSaasError } from '@backsaas/core'
import { ownProperty } from './create-mapping.ts'
import { fieldChange } from './diff-field.ts'
import type { EntityMatch } from './identity.ts'

/** A version that serves. */
export interface LiveVersion {
  readonly compiled: CompiledSchema
  readonly mapping: Mapping
}

/** What a migration leads from and to. */
export interface MigrationVersions {
  readonly toVersion: number
  readonly before: LiveVersion
  readonly after: LiveVersion
}

/** A migration that waits for its contract. */
export interface WaitingMigration extends MigrationVersions {
  readonly id: string
  readonly fromVersion: number
  /** What for, in a sentence without its end: `acme has not moved`. */
  readonly waitsFor: string
}

/** @throws always: `MIGRATION_OPEN` (409), which names the migration that is in the way and what that waits for. */
export function refuseOver(schema: string, reasons: readonly string[], waiting: readonly WaitingMigration[]): never {
  const list = waiting.map(
    ({ fromVersion, toVersion, waitsFor }) => `the migration from version ${fromVersion} to ${toVersion} (${waitsFor})`,
  )
  throw new BackSaasError('MIGRATION_OPEN', 409, `${reasons.join('; ')}: it has to wait for ${list.join(', and ')}`, {
    hint: `publish it when \`backsaas migrate --resume ${schema} --contract\` has come to its end; other changes are taken meanwhile`,
    details: waiting.map(({ id, toVersion, waitsFor }) => ({
      migration_id: id,
      to_version: toVersion,
      waits_for: waitsFor,
    })),
  })
}

/** What older live versions have of one entity of the next, by the ids that are theirs in every version. */
export interface Held {
  readonly match: EntityMatch
  readonly physical: EntityMapping
}

export function heldEntities(entity: CompiledEntity, live: readonly LiveVersion[]): Held[] {
  return live.flatMap(({ compiled, mapping }) =>
    Object.values(compiled.entities).flatMap((before) => {
      const physical = ownProperty(mapping.entities, before.name)
      if (before.id === undefined || before.id !== entity.id || !physical) return []
      return [{ match: matchById(before, entity), physical }]
    }),
  )
}

function matchById(before: CompiledEntity, after: CompiledEntity): EntityMatch {
  const names = new Map(Object.values(before.fields).map(({ id, name }) => [id, name]))
  const pairs = Object.values(after.fields).flatMap(({ id, name }): [string, string][] => {
    const origin = id === undefined ? undefined : names.get(id)
    return origin === undefined ? [] : [[name, origin]]
  })
  const origins = new Map(pairs)
  const kept = new Set(origins.values())
  return { before, after, origins, removed: Object.keys(before.fields).filter((name) => !kept.has(name)) }
}

/**
 * Why a field that admits more than in the version before cannot do so while an older version serves; null where it can: that one's
 * clients live with it, or its own bounds admit as much.
 *
 * @param column of the field, in the version before and from now on.
 */
export function widenedOver(field: CompiledField, column: string, { match, physical }: Held): string | null {
  const origin = match.origins.get(field.name)
  const old = origin === undefined ? undefined : match.before.fields[origin]
  if (!old) return null
  const name = `${match.after.name}.${field.name}`
  if (physical.columns[old.name] !== column) return `${name} is kept in step with ${old.name} of an older version`
  const way = fieldChange(old, field, match)
  if (way.column !== 'keep') return `an older version must not see what is new in ${name}`
  if (way.constraint === 'mixed') return `an older version has other bounds for ${name}`
  return null
}
