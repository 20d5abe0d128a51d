/** `--map SOURCE=TARGET`: names that cannot be told from the file. */
import { BackSaasError } from '@backsaas/core'

export interface NameMap {
  /** Name in the file → entity; null leaves it out. */
  readonly entities: ReadonlyMap<string, string | null>
  /** Name in the file → column → field; null leaves the column out. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, string | null>>
}

/**
 * Reads `Genre=genres`, `Genre.Title=name`, and with nothing behind the `=` what is to be left out.
 *
 * @throws `MAP_INVALID` (400).
 * @example readNameMap(['Genre=genres', 'Genre.Title=name', 'Genre.Note='])
 */
export function readNameMap(entries: readonly string[]): NameMap {
  const entities = new Map<string, string | null>()
  const fields = new Map<string, Map<string, string | null>>()
  for (const entry of entries) {
    const [, source, column, target] = /^([^.=]+)(?:\.([^=]+))?=(.*)$/.exec(entry) ?? []
    if (source === undefined || target === undefined)
      throw new BackSaasError('MAP_INVALID', 400, `${JSON.stringify(entry)} is no mapping`, {
        hint: 'its form is Genre=genres, or Genre.Title=name; Genre.Note= leaves a column out',
      })
    const meaning = target === '' ? null : target
    if (column === undefined) entities.set(source, meaning)
    else {
      const columns = fields.get(source) ?? new Map<string, string | null>()
      fields.set(source, columns.set(column, meaning))
    }
  }
  return { entities, fields }
}
