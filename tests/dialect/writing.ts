/** Insert, update and delete. */
import { beforeEach, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

const FULL = { prefer: 'return=representation' }

export function writing(lend: Lend): void {
  let gallery: Gallery
  beforeEach(async () => {
    gallery = await openGallery(lend())
  })
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = FULL): Promise<Answer> =>
    gallery.caller.post(path, body, headers)

  test('POST of one row: 201, its defaults filled in', async () => {
    const answer = await post('/visits?select=visitor,tickets,paid', { visitor: 'Ada' })
    expect([answer.status, answer.body]).toEqual([201, [{ visitor: 'Ada', tickets: 1, paid: false }]])
    expect((await post('/visits', {})).row).toMatchObject({ code: '23502' })
  })

  test('POST of many rows: all or none', async () => {
    const good = [
      { id: 10, name: 'A' },
      { id: 11, name: 'B' },
    ]
    expect((await post('/exhibitions?select=id', good)).body).toEqual([{ id: 10 }, { id: 11 }])
    const bad = await post('/exhibitions', [
      { id: 12, name: 'C' },
      { id: 1, name: 'taken' },
    ])
    expect([bad.status, bad.row.code]).toEqual([409, '23505'])
    expect(await gallery.rows('/exhibitions?select=id&id=eq.12')).toEqual([])
    expect((await post('/exhibitions', [])).body).toEqual([])
  })

  test('rows with other keys than the first are refused', async () => {
    const answer = await post('/exhibitions', [{ id: 10, name: 'A' }, { id: 11 }])
    expect([answer.status, answer.row.code, answer.row.message]).toEqual([
      400,
      'PGRST102',
      'All object keys must match',
    ])
  })

  test('columns= takes the named keys and leaves the rest', async () => {
    const rows = [{ visitor: 'a', tickets: 3, nonsense: 1 }, { visitor: 'b' }]
    const answer = await post('/visits?columns=visitor,tickets&select=visitor,tickets', rows)
    expect(answer.body).toEqual([
      { visitor: 'a', tickets: 3 },
      { visitor: 'b', tickets: null },
    ])
    const unknown = await post('/visits?columns=visitor,nope', rows)
    expect([unknown.status, unknown.row.code]).toEqual([400, 'PGRST204'])
    const changed = await gallery.caller.patch('/exhibitions?id=eq.1&columns=opens', { name: 'X', opens: null }, FULL)
    expect(changed.body).toEqual([{ id: 1, name: 'Light', opens: null }])
  })

  test('missing=default fills what a row lacks, and leaves its nulls', async () => {
    const rows = [{ visitor: 'a', tickets: 3 }, { visitor: 'b' }, { visitor: 'c', tickets: null }]
    const prefer = 'return=representation, missing=default'
    const answer = await post('/visits?select=visitor,tickets,paid', rows, { prefer })
    expect(answer.body).toEqual([
      { visitor: 'a', tickets: 3, paid: false },
      { visitor: 'b', tickets: 1, paid: false },
      { visitor: 'c', tickets: null, paid: false },
    ])
    expect(answer.headers.get('preference-applied')).toBe(prefer)
    const byColumns = await post('/visits?columns=visitor,tickets&select=tickets', rows.slice(1, 2), { prefer })
    expect(byColumns.body).toEqual([{ tickets: 1 }])
  })

  test('a form is a row of texts', async () => {
    const headers = { ...FULL, 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await post('/visits?select=visitor,tickets', 'visitor=John+Doe&tickets=2', headers)
    expect([answer.status, answer.body]).toEqual([201, [{ visitor: 'John Doe', tickets: 2 }]])
  })

  test('CSV in: NULL is null, quotes as in RFC 4180', async () => {
    const headers = { ...FULL, 'content-type': 'text/csv' }
    const csv = 'id,name,city,opened\n10,"Quotes "", and\nlines",,1900-01-01\n11,Plain,NULL,NULL\n'
    const answer = await post('/museums', csv, headers)
    expect([answer.status, answer.body]).toEqual([
      201,
      [
        { id: 10, name: 'Quotes ", and\nlines', city: '', opened: '1900-01-01' },
        { id: 11, name: 'Plain', city: null, opened: null },
      ],
    ])
    const broken = await post('/museums', 'id,name\n1', headers)
    expect([broken.status, broken.row.code]).toEqual([400, 'PGRST102'])
  })

  test('a body that is no JSON object, or of another type, is refused', async () => {
    for (const body of ['', '1', '[1]', '"{}"', '{"id":1', 'null', '[null]']) {
      const answer = await post('/visits', body, { 'content-type': 'application/json' })
      expect([answer.status, answer.row.code], body).toEqual([400, 'PGRST102'])
    }
    expect((await post('/visits', 'x', { 'content-type': 'text/plain' })).status).toBe(415)
    const unknown = await post('/visits', { visitor: 'a', nope: 1 })
    expect([unknown.status, unknown.row.code]).toEqual([400, 'PGRST204'])
  })

  test('numbers keep every digit on the way in', async () => {
    const body = '{"id":60,"title":"N","serial":9007199254740993,"price":0.10}'
    expect((await post('/paintings?select=serial,price', body)).text).toBe('[{"serial":9007199254740993,"price":0.10}]')
  })

  test('filters of a POST choose nothing, and are still checked', async () => {
    const answer = await post('/exhibitions?select=id&id=eq.99&order=id&limit=1', [
      { id: 10, name: 'A' },
      { id: 11, name: 'B' },
    ])
    expect([answer.status, answer.rows.length]).toEqual([201, 2])
    expect((await post('/exhibitions?nope=eq.1', { id: 12, name: 'A' })).row.code).toBe('42703')
  })

  test('PATCH changes what the filters choose', async () => {
    const answer = await gallery.caller.patch('/paintings?medium=eq.oil&select=id,year&order=id', { year: 1500 }, FULL)
    expect([answer.status, answer.headers.get('content-range'), answer.body]).toEqual([
      200,
      '0-1/*',
      [
        { id: 1, year: 1500 },
        { id: 2, year: 1500 },
      ],
    ])
    expect(await gallery.ids('year=eq.1500')).toEqual([1, 2])
    const none = await gallery.caller.patch('/paintings?id=eq.99', { year: 1 }, FULL)
    expect([none.status, none.body]).toEqual([200, []])
    expect((await gallery.caller.patch('/paintings?id=eq.1', {})).status).toBe(204)
  })

  test('DELETE removes what the filters choose', async () => {
    const answer = await gallery.caller.delete('/showings?room=eq.A&select=painting_id&order=painting_id.desc', FULL)
    expect([answer.status, answer.body]).toEqual([200, [{ painting_id: 2 }, { painting_id: 1 }]])
    expect((await gallery.caller.delete('/showings?room=eq.B')).status).toBe(204)
    expect(await gallery.rows('/showings?select=room')).toEqual([{ room: 'C' }])
  })

  test('filters may follow embeds, and !inner narrows only what is returned', async () => {
    const answer = await gallery.caller.patch(
      '/paintings?select=id,artist!inner(name)&artist.name=eq.Goya&artist=not.is.null&order=id',
      { year: 1600 },
      FULL,
    )
    expect(answer.body).toEqual([
      { id: 2, artist: { name: 'Goya' } },
      { id: 3, artist: { name: 'Goya' } },
    ])
    expect(await gallery.ids('year=eq.1600')).toEqual([2, 3])
  })

  test('limit and offset on PATCH and DELETE are refused', async () => {
    for (const page of ['limit=1', 'offset=1', 'order=id&limit=1']) {
      const changed = await gallery.caller.patch(`/paintings?${page}`, { year: 1 })
      expect([changed.status, changed.row.code]).toEqual([400, 'NOT_SUPPORTED'])
      expect((await gallery.caller.delete(`/paintings?${page}`)).row.code).toBe('NOT_SUPPORTED')
    }
    expect(await gallery.ids('year=eq.1')).toEqual([])
  })

  test('a write may be aggregated', async () => {
    const rows = [
      { id: 10, name: 'A', opens: '2024-01-01' },
      { id: 11, name: 'B', opens: '2024-01-01' },
    ]
    expect((await post('/exhibitions?select=opens,count()', rows)).body).toEqual([{ opens: '2024-01-01', count: 2 }])
  })
}
