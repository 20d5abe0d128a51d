/** `resolution=`, `on_conflict=` and PUT → what an upsert decides by. */
import { BackSaasError, type CompiledEntity, type Input, type Operation } from '@backsaas/core'
import { noSuchRow, notSupported } from './dialect-errors.ts'
import type { Preferences } from './preferences.ts'
import { resolveField } from './resolve-path.ts'
import type { SplitQuery } from './split-query.ts'

/**
 * The upsert that a POST asks for; null where it is a plain insert.
 *
 * @throws `42P10` (400) where the columns are no unique set of the entity.
 */
export function readUpsert(
  preferences: Preferences,
  split: SplitQuery,
  entity: CompiledEntity,
  input: Input,
): Operation['upsert'] | null {
  if (preferences.resolution === null) return null
  const on =
    split.onConflict === null
      ? entity.key
      : split.onConflict.split(',').map((name) => resolveField(name.trim().replace(/^"(.*)"$/, '$1'), entity).name)
  const wanted = [...on].sort().join()
  const unique = [entity.key, ...entity.unique].find((set) => [...set].sort().join() === wanted)
  if (!unique) throw notUnique(entity)
  return isNumbered(unique, entity, input) ? null : { on: unique, resolution: preferences.resolution }
}

/** Suggests sets of which the caller may know every field. */
function notUnique(entity: CompiledEntity): BackSaasError {
  const known = [entity.key, ...entity.unique].filter((set) => set.every((name) => Object.hasOwn(entity.fields, name)))
  return new BackSaasError(
    '42P10',
    400,
    'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    { hint: known.length === 0 ? null : `Unique here: ${known.map((set) => `(${set.join(', ')})`).join(', ')}.` },
  )
}

/**
 * Whether the rows get their key from the column's own numbering: such rows are new, and must never meet, by a number
 * that someone else has given, a row that is there.
 *
 * @throws `NOT_SUPPORTED` (400) where some of the rows do and some do not.
 */
function isNumbered(unique: readonly string[], entity: CompiledEntity, { columns, rows, missing }: Input): boolean {
  const numbered = unique.filter((name) => {
    const from = entity.fields[name]?.default
    return from !== undefined && 'from' in from && from.from === 'identity'
  })
  if (numbered.some((name) => !columns.includes(name))) return true
  if (missing === 'default' && numbered.some((name) => rows.some((row) => !Object.hasOwn(row, name))))
    throw notSupported(
      `an upsert of rows with and without ${numbered.join(', ')}`,
      'Send the new rows in a request of their own.',
    )
  return false
}

/**
 * PUT: one row under the key that the filters (or the path) name.
 *
 * @throws `PGRST114` (400) with limit or offset; `PGRST105` (405) where the filters are not `eq` on the key alone;
 *   `PGRST115` (400) where body and filters name different keys; `PGRST116` (404) where the caller may neither give nor see the key, so that
 *   nobody finds a row by it or learns whether it is there.
 */
export function readPut(
  input: Input,
  split: SplitQuery,
  itemKey: readonly string[] | null,
  entity: CompiledEntity,
): { input: Input; upsert: NonNullable<Operation['upsert']> } {
  if (split.limits.length > 0 || split.offsets.length > 0)
    throw new BackSaasError('PGRST114', 400, 'limit/offset querystring parameters are not allowed for PUT')
  if (entity.key.some((field) => !Object.hasOwn(entity.fields, field))) throw noSuchRow(entity.name)
  const key = itemKey ?? keyOfFilters(split, entity)
  const row = input.rows[0]
  if (!row || input.rows.length > 1) throw mismatch()
  if (
    entity.key.some(
      (field, i) => Object.hasOwn(row, field) && !sameKey(entity, field, row[field], key[i] ?? '', input.text),
    )
  )
    throw mismatch()
  const missing = entity.key.filter((field) => !Object.hasOwn(row, field))
  const added = Object.fromEntries(missing.map((field) => [field, key[entity.key.indexOf(field)] ?? '']))
  const whole: Input = {
    ...input,
    columns: [...new Set([...entity.key, ...input.columns])],
    rows: [{ ...row, ...added }],
    // The body's own text keeps every digit; a key that it lacks is written into it.
    ...(input.text === undefined ? {} : { text: withMembers(input.text, added) }),
  }
  return { input: whole, upsert: { on: entity.key, resolution: 'merge' } }
}

/** Whether a body's key is the one that the URL names, whatever way either is written. */
function sameKey(
  entity: CompiledEntity,
  field: string,
  value: unknown,
  named: string,
  text: string | undefined,
): boolean {
  // A number past what JavaScript holds exactly is looked for as it was written.
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return text?.includes(named) ?? false
  if (entity.fields[field]?.type === 'uuid') return String(value).toLowerCase() === named.toLowerCase()
  return String(value) === named || (typeof value === 'number' && named.trim() !== '' && Number(named) === value)
}

/** The text of an array of one object, with more members in front. */
function withMembers(text: string, members: Readonly<Record<string, string>>): string {
  const more = JSON.stringify(members).slice(1, -1)
  if (more === '') return text
  return text.replace(/^\[\s*\{\s*(\})?/, (_, empty: string | undefined) => (empty ? `[{${more}}` : `[{${more},`))
}

function keyOfFilters(split: SplitQuery, entity: CompiledEntity): readonly string[] {
  const key = entity.key.map((field) => {
    const filters = split.filters.filter(
      ({ embed, path }) => embed.length === 0 && path.field === field && path.json.length === 0,
    )
    return filters.length === 1 && filters[0]?.text.startsWith('eq.') ? filters[0].text.slice(3) : null
  })
  const values = key.filter((value) => value !== null)
  if (values.length !== entity.key.length || split.filters.length !== entity.key.length || split.logic.length > 0)
    throw new BackSaasError(
      'PGRST105',
      405,
      "Filters must include all and only primary key columns with 'eq' operators",
    )
  return values
}

function mismatch(): BackSaasError {
  return new BackSaasError('PGRST115', 400, 'Payload values do not match URL in primary key column(s)')
}
