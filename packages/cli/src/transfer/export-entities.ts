/** Entities to files, or to standard output: streamed page by page, whole or not at all. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { BackSaasError } from '@backsaas/core'
import { makeFolders } from '../make-folders.ts'
import { type EntityKey, type PageOptions, readCsvPages, readJsonPages } from './read-pages.ts'

export type ExportFormat = 'json' | 'ndjson' | 'csv'

export interface ExportOptions extends PageOptions {
  readonly entities: readonly EntityKey[]
  readonly format: ExportFormat
  /** A folder, made if need be; null for `writeLine`. */
  readonly folder: string | null
  readonly writeLine: (line: string) => void
}

/** Entity → number of rows. */
export type Exported = Readonly<Record<string, number>>

type Write = (line: string) => void

/**
 * Writes one file for each entity, `<entity>.<format>`; to standard output, JSON is one object of entity → rows.
 *
 * @throws `OUTPUT_AMBIGUOUS` (400) where several entities would go to standard output as NDJSON or CSV;
 *   `FILE_UNWRITABLE` (400); the server's error.
 * @example await exportEntities({ client, entities, format: 'ndjson', folder: 'dump', pageRows: 1000, writeLine })
 */
export async function exportEntities(options: ExportOptions): Promise<Exported> {
  const { entities, format, folder, writeLine } = options
  if (folder !== null) return exportToFolder(options, folder)
  if (format === 'json') return exportAsObject(options)
  const [only] = entities
  if (entities.length !== 1 || !only)
    throw new BackSaasError('OUTPUT_AMBIGUOUS', 400, `several entities cannot be told apart in one ${format}`, {
      hint: 'name one with --entity, take --format json, or a folder with --out DIR',
    })
  return { [only.entity]: await exportEntity(only, options, writeLine) }
}

async function exportToFolder(options: ExportOptions, folder: string): Promise<Exported> {
  const exported: Record<string, number> = {}
  attempt(folder, () => makeFolders(folder))
  for (const from of options.entities) {
    const path = join(folder, `${from.entity}.${options.format}`)
    const file = attempt(path, () => openSync(`${path}.part`, 'w', 0o600))
    try {
      exported[from.entity] = await exportEntity(from, options, (line) => void writeSync(file, `${line}\n`))
    } catch (error) {
      rmSync(`${path}.part`)
      throw error
    } finally {
      closeSync(file)
    }
    renameSync(`${path}.part`, path)
  }
  return exported
}

async function exportAsObject(options: ExportOptions): Promise<Exported> {
  const exported: Record<string, number> = {}
  options.writeLine('{')
  for (const [i, from] of options.entities.entries()) {
    options.writeLine(`${JSON.stringify(from.entity)}:`)
    exported[from.entity] = await exportEntity(from, options, options.writeLine)
    if (i < options.entities.length - 1) options.writeLine(',')
  }
  options.writeLine('}')
  return exported
}

/** @returns the number of rows. */
async function exportEntity(from: EntityKey, options: ExportOptions, write: Write): Promise<number> {
  if (options.format === 'csv') return exportCsv(from, options, write)
  let count = 0
  if (options.format === 'json') write('[')
  for await (const rows of readJsonPages(from, options)) {
    for (const row of rows) {
      const comma = options.format === 'json' && count > 0 ? ',' : ''
      write(`${comma}${JSON.stringify(row)}`)
      count += 1
    }
  }
  if (options.format === 'json') write(']')
  return count
}

async function exportCsv(from: EntityKey, options: ExportOptions, write: Write): Promise<number> {
  let count = 0
  let first = true
  for await (const { header, body, rows } of readCsvPages(from, options)) {
    if (first) write(header)
    first = false
    if (rows > 0) write(body)
    count += rows
  }
  return count
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BackSaasError('FILE_UNWRITABLE', 400, `cannot write ${path}: ${reason}`, { cause })
  }
}
