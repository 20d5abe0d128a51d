/** CSV with a header line, as RFC 4180 has it. */
import { Readable } from 'node:stream'
import { BackSaasError } from '@backsaas/core'
import { CsvError, parse } from 'csv-parse'
import { withoutGuard } from './csv-guard.ts'
import { readTextChunks } from './read-text-chunks.ts'
import type { ReadOptions, SourceFile, SourceRow } from './source-row.ts'

/** A record and where the parser stood when it was whole. */
interface Parsed {
  readonly record: readonly (string | null)[]
  readonly info: { readonly bytes: number; readonly lines: number }
}

/**
 * Yields a row for each record. An empty cell is null, a quoted empty one (`""`) the empty text. A record with more or
 * fewer cells than the header is yielded with its fault.
 *
 * @throws `FILE_INVALID` (400) where there is no header, a name stands there twice, or a quote is never closed.
 */
export async function* readCsv(file: SourceFile, { unguard }: ReadOptions): AsyncGenerator<SourceRow> {
  const parser = parse({
    record_delimiter: ['\r\n', '\n'],
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    cast: (text, { quoting }) => (text === '' && !quoting ? null : unguard ? withoutGuard(text) : text),
  })
  const stream = Readable.from(textOf(file.path))
  stream.on('error', (error) => parser.destroy(error))
  stream.pipe(parser)
  let header: readonly string[] | null = null
  let row = 0
  try {
    for await (const parsed of parser) {
      const { record, info }: Parsed = parsed // `info: true` gives this form
      if (header === null) {
        header = readHeader(record, file.path)
        continue
      }
      row += 1
      const place = { source: file.name, row, bytes: info.bytes }
      if (record.length === header.length)
        yield { ...place, values: Object.fromEntries(header.map((name, i) => [name, record[i] ?? null])) }
      else yield { ...place, fault: `line ${info.lines} has ${record.length} cells, the header has ${header.length}` }
    }
  } catch (error) {
    throw error instanceof CsvError ? invalid(file.path, error.message, error) : error
  } finally {
    stream.destroy()
  }
  if (header === null) throw invalid(file.path, 'the header line is missing')
}

function readHeader(record: readonly (string | null)[], path: string): readonly string[] {
  const names = record.map((name) => name?.trim() ?? '')
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalid(path, `the header names ${JSON.stringify(twice)} twice`)
  if (names.includes('')) throw invalid(path, 'a name in the header is empty')
  return names
}

async function* textOf(path: string): AsyncGenerator<string> {
  for await (const { text } of readTextChunks(path)) if (text !== '') yield text
}

function invalid(path: string, reason: string, cause?: unknown): BackSaasError {
  return new BackSaasError('FILE_INVALID', 400, `${path} is not valid CSV: ${reason}`, { cause })
}
