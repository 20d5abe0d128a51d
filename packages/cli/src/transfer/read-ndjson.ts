/** Newline-delimited JSON: one object a line. */
import { parseExact } from './exact-json.ts'
import { readTextChunks } from './read-text-chunks.ts'
import type { SourceFile, SourceRow, Values } from './source-row.ts'

/** A line longer than this is no row: the file is something else. */
const LINE_MAX = 64 * 1024 * 1024

/** Yields a row for each line that is not empty; a line that is no JSON object is yielded with its fault. */
export async function* readNdjson(file: SourceFile): AsyncGenerator<SourceRow> {
  let row = 0
  for await (const { text, number, bytes } of readLines(file.path)) {
    if (text.trim() === '') continue
    row += 1
    yield { source: file.name, row, bytes, ...parseLine(text, number) }
  }
}

function parseLine(text: string, number: number): Pick<SourceRow, 'values' | 'fault'> {
  try {
    const value = parseExact(text)
    return isRow(value) ? { values: value } : { fault: `line ${number} is not a JSON object` }
  } catch (error) {
    return { fault: `line ${number} is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}

export function isRow(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Line {
  readonly text: string
  /** From 1. */
  readonly number: number
  readonly bytes: number
}

/** Lines end in LF or CR LF alone: JSON may hold the other separators that Node's `readline` breaks at. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest = ''
  let number = 0
  let bytes = 0
  for await (const chunk of readTextChunks(path)) {
    bytes = chunk.bytes
    const lines = (rest + chunk.text).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) yield { text: text.replace(/\r$/, ''), number: ++number, bytes }
    if (rest.length > LINE_MAX) break
  }
  if (rest !== '') yield { text: rest.slice(0, LINE_MAX), number: ++number, bytes }
}
