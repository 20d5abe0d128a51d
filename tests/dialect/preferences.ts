/** The Prefer header. */
import { beforeEach, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function preferences(lend: Lend): void {
  let gallery: Gallery
  beforeEach(async () => {
    gallery = await openGallery(lend())
  })
  const get = (path: string, prefer: string): Promise<Answer> => gallery.caller.get(path, { prefer })
  const patch = (path: string, body: unknown, prefer: string): Promise<Answer> =>
    gallery.caller.patch(path, body, { prefer })
  const applied = (answer: Answer) => answer.headers.get('preference-applied')

  test('handling=strict refuses what is not known, lenient ignores it', async () => {
    const strict = await get('/paintings', 'handling=strict, foo, bar=1')
    expect([strict.status, strict.row.code]).toEqual([400, 'PGRST122'])
    expect(strict.row.message).toBe('Invalid preferences given with handling=strict')
    expect(strict.row.details).toBe('Invalid preferences: foo, bar=1')
    for (const prefer of ['handling=lenient, foo', 'foo', 'count=wrong', 'max-affected=x'])
      expect((await get('/paintings', prefer)).status).toBe(200)
    expect((await get('/paintings', 'handling=strict, count=wrong')).status).toBe(400)
    expect(applied(await get('/paintings', 'handling=strict, count=exact'))).toBe('handling=strict, count=exact')
  })

  test('timezone= writes times in that zone', async () => {
    const path = '/paintings?select=acquired&id=eq.1'
    const west = await get(path, 'timezone=America/Los_Angeles')
    expect([west.body, applied(west)]).toEqual([
      [{ acquired: '2020-01-01T04:00:00-08:00' }],
      'timezone=America/Los_Angeles',
    ])
    const written = await patch(path, { acquired: '2020-01-01 12:00:00' }, 'timezone=Asia/Tokyo, return=representation')
    expect(written.body).toEqual([{ acquired: '2020-01-01T12:00:00+09:00' }])
    const made = await gallery.caller.post(
      '/paintings?select=acquired',
      { id: 70, title: 'Z', acquired: '2020-01-01 12:00:00' },
      { prefer: 'timezone=Asia/Tokyo, return=representation' },
    )
    expect(made.body).toEqual([{ acquired: '2020-01-01T12:00:00+09:00' }])
    expect(await gallery.rows(path)).toEqual([{ acquired: '2020-01-01T03:00:00+00:00' }])
  })

  test('an unknown timezone is ignored, or refused under strict handling', async () => {
    const path = '/paintings?select=acquired&id=eq.1'
    for (const zone of ['Jupiter/Red_Spot', '+05:00', "UTC';--", 'UTC+3', '']) {
      const lenient = await get(path, `timezone=${zone}`)
      expect([lenient.status, applied(lenient)], zone).toEqual([200, null])
      const strict = await get(path, `handling=strict, timezone=${zone}`)
      expect([strict.status, strict.row.code], zone).toEqual([400, 'PGRST122'])
    }
  })

  test('return= says what a write answers with', async () => {
    const body = { name: 'X' }
    const minimal = await patch('/exhibitions?id=eq.1', body, 'return=minimal')
    expect([minimal.status, minimal.text, applied(minimal)]).toEqual([204, '', 'return=minimal'])
    const full = await patch('/exhibitions?id=eq.1&select=name', body, 'return=representation')
    expect([full.status, full.body, applied(full)]).toEqual([200, [body], 'return=representation'])
    const made = await gallery.caller.post('/exhibitions', { id: 10, name: 'N' })
    expect([made.status, made.text]).toEqual([201, ''])
    const headers = await gallery.caller.post(
      '/showings',
      { painting_id: 4, exhibition_id: 3 },
      { prefer: 'return=headers-only' },
    )
    expect([headers.status, headers.text]).toEqual([201, ''])
    expect(headers.headers.get('location')).toBe('/rest/v1/showings?painting_id=eq.4&exhibition_id=eq.3')
  })

  test('count= on a write counts the rows it touched', async () => {
    const changed = await patch('/exhibitions?id=lte.2', { opens: null }, 'count=exact')
    expect([changed.status, changed.headers.get('content-range')]).toEqual([204, '0-1/2'])
    const gone = await gallery.caller.delete('/frames?wood=eq.oak', { prefer: 'count=exact' })
    expect([gone.status, gone.headers.get('content-range')]).toEqual([204, '*/1'])
    const made = await gallery.caller.post('/exhibitions', { id: 10, name: 'N' }, { prefer: 'count=exact' })
    expect([made.status, made.headers.get('content-range')]).toEqual([201, '*/1'])
  })

  test('max-affected under strict handling undoes a write of more rows', async () => {
    const refused = await patch('/exhibitions', { opens: null }, 'handling=strict, max-affected=2')
    expect([refused.status, refused.row.code, refused.row.details]).toEqual([
      400,
      'PGRST124',
      'The query affects 3 rows',
    ])
    expect(await gallery.rows('/exhibitions?select=id&opens=is.null')).toEqual([{ id: 3 }])
    const gone = await gallery.caller.delete('/showings', { prefer: 'handling=strict, max-affected=3' })
    expect([gone.status, gone.row.code]).toEqual([400, 'PGRST124'])
    const fine = await patch('/exhibitions?id=lt.3', { opens: null }, 'handling=strict, max-affected=2')
    expect([fine.status, applied(fine)]).toEqual([204, 'handling=strict, max-affected=2'])
    const lenient = await patch('/exhibitions', { opens: null }, 'max-affected=1')
    expect([lenient.status, applied(lenient)]).toEqual([204, null])
  })

  test('tx=rollback answers as if, and keeps nothing', async () => {
    const prefer = 'tx=rollback, return=representation'
    const changed = await patch('/exhibitions?id=eq.1&select=name', { name: 'X' }, prefer)
    expect([changed.status, changed.body, applied(changed)]).toEqual([200, [{ name: 'X' }], prefer])
    expect((await gallery.caller.delete('/showings', { prefer })).rows).toHaveLength(4)
    const made = await gallery.caller.post('/exhibitions?select=id', { id: 10, name: 'N' }, { prefer })
    expect([made.status, made.body]).toEqual([201, [{ id: 10 }]])
    expect(await gallery.rows('/exhibitions?select=id,name,showings(count)&order=id')).toEqual([
      { id: 1, name: 'Light', showings: [{ count: 2 }] },
      { id: 2, name: 'Shadow', showings: [{ count: 2 }] },
      { id: 3, name: 'Empty', showings: [{ count: 0 }] },
    ])
    expect((await patch('/exhibitions?id=eq.1', { name: 'Y' }, 'tx=commit')).status).toBe(204)
    expect(await gallery.rows('/exhibitions?select=name&id=eq.1')).toEqual([{ name: 'Y' }])
  })

  test('of two values for one preference the first holds', async () => {
    expect(applied(await get('/paintings', 'count=exact, count=planned'))).toBe('count=exact')
  })
}
