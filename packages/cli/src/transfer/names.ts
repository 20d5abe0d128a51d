/** From the names in a file to the names of a schema: `InvoiceLine` → `invoice_lines`, `GenreId` → `genre_id`. */

/** @example snakeCase('MediaTypeId') // 'media_type_id' */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
}

/** @example pluralOf('company') // 'companies' */
export function pluralOf(name: string): string {
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`
  if (/(?:s|x|z|ch|sh)$/.test(name)) return `${name}es`
  return `${name}s`
}

/** The names that an entity of this name in a file may have in a schema, the likeliest first. */
export function entityCandidates(name: string): readonly string[] {
  const snake = snakeCase(name)
  return [...new Set([name, snake, pluralOf(snake)])].filter((candidate) => candidate !== '')
}

/** The field that a column of a file means; undefined where the entity has none of that name. */
export function matchField(column: string, fields: ReadonlySet<string>): string | undefined {
  return [column, snakeCase(column)].find((candidate) => fields.has(candidate))
}
