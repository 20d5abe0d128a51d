/**
 * Random questions get the rows that an independent evaluation of the same data gives; broken ones get a refusal.
 *
 * `BACKSAAS_PROPERTY_RUNS=20000` asks more of them, `BACKSAAS_PROPERTY_SEED` others; a failure names its seed.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Fixture } from '../fixture/start-fixture.ts'
import { countAll, evaluate, type Tables } from './evaluator.ts'
import { startGallery } from './gallery.ts'
import { type Asked, queryString, randomQuestion } from './random-questions.ts'
import { randomTables } from './random-rows.ts'

const RUNS = Number(process.env.BACKSAAS_PROPERTY_RUNS ?? 2000)
const SEED = Number(process.env.BACKSAAS_PROPERTY_SEED ?? 20260101)
const TABLES = ['paintings', 'artists', 'museums', 'exhibitions', 'showings'] as const
const TIMEOUT_MS = 60_000 + RUNS * 60

let fixture: Fixture
let caller: Caller
let tables: Tables

beforeAll(async () => {
  fixture = await startGallery('pglite')
  caller = await fixture.newTenant()
  tables = randomTables(SEED)
  for (const [entity, rows] of Object.entries(tables)) await caller.add(entity, rows)
  // Somebody else's rows, which no question may ever see.
  const other = await fixture.newTenant()
  for (const [entity, rows] of Object.entries(randomTables(SEED + 1))) await other.add(entity, rows)
})
afterAll(() => fixture?.close())

const asked: fc.Arbitrary<Asked> = fc.constantFrom(...TABLES).chain((table) => randomQuestion(table))

test(
  'a valid question gets the rows and the count that an independent evaluation gives',
  async () => {
    await fc.assert(
      fc.asyncProperty(asked, fc.boolean(), async ({ question, params }, counted) => {
        const path = `/${question.table}?${queryString(params)}`
        const answer = await caller.get(path, counted ? { prefer: 'count=exact' } : {})
        const total = countAll(tables, question)
        if (counted && question.offset > total) {
          expect([answer.status, answer.row.code], decodeURIComponent(path)).toEqual([416, 'PGRST103'])
          return
        }
        const rows = evaluate(tables, question)
        expect(answer.body, decodeURIComponent(path)).toEqual(rows)
        const shown = rows.length === 0 ? '*' : `${question.offset}-${question.offset + rows.length - 1}`
        expect(answer.headers.get('content-range')).toBe(`${shown}/${counted ? total : '*'}`)
        expect(answer.status).toBe(counted && rows.length < total ? 206 : 200)
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: false },
    )
  },
  TIMEOUT_MS,
)

/** Parts that make any question of `paintings` invalid. */
const broken: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.constantFrom<readonly [string, string]>(
    ['year', 'eq.x'],
    ['year', 'eq.1.5'],
    ['price', 'gt.'],
    ['sold', 'eq.maybe'],
    ['sold', 'is.sometimes'],
    ['rooms', 'cs.[5,1)'],
    ['rooms', 'ov.5'],
    ['keywords', 'cs.{a'],
    ['sizes', 'cs.{a}'],
    ['title', 'cs.{a}'],
    ['title', 'in.a,b'],
    ['notes', 'fts(simple).a b'],
    ['meta->grade', 'eq.{'],
    ['title->x', 'eq.1'],
    ['artist.name', 'eq.x'],
    ['nope.order', 'id'],
    ['or', '(id.eq.1'],
    ['or', 'id.eq.1'],
    ['and', '(id.eq.1)(id.eq.2)'],
    ['and', '(id.gt)'],
    ['not.or', '()'],
    ['id', 'not.'],
    ['', 'eq.1'],
    ['a b c', 'eq.1'],
    ['id.id.id', 'eq.1'],
    ['tenant_id', 'not.is.null'],
  ),
  fc.stringMatching(/^[a-z]{4,9}$/).map((name): readonly [string, string] => [`zz${name}`, 'eq.1']),
  fc.stringMatching(/^[a-z]{2,7}$/).map((word): readonly [string, string] => ['title', `q${word}.1`]),
  fc.string({ maxLength: 8 }).map((value): readonly [string, string] => ['id', `eq.x${value}`]),
)

/** What cannot stand where one parameter is expected. */
const replaced: fc.Arbitrary<readonly [string, string]> = fc.constantFrom<readonly [string, string]>(
  ['select', 'nope'],
  ['select', 'id,'],
  ['select', 'id::regclass'],
  ['select', 'artist('],
  ['select', 'artist(nope)'],
  ['select', 'nope(id)'],
  ['select', 'title.sum()'],
  ['select', 'id.sum('],
  ['select', '...id'],
  ['select', 'title->x'],
  ['select', '"'],
  ['order', 'nope'],
  ['order', 'id.up'],
  ['order', 'artist(name'],
  ['order', ','],
  ['limit', '-1'],
  ['limit', '1e3'],
  ['limit', '99999999999999999999'],
  ['offset', 'x'],
)

test(
  'an invalid question gets a 4xx in the shape of an error',
  async () => {
    const invalid = randomQuestion('paintings', 1).chain(({ params }) =>
      fc.oneof(
        broken.map((part) => [...params, part]),
        replaced.map((part) => [part, ...params.filter(([name]) => name !== part[0] && !/^e\d/.test(name))]),
      ),
    )
    await fc.assert(
      fc.asyncProperty(invalid, async (params) => {
        const path = `/paintings?${queryString(params)}`
        const answer = await caller.get(path)
        expect(answer.status, decodeURIComponent(path)).toBeGreaterThanOrEqual(400)
        expect(answer.status, answer.text).toBeLessThan(500)
        expect(answer.row).toMatchObject({ code: expect.any(String), message: expect.any(String) })
      }),
      { numRuns: Math.ceil(RUNS / 3), seed: SEED },
    )
  },
  TIMEOUT_MS,
)

test(
  'a mangled question gets rows or a refusal, never a 5xx and never a stack',
  async () => {
    const noise = fc.oneof(
      fc.constantFrom(
        ...'()[]{}",.:;*&=%\\\'-><!|?#+ \u0000\u202e\ud83d',
        '->>',
        '::',
        '...',
        '!inner',
        'not.',
        'or(',
        '$1',
        '--',
        '/*',
      ),
      fc.string({ maxLength: 3 }),
    )
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), noise), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(asked, edits, async ({ question, params }, changes) => {
        const mangled = changes.reduce<Asked['params']>(
          (all, [where, cut, text]) => mangle(all, where, cut, text),
          params,
        )
        // The fixture's client fails the test on a 5xx, on an error of another shape and on one that tells of the inside.
        const answer = await caller.get(`/${question.table}?${queryString(mangled)}`)
        expect(answer.status).toBeLessThan(500)
      }),
      { numRuns: Math.ceil(RUNS / 2), seed: SEED },
    )
  },
  TIMEOUT_MS,
)

/** Cuts characters out of one parameter, name or value, and puts others in. */
function mangle(params: Asked['params'], where: number, cut: number, text: string): Asked['params'] {
  return params.map(([name, value], i) => {
    if (i !== where % params.length) return [name, value]
    const target = where % 3 === 0 ? name : value
    const at = where % (target.length + 1)
    const changed = (target.slice(0, at) + text + target.slice(at + cut)).toWellFormed()
    return where % 3 === 0 ? [changed, value] : [name, changed]
  })
}
