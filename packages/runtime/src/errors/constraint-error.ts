/** A constraint that a write violates → logical names, and none that its writer may not know. */
import { BackSaasError, type CompiledEntity, type ConstraintMapping, type DatabaseError } from '@backsaas/core'
import { isKnown } from '../access/view.ts'
import type { BoundSchema } from '../binding/bound-schema.ts'

export function constraintError(error: DatabaseError, schema: BoundSchema): BackSaasError {
  const { sqlState, constraint, table, column } = error.fields
  const entity = entityOfTable(schema, table)
  if (sqlState === '23502') return notNull(error, entity, fieldOfColumn(schema, entity, column))
  const named = constraint === undefined ? null : findConstraint(schema, constraint)
  const found = named && isTellable(schema, named) ? named : null
  if (!found)
    return new BackSaasError(
      sqlState,
      sqlState === '23505' || sqlState === '23503' ? 409 : 400,
      'a constraint is violated',
      { cause: error },
    )
  if (sqlState === '23505') return duplicate(error, found)
  if (sqlState === '23503') return reference(error, found, schema, entity)
  const fields = found.constraint.fields.join(', ')
  return new BackSaasError(
    sqlState,
    400,
    `new row for relation "${found.entity.name}" violates check constraint "${logicalName(found)}"`,
    {
      details: fields ? `Failing field: ${fields}` : null,
      errors: found.constraint.fields.map((name) => ({
        pointer: `/${name}`,
        code: 'check',
        detail: 'is out of its bounds',
      })),
      cause: error,
    },
  )
}

/** Under rules, what a caller can neither see nor give is not named to them. */
function isTellable({ access }: BoundSchema, { entity, constraint }: FoundConstraint): boolean {
  return access === null || constraint.fields.every((field) => isKnown(access, entity.name, field))
}

interface FoundConstraint {
  readonly entity: CompiledEntity
  readonly constraint: ConstraintMapping
}

function findConstraint(schema: BoundSchema, name: string): FoundConstraint | null {
  for (const { compiled, mapping } of Object.values(schema.entities)) {
    const constraint = Object.hasOwn(mapping.constraints, name) ? mapping.constraints[name] : undefined
    if (constraint) return { entity: compiled, constraint }
  }
  return null
}

function entityOfTable(schema: BoundSchema, table: string | undefined): CompiledEntity | null {
  return Object.values(schema.entities).find((entity) => entity.mapping.table === table)?.compiled ?? null
}

function fieldOfColumn(schema: BoundSchema, entity: CompiledEntity | null, column: string | undefined): string {
  const columns = entity ? schema.entities[entity.name]?.mapping.columns : undefined
  const field = Object.entries(columns ?? {}).find(([, physical]) => physical === column)?.[0]
  const tellable = schema.access === null || (entity && field && isKnown(schema.access, entity.name, field))
  return field && tellable ? field : 'a field'
}

function logicalName({ entity, constraint }: FoundConstraint): string {
  const suffix = { key: 'pkey', unique: 'key', reference: 'fkey', check: 'check' }[constraint.kind]
  return constraint.kind === 'key' ? `${entity.name}_pkey` : `${entity.name}_${constraint.fields.join('_')}_${suffix}`
}

function notNull(error: DatabaseError, entity: CompiledEntity | null, field: string): BackSaasError {
  return new BackSaasError(
    '23502',
    400,
    `null value in column "${field}"${entity ? ` of relation "${entity.name}"` : ''} violates not-null constraint`,
    {
      errors: [{ pointer: `/${field}`, code: 'required', detail: 'is required' }],
      cause: error,
    },
  )
}

function duplicate(error: DatabaseError, found: FoundConstraint): BackSaasError {
  const values = keyValues(error)
  return new BackSaasError('23505', 409, `duplicate key value violates unique constraint "${logicalName(found)}"`, {
    details: `Key (${found.constraint.fields.join(', ')})${values === null ? '' : `=(${values})`} already exists.`,
    errors: found.constraint.fields.map((name) => ({ pointer: `/${name}`, code: 'unique', detail: 'is taken' })),
    cause: error,
  })
}

function reference(
  error: DatabaseError,
  found: FoundConstraint,
  schema: BoundSchema,
  failed: CompiledEntity | null,
): BackSaasError {
  const { entity, constraint } = found
  // Postgres names the referencing table where a new row points nowhere, and says "still referenced" where a target goes.
  const still = error.fields.serverDetail?.includes('is still referenced') ?? false
  const values = keyValues(error)
  const target = constraint.entity ?? 'its target'
  const keys = still ? (schema.compiled.entities[target]?.key ?? []) : constraint.fields
  const shown = `Key (${keys.join(', ')})${values === null ? '' : `=(${values})`}`
  const subject = still
    ? `update or delete on table "${target}"`
    : `insert or update on table "${(failed ?? entity).name}"`
  const suffix = still ? ` on table "${entity.name}"` : ''
  return new BackSaasError(
    '23503',
    409,
    `${subject} violates foreign key constraint "${logicalName(found)}"${suffix}`,
    {
      details: still
        ? `${shown} is still referenced from table "${entity.name}".`
        : `${shown} is not present in table "${target}".`,
      errors: still
        ? []
        : constraint.fields.map((name) => ({
            pointer: `/${name}`,
            code: 'reference',
            detail: `names no row of ${target}`,
          })),
      cause: error,
    },
  )
}

/** The values of Postgres' `Key (a, b)=(1, 2) …` without the tenant that leads them. */
function keyValues(error: DatabaseError): string | null {
  return (
    /=\([0-9a-f]{8}-[0-9a-f-]{27}, (.*)\) (?:already exists|is not present|is still)/s.exec(
      error.fields.serverDetail ?? '',
    )?.[1] ?? null
  )
}
