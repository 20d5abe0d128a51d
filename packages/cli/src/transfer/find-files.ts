/** From FILE or DIR to the files to import. */
import { readdirSync, type Stats, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { BackSaasError } from '@backsaas/core'
import type { FileFormat, SourceFile } from './source-row.ts'

const FORMATS: Readonly<Record<string, FileFormat>> = {
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
}

/**
 * The file, or the files of the folder that have a known ending, by name.
 *
 * @throws `FILE_UNREADABLE` (400) where there is nothing; `FORMAT_UNKNOWN` (400) where no ending is known.
 */
export function findFiles(path: string): readonly SourceFile[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) throw new BackSaasError('FILE_UNREADABLE', 400, `cannot read ${path}: there is no such file or folder`)
  if (!stats.isDirectory()) return [describe(path, stats)]
  const files = readdirSync(path)
    .filter((name) => extname(name).toLowerCase() in FORMATS)
    .toSorted()
    .map((name) => join(path, name))
  if (files.length === 0) throw unknownFormat(`${path} holds no file`)
  return files.map((file) => describe(file, statSync(file)))
}

function describe(path: string, { size, mtimeMs: modifiedMs }: Stats): SourceFile {
  const ending = extname(path)
  const format = FORMATS[ending.toLowerCase()]
  if (!format) throw unknownFormat(`${path} is no file`)
  return { path, name: basename(path, ending), format, size, modifiedMs }
}

function unknownFormat(what: string): BackSaasError {
  return new BackSaasError('FORMAT_UNKNOWN', 400, `${what} that can be imported`, {
    hint: 'the name ends in .json, .ndjson, .jsonl or .csv',
  })
}
