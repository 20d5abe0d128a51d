import type { CompiledSchema } from '@backsaas/core'
import { describe, expect, test } from 'vitest'
import { OPEN, policy, SHOP } from '../../test/shop.ts'
import { policies } from './policies.ts'

const { decide } = policies().access

describe('decisions', () => {
  test('hold the rules of `access:`, own and inherited, and nothing else', async () => {
    const { rules, roles, faults } = await decide(SHOP)
    expect(rules).toEqual(SHOP.entities.orders?.access)
    expect(roles).toEqual({
      clerk: { orders: { read: [0], update: [1] } },
      boss: { orders: { read: [0, 2], update: [1], delete: [3] } },
    })
    expect(rules[3]).toMatchObject({ role: 'boss', action: 'delete', effect: 'deny' })
    expect(faults).toBeUndefined()
  })

  test('are plain data', async () => {
    const decisions = await decide(SHOP, [policy({ where: "title == 'x'" })])
    expect(JSON.parse(JSON.stringify(decisions))).toEqual(decisions)
  })

  test('hold a tenant’s policies beside them, for heirs of the role too', async () => {
    const deny = policy({ id: 'p2', effect: 'deny', where: "state == 'closed'" })
    const { rules, roles } = await decide(SHOP, [policy({ entity: 'shelves', fields: ['name'] }), deny])
    expect(rules.slice(4)).toMatchObject([
      { place: 'policies/p1', fields: ['name'] },
      { place: 'policies/p2', effect: 'deny' },
    ])
    expect(roles.boss).toMatchObject({ orders: { read: [0, 2, 5] }, shelves: { read: [4] } })
    expect(roles).not.toHaveProperty('anonymous')
  })

  test('of a schema without rules are its policies alone', async () => {
    expect((await decide(OPEN, [policy()])).roles).toEqual({
      clerk: { orders: { read: [0] } },
      boss: { orders: { read: [0] } },
    })
    expect((await decide(OPEN)).roles).toEqual({})
  })

  test('name the policies that do not compile, and are closed by them', async () => {
    const given = [
      policy({ id: 'a', entity: 'shelves', where: 'gone == 1' }),
      policy({ id: 'b', effect: 'deny', fields: ['gone'] }),
      policy({ id: 'c', entity: 'shelves', action: 'delete' }),
    ]
    const { rules, roles, faults } = await decide(SHOP, given)
    expect(faults).toMatchObject([
      { place: 'policies/a/where', code: 'UNKNOWN_NAME', line: 1, column: 1 },
      { place: 'policies/b/fields/0', code: 'UNKNOWN_FIELD' },
    ])
    expect(rules.slice(4)).toEqual([
      { role: 'clerk', action: 'read', effect: 'deny', place: 'policies/b' },
      { role: 'clerk', action: 'delete', effect: 'allow', place: 'policies/c' },
    ])
    expect(roles.clerk).toEqual({ orders: { read: [0, 4], update: [1] }, shelves: { delete: [5] } })
  })
})

describe('what is stored with a schema', () => {
  const stored: CompiledSchema = { ...SHOP, decisions: { rules: [], roles: {} } }

  test('answers where there are no policies', async () => {
    expect(await decide(stored, [])).toBe(stored.decisions)
  })

  test('does not where there are some', async () => {
    expect((await decide(stored, [policy()])).rules).toHaveLength(5)
  })
})

test('no policy is about the platform itself', async () => {
  const platform: CompiledSchema = { ...SHOP, name: 'platform' }
  const given = policy({ schema: 'platform', action: 'delete' })
  expect(await decide(platform, [given])).toEqual(await decide(platform))
})

describe('more than can be decided on is refused', () => {
  const refused = { code: 'POLICIES_TOO_MANY', status: 422 }

  test('policies', async () => {
    const many = Array.from({ length: 1001 }, (_, i) => policy({ id: `p${i}` }))
    await expect(decide(SHOP, many)).rejects.toMatchObject(refused)
    await expect(decide(SHOP, many.slice(1))).resolves.toBeDefined()
  })

  test('expressions', async () => {
    const long = policy({ where: `title == '${'x'.repeat(4000)}'` })
    await expect(decide(SHOP, Array(26).fill(long))).rejects.toMatchObject(refused)
  })

  test('roles, and rules that they all inherit, in bounded time', async () => {
    const roles = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, { inherits: i === 0 ? [] : [`r${i - 1}`] }]))
    await expect(decide({ ...SHOP, roles: roles(201) })).rejects.toMatchObject(refused)
    const access = Array.from(
      { length: 10_000 },
      () => ({ role: 'r0', action: 'read', effect: 'allow', place: '/' }) as const,
    )
    const shelves = { ...SHOP.entities.shelves, access } as NonNullable<CompiledSchema['entities'][string]>
    const start = performance.now()
    await expect(decide({ ...SHOP, roles: roles(200), entities: { shelves } })).rejects.toMatchObject(refused)
    expect(performance.now() - start).toBeLessThan(3000)
  })
})
