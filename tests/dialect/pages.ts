/** Limits, pages and counts. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

const EXACT = { prefer: 'count=exact' }
const P = '/paintings?select=id&order=id'

export function pages(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const range = (path: string, headers?: Readonly<Record<string, string>>) => gallery.range(path, headers)

  test('limit and offset', async () => {
    expect(await gallery.rows(`${P}&limit=2&offset=1`)).toEqual([{ id: 2 }, { id: 3 }])
    expect(await range(`${P}&limit=2&offset=1`)).toEqual([200, '1-2/*', 2])
    expect(await range(P)).toEqual([200, '0-3/*', 4])
    expect(await range(`${P}&limit=0`)).toEqual([200, '*/*', 0])
    expect(await range(`${P}&offset=9`)).toEqual([200, '*/*', 0])
  })

  test('a Range header, open or closed', async () => {
    expect(await gallery.rows(P, { 'range-unit': 'items', range: '1-2' })).toEqual([{ id: 2 }, { id: 3 }])
    expect(await range(P, { range: '2-' })).toEqual([200, '2-3/*', 2])
    expect(await range(P, { range: '0-99' })).toEqual([200, '0-3/*', 4])
    expect(await range(P, { range: 'bytes=0-1' })).toEqual([200, '0-3/*', 4])
  })

  test('Range beside limit and offset means what lies in both', async () => {
    expect(await range(`${P}&offset=1`, { range: '2-3' })).toEqual([200, '2-3/*', 2])
    expect(await range(`${P}&limit=3`, { range: '1-9' })).toEqual([200, '1-2/*', 2])
    expect(await gallery.refusal(`${P}&limit=1`, { range: '2-3' })).toEqual([416, 'PGRST103'])
  })

  test('count=exact counts what is there without the limit: 206 for a part of it', async () => {
    expect(await range(P, EXACT)).toEqual([200, '0-3/4', 4])
    expect(await range(`${P}&limit=1`, EXACT)).toEqual([206, '0-0/4', 1])
    expect(await range(`${P}&limit=0`, EXACT)).toEqual([206, '*/4', 0])
    expect(await range(`${P}&year=gt.1500`, EXACT)).toEqual([200, '0-1/2', 2])
    expect(await range(`${P}&id=eq.99`, EXACT)).toEqual([200, '*/0', 0])
    expect(await range(P, { ...EXACT, range: '1-1' })).toEqual([206, '1-1/4', 1])
  })

  test('count=planned and count=estimated are exact', async () => {
    for (const prefer of ['count=planned', 'count=estimated']) {
      const answer = await gallery.caller.get(`${P}&limit=1`, { prefer })
      expect([answer.status, answer.headers.get('content-range')]).toEqual([206, '0-0/4'])
      expect(answer.headers.get('preference-applied')).toBe(prefer)
    }
  })

  test('a count is that of the rows that inner embeds leave', async () => {
    expect(await range('/paintings?select=id,artist!inner(name)&artist.name=eq.Goya', EXACT)).toEqual([200, '0-1/2', 2])
    expect(await range('/paintings?select=id,frames()&frames=is.null', EXACT)).toEqual([200, '0-1/2', 2])
    expect(await range('/exhibitions?select=id,...paintings(title)&limit=1', EXACT)).toEqual([206, '0-0/3', 1])
  })

  test('an offset beyond the last row is 416 where the count is known', async () => {
    const { status, row, headers } = await gallery.caller.get(`${P}&offset=5`, EXACT)
    expect([status, row.code, headers.get('content-range')]).toEqual([416, 'PGRST103', '*/4'])
    expect(row.details).toBe('An offset of 5 was requested, but there are only 4 rows.')
    expect(await range(`${P}&offset=4`, EXACT)).toEqual([206, '*/4', 0])
  })

  test('a range that ends before it begins, or a negative limit, is 416', async () => {
    expect(await gallery.refusal(P, { range: '3-1' })).toEqual([416, 'PGRST103'])
    expect(await gallery.refusal(`${P}&limit=-1`)).toEqual([416, 'PGRST103'])
  })

  test('a limit or offset that is no whole number is refused', async () => {
    for (const page of ['limit=1.5', 'limit=abc', 'offset=abc', 'limit=', 'artist.limit=x'])
      expect(await gallery.refusal(`/paintings?select=id,artist(name)&${page}`)).toEqual([400, 'PGRST100'])
  })

  test('a page has no more rows than the server allows', async () => {
    const many = Array.from({ length: 1100 }, (_, i) => ({ id: 1000 + i, name: `n${i}` }))
    await gallery.caller.add('exhibitions', many)
    expect(await range('/exhibitions?select=id&id=gte.1000')).toEqual([200, '0-999/*', 1000])
    expect(await range('/exhibitions?select=id&id=gte.1000&limit=5000', EXACT)).toEqual([206, '0-999/1100', 1000])
  })
}
