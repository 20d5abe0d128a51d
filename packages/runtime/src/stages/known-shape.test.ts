import { describe, expect, test } from 'vitest'
import { fixtureSchema } from '../../test/bound-fixture.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import { parse } from './parse.ts'
import type { ParseInput } from './parsed.ts'

const schema = fixtureSchema()
const ID = '018f0000-0000-7000-8000-000000000001'

function input(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): ParseInput {
  const [name = '', query = ''] = path.split('?')
  const [entity = '', itemKey = null] = name.split('/')
  const request = { method, headers: new Headers(headers), query, body, entity, itemKey }
  return { ...request, schema: schema.served, limits: DEFAULT_LIMITS }
}

/** What comes of a request: parsed, or the error that it was refused with. */
function outcome(request: ParseInput, cache: Parameters<typeof parse>[1]): unknown {
  try {
    const { operation, offset, media, preferences, entity } = parse(request, cache)
    return { operation, offset, media, preferences, entity: entity.name }
  } catch (error) {
    return { code: (error as { code: string }).code, message: (error as Error).message }
  }
}

/** Each pair has one shape; the second is read by what the first has taught. */
const PAIRS: readonly (readonly [string, string])[] = [
  [`contacts?id=eq.${ID}`, 'contacts?id=eq.another'],
  [`contacts/${ID}`, 'contacts/other'],
  ['contacts?select=id,email&status=eq.lead&limit=5', 'contacts?select=id,email&status=eq.a%20b&limit=5'],
  ['contacts?status=eq.a+b', 'contacts?status=eq.c%2Bd'],
  ['contacts?status=neq.x&status=gt.a', 'contacts?status=neq.&status=gt.%25'],
  ['contacts?offset=5', 'contacts?offset=12'],
  ['contacts?offset=5&status=eq.987000000', 'contacts?offset=6&status=eq.5'],
  ['contacts?select=id,notes(id)&notes.body=eq.a', 'contacts?select=id,notes(id)&notes.body=eq.b'],
  ['contacts?company_id=is.null&status=eq.a', 'contacts?company_id=is.null&status=eq.é'],
  ['contacts?order=id.desc&status=lte.5', 'contacts?order=id.desc&status=lte.6'],
  ['contacts?status=eq.a&status=eq.a', 'contacts?status=eq.a&status=eq.b'],
]

/** Parsed each time: what a value says may matter, or the request is refused. */
const TELLING = [
  'contacts?status=eq.((((a))))',
  'contacts?status=eq.%28a',
  'contacts?status=eq.a%00b',
  'contacts?status=eq.%E0%A4%A',
  'contacts?id=in.(1,2)',
  'contacts?or=(id.eq.1,id.eq.2)',
  'contacts?status=like.a*',
  'contacts?status=not.eq.a',
  'contacts?offset=007',
  'contacts?offset=-1',
  'contacts?limit=-1',
  'contacts?nosuch=eq.1',
  'contacts?meta->>a=eq.1',
  'contacts?notes.body=eq.a',
  'contacts?status',
  'contacts?&status=eq.a&&id=eq.b',
  'contacts?and=eq.a',
  'nothing?id=eq.1',
  'contacts%0A?id=eq.1',
  `contacts/${ID},2`,
  'contacts/%28',
]

describe('a known shape', () => {
  test.each(PAIRS)('%s teaches to read %s as it is parsed', (first, second) => {
    const cache = fixtureSchema()
    for (const headers of [{}, { prefer: 'count=exact' }, { accept: 'application/vnd.pgrst.object+json' }])
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        outcome(input(first, headers, method), cache)
        const known = cache.shapes.size
        for (const path of [second, first, second])
          expect(outcome(input(path, headers, method), cache)).toEqual(outcome(input(path, headers, method), null))
        expect(cache.shapes.size).toBe(known)
      }
    expect(cache.shapes.size).toBeGreaterThan(0)
  })

  test.each(TELLING)('%s is parsed whenever it comes', (path) => {
    const cache = fixtureSchema()
    outcome(input('contacts?status=eq.a', {}), cache)
    for (let time = 0; time < 3; time++) expect(outcome(input(path), cache)).toEqual(outcome(input(path), null))
  })

  test('headers that say which rows are parsed whenever they come', () => {
    const cache = fixtureSchema()
    for (const headers of [{ range: '0-4' }, { range: '2-3' }, { 'if-match': '"3"' }])
      for (let time = 0; time < 2; time++)
        expect(outcome(input(`contacts/${ID}`, headers), cache)).toEqual(
          outcome(input(`contacts/${ID}`, headers), null),
        )
    expect(cache.shapes.size).toBe(0)
  })

  test('of a write the body is read each time', () => {
    const cache = fixtureSchema()
    for (const body of ['{"email":"a@x"}', '{"email":"b@x","status":"lead"}', '[]', '{', '{"nosuch":1}'])
      for (const method of ['POST', 'PATCH', 'PUT'])
        for (let time = 0; time < 2; time++) {
          const request = input(`contacts?id=eq.${ID}`, { 'content-type': 'application/json' }, method, body)
          expect(outcome(request, cache)).toEqual(outcome(request, null))
        }
  })

  test('no text of an entity or a header can pass for another request', () => {
    const cache = fixtureSchema()
    outcome(input('contacts?status=eq.a', { accept: '*/*' }), cache)
    for (const entity of ['contacts ', 'contacts */*', 'contacts\n', 'contacts */*\n\n&status=eq'])
      expect(outcome({ ...input('contacts?status=eq.a'), entity }, cache)).toMatchObject({ code: 'PGRST205' })
  })
})
