/** What Postgres refused → what the caller is told: SQLSTATE as the code, logical names only. */
import { BackSaasError, type CompiledEntity, type ConstraintMapping, type DatabaseError, FENCE } from '@backsaas/core'
import type { BoundSchema } from '../binding/bound-schema.ts'
import { refusedWrite } from './refused-write.ts'

const STALE: ReadonlySet<string> = new Set([FENCE.retired, '42P01', '42703', '0A000'])

/** SQLSTATE classes and codes with the dialect's status. https://docs.postgrest.org/en/v13/references/errors.html */
const STATUS: Readonly<Record<string, readonly [status: number, message: string | null]>> = {
  '42883': [404, null],
  '42704': [400, 'there is no such text search configuration'],
  '42846': [400, null],
  '42803': [400, 'a column is neither grouped nor aggregated'],
  '42804': [400, 'the types of an expression do not fit'],
  '42601': [400, 'the expression is not valid'],
  '42P18': [400, 'the type of a value cannot be told'],
  '42P10': [400, 'there is no unique or exclusion constraint matching the ON CONFLICT specification'],
  '42501': [403, 'permission denied'],
  '57014': [504, 'the statement took too long and was stopped'],
  '40001': [503, 'the write met another one; try again'],
  '40P01': [503, 'the write met another one; try again'],
  '25006': [503, 'the database is read-only at the moment'],
  '55P03': [503, 'the row is locked; try again'],
  '21000': [400, 'one statement cannot write the same row twice'],
}

/**
 * @param entity the one that was asked.
 * @returns the error to answer with; `STALE_SCHEMA` (503) where the runtime should refresh and try once more.
 */
export function translateDatabaseError(
  error: DatabaseError,
  schema: BoundSchema,
  entity: CompiledEntity | undefined,
): BackSaasError {
  const { sqlState } = error.fields
  if (STALE.has(sqlState))
    return new BackSaasError('STALE_SCHEMA', 503, 'the schema is changing; try again', {
      cause: error,
      headers: { 'retry-after': '1' },
    })
  if (sqlState === FENCE.suspended)
    return new BackSaasError('TENANT_SUSPENDED', 403, 'this tenant is suspended', { cause: error })
  const refused = entity ? refusedWrite(error, entity) : null
  if (refused) return refused
  if (sqlState.startsWith('23')) return constraintError(error, schema)
  const known = STATUS[sqlState]
  if (known)
    return new BackSaasError(sqlState, known[0], known[1] ?? error.message, {
      cause: error,
      ...(known[0] === 503 ? { headers: { 'retry-after': '1' } } : {}),
    })
  // Class 22 speaks of values and types only.
  if (sqlState.startsWith('22')) return new BackSaasError(sqlState, 400, error.message, { cause: error })
  if (sqlState.startsWith('54'))
    return new BackSaasError(sqlState, 413, 'the request is too complex for the database', { cause: error })
  if (/^(?:08|53|57)/.test(sqlState))
    return new BackSaasError('DATABASE_UNREACHABLE', 503, 'the database cannot be reached', {
      cause: error,
      headers: { 'retry-after': '2' },
    })
  return new BackSaasError('INTERNAL', 500, 'something went wrong on our side', { cause: error })
}

function constraintError(error: DatabaseError, schema: BoundSchema): BackSaasError {
  const { sqlState, constraint, table, column } = error.fields
  const entity = entityOfTable(schema, table)
  if (sqlState === '23502') return notNull(error, entity, fieldOfColumn(schema, entity, column))
  const found = constraint === undefined ? null : findConstraint(schema, constraint)
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
  return Object.entries(columns ?? {}).find(([, physical]) => physical === column)?.[0] ?? 'a field'
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
