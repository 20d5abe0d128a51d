/** Rows as the body of a request. */
import type { Batch } from './batch.ts'

export interface Encoded {
  readonly contentType: string
  readonly body: string
}

/**
 * JSON for JSON's values. Cells of a CSV file go on as CSV, so that the server, who knows the types, reads them; but the
 * dialect's CSV has no text `NULL`, and a single empty cell is an empty line: such a batch goes as JSON.
 */
export function encodeRows(batch: Batch): Encoded {
  const rows = batch.map((row) => row.values)
  const names = Object.keys(rows[0] ?? {})
  const asCsv = batch[0]?.form === 'csv' && names.length > 1 && !rows.some((row) => Object.values(row).includes('NULL'))
  if (!asCsv) return { contentType: 'application/json', body: JSON.stringify(rows) }
  const lines = rows.map((row) => names.map((name) => cell(row[name])).join(','))
  return { contentType: 'text/csv', body: [names.join(','), ...lines].join('\n') }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  return `"${String(value).replaceAll('"', '""')}"`
}
