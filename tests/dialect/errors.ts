/** Errors: their shape, and the codes that other chapters' tests do not meet. */
import { beforeAll, expect, test } from 'vitest'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

export function errors(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })

  test('an error has code, message, details and hint beside the members of RFC 9457', async () => {
    const { status, row, headers } = await gallery.caller.get('/paintings?nope=eq.1')
    expect(status).toBe(400)
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(row).toMatchObject({
      code: '42703',
      message: 'column paintings.nope does not exist',
      details: null,
      hint: expect.any(String),
      title: 'Bad Request',
      status: 400,
      detail: 'column paintings.nope does not exist',
      instance: '/rest/v1/paintings',
      requestId: expect.any(String),
    })
  })

  test('an unknown entity is 404, with the nearest that there is', async () => {
    const { status, row } = await gallery.caller.get('/paintngs')
    expect([status, row.code, row.message, row.hint]).toEqual([
      404,
      'PGRST205',
      "Could not find the table 'gallery.paintngs' in the schema cache",
      "Perhaps you meant the table 'gallery.paintings'",
    ])
  })

  test('a path that leads nowhere is PGRST125', async () => {
    const { status, row } = await gallery.caller.get('/paintings/1/artist')
    expect([status, row.code]).toEqual([404, 'PGRST125'])
  })

  test('a method that there is not is PGRST117', async () => {
    const { status, row, headers } = await gallery.caller.send('PROPFIND', '/paintings')
    expect([status, row.code]).toEqual([405, 'PGRST117'])
    expect(headers.get('allow')).toContain('PATCH')
  })

  test('a duplicate is 409 with 23505', async () => {
    const { status, row } = await gallery.caller.post('/museums', { id: 8, name: 'Prado' })
    expect([status, row.code]).toEqual([409, '23505'])
    expect(row.message).toBe('duplicate key value violates unique constraint "museums_name_key"')
  })

  test('a reference to nothing, or to what is still needed, is 409 with 23503', async () => {
    const nowhere = await gallery.caller.post('/paintings', { id: 80, title: 'X', artist_id: 99 })
    expect([nowhere.status, nowhere.row.code]).toEqual([409, '23503'])
    const needed = await gallery.caller.delete('/artists?id=eq.3')
    expect([needed.status, needed.row.code]).toEqual([409, '23503'])
  })

  test('a missing value is 400 with 23502, one out of bounds 23514', async () => {
    const missing = await gallery.caller.post('/exhibitions', { id: 80 })
    expect([missing.status, missing.row.code]).toEqual([400, '23502'])
    const outside = await gallery.caller.post('/visits', { visitor: 'x', tickets: 100 })
    expect([outside.status, outside.row.code]).toEqual([400, '23514'])
  })

  test('a caller without a key is 401', async () => {
    const response = await lend().fetch('/rest/v1/paintings')
    expect(response.status).toBe(401)
  })
}
