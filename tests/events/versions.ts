/** Two versions of the schema of these tests: the second adds a field, an index, and an entity of very many fields. */
import { readFileSync } from 'node:fs'

export function versions(): readonly [string, string] {
  const first = readFileSync(new URL('schema.yaml', import.meta.url), 'utf8')
  const fields = Array.from({ length: 60 }, (_, i) => `      f${i}: { type: string }\n`).join('')
  const second = `${first}      m: { type: integer }
    indexes: [[n]]
  wide:
    events: [created]
    fields:
${fields}`
  return [first, second]
}
