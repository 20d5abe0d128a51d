import type { AccessRule, Action, CompiledExpression, CompiledSchema, Decisions } from '@backsaas/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SHOP } from '../../test/shop.ts'
import { compileDecisions } from './compile-decisions.ts'
import { createPolicyModel, DOMAIN, type PlacedRule } from './policy-model.ts'

const ACTIONS: readonly Action[] = ['read', 'create', 'update', 'delete']
const ENTITIES = ['orders', 'shelves', 'constructor']
const ROLES = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'toString']
const WHERE: CompiledExpression = {
  source: 'true',
  type: 'bool',
  tree: { node: 'literal', text: 'true', type: 'bool' },
  reads: [],
}

interface Case {
  readonly roles: CompiledSchema['roles']
  readonly rules: readonly PlacedRule[]
}

/** Each role inherits from some of those before it. */
const cases: fc.Arbitrary<Case> = fc.record({
  roles: fc
    .tuple(...ROLES.map((_, i) => fc.subarray(ROLES.slice(0, i), { maxLength: Math.min(i, 3) })))
    .map((parents) => Object.fromEntries(ROLES.map((role, i) => [role, { inherits: parents[i] ?? [] }]))),
  rules: fc.array(
    fc.record({
      entity: fc.constantFrom(...ENTITIES),
      rule: fc.record(
        {
          role: fc.constantFrom(...ROLES),
          action: fc.constantFrom(...ACTIONS),
          effect: fc.constantFrom<AccessRule['effect']>('allow', 'allow', 'deny'),
          where: fc.constant(WHERE),
          fields: fc.constant(['id']),
          place: fc.constant('/'),
        },
        { requiredKeys: ['role', 'action', 'effect', 'place'] },
      ),
    }),
    { maxLength: 40 },
  ),
})

function schemaOf({ roles, rules }: Case): CompiledSchema {
  const entities = ENTITIES.map((name) => {
    const access = rules.filter(({ entity }) => entity === name).map(({ rule }) => rule)
    return [name, { ...SHOP.entities.shelves, name, access }]
  })
  return { ...SHOP, roles, entities: Object.fromEntries(entities) }
}

/** Whether the table lets the role do it on some row at all. */
function mayByTable({ rules, roles }: Decisions, role: string, entity: string, action: Action): boolean {
  const byEntity = Object.hasOwn(roles, role) ? roles[role] : undefined
  const indexes = byEntity && Object.hasOwn(byEntity, entity) ? (byEntity[entity]?.[action] ?? []) : []
  const held = indexes.map((index) => rules[index])
  const forbidden = held.some((rule) => rule?.effect === 'deny' && !rule.where && !rule.fields)
  return !forbidden && held.some((rule) => rule?.effect === 'allow')
}

/** Where the table and Casbin's `enforce` differ. */
async function disagreements({ roles, rules }: Case, decisions: Decisions): Promise<readonly string[]> {
  const model = await createPolicyModel(roles, rules)
  const found: string[] = []
  for (const role of Object.keys(roles))
    for (const entity of ENTITIES)
      for (const action of ACTIONS) {
        const may = await model.enforce(role, DOMAIN, entity, action)
        if (may !== mayByTable(decisions, role, entity, action)) found.push(`${role} ${entity} ${action}: ${may}`)
      }
  return found
}

/** The roles that a role has the rules of, its own included. */
function heldBy(role: string, roles: CompiledSchema['roles']): ReadonlySet<string> {
  const held = new Set([role])
  for (const one of held) for (const parent of roles[one]?.inherits ?? []) held.add(parent)
  return held
}

describe('the table', () => {
  test('says what Casbin enforces, for every role, entity and action', { timeout: 120_000 }, async () => {
    let allowed = 0
    let denied = 0
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const decisions = await compileDecisions(schemaOf(given), [])
        expect(await disagreements(given, decisions)).toEqual([])
        for (const role of ROLES)
          for (const entity of ENTITIES)
            for (const action of ACTIONS) mayByTable(decisions, role, entity, action) ? allowed++ : denied++
      }),
      { numRuns: 80 },
    )
    expect(Math.min(allowed, denied)).toBeGreaterThan(300)
  })

  test('holds each rule for the roles that have it, and for no other', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const { rules, roles } = await compileDecisions(schemaOf(given), [])
        const entityOf = ENTITIES.flatMap((name) => given.rules.filter(({ entity }) => entity === name))
        for (const role of ROLES)
          for (const entity of ENTITIES)
            for (const action of ACTIONS) {
              const expected = rules.flatMap((rule, index) =>
                rule.action === action && entityOf[index]?.entity === entity && heldBy(role, given.roles).has(rule.role)
                  ? [index]
                  : [],
              )
              const row = Object.hasOwn(roles, role) ? roles[role] : undefined
              const cell = row && Object.hasOwn(row, entity) ? (row[entity]?.[action] ?? []) : []
              expect(cell).toEqual(expected)
            }
      }),
      { numRuns: 80 },
    )
  })

  test('follows inheritance however long', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `r${i}`)
    const roles = Object.fromEntries(names.map((name, i) => [name, { inherits: i === 0 ? [] : [`r${i - 1}`] }]))
    const rules: PlacedRule[] = [
      { entity: 'orders', rule: { role: 'r0', action: 'read', effect: 'allow', place: '/' } },
      { entity: 'orders', rule: { role: 'r30', action: 'read', effect: 'deny', place: '/' } },
    ]
    const decisions = await compileDecisions(schemaOf({ roles, rules }), [])
    expect(await disagreements({ roles, rules }, decisions)).toEqual([])
    expect(names.filter((role) => mayByTable(decisions, role, 'orders', 'read'))).toEqual(names.slice(0, 30))
  })

  test('that misses inheritance, a rule that forbids or one that allows is told apart', async () => {
    const roles = { clerk: { inherits: [] }, boss: { inherits: ['clerk'] } }
    const rules: PlacedRule[] = [
      { entity: 'orders', rule: { role: 'clerk', action: 'read', effect: 'allow', place: '/' } },
      { entity: 'orders', rule: { role: 'clerk', action: 'update', effect: 'allow', place: '/' } },
      { entity: 'orders', rule: { role: 'boss', action: 'update', effect: 'deny', place: '/' } },
    ]
    const decisions = await compileDecisions(schemaOf({ roles, rules }), [])
    const { clerk = {}, boss = {} } = decisions.roles
    const wrong: readonly (readonly [Decisions['roles'], string])[] = [
      [{ clerk, boss: { orders: { update: [2] } } }, 'boss orders read: true'],
      [{ clerk, boss: { orders: { ...boss.orders, update: [1] } } }, 'boss orders update: false'],
      [{ clerk: { orders: { ...clerk.orders, read: [] } }, boss }, 'clerk orders read: true'],
    ]
    for (const [table, told] of wrong)
      expect(await disagreements({ roles, rules }, { ...decisions, roles: table })).toEqual([told])
  })
})
