/** 24: headers, queries and bodies at random (but the same ones every time) are never a 5xx and tell nothing. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../fixture/start-fixture.ts'

const RUNS = 5000
const SEED = 20240229

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture({ database: 'postgres' })
  await fixture.tenants.acme.add('companies', [{ name: 'Seen' }])
})
afterAll(() => fixture?.close())

const PIECES = [
  'name',
  'eq',
  'neq',
  'not',
  'or',
  'and',
  'in',
  'is',
  'null',
  'like',
  'select',
  'order',
  'contacts',
  'company',
  'id',
  'email',
  'limit',
  'desc',
  'nullslast',
  'meta',
  'tags',
  '.',
  ',',
  '(',
  ')',
  '*',
  ':',
  '::',
  '!',
  '...',
  '->',
  '->>',
  '"',
  '\\',
  '{',
  '}',
  '=',
  '&',
  '%00',
  '%',
  'é',
  '\u2028',
  "'",
  ';',
  '--',
  '1',
  '-1',
  '1e999',
  ' ',
  '[',
  ']',
  '%ff',
  '+',
  '__proto__',
  'name.eq.x',
  'eq.x',
  'gt.1',
  'in.(1,2)',
  'is.null',
  'cs.{a}',
  'fts.x',
  'eq(any).{1,2}',
  'contacts(email)',
  'company(name)',
  '...company(name)',
  'and(name.eq.x,revenue.gt.1)',
  'revenue.sum()',
  'count()',
  'meta->a->>b',
  'name::text',
  'name.desc.nullslast',
]
const gibberish = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(''))
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'select',
        'order',
        'or',
        'and',
        'name',
        'limit',
        'offset',
        'contacts.limit',
        'columns',
        'on_conflict',
        'not.or',
        'id',
        '',
      ),
      gibberish,
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.map(([key, value]) => `${key}=${value}`).join('&'))
const path = fc.constantFrom(
  '/companies',
  '/companies',
  '/contacts',
  '/companies',
  '/contacts',
  '/order_lines',
  '/order_lines/1,X',
  '/companies/x',
  '/%ff',
  '/',
  '/rpc/x',
  '//',
  '/companies/%00',
)
const headerName = fc.constantFrom(
  'prefer',
  'accept',
  'accept-profile',
  'content-profile',
  'range',
  'range-unit',
  'if-match',
  'if-none-match',
  'x-tenant',
  'x-request-id',
  'content-type',
  'content-encoding',
  'x-forwarded-host',
  'x-forwarded-for',
  'idempotency-key',
  'authorization',
  'accept-encoding',
  'traceparent',
)
const headerValue = fc.oneof(
  fc.constantFrom(
    'count=exact',
    'return=representation',
    'resolution=merge-duplicates',
    'tx=rollback',
    'handling=strict,x=y',
    'max-affected=1',
    'application/json',
    'text/csv',
    '*/*',
    '0-1',
    '"1"',
    'W/"x',
    '*',
    'acme',
    'gzip',
    ';;;,,,',
    'q=1;q=2',
  ),
  fc.string({ unit: fc.constantFrom(...'abc=;,"/*\\ é\u00ff0-'), maxLength: 40 }),
)
const body = fc.oneof(
  fc.constantFrom('{"name":"x"}', '[{"name":"x"},{"name":"y"}]', '{"website":null}'),
  fc.json({ maxDepth: 4 }),
  gibberish,
  fc
    .record({ name: fc.jsonValue(), revenue: fc.jsonValue(), website: fc.jsonValue() }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc
    .array(fc.record({ name: fc.string(), founded: fc.jsonValue() }), { maxLength: 3 })
    .map((value) => JSON.stringify(value)),
)
const request = fc.record({
  method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS', 'QUERY'),
  path,
  query,
  headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }),
  body,
})

test(`${RUNS} requests at random`, async () => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, headers, body }) => {
      const init: RequestInit = {
        method,
        headers: new Headers({ apikey: fixture.tenants.globex.key, 'content-type': 'application/json' }),
      }
      for (const [name, value] of headers) setHeader(init, name, value)
      if (!['GET', 'HEAD'].includes(method)) init.body = body
      const response = await fixture.fetch(`/rest/v1${path}?${query}`, init)
      await response.text()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  )
  // The dice must reach beyond the first check: some requests read, some write, most are refused.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 404]))
  expect((await fixture.tenants.acme.get('/companies?select=name')).body).toEqual([{ name: 'Seen' }])
})

/** A header as a client could send it; values that no client can send are left out. */
function setHeader(init: RequestInit, name: string, value: string): void {
  try {
    ;(init.headers as Headers).set(name, value)
  } catch {
    // not a header value
  }
}
