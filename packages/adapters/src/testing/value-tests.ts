/** Values come back as the text that Postgres writes, whatever a driver likes to make of a type. */
import { expect, test } from 'vitest'
import { type Subject, sql } from './subject.ts'

/** Type, what is given, and what the server writes where that differs. */
const VALUES: readonly (readonly [type: string, given: string, written?: string])[] = [
  ['text', 'it\'s "quoted" \\ and – 日本 😀\n\t'],
  ['text', ''],
  ['text', 'x'.repeat(1_000_000)],
  ['smallint', '-32768'],
  ['integer', '2147483647'],
  ['bigint', '9223372036854775807'],
  ['bigint', '9007199254740993'],
  ['oid', '4294967295'],
  ['numeric', '12345678901234567890.123456789012345678901234567890'],
  ['numeric', '1.10'],
  ['real', '1.5'],
  ['double precision', '0.1'],
  ['double precision', 'NaN'],
  ['double precision', '-Infinity'],
  ['boolean', 'true', 't'],
  ['boolean', 'f'],
  ['date', '2024-02-29'],
  ['date', 'infinity'],
  ['time', '23:59:59.999999'],
  ['timestamp', '2024-02-29 23:59:59.123456'],
  ['timestamptz', '2024-02-29T23:59:59.123456+02:00', '2024-02-29 21:59:59.123456+00'],
  ['interval', 'P1Y2M3DT4H5M6.5S', '1 year 2 mons 3 days 04:05:06.5'],
  ['uuid', '018f0000-0000-7000-8000-00000000000A', '018f0000-0000-7000-8000-00000000000a'],
  ['json', '{"b": 1,  "a": "\\u00e9 é 😀", "n": 12345678901234567890.10}'],
  ['jsonb', '{"b":1,"a":[null,true,"é"],"n":1.10}', '{"a": [null, true, "é"], "b": 1, "n": 1.10}'],
  ['jsonb', 'null'],
  ['jsonb', '"text"'],
  ['bytea', '\\x00ff5c27'],
  ['int8range', '[1,9223372036854775807)'],
  ['numrange', '(1.5,]', '(1.5,)'],
  ['daterange', '[2024-01-01,2024-01-31]', '[2024-01-01,2024-02-01)'],
  ['tstzrange', '[2024-01-01T00:00:00Z,)', '["2024-01-01 00:00:00+00",)'],
  ['text[]', '{a,"b,c","d\\"e",NULL,"",é}', '{a,"b,c","d\\"e",NULL,"",é}'],
  ['bigint[]', '{9223372036854775807,NULL}'],
  ['boolean[]', '{true,false}', '{t,f}'],
  ['timestamptz[]', '{2024-01-01T00:00:00Z}', '{"2024-01-01 00:00:00+00"}'],
  ['jsonb[]', '{"{\\"a\\": 1}"}'],
  ['bytea[]', '{"\\\\x00ff"}'],
  ['uuid[]', '{}'],
  ['int[]', '{{1,2},{3,4}}'],
  ['"char"', 'x'],
  ['inet', '10.0.0.1/8'],
]

export function valueTests(subject: () => Subject): void {
  test('a value of any type goes in as text and comes back as the text that Postgres writes', async () => {
    for (const [type, given, written = given] of VALUES) {
      // Twice: drivers treat the first use of a statement in another way.
      for (let use = 1; use <= 2; use++) {
        const [result] = await subject().connection.batch([sql(`select $1::${type}`, given)])
        expect(result?.rows, `${type}, use ${use}`).toEqual([[written]])
      }
    }
  })

  test('all types at once, in a batch, as in single statements', async () => {
    const columns = VALUES.map(([type], index) => `$${index + 1}::${type}`).join(', ')
    const statement = sql(`select ${columns}`, ...VALUES.map(([, given]) => given))
    const expected = [VALUES.map(([, given, written = given]) => written)]
    for (let use = 1; use <= 2; use++) {
      const results = await subject().connection.batch([statement, statement])
      expect(results.map((result) => result.rows)).toEqual([expected, expected])
    }
  })

  test('null goes in and comes out as null, for every type', async () => {
    for (const [type] of VALUES) {
      const [result] = await subject().connection.batch([sql(`select $1::${type}, $1::${type} is null`, null)])
      expect(result?.rows, type).toEqual([[null, 't']])
    }
  })

  test('columns of one name are all there, and a select of no columns has rows without any', async () => {
    const [twice, none] = await subject().connection.batch([sql('select 1 as a, 2 as a'), sql('select')])
    expect(twice?.rows).toEqual([['1', '2']])
    expect(none?.rows).toEqual([[]])
  })
}
