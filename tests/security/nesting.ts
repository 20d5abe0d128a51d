/** 18, 24: what is nested deeper than anyone needs is a 4xx, and the next request is answered as if nothing had been. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, type FixtureOptions, startFixture } from '../fixture/start-fixture.ts'

const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const groups = (depth: number): string => '('.repeat(depth) + ')'.repeat(depth)
const contact = (meta: string): string => `{"email":"d@x.example","first_name":"D","meta":${meta}}`

/** A method, a path and a body. */
const TRIES: Readonly<Record<string, readonly [string, string, string?]>> = {
  'a body of 400,000 lists': ['POST', '/contacts', lists(400_000)],
  '400,000 lists where a text belongs': ['POST', '/contacts', `{"email":${lists(400_000)}}`],
  'JSON of 20,000 lists in a new row': ['POST', '/contacts', contact(lists(20_000))],
  'JSON of 400,000 lists in a new row': ['POST', '/contacts', contact(lists(400_000))],
  'JSON of 20,000 objects in a new row': [
    'POST',
    '/contacts',
    contact(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
  ],
  'JSON of 20,000 lists in a change': ['PATCH', '/contacts?email=eq.d@x.example', `{"meta":${lists(20_000)}}`],
  'JSON of 7,000 lists in a filter': ['GET', `/contacts?meta=eq.${lists(7000)}`],
  'a list of 7,000 lists in a filter': ['GET', `/contacts?tags=cs.${'{'.repeat(7000)}${'}'.repeat(7000)}`],
  'a pattern of 4,000 groups': ['GET', `/contacts?email=match.${groups(4000)}`],
  'a JSON path of 2,500 steps': ['GET', `/contacts?select=meta${'->a'.repeat(2500)}`],
  'a JSON path of 2,500 steps in a filter': ['GET', `/contacts?meta${'->a'.repeat(2500)}->>b=eq.1`],
  'a JSON path of 2,500 steps in an order': ['GET', `/contacts?order=meta${'->a'.repeat(2500)}`],
  '3,000 columns': ['GET', `/contacts?select=${Array.from({ length: 3000 }, () => 'email').join()}`],
  '700 embeds': [
    'GET',
    `/contacts?select=${Array.from({ length: 700 }, (_, index) => `a${index}:notes(body)`).join()}`,
  ],
}

/** Its own fixture: a database that falls over must not take other tests with it. */
export function nestingSuite(name: string, options: FixtureOptions): void {
  describe(`nested too deep, ${name}`, () => {
    let fixture: Fixture
    beforeAll(async () => {
      fixture = await startFixture(options)
    })
    afterAll(() => fixture?.close())

    test.each(Object.entries(TRIES))('%s', async (_, [method, path, body]) => {
      const { acme, globex } = fixture.tenants
      const started = performance.now()
      const answer = await acme.send(method, path, body)
      expect(performance.now() - started).toBeLessThan(3000)
      if (answer.status !== 200) expect([400, 413, 414, 422], answer.text).toContain(answer.status)
      expect((await globex.get('/contacts')).body).toEqual([])
      expect((await acme.get('/contacts')).body).toEqual([])
    })
  })
}
