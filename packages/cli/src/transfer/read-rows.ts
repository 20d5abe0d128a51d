/** A file as a stream of rows, whatever its format. */
import { readCsv } from './read-csv.ts'
import { readJson } from './read-json.ts'
import { readNdjson } from './read-ndjson.ts'
import type { FileFormat, ReadOptions, SourceFile, SourceRow } from './source-row.ts'

const READERS: Readonly<Record<FileFormat, (file: SourceFile, options: ReadOptions) => AsyncIterable<SourceRow>>> = {
  json: readJson,
  ndjson: readNdjson,
  csv: readCsv,
}

/**
 * Reads row by row; no file is held in memory.
 *
 * @throws `FILE_INVALID` (400) where the file as a whole cannot be read on. A single row that cannot be read is yielded
 *   with its fault.
 * @example for await (const { source, values } of readRows(file)) console.log(source, values)
 */
export function readRows(file: SourceFile, options: ReadOptions = { unguard: true }): AsyncIterable<SourceRow> {
  return READERS[file.format](file, options)
}
