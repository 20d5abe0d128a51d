/** Plans of breaking changes: what they refuse, how they read documents, and that no step rewrites or waits. */
import { BackSaasError, type CompiledSchema } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { describe, expect, test } from 'vitest'
import { diffSchemas } from './diff.ts'
import { assignIds, matchSchemas } from './identity.ts'
import { readableNaming } from './names.ts'
import { planMigration } from './plan-migration.ts'
import { type PlanContext, planVersion } from './plan-version.ts'
import type { MigrationPlan } from './steps.ts'

const context: PlanContext = {
  pgSchema: 's',
  roles: { owner: 'o', runtime: 'r', bypass: true },
  naming: readableNaming,
  taken: [],
  history: [],
  functions: new Map(),
  crowded: new Set(),
}

function schema(fields: string, more = '', top = ''): CompiledSchema {
  return assignIds(
    compileSchema(
      `schema: t\n${top}\nentities:\n  b: { fields: { k: { type: string } } }\n  a:\n    ${more}\n    fields:\n      ${fields}\n`,
    ),
    null,
  )
}

function plan(before: CompiledSchema, after: CompiledSchema): MigrationPlan {
  const { mapping } = planVersion(before, null, context)
  const taken = Object.values(mapping.entities).flatMap(({ table, constraints }) => [
    table,
    ...Object.keys(constraints),
  ])
  return planMigration(assignIds(after, before), before, {
    ...context,
    taken,
    history: [mapping],
    previous: mapping,
    live: [{ compiled: before, mapping }],
    fromVersion: 1,
    toVersion: 2,
    placementId: '018f0000-0000-7000-8000-000000000001',
    migrator: 'm',
    syncFunctions: new Map(),
    rows: new Map([['a', 60_000]]),
  })
}

function refusal(before: CompiledSchema, after: CompiledSchema): string[] {
  try {
    plan(before, after)
    return []
  } catch (error) {
    if (!(error instanceof BackSaasError)) throw error
    return [error.code, ...error.errors.map(({ code, pointer }) => `${code} ${pointer}`)]
  }
}

const base = schema('f: { type: string, max: 9 }\n      n: { type: integer, required: true }')
const FIELD = '/entities/a/fields'

describe('what a document has to say', () => {
  test.each([
    ['f: { type: string, max: 9 }', '', ['CHANGE_AMBIGUOUS', 'REMOVE_FIELD /entities/a/fields/n']],
    ['f: { type: string, max: 9 }', 'removed: [n]', ['MIGRATION_INCOMPLETE', 'DOWN_NEEDED /entities/a/removed/n']],
    [
      'f: { type: bytes }\n      n: { type: integer, required: true }',
      '',
      ['MIGRATION_INCOMPLETE', `CONVERSION_NEEDED ${FIELD}/f`],
    ],
    ['f: { type: string, max: 9 }\n      n: { type: integer }', '', ['MIGRATION_INCOMPLETE', `FILL_NEEDED ${FIELD}/n`]],
    [
      'f: { type: string, max: 9 }\n      n: { type: integer, required: true }\n      x: { type: string, required: true }',
      '',
      ['MIGRATION_INCOMPLETE', `FILL_NEEDED ${FIELD}/x`],
    ],
    [
      'f: { type: string, max: 9, convert: { up: "nope", down: "f" } }\n      n: { type: integer, required: true }',
      '',
      ['MIGRATION_INCOMPLETE', `CONVERSION_INVALID ${FIELD}/f/convert/up`],
    ],
  ])('%s %s', (fields, more, expected) => {
    expect(refusal(base, schema(fields, more))).toEqual(expected)
  })

  test('each reading of an ambiguous change is data, and says itself in the document', () => {
    const changes = diffSchemas(base, schema('g: { type: text }\n      n: { type: integer, required: true }'))
    expect(changes.find(({ type }) => type === 'REMOVE_FIELD')?.choices).toEqual([
      { id: 'rename', title: 'g is what f was', patch: [{ op: 'add', path: `${FIELD}/g/renamed_from`, value: 'f' }] },
      {
        id: 'remove',
        title: 'the values of f are no longer needed',
        patch: [{ op: 'add', path: '/entities/a/removed', value: ['f'] }],
      },
    ])
  })
})

describe('renames', () => {
  const renamed = (text: string): CompiledSchema => schema(`${text}\n      n: { type: integer, required: true }`)

  test('a field keeps its id and column, and a hint that stays means nothing later', () => {
    const second = assignIds(renamed('g: { type: string, max: 9, renamed_from: f }'), base)
    expect(second.entities.a?.fields.g?.id).toBe(base.entities.a?.fields.f?.id)
    const first = planVersion(base, null, context)
    const next = planVersion(second, base, { ...context, history: [first.mapping] })
    expect(next.statements).toEqual([])
    expect(next.mapping.entities.a?.columns.g).toBe('f')
    expect(diffSchemas(second, second)).toEqual([])
    const third = schema(
      'g: { type: string, max: 9, renamed_from: f }\n      f: { type: string, max: 9 }\n      n: { type: integer, required: true }',
    )
    expect([...(matchSchemas(second, third).entities.get('a')?.origins ?? [])]).toContainEqual(['g', 'g'])
    expect(assignIds(third, second).entities.a?.fields.f?.id).not.toBe(base.entities.a?.fields.f?.id)
  })

  test('a new field may take the name of one that is renamed', () => {
    const both = schema(
      'g: { type: string, max: 9, renamed_from: f }\n      f: { type: integer }\n      n: { type: integer, required: true }',
    )
    const next = planVersion(assignIds(both, base), base, {
      ...context,
      history: [planVersion(base, null, context).mapping],
    })
    expect(next.mapping.entities.a?.columns).toMatchObject({ g: 'f', f: 'f_2' })
  })
})

describe('steps', () => {
  const converted = schema('f: { type: string, max: 9 }\n      n: { type: decimal, required: true, min: 0 }')

  test('column and trigger come in one transaction and go in one', () => {
    const { steps } = plan(base, converted)
    const [expand] = steps
    expect(expand?.statements[0]).toContain('add column "n_2"')
    expect(expand?.statements.filter((text) => text.startsWith('create trigger'))).toHaveLength(2)
    const contract = steps.at(-1)
    expect(contract?.statements.join('\n')).toMatch(/drop trigger[\s\S]*drop column if exists "n"/)
    expect(steps.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['expand', 'backfill', 'live', 'contract']))
  })

  test('no statement rewrites a table, cascades or truncates; what scans holds no strong lock', () => {
    for (const { statements, lock } of plan(base, converted).steps) {
      const text = statements.join('\n')
      expect(text).not.toMatch(/cascade|truncate|alter column \S+ type|generated always/i)
      if (/validate constraint|concurrently/.test(text)) expect(lock).toBe('share update exclusive')
      if (/add constraint .* check/.test(text)) expect(text).toContain('not valid')
    }
  })

  test('the same change is the same plan, and another one has another token', () => {
    expect(plan(base, converted).hash).toBe(plan(base, converted).hash)
    expect(plan(base, converted).token).not.toBe(
      plan(base, schema('f: { type: string, max: 8 }\n      n: { type: integer, required: true }')).token,
    )
  })

  test('what a hook converts is queued by a trigger that comes and goes with the column, and worked off twice', () => {
    const hooked = schema(
      'f: { type: string, max: 9, convert: { hook: h } }\n      n: { type: integer, required: true }',
    )
    const { steps } = plan(base, hooked)
    expect(steps[0]?.statements.join()).toMatch(/add column "f_2"[\s\S]*create trigger backsaas_queue_update/)
    expect(steps.at(-1)?.statements.join()).toMatch(/drop trigger if exists backsaas_queue_update[\s\S]*drop column/)
    expect(steps.filter(({ kind }) => kind === 'hook').map(({ phase }) => phase)).toEqual(['backfill', 'contract'])
  })

  test('fields that are made of each other are one link', () => {
    const whole = schema('name: { type: string, required: true }')
    const split = schema(
      `first: { type: string, convert: { up: "name.split(' ')[0]" } }\n      last: { type: string, convert: { up: "name.substring(name.indexOf(' ') + 1)" } }`,
      `removed: { name: { down: "first + ' ' + last" } }`,
    )
    const body = plan(whole, split).steps[0]?.statements.find((text) => text.startsWith('create function'))
    expect(body?.match(/if tg_op/g)).toHaveLength(1)
    expect(body).toContain('new."first" is not null or new."last" is not null')
  })
})
