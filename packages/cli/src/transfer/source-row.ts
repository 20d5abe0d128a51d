/** What every reader of a file yields: its rows, one by one, with their places. */

export type Values = Readonly<Record<string, unknown>>

export interface SourceRow {
  /** The entity as the file calls it: a key of a JSON object, else the file's name without its ending. */
  readonly source: string
  /** The row's number within its source, from 1. */
  readonly row: number
  /** The values by the file's own names; absent where the row could not be read, and then `fault` says why. */
  readonly values?: Values
  readonly fault?: string
  /** How far into the file the reader is, in bytes. */
  readonly bytes: number
}

/** `csv`: values are text and null, to be typed by the server; `json`: values are JSON's. */
export type ValueForm = 'json' | 'csv'

export interface ReadOptions {
  /** Whether a CSV text loses the apostrophe that guards it from spreadsheets. */
  readonly unguard: boolean
}

export type FileFormat = 'json' | 'ndjson' | 'csv'

export interface SourceFile {
  readonly path: string
  /** The file's name without folder and ending. */
  readonly name: string
  readonly format: FileFormat
  readonly size: number
  readonly modifiedMs: number
}
