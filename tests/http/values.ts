/** Values of every type: what goes in comes out, exactly. */
import { beforeAll, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import type { Lend } from '../fixture/lend.ts'

/** A field, the JSON text sent, and the JSON text expected back (the same unless given). */
const CASES: readonly (readonly [string, string, string?])[] = [
  ['label', '"plain"'],
  ['label', '""'],
  [
    'label',
    '"Zoë 🦄 ‮ \\u2028 日本語 \\"quoted\\" \\\\ \\n \\t\'; drop table things; --"',
    JSON.stringify('Zoë 🦄 ‮ \u2028 日本語 "quoted" \\ \n \t\'; drop table things; --'),
  ],
  ['label', '"null"'],
  ['essay', JSON.stringify('line\n'.repeat(2000))],
  ['colour', '"green"'],
  ['small', '42'],
  ['small', '-1'],
  ['big', '9223372036854775807'],
  ['big', '-9223372036854775808'],
  ['big', '9007199254740993'],
  ['big', '"9007199254740995"', '9007199254740995'],
  ['exact', '123456789012345678901234567890.123456789'],
  ['exact', '0.1'],
  ['exact', '"3.1400"', '3.1400'],
  ['exact', '-0.00000000000000000001', '-0.00000000000000000001'],
  ['money', '1234567890.12'],
  ['money', '"19.90"', '19.90'],
  ['approximate', '0.1'],
  ['approximate', '1.7976931348623157e308', '1.7976931348623157e+308'],
  ['yes', 'true'],
  ['yes', 'false'],
  ['day', '"2024-02-29"'],
  ['day', '"0001-01-01"'],
  ['clock', '"23:59:59"'],
  ['ref', '"018f0000-0000-7000-8000-000000000001"'],
  ['ref', '"018F0000-0000-7000-8000-00000000000A"', '"018f0000-0000-7000-8000-00000000000a"'],
  ['doc', '{"":0,"a":[1,2.50,"x",null,true,{"ü":"🦄"}]}'],
  ['doc', '"text"'],
  ['doc', '12345678901234567890.1234567890'],
  ['doc', '[]'],
  ['doc', 'false'],
  ['words', '["a","b,c","{}","\\"","","NULL"]'],
  ['words', '[]'],
  ['words', '["a",null]'],
  ['numbers', '[3,-2,0]'],
  ['raw', '"\\\\xdeadbeef"'],
  ['days', '"[2024-01-01,2024-02-01)"'],
  ['bounds', '"[1,10)"'],
]

export function values(lend: Lend): void {
  let caller: Caller
  const headers = { 'accept-profile': 'everything', 'content-profile': 'everything', prefer: 'return=representation' }
  beforeAll(async () => {
    caller = await lend().newTenant()
  })

  test.each(CASES)('%s: %s', async (field, sent, expected = sent) => {
    const made = await caller.post(`/things?select=${field}`, `{"${field}":${sent}}`, headers)
    expect(made.status, made.text).toBe(201)
    expect(bare(made.text)).toBe(bare(`[{"${field}":${expected}}]`))
    const [row] = (await caller.post('/things?select=id', '{}', headers)).rows
    const changed = await caller.patch(`/things?id=eq.${row?.id}&select=${field}`, `{"${field}":${sent}}`, headers)
    expect(bare(changed.text)).toBe(bare(`[{"${field}":${expected}}]`))
    const read = await caller.get(`/things/${row?.id}?select=${field}`, headers)
    expect(bare(read.text)).toBe(bare(`{"${field}":${expected}}`))
  })

  test('null in every field', async () => {
    const answer = await caller.post('/things', { label: null, doc: null, words: null, days: null, raw: null }, headers)
    expect(answer.rows[0]).toMatchObject({ label: null, doc: null, words: null, days: null, raw: null })
  })

  test('a moment is the same moment, whatever its offset', async () => {
    const answer = await caller.post('/things?select=moment', { moment: '2024-03-01T12:00:00.123456+02:00' }, headers)
    expect(String(answer.rows[0]?.moment)).toMatch(/^2024-03-01T10:00:00\.123456(Z|\+00:00)$/)
  })

  test('a span of time', async () => {
    const answer = await caller.post('/things?select=span', { span: '1 day 02:03:04' }, headers)
    expect(answer.status, answer.text).toBe(201)
    expect(answer.rows[0]?.span).toMatch(/1 day 02:03:04|P1DT2H3M4S/)
  })

  test('a filter on numbers beyond 2^53 is exact', async () => {
    await caller.post(
      '/things',
      '[{"label":"near","big":9007199254740992},{"label":"exact","big":9007199254740993}]',
      headers,
    )
    const answer = await caller.get('/things?select=label&big=eq.9007199254740993&label=not.is.null', headers)
    expect(answer.body).toEqual([{ label: 'exact' }])
  })

  test.each([
    ['small', '"x"'],
    ['small', '1.5'],
    ['small', '99999999999999999999'],
    ['big', '9223372036854775808'],
    ['exact', '"1,5"'],
    ['money', '12345678901.00'],
    ['approximate', '"fast"'],
    ['yes', '"perhaps"'],
    ['day', '"2024-02-30"'],
    ['day', '"yesterday-ish"'],
    ['clock', '"25:00"'],
    ['moment', '"noon"'],
    ['span', '"a while"'],
    ['ref', '"1234"'],
    ['colour', '"mauve"'],
    ['label', '{"a":1}'],
    ['label', '"a\\u0000b"'],
    ['words', '"a"'],
    ['words', '{"a":1}'],
    ['numbers', '["x"]'],
    ['days', '"[2024-02-01,2024-01-01)"'],
    ['ref', '{"a":1}'],
    ['small', '[1]'],
    ['doc', '"\\u0000"'],
    ['label', '"\\ud800"'],
  ])('%s: %s is refused, and nothing written', async (field, sent) => {
    const count = async (): Promise<unknown> =>
      (await caller.get('/things?limit=0', { ...headers, prefer: 'count=exact' })).headers.get('content-range')
    const before = await count()
    const answer = await caller.post('/things', `[{"${field}":null},{"${field}":${sent}}]`, headers)
    expect([400, 422], answer.text).toContain(answer.status)
    expect(await count()).toBe(before)
  })
}

/** Without the blanks that Postgres may put between tokens; none of the strings above hold `, ` or `: `. */
function bare(text: string): string {
  return text.replaceAll(', ', ',').replaceAll(': ', ':')
}
