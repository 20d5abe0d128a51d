/** What the tests of a schema find out about rules of every kind, and about rules that are wrong. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compileSchema, readTests } from '@backsaas/core/language'
import { beforeAll, describe, expect, test } from 'vitest'
import { createDumpCache } from './dump-cache.ts'
import { createPreparation } from './open-database.ts'
import { reportJson } from './report-json.ts'
import { runSuites } from './run-suites.ts'

const SHOP = readFileSync(new URL('../../test/shop.yaml', import.meta.url), 'utf8')
const ANN = '018f0000-0000-7000-8000-000000000001'
const BOB = '018f0000-0000-7000-8000-000000000002'

/** Of all runs of tests. */
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache', import.meta.url))

const preparation = createPreparation(createDumpCache({ XDG_CACHE_HOME: CACHE }), (line) => {
  throw new Error(line)
})

// The first start takes seconds; the others begin from what it has made.
beforeAll(async () => {
  const database = await preparation.open({ file: 'shop.yaml', text: SHOP, compiled: compileSchema(SHOP) })
  await database.close?.()
})

const MATRIX = `schema: shop
tests:
  - name: items
    fixtures:
      items:
        draft: { shop_id: ${BOB}, title: draft }
        sold: { shop_id: ${BOB}, title: sold, state: sold }
    principals: { clerk: { role: clerk }, adm: { role: admin }, nobody: {} }
    matrix:
      items:
        read: [clerk, adm]
        create: [clerk, adm]
        update: { draft: [clerk, adm], sold: [adm] }
        delete: [adm]
`

interface Report {
  readonly passed: boolean
  readonly expectations: number
  readonly failed: number
  readonly tests: readonly {
    readonly error: string | null
    readonly expectations: readonly {
      readonly principal: string
      readonly action: string
      readonly entity: string
      readonly row: string | null
      readonly got: string
      readonly passed: boolean
      readonly line: number
      readonly column: number
      readonly detail: string | null
      readonly explanation: { readonly rules: readonly { readonly place: string; readonly line: number }[] } | null
    }[]
  }[]
}

async function report(text: string, tests: string): Promise<Report> {
  const schema = { file: 'shop.yaml', text, compiled: compileSchema(text) }
  const suite = { file: 'shop.test.yaml', schema, tests: readTests(tests, schema.compiled) }
  return JSON.parse(reportJson(await runSuites([suite], preparation)))
}

/** What can be done, and what cannot: lines of attempts. */
const CASES: readonly (readonly [as: string, can: readonly string[], cannot: readonly string[]])[] = [
  [
    '{ role: clerk }',
    [
      '{ read: items }',
      '{ read: items, row: { price: 5 }, fields: [title, price, hint] }', // hint is null, and seen
      '{ create: items }',
      '{ create: items, fields: [title, shop_id] }',
      '{ update: items }',
      '{ update: items, row: {} }', // the shop and its owner are made up
      '{ update: items, row: { state: shown }, input: { title: new } }',
      '{ update: items, row: {}, fields: [title, price] }',
      `{ update: items, row: { shop_id: ${ANN} } }`, // a shop of that key is made
    ],
    [
      '{ read: users }',
      '{ create: items, fields: [price, state] }',
      '{ update: items, row: { state: sold } }',
      '{ update: items, row: { state: sold }, fields: [title, price] }',
      '{ update: items, row: {}, input: { state: sold } }',
      '{ update: items, row: {}, fields: [state, hint] }',
      '{ update: items, fields: [state] }',
      '{ delete: items }',
      '{ delete: items, row: {} }',
    ],
  ],
  [
    '{ role: mailer, email: a@b.c }',
    [
      '{ read: items, row: { created_by: a@b.c } }', // by a key that it does not see
      '{ read: items, row: { created_by: a@b.c }, fields: [title] }',
      '{ delete: items, row: { created_by: a@b.c } }',
    ],
    [
      '{ read: items, row: { created_by: d@e.f } }',
      '{ read: items, row: { created_by: a@b.c }, fields: [number, state] }',
      '{ delete: items, row: { created_by: d@e.f } }',
      '{ update: items, row: { created_by: a@b.c } }',
    ],
  ],
  [
    '{ role: picky }',
    [
      '{ update: items, row: {} }',
      '{ update: items, row: {}, fields: [state] }',
      '{ update: items, row: {}, input: { state: sold } }',
    ],
    ['{ update: items, row: {}, input: { state: shown } }', '{ update: items, row: {}, input: { hint: x } }'],
  ],
  [
    `{ role: owner, id: ${ANN} }`,
    [`{ read: shops, row: { owner_id: ${ANN} } }`],
    [`{ read: shops, row: { owner_id: ${BOB} } }`, '{ read: items, row: {} }'],
  ],
  [
    '{ role: anonymous, kind: anonymous }',
    ['{ read: items, row: { state: shown } }', '{ read: items, row: { state: shown }, fields: [title] }'],
    ['{ read: items, row: {} }', '{ read: shops }', '{ create: items }', '{ read: items, fields: [price, hint] }'],
  ],
  ['{}', [], ['{ read: items }', '{ update: items }', '{ delete: items, row: {} }']],
]

function casesText(turned: boolean): string {
  const list = (attempts: readonly string[]): string => attempts.map((attempt) => `\n      - ${attempt}`).join('')
  const one = ([as, can, cannot]: (typeof CASES)[number]): string => {
    const [may, mayNot] = turned ? [cannot, can] : [can, cannot]
    return [
      `  - as: ${as}`,
      ...(may.length > 0 ? [`    can:${list(may)}`] : []),
      ...(mayNot.length > 0 ? [`    can_not:${list(mayNot)}`] : []),
    ].join('\n')
  }
  return `schema: shop\ntests:\n${CASES.map(one).join('\n')}\n`
}

describe('verdicts', () => {
  test('rules of every kind are found to be what they are', async () => {
    const { passed, tests } = await report(SHOP, casesText(false))
    const wrong = tests.flatMap(({ expectations, error }) => [
      ...(error ? [error] : []),
      ...expectations.filter((one) => !one.passed),
    ])
    expect(wrong).toEqual([])
    expect(passed).toBe(true)
  })

  test('turned round, every one of them fails, with its place and what came instead', async () => {
    const text = casesText(true)
    const { failed, expectations, tests } = await report(SHOP, text)
    const all = tests.flatMap((one) => one.expectations)
    expect(failed).toBe(all.length)
    expect(expectations).toBe(CASES.flatMap(([, can, cannot]) => [...can, ...cannot]).length)
    const lines = text.split('\n')
    for (const { line, column, action, entity, got } of all) {
      expect(lines[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^\\{ ${action}: ${entity}`))
      expect(['allow', 'deny']).toContain(got)
    }
  })

  test('what neither follows nor does not is a failure either way', async () => {
    const attempts = [
      '{ create: items, input: { title: a } }', // no shop
      `{ create: items, input: { shop_id: ${BOB}, title: a title that is far too long } }`,
      `{ create: items, input: { shop_id: ${BOB}, title: a } }`, // no such shop
    ]
    for (const part of ['can', 'can_not']) {
      const { tests } = await report(SHOP, `tests:\n  - { as: { role: clerk }, ${part}: [${attempts.join(', ')}] }`)
      expect(tests[0]?.expectations.map(({ got, passed }) => [got, passed])).toEqual(
        attempts.map(() => ['unclear', false]),
      )
    }
    const some = 'tests: [{ as: { role: clerk }, PART: { update: items, row: {}, fields: [title, state] } }]'
    for (const part of ['can', 'can_not']) {
      const { tests } = await report(SHOP, some.replace('PART', part))
      expect(tests[0]?.expectations).toMatchObject([
        { got: 'partly', passed: false, detail: 'title can be given, state cannot' },
      ])
    }
    const unasked = 'tests: [{ as: { role: picky }, can_not: { update: items, row: {}, fields: [hint] } }]'
    const { tests } = await report(SHOP, unasked)
    expect(tests[0]?.expectations).toMatchObject([
      { got: 'unclear', detail: expect.stringContaining('give the `input`') },
    ])
  })

  test('a delete that references forbid was allowed by the rules', async () => {
    const tests = `tests: [{ as: { role: admin }, fixtures: { shops: { s: { id: ${BOB}, owner_id: ${ANN}, code: AB123 } }, items: [{ shop_id: ${BOB}, title: t }] }, can: { delete: shops, row: s } }]`
    expect(await report(SHOP, tests)).toMatchObject({ passed: true, expectations: 1 })
  })

  test('a schema without rules is open to its role admin alone', async () => {
    const bare =
      'schema: bare\nroles: { admin: {}, clerk: {} }\nentities: { notes: { fields: { body: { type: text } } } }\n'
    const tests = `tests: [{ fixtures: { notes: [{ body: x }] }, principals: { adm: { role: admin }, clerk: { role: clerk } }, matrix: { notes: { read: [adm], create: [adm], update: [adm], delete: [adm] } } }]`
    expect(await report(bare, tests)).toMatchObject({ passed: true, expectations: 8 })
  })

  test('what one expectation writes the next does not find', async () => {
    const attempt = `{ create: shops, input: { owner_id: ${ANN}, code: AB123 } }`
    const tests = `tests: [{ as: { role: admin }, fixtures: { users: [{ id: ${ANN}, name: a }] }, can: [${attempt}, ${attempt}, { delete: users, row: { name: b } }] }]`
    expect(await report(SHOP, tests)).toMatchObject({ passed: true, expectations: 3 })
  })
})

describe('a wrong rule', () => {
  test.each([
    [
      'clerk update sold',
      13,
      'update: { where: "state != \'sold\'", fields: [title, price] }',
      'update: { fields: [title, price] }',
    ],
    [
      'clerk read draft',
      11,
      'read: true,\n          create: { fields: [shop_id, title] }',
      'read: { where: "state == \'sold\'" },\n          create: { fields: [shop_id, title] }',
    ],
    ['clerk create null', 12, 'create: { fields: [shop_id, title] },\n', '\n'],
  ])('is found at %s', async (found, line, right, wrong) => {
    expect(SHOP.split(right)).toHaveLength(2)
    const schema = SHOP.replace(right, wrong)
    const { tests } = await report(schema, MATRIX)
    const failed = tests.flatMap(({ expectations }) => expectations.filter(({ passed }) => !passed))
    expect(failed.map(({ principal, action, row }) => `${principal} ${action} ${row}`)).toContain(found)
    const [one] = failed.filter(({ principal, action, row }) => `${principal} ${action} ${row}` === found)
    expect(one?.line).toBe(line)
    // The rule that decides stands where the schema says it.
    const lines = schema.split('\n')
    const begin = lines.indexOf('      clerk:')
    for (const rule of one?.explanation?.rules ?? []) {
      expect(rule.line).toBeGreaterThan(begin)
      expect(rule.line).toBeLessThan(lines.indexOf('      mailer:', begin) + 1)
      expect(lines[rule.line - 1]).toContain(`${one?.action}:`)
    }
  })
})
