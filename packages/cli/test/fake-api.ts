/** A stand-in for a tenant's data API, for tests of what talks to it: one table in memory, with rules that rows break. */

export interface FakeApi {
  readonly rows: Map<string, Readonly<Record<string, unknown>>>
  readonly requests: { readonly method: string; readonly path: string; readonly rows: number }[]
  /** Answers given instead of the next ones. */
  readonly next: Response[]
  fetch(request: Request): Promise<Response>
}

type FakeRow = Readonly<Record<string, unknown>>

const FIELDS = ['id', 'parent_id', 'size', 'note', 'created_at']

/**
 * The entity `items`. The database refuses a negative size without saying which row it was; validation refuses a size
 * that is no number and says where; `parent_id` refers to an item; `created_at` is the platform's.
 */
export function createFakeApi(): FakeApi {
  const api: FakeApi = {
    rows: new Map(),
    requests: [],
    next: [],
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      const entity = pathname.split('/').at(-1)
      const rows: FakeRow[] = request.method === 'POST' ? readRows(await request.text()) : []
      api.requests.push({ method: request.method, path: `/${entity}${search}`, rows: rows.length })
      const given = api.next.shift()
      if (given) return given
      if (entity !== 'items') return problem(404, 'PGRST205')
      if (request.method === 'GET') return new Response(FIELDS.join(','))
      if (search.includes('on_conflict')) return problem(400, '42P10', [], 'Unique here: (id), (note).')
      if (!request.headers.get('prefer')?.includes('resolution=merge')) return insert(api.rows, rows)
      return write(api.rows, rows)
    },
  }
  return api
}

function readRows(text: string): FakeRow[] {
  if (text.startsWith('[')) return JSON.parse(text)
  const [header = '', ...lines] = text.split('\n')
  return lines.map((line) => {
    const cells = line.split(',').map((cell) => (cell === 'NULL' ? null : cell.slice(1, -1)))
    return Object.fromEntries(header.split(',').map((name, i) => [name, cells[i]]))
  })
}

/** Plain inserts: the table numbers what has no id, from 1, and refuses an id that is there. */
function insert(table: FakeApi['rows'], rows: readonly FakeRow[]): Response {
  const numbered = rows.map((row, i) => ({ id: i + 1, ...row }))
  if (numbered.some((row) => table.has(String(row.id)))) return problem(409, '23505')
  return write(table, numbered)
}

function write(table: FakeApi['rows'], rows: readonly FakeRow[]): Response {
  if (new Set(rows.map((row) => Object.keys(row).toSorted().join())).size > 1) return problem(400, 'PGRST102')
  if (rows.some((row) => 'created_at' in row))
    return problem(422, 'FIELD_NOT_WRITABLE', [
      { pointer: '/created_at', code: 'not_writable', detail: 'is not yours' },
    ])
  const wrong = rows.flatMap((row, i) => (Number.isNaN(Number(row.size ?? 0)) ? [i] : []))
  if (wrong.length > 0) {
    const at = (i: number): string => (rows.length === 1 ? '/size' : `/${i}/size`)
    return problem(
      400,
      '22P02',
      wrong.map((i) => ({ pointer: at(i), code: 'type', detail: 'must be a number' })),
    )
  }
  if (rows.some((row) => Number(row.size ?? 0) < 0)) return problem(400, '23514')
  const known = new Set([...table.keys(), ...rows.map((row) => String(row.id))])
  if (rows.some((row) => row.parent_id != null && !known.has(String(row.parent_id)))) return problem(409, '23503')
  for (const row of rows) table.set(String(row.id), { ...table.get(String(row.id)), ...row })
  return new Response(null, { status: 201 })
}

/** An error as the API words it. */
export function problem(status: number, code: string, errors: readonly object[] = [], hint?: string): Response {
  const headers = { 'content-type': 'application/problem+json' }
  return new Response(JSON.stringify({ code, message: `refused with ${code}`, errors, hint }), { status, headers })
}
