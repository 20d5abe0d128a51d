/** A body → the rows of a create or the values of an update. */
import { BackSaasError, type CompiledEntity, type Input, nearestName } from '@backsaas/core'
import { checkNesting } from './nesting.ts'
import type { Preferences } from './preferences.ts'
import { readCsv } from './read-csv.ts'

/**
 * @throws `PGRST102` (400) for what is not JSON objects; `PGRST204` (400) for a column that the entity lacks;
 *   `FIELD_NOT_WRITABLE` (422) for one that the platform alone or nobody with the caller's roles writes; `PGRST107` (415) for another content type.
 */
export function readInput(
  action: 'create' | 'update',
  body: string,
  contentType: string | null,
  columnsText: string | null,
  preferences: Preferences,
  entity: CompiledEntity,
): Input {
  checkNesting(body)
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const rows = readRows(action, body, type, entity)
  const keys =
    columnsText === null
      ? commonKeys(rows, preferences)
      : columnsText.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
  const columns = [...new Set(keys)]
  checkColumns(columns, entity)
  const missing = action === 'create' ? preferences.missing : 'null'
  return { columns, rows, missing, ...(JSON_TYPES.has(type) ? { text: jsonText(action, body.trim()) } : {}) }
}

/** A create is planned on an array, an update on an object. */
function jsonText(action: 'create' | 'update', text: string): string {
  const array = text.startsWith('[')
  if (action === 'create') return array ? text : `[${text}]`
  return array ? text.slice(1, -1) : text
}

const JSON_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/vnd.pgrst.object+json',
  'application/vnd.pgrst.array+json',
])

function readRows(
  action: 'create' | 'update',
  body: string,
  type: string,
  entity: CompiledEntity,
): readonly Readonly<Record<string, unknown>>[] {
  if (type === 'text/csv') return oneForUpdate(action, readCsv(body, entity))
  if (type === 'application/x-www-form-urlencoded') return [Object.fromEntries(new URLSearchParams(body))]
  if (!JSON_TYPES.has(type))
    throw new BackSaasError('PGRST102', 415, `Content-Type not acceptable: ${type.slice(0, 100)}`, {
      hint: 'Send application/json, text/csv or application/x-www-form-urlencoded.',
    })
  const parsed = parseJson(body)
  const rows: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  for (const row of rows)
    if (row === null || typeof row !== 'object' || Array.isArray(row))
      throw malformed('the body must be a JSON object or an array of objects')
  return oneForUpdate(action, rows as readonly Readonly<Record<string, unknown>>[]) // each was checked in the loop above
}

function oneForUpdate<T>(action: 'create' | 'update', rows: readonly T[]): readonly T[] {
  if (action === 'update' && rows.length !== 1) throw malformed('an update takes one object')
  return rows
}

function parseJson(body: string): unknown {
  if (body.trim() === '') throw malformed('Empty or invalid json')
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new BackSaasError('PGRST102', 400, 'Empty or invalid json', { details: 'the body is not valid JSON', cause })
  }
}

function malformed(message: string): BackSaasError {
  return new BackSaasError('PGRST102', 400, message)
}

/** Rows set the same columns, unless told what a missing one means. */
function commonKeys(rows: readonly Readonly<Record<string, unknown>>[], preferences: Preferences): readonly string[] {
  const first = Object.keys(rows[0] ?? {})
  if (rows.length < 2) return first
  if (preferences.missing === 'default') return rows.flatMap((row) => Object.keys(row))
  const known = new Set(first)
  for (const row of rows) {
    const keys = Object.keys(row)
    if (keys.length !== known.size || !keys.every((key) => known.has(key)))
      throw new BackSaasError('PGRST102', 400, 'All object keys must match', {
        hint: 'Name the columns with columns=, or send Prefer: missing=default.',
      })
  }
  return first
}

function checkColumns(columns: readonly string[], entity: CompiledEntity): void {
  const forbidden = columns.filter(
    (name) => name === 'tenant_id' || (Object.hasOwn(entity.fields, name) && entity.fields[name]?.writable === false),
  )
  if (forbidden.length > 0)
    throw new BackSaasError('FIELD_NOT_WRITABLE', 422, `${forbidden.join(', ')} may not be written`, {
      hint: 'Leave these fields out of the body.',
      errors: forbidden.map((name) => ({
        pointer: `/${name}`,
        code: 'not_writable',
        detail: 'may not be written',
      })),
    })
  for (const name of columns) {
    if (Object.hasOwn(entity.fields, name)) continue
    const near = nearestName(name, Object.keys(entity.fields))
    throw new BackSaasError(
      'PGRST204',
      400,
      `Could not find the '${name.slice(0, 100)}' column of '${entity.name}' in the schema cache`,
      {
        hint: near ? `Perhaps you meant '${near}'.` : null,
        errors: [{ pointer: `/${name.slice(0, 100)}`, code: 'unknown', detail: 'is no field of this entity' }],
      },
    )
  }
}
