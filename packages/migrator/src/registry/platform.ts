/** The platform's own rows, through its mapping: the migrator knows no physical name either. */
import type { CompiledField, CompiledSchema, Connection, Mapping, Statement } from '@backsaas/core'
import { BackSaasError, invariant, literalText, PLATFORM_PLACEMENT_ID, TENANT_COLUMN, uuidv7 } from '@backsaas/core'
import { query } from '../execute/migrator-transaction.ts'
import { identifier, qualified } from '../plan/quote.ts'

/** The live version of the platform's schema in a database. */
export interface Platform {
  readonly compiled: CompiledSchema
  readonly mapping: Mapping
  readonly version: number
}

/** A table's name and its columns', quoted. */
export interface TableNames {
  readonly table: string
  readonly tenant: string
  readonly column: (field: string) => string
}

/** @throws `NOT_BOOTSTRAPPED` (503) where there is none. */
export async function readPlatform(connection: Connection): Promise<Platform> {
  const platform = await findPlatform(connection)
  if (platform) return platform
  throw new BackSaasError('NOT_BOOTSTRAPPED', 503, 'this database has not been set up for BackSaaS', {
    hint: 'run `backsaas migrate`',
  })
}

/** The platform's newest live version, or null before its first. */
export async function findPlatform(connection: Connection): Promise<Platform | null> {
  // By the column, not by the text of the same name that is selected: 9 comes before 10.
  const [row] = await query(
    connection,
    `select version::text, compiled, mapping from backsaas.versions v
     where placement_id = $1 and state = 'live' order by v.version desc limit 1`,
    [PLATFORM_PLACEMENT_ID],
  )
  if (!row) return null
  const [version, compiled, mapping] = row
  return { compiled: readCompiled(compiled), mapping: readMapping(mapping), version: Number(version) }
}

/** Reads it anew only where there is a newer one: for who looks all the time. */
export function createPlatformReader(): (connection: Connection) => Promise<Platform> {
  let known: Platform | null = null
  return async (connection) => {
    const [row] = await query(
      connection,
      `select max(version)::text from backsaas.versions where placement_id = $1 and state = 'live'`,
      [PLATFORM_PLACEMENT_ID],
    )
    if (known === null || row?.[0] !== String(known.version)) known = await readPlatform(connection)
    return known
  }
}

/** What `backsaas.versions.compiled` holds. Written by us from a `CompiledSchema`, so parsing gives one back. */
export function readCompiled(text: string | null | undefined): CompiledSchema {
  invariant(text, 'a version holds its compiled schema')
  return JSON.parse(text) as CompiledSchema
}

/** What `backsaas.versions.mapping` holds; as above. */
export function readMapping(text: string | null | undefined): Mapping {
  invariant(text, 'a version holds its mapping')
  return JSON.parse(text) as Mapping
}

export function tableNames(platform: Platform, entity: string): TableNames {
  const mapping = platform.mapping.entities[entity]
  invariant(mapping, `the platform has the entity ${entity}`)
  return {
    table: qualified(platform.mapping.schema, mapping.table),
    tenant: identifier(TENANT_COLUMN),
    column(field) {
      const column = mapping.columns[field]
      invariant(column, `the platform's ${entity} have the field ${field}`)
      return identifier(column)
    },
  }
}

/** An expression of ours in place of a value. */
export interface SqlValue {
  readonly sql: string
}

/**
 * The insert of one row. Fields that are not given take the defaults that a client's row would; the creator is `migrator`.
 *
 * @param values by field, in Postgres' text form.
 */
export function insertRow(
  platform: Platform,
  entity: string,
  tenantId: string,
  values: Readonly<Record<string, string | null | SqlValue>>,
  onConflict: 'fail' | 'ignore' = 'fail',
): Statement {
  const names = tableNames(platform, entity)
  const row = new Map<string, string | null | SqlValue>()
  for (const field of Object.values(platform.compiled.entities[entity]?.fields ?? {})) {
    const value = defaultOf(field)
    if (value !== undefined) row.set(field.name, value)
  }
  for (const [field, value] of Object.entries(values)) row.set(field, value)
  const columns = [names.tenant, ...[...row.keys()].map(names.column)].join(', ')
  const params: (string | null)[] = []
  const places = [tenantId, ...row.values()].map((value) =>
    typeof value === 'object' && value !== null ? value.sql : `$${params.push(value)}`,
  )
  const tail = onConflict === 'ignore' ? ' on conflict do nothing' : ''
  return {
    text: `insert into ${names.table} (${columns}) values (${places.join(', ')})${tail}`,
    params,
    prepare: false,
  }
}

function defaultOf(field: CompiledField): string | null | undefined {
  if (!field.default) return undefined
  if ('literal' in field.default) return literalText(field, field.default.literal)
  switch (field.default.from) {
    case 'uuidv7':
      return uuidv7()
    case 'now':
      return new Date().toISOString()
    case 'principal':
      return field.type === 'uuid' ? null : 'migrator'
    case 'revision':
      return '1'
    default:
      return undefined
  }
}
