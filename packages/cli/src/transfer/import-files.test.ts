/** The import against an API that refuses: what is blamed, what waits, and how it goes on after an interruption. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createFakeApi, type FakeApi, problem } from '../../test/fake-api.ts'
import { findFiles } from './find-files.ts'
import { type ImportResult, importFiles } from './import-files.ts'
import type { ImportOptions } from './import-run.ts'
import { readNameMap } from './name-map.ts'
import { createRestClient } from './rest-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'backsaas-import-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Import {
  run(change?: Partial<ImportOptions>): Promise<ImportResult>
  readonly report: string
  refused(): { entity: string; values: { id: unknown }; origin: { row: number }; error: { code: string } }[]
}

function prepare(api: FakeApi, rows: readonly object[], name = `f${crypto.randomUUID()}`): Import {
  const path = join(folder, `${name}.ndjson`)
  const report = join(folder, `${name}.refused`)
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'))
  return {
    report,
    run: (change = {}) =>
      importFiles({
        client: createRestClient({ url: 'http://test/rest/v1', apiKey: 'k', fetch: api.fetch, sleep: async () => {} }),
        files: findFiles(path),
        entity: 'items',
        names: readNameMap([]),
        schema: null,
        existing: 'update',
        unguard: true,
        batchRows: 10,
        parallel: 3,
        reportPath: report,
        resume: true,
        stopped: () => false,
        onProgress: () => {},
        ...change,
      }),
    refused: () =>
      existsSync(report)
        ? readFileSync(report, 'utf8')
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [],
  }
}

const items = (count: number): { id: number; size: unknown; parent_id?: number }[] =>
  Array.from({ length: count }, (_, i) => ({ id: i + 1, size: i }))

test('rows go in batches', async () => {
  const api = createFakeApi()
  const { run, report } = prepare(api, items(25))
  expect(await run()).toMatchObject({ written: 25, refused: 0, report: null })
  expect(api.requests.filter(({ rows }) => rows > 0).map(({ rows }) => rows)).toEqual([10, 10, 5])
  expect([report, `${report}.checkpoint`].some(existsSync)).toBe(false)
})

test('a batch that the database refuses is halved until the rows to blame are found', async () => {
  const api = createFakeApi()
  const rows = items(40)
  for (const place of [3, 17, 18]) rows[place] = { id: place + 1, size: -1 }
  const { run, refused } = prepare(api, rows)
  expect(await run()).toMatchObject({ written: 37, refused: 3, entities: { items: { written: 37, refused: 3 } } })
  const found = refused().map(({ values, origin, error }) => [values.id, origin.row, error.code])
  expect(found.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
    [4, 4, '23514'],
    [18, 18, '23514'],
    [19, 19, '23514'],
  ])
})

test('where the answer names the rows, they are taken out at once', async () => {
  const api = createFakeApi()
  const rows = items(10)
  rows[2] = { id: 3, size: 'many' }
  rows[7] = { id: 8, size: 'few' }
  const { run, refused } = prepare(api, rows)
  expect(await run()).toMatchObject({ written: 8, refused: 2 })
  expect(api.requests.filter(({ rows }) => rows > 0).map((request) => request.rows)).toEqual([10, 8])
  expect(refused()).toMatchObject([
    { values: { id: 3 }, error: { code: '22P02', errors: [{ pointer: '/size' }] } },
    { values: { id: 8 } },
  ])
})

test('rows wait for those they refer to; what refers to nothing is refused in the end', async () => {
  const api = createFakeApi()
  // Every row but the last refers to the next one, the other way round than they come.
  const rows = items(35).map((row) => ({ ...row, parent_id: row.id === 35 ? undefined : row.id + 1 }))
  const { run, refused } = prepare(api, [...rows, { id: 99, size: 1, parent_id: 1000 }])
  expect(await run()).toMatchObject({ written: 35, refused: 1 })
  expect(refused()).toMatchObject([{ values: { id: 99 }, error: { code: '23503' } }])
  expect(api.rows.size).toBe(35)
})

test('fields of the platform are left out once they turn out to be', async () => {
  const api = createFakeApi()
  const { run } = prepare(
    api,
    items(30).map((row) => ({ ...row, created_at: '2020-01-01' })),
  )
  expect(await run()).toMatchObject({ written: 30, leftOut: { items: ['created_at'] } })
})

test('rows that set other fields go by themselves', async () => {
  const api = createFakeApi()
  api.rows.set('2', { id: 2, note: 'kept' })
  const { run } = prepare(api, [
    { id: 1, note: 'new' },
    { id: 2, size: 5 },
  ])
  await run()
  expect(api.rows.get('2')).toEqual({ id: 2, note: 'kept', size: 5 })
})

test('a server that says "later" is asked again; one that says no ends the import', async () => {
  const api = createFakeApi()
  const { run } = prepare(api, items(5))
  api.next.push(problem(503, 'NOT_READY'), problem(429, 'TOO_MANY'))
  expect(await run()).toMatchObject({ written: 5 })
  const other = prepare(api, items(5))
  api.next.push(new Response('id,size'), problem(400, '42P10', [], 'Unique here: (id).'), problem(401, 'KEY_INVALID'))
  await expect(other.run()).rejects.toMatchObject({ code: 'KEY_INVALID', status: 401 })
  api.next.push(...Array.from({ length: 20 }, () => problem(503, 'NOT_READY')))
  await expect(other.run()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' })
})

test('an import that failed halfway goes on where it stopped, and reports each row once', async () => {
  const api = createFakeApi()
  const rows = items(100)
  rows[5] = { id: 6, size: -1 }
  rows[95] = { id: 96, size: -1 }
  const { run, refused, report } = prepare(api, rows)
  let sent = 0
  const failing: FakeApi['fetch'] = async (request) => {
    if (request.method === 'POST' && ++sent > 12) return problem(401, 'KEY_INVALID')
    return api.fetch(request)
  }
  const client = createRestClient({ url: 'http://test/rest/v1', apiKey: 'k', fetch: failing })
  await expect(run({ client })).rejects.toMatchObject({ code: 'KEY_INVALID' })
  expect(existsSync(`${report}.checkpoint`)).toBe(true)
  const before = api.requests.length
  const result = await run()
  expect(result).toMatchObject({ refused: 2, interrupted: false })
  expect(result.resumed).toBeGreaterThan(0)
  expect(result.written).toBeLessThan(98)
  expect(api.rows.size).toBe(98)
  expect(refused().map(({ values }) => values.id)).toEqual([6, 96])
  const again = api.requests.slice(before).reduce((sum, request) => sum + request.rows, 0)
  expect(again).toBeLessThan(150)
  expect(existsSync(`${report}.checkpoint`)).toBe(false)
})

test('an import that is stopped says so, and waiting rows are not forgotten', async () => {
  const api = createFakeApi()
  const first = Array.from({ length: 10 }, (_, i) => ({ id: i + 1, size: 1, parent_id: 100 }))
  const { run } = prepare(api, [...first, ...items(200).slice(10)])
  let asked = 0
  const stopped = await run({ parallel: 1, stopped: () => ++asked > 60 })
  expect(stopped.interrupted).toBe(true)
  expect(api.rows.has('1')).toBe(false)
  expect(await run()).toMatchObject({ interrupted: false, refused: 0 })
  expect(api.rows.size).toBe(200)
})

test('without --resume it begins anew', async () => {
  const api = createFakeApi()
  const { run } = prepare(api, items(60))
  let asked = 0
  await run({ parallel: 1, stopped: () => ++asked > 30 })
  expect(await run({ resume: false })).toMatchObject({ written: 60, resumed: 0 })
})

test('an entity or a column that is not there is said before anything is sent', async () => {
  const api = createFakeApi()
  const { run } = prepare(api, [{ id: 1, colour: 'red' }])
  await expect(run()).rejects.toMatchObject({ code: 'COLUMN_UNKNOWN', hint: expect.stringContaining('--map') })
  await expect(run({ entity: 'things' })).rejects.toMatchObject({ code: 'ENTITY_UNKNOWN' })
  expect(api.rows.size).toBe(0)
})

test('rows without key never touch what is there: they are new, or refused', async () => {
  const api = createFakeApi()
  api.rows.set('1', { id: 1, size: 7 })
  for (const existing of ['update', 'keep'] as const) {
    const { run, refused } = prepare(api, [{ size: 100 }, { size: 200 }])
    expect(await run({ existing })).toMatchObject({ written: 0, refused: 2 })
    expect(refused()).toMatchObject([{ error: { code: '23505' } }, { error: { code: '23505' } }])
  }
  expect([...api.rows.values()]).toEqual([{ id: 1, size: 7 }])
})

test('rows without key are not sent again where the answer got lost', async () => {
  const api = createFakeApi()
  const { run, refused } = prepare(api, [{ size: 1 }, { size: 2 }])
  const losing: FakeApi['fetch'] = async (request) => {
    const isWrite = request.method === 'POST' && !request.url.includes('on_conflict')
    const answer = await api.fetch(request)
    if (isWrite) throw new Error('socket hang up')
    return answer
  }
  const client = createRestClient({ url: 'http://test/rest/v1', apiKey: 'k', fetch: losing, sleep: async () => {} })
  expect(await run({ client })).toMatchObject({ written: 0, refused: 2 })
  expect(refused()).toMatchObject([{ error: { code: 'ANSWER_LOST' } }, { error: { code: 'ANSWER_LOST' } }])
  expect(api.rows.size).toBe(2)
  expect(api.requests.filter(({ rows }) => rows > 0)).toHaveLength(1)
})

test('of rows with one key the last decides, however many batches are under way', async () => {
  const api = createFakeApi()
  let turn = 0
  // Every other batch is slow.
  const slow: FakeApi['fetch'] = async (request) => {
    if (request.method === 'POST' && turn++ % 2 === 0) await new Promise((done) => setTimeout(done, 15))
    return api.fetch(request)
  }
  const rows = Array.from({ length: 5600 }, (_, i) => ({
    id: (i % 700) + 1,
    size: i,
    ...(i % 3 === 0 && { note: 'x' }),
  }))
  const { run } = prepare(api, rows)
  const client = createRestClient({ url: 'http://test/rest/v1', apiKey: 'k', fetch: slow })
  expect(await run({ client, batchRows: 500, parallel: 4 })).toMatchObject({ written: 5600, refused: 0 })
  const sizes = Array.from({ length: 700 }, (_, i) => api.rows.get(String(i + 1))?.size)
  expect(sizes).toEqual(Array.from({ length: 700 }, (_, i) => 4900 + i))
})

test('a row with a column that means nothing is refused by itself', async () => {
  const api = createFakeApi()
  const rows: object[] = items(30)
  rows[12] = { id: 13, colour: 'red' }
  const { run, refused } = prepare(api, rows)
  expect(await run()).toMatchObject({ written: 29, refused: 1 })
  expect(refused()).toMatchObject([{ values: { id: 13, colour: 'red' }, error: { code: 'COLUMN_UNKNOWN' } }])
})

test('a file that cannot be read on leaves no checkpoint', async () => {
  const api = createFakeApi()
  const path = join(folder, 'broken.ndjson')
  writeFileSync(
    path,
    Buffer.concat([Buffer.from('{"id":1}\n{"id":2,"note":"'), Buffer.from([0xe9]), Buffer.from('"}\n')]),
  )
  const { run, report } = prepare(api, [])
  await expect(run({ files: findFiles(path) })).rejects.toMatchObject({
    code: 'FILE_INVALID',
    message: expect.stringMatching(/broken\.ndjson is not UTF-8: .* byte 2[56]/),
  })
  expect(existsSync(`${report}.checkpoint`)).toBe(false)
})

test('a server that is not there is said at once; one that goes away is waited for', async () => {
  const api = createFakeApi()
  const { run } = prepare(api, items(5))
  const refusal = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  let asked = 0
  const absent = async (): Promise<Response> => {
    asked += 1
    throw new TypeError('fetch failed', { cause: refusal })
  }
  const options = { url: 'http://test/rest/v1', apiKey: 'k', sleep: async () => {} }
  await expect(run({ client: createRestClient({ ...options, fetch: absent }) })).rejects.toMatchObject({
    code: 'SERVER_UNAVAILABLE',
    hint: expect.stringContaining('running'),
  })
  expect(asked).toBe(1)
  const told: string[] = []
  let requests = 0
  const away: FakeApi['fetch'] = async (request) => ([3, 4].includes(++requests) ? absent() : api.fetch(request))
  const client = createRestClient({ ...options, fetch: away, onRetry: (reason) => told.push(reason) })
  expect(await run({ client })).toMatchObject({ written: 5 })
  expect(told).toEqual(['connect ECONNREFUSED'])
})
