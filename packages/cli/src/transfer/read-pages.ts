/** All rows of an entity, page by page in the order of its key: a row written meanwhile shifts nothing. */
import { BackSaasError } from '@backsaas/core'
import { parse } from 'csv-parse/sync'
import { isGuarded } from './csv-guard.ts'
import { parseExact, scalarText } from './exact-json.ts'
import { keysetFilter } from './keyset-filter.ts'
import { isRow } from './read-ndjson.ts'
import { type RestClient, readProblem, refusedByServer } from './rest-client.ts'
import type { Values } from './source-row.ts'

/** What is read: an entity by its key. */
export interface EntityKey {
  readonly entity: string
  readonly key: readonly string[]
}

export interface PageOptions {
  readonly client: RestClient
  /** Rows of a page; the server may give fewer. */
  readonly pageRows: number
}

/** A page of CSV: the records as they came, without the header, which is there once. */
export interface CsvPage {
  readonly header: string
  readonly body: string
  readonly rows: number
}

/**
 * The rows as JSON's values; numbers keep every digit.
 *
 * @throws the server's error; `KEY_MISSING` (400) where a row has no value for the key.
 * @example for await (const rows of readJsonPages({ entity: 'tracks', key: ['track_id'] }, options)) write(rows)
 */
export async function* readJsonPages(from: EntityKey, options: PageOptions): AsyncGenerator<readonly Values[]> {
  let after: readonly string[] | null = null
  for (;;) {
    const text: string = await readPage(from, after, 'application/json', options)
    const page = parseExact(text)
    const rows = Array.isArray(page) ? page.filter(isRow) : []
    const last = rows.at(-1)
    // A page may be short because the server's limit is; only an empty one is the end.
    if (!last) return
    yield rows
    after = from.key.map((field) => scalarText(last[field]) ?? missingKey(from, field))
  }
}

/**
 * The rows as the server writes CSV: for people and spreadsheets, where it guards texts that would run as formulas.
 *
 * @throws as `readJsonPages`; `KEY_UNREADABLE` (400) where a key is such a guarded text.
 */
export async function* readCsvPages(from: EntityKey, options: PageOptions): AsyncGenerator<CsvPage> {
  let after: readonly string[] | null = null
  for (;;) {
    const text: string = await readPage(from, after, 'text/csv', options)
    const records: string[][] = parse(text)
    const [names = [], ...rows] = records
    const last = rows.at(-1)
    const end = text.indexOf('\n')
    yield { header: end < 0 ? text : text.slice(0, end), body: end < 0 ? '' : text.slice(end + 1), rows: rows.length }
    if (!last) return
    after = from.key.map((field) => readCell(from, field, last[names.indexOf(field)]))
  }
}

function readCell(from: EntityKey, field: string, text: string | undefined): string {
  if (text === undefined || text === '') return missingKey(from, field)
  if (!isGuarded(text)) return text
  throw new BackSaasError('KEY_UNREADABLE', 400, `a key of ${from.entity} cannot be told from its CSV: ${text}`, {
    hint: 'export as ndjson or json',
  })
}

function missingKey({ entity, key }: EntityKey, field: string): never {
  throw new BackSaasError('KEY_MISSING', 400, `${entity} has no ${field}, which should be its key`, {
    hint: `the key used is ${key.join(', ')}; give --schema FILE, or --entity ${entity}:KEY`,
  })
}

const NO_COLUMN = '42703'

async function readPage(
  { entity, key }: EntityKey,
  after: readonly string[] | null,
  accept: string,
  { client, pageRows }: PageOptions,
): Promise<string> {
  const order = `order=${key.map(encodeURIComponent).join(',')}&limit=${pageRows}`
  const filter = keysetFilter(key, after)
  const path = `/${encodeURIComponent(entity)}?${order}${filter === '' ? '' : `&${filter}`}`
  const answer = await client.send({ method: 'GET', path, headers: { accept } })
  if (answer.status >= 400 && readProblem(answer).code === NO_COLUMN) missingKey({ entity, key }, key.join(', '))
  if (answer.status >= 300) throw refusedByServer(answer, `cannot read ${entity}`)
  return answer.text
}
