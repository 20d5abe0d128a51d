/** A row of a file → a row of an entity: every column under the field it means. */
import { BackSaasError } from '@backsaas/core'
import type { Target } from './find-target.ts'
import { matchField } from './names.ts'
import type { Values } from './source-row.ts'

export type MapRow = (values: Values) => Values

/**
 * A mapper for one source. Columns that the map leaves out and fields that the platform alone writes are dropped.
 *
 * @param renamed what `--map` says of this source's columns.
 * @param onUnwritable told once of each column that is the platform's.
 * @throws `COLUMN_UNKNOWN` (400), from the mapper, for a column that means no field.
 * @example createRowMapper('Genre', genres, new Map())({ GenreId: 1, Name: 'Rock' }) // { genre_id: 1, name: 'Rock' }
 */
export function createRowMapper(
  source: string,
  target: Target,
  renamed: ReadonlyMap<string, string | null>,
  onUnwritable: (field: string) => void = () => {},
): MapRow {
  const meanings = new Map<string, string | null>()
  const meaningOf = (column: string): string | null => {
    const known = meanings.get(column)
    if (known !== undefined) return known
    const said = renamed.get(column)
    const field = said === undefined ? matchField(column, target.fields) : said
    if (field === undefined || (field !== null && !target.fields.has(field))) throw unknown(source, column, target)
    meanings.set(column, field)
    if (field !== null && target.unwritable.has(field)) onUnwritable(field)
    return field
  }
  return (values) => {
    const mapped: Record<string, unknown> = {}
    for (const [column, value] of Object.entries(values)) {
      const field = meaningOf(column)
      if (field !== null && !target.unwritable.has(field)) mapped[field] = value
    }
    return mapped
  }
}

function unknown(source: string, column: string, target: Target): BackSaasError {
  return new BackSaasError('COLUMN_UNKNOWN', 400, `${source}.${column} is no field of ${target.entity}`, {
    hint: `say --map ${source}.${column}=FIELD, or --map ${source}.${column}= to leave it out`,
    details: `Fields: ${[...target.fields].join(', ')}`,
  })
}
