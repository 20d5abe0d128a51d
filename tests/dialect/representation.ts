/** Media types, methods and profiles. */
import { beforeAll, expect, test } from 'vitest'
import type { Answer } from '../fixture/answer.ts'
import { type Gallery, type Lend, openGallery } from './gallery.ts'

const OBJECT = 'application/vnd.pgrst.object+json'
const ARRAY = 'application/vnd.pgrst.array+json'

export function representation(lend: Lend): void {
  let gallery: Gallery
  beforeAll(async () => {
    gallery = await openGallery(lend())
  })
  const get = (path: string, accept: string): Promise<Answer> => gallery.caller.get(path, { accept })
  const type = (answer: Answer) => answer.headers.get('content-type')

  test('JSON by default, by name, and among others', async () => {
    for (const accept of ['*/*', 'application/json', 'application/*', ARRAY, 'text/html, application/json;q=0.5']) {
      const answer = await get('/frames?select=wood&wood=eq.oak', accept)
      expect([answer.status, answer.body, type(answer)], accept).toEqual([
        200,
        [{ wood: 'oak' }],
        'application/json; charset=utf-8',
      ])
    }
  })

  test('one object instead of a list', async () => {
    for (const accept of [OBJECT, 'application/vnd.pgrst.object']) {
      const answer = await get('/frames?wood=eq.oak', accept)
      expect([answer.status, answer.body]).toEqual([200, { painting_id: 1, wood: 'oak' }])
      expect(type(answer)).toContain(OBJECT)
    }
  })

  test('one object where there is none, or are several: 406', async () => {
    for (const [path, rows] of [
      ['/frames?wood=eq.elm', 0],
      ['/frames', 2],
    ] as const) {
      const { status, row } = await get(path, OBJECT)
      expect([status, row.code, row.message, row.details]).toEqual([
        406,
        'PGRST116',
        'Cannot coerce the result to a single JSON object',
        `The result contains ${rows} rows`,
      ])
    }
  })

  test('a write of several rows that asks for one object is undone', async () => {
    const headers = { accept: OBJECT, prefer: 'return=representation' }
    const changed = await gallery.caller.patch('/frames', { wood: 'elm' }, headers)
    expect([changed.status, changed.row.code]).toEqual([406, 'PGRST116'])
    const made = await gallery.caller.post(
      '/museums',
      [
        { id: 20, name: 'A' },
        { id: 21, name: 'B' },
      ],
      headers,
    )
    expect(made.status).toBe(406)
    expect((await gallery.caller.delete('/frames', headers)).status).toBe(406)
    expect(await gallery.rows('/frames?wood=eq.elm')).toEqual([])
    expect(await gallery.rows('/museums?id=gte.20')).toEqual([])
    expect(await gallery.rows('/frames?select=count')).toEqual([{ count: 2 }])
  })

  test('nulls stripped, in lists and in one object, all the way down', async () => {
    const path = '/paintings?select=id,weight,meta,artist(name,born,mentor(name))&id=eq.3'
    const row = { id: 3, meta: {}, artist: { name: 'Goya', born: '1746-03-30' } }
    const list = await get(path, `${ARRAY};nulls=stripped`)
    expect([list.body, type(list)]).toEqual([[row], `${ARRAY};nulls=stripped; charset=utf-8`])
    expect((await get(path, `${OBJECT};nulls=stripped`)).body).toEqual(row)
  })

  test('CSV out, with a header and quotes', async () => {
    const answer = await get('/paintings?select=id,title,keywords,meta->>grade,sold&order=id&id=lte.3', 'text/csv')
    expect(type(answer)).toBe('text/csv; charset=utf-8')
    expect(answer.text).toBe(
      'id,title,keywords,grade,sold\n1,Annunciation,"{angel,garden}",A,true\n2,The Colossus,{giant},B,false\n3,The Dog,{},,',
    )
    expect((await get('/paintings?select=id,id,n:id&id=eq.1', 'text/csv')).text).toBe('id,n\n1,1')
    expect((await get('/paintings?select=count()', 'text/csv')).text).toBe('count\n4')
    expect((await get('/paintings?select=title,...artist(name,name)&id=eq.1', 'text/csv')).text).toBe(
      'title,name\nAnnunciation,Leonardo',
    )
  })

  test('a text that a spreadsheet would run gets an apostrophe in CSV', async () => {
    await gallery.caller.add('museums', [{ id: 30, name: '=1+1', city: '-5' }])
    expect((await get('/museums?select=name,city&id=eq.30', 'text/csv')).text).toBe(`name,city\n"'=1+1",-5`)
  })

  test('CSV answers a write too', async () => {
    const answer = await gallery.caller.post(
      '/museums?select=id,name',
      { id: 31, name: 'C' },
      { accept: 'text/csv', prefer: 'return=representation' },
    )
    expect([answer.status, answer.text]).toEqual([201, 'id,name\n31,C'])
  })

  test('a media type that is not there is 406', async () => {
    for (const accept of [
      'application/vnd.pgrst.plan+json',
      'application/vnd.pgrst.plan+text; for="application/json"',
      'application/geo+json',
      'application/openapi+json',
      'application/octet-stream',
      'text/plain',
      'text/xml',
    ]) {
      const { status, row } = await get('/frames', accept)
      expect([status, row.code], accept).toEqual([406, 'PGRST107'])
    }
  })

  test('HEAD has the headers of GET and no body', async () => {
    const answer = await gallery.caller.send('HEAD', '/frames?limit=1', undefined, { prefer: 'count=exact' })
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([206, '', '0-0/2'])
    expect(answer.headers.get('content-type')).toContain('application/json')
  })

  test('OPTIONS lists the methods', async () => {
    const answer = await gallery.caller.send('OPTIONS', '/frames')
    expect(answer.status).toBe(200)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      expect(answer.headers.get('allow')?.split(/,\s*/)).toContain(method)
  })

  test('Accept-Profile and Content-Profile choose the schema', async () => {
    const named = await gallery.caller.get('/frames?limit=1', { 'accept-profile': 'gallery' })
    expect([named.status, named.headers.get('content-profile')]).toEqual([200, 'gallery'])
    const platform = await gallery.caller.get('/tenants?select=slug', { 'accept-profile': 'platform' })
    expect(platform.headers.get('content-profile')).toBe('platform')
    const unknown = await gallery.caller.get('/frames', { 'accept-profile': 'nope' })
    expect([unknown.status, unknown.row.code, unknown.row.message]).toEqual([
      406,
      'PGRST106',
      'The schema must be one of the following: gallery, platform',
    ])
    const written = await gallery.caller.post('/frames', {}, { 'content-profile': 'nope' })
    expect([written.status, written.row.code]).toEqual([406, 'PGRST106'])
  })

  test('a function that is not there: PGRST202', async () => {
    for (const answer of [
      await gallery.caller.get('/rpc/now'),
      await gallery.caller.post('/rpc/add', { a: 1, b: 2 }),
      await gallery.caller.send('HEAD', '/rpc/now'),
    ])
      expect(answer.status).toBe(404)
    expect((await gallery.caller.post('/rpc/add', {})).row.code).toBe('PGRST202')
  })

  test('the root describes nothing yet: 404', async () => {
    expect((await gallery.caller.get('/')).status).toBe(404)
  })
}
