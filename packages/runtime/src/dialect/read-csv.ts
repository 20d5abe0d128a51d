/** `text/csv` → rows as JSON would have brought them. */
import { BackSaasError, type CompiledEntity } from '@backsaas/core'
import Papa from 'papaparse'

/**
 * RFC 4180 with a header line. `NULL` is null; an empty field is the empty text where its field is text, else null.
 *
 * @throws `PGRST102` (400) where a line has another number of fields than the header, or a quote is not closed.
 * @example readCsv('name,age\nAda,36', people) // [{ name: 'Ada', age: '36' }]
 */
export function readCsv(text: string, entity: CompiledEntity): readonly Readonly<Record<string, unknown>>[] {
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), { delimiter: ',', skipEmptyLines: true })
  const [fault] = errors
  if (fault) throw malformed(fault.row ?? 0, fault.message)
  const [header, ...lines] = data
  if (!header) throw malformed(0, 'the header is missing')
  const twice = header.find((name, i) => header.indexOf(name) !== i)
  if (twice !== undefined) throw malformed(0, `the header names ${twice} twice`)
  return lines.map((line, i) => {
    if (line.length !== header.length) throw malformed(i + 1, `has ${line.length} fields, the header ${header.length}`)
    return Object.fromEntries(header.map((name, column) => [name, cell(line[column] ?? '', name, entity, i + 1)]))
  })
}

function cell(text: string, name: string, entity: CompiledEntity, line: number): unknown {
  const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined
  if (text === 'NULL') return null
  if (!field) return text
  if (text === '') return !field.list && (field.type === 'string' || field.type === 'text') ? '' : null
  if (field.type !== 'json' || field.list) return text
  try {
    return parseExactly(text)
  } catch (cause) {
    throw new BackSaasError('22P02', 400, `line ${line + 1}: ${name} is not valid JSON`, { cause })
  }
}

function malformed(line: number, message: string): BackSaasError {
  return new BackSaasError('PGRST102', 400, 'the body is not valid CSV', { details: `line ${line + 1}: ${message}` })
}

/** JSON as ECMAScript 2026 has it: a reviver sees the source of a number, and a number may be written as it was. */
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): unknown
}

/** Parsed, but for numbers that JavaScript would round: these keep their text when they are written again. */
function parseExactly(text: string): unknown {
  const json = JSON as unknown as ExactJson // Node 22 and workerd have it, TypeScript's library not yet
  return json.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  )
}
