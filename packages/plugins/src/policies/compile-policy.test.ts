import type { PolicyRow } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { describe, expect, test } from 'vitest'
import { policy, SHOP } from '../../test/shop.ts'
import { compilePolicy } from './compile-policy.ts'

const compile = (part: Partial<PolicyRow>) => compilePolicy(policy(part), SHOP)

describe('a policy becomes the rule that `access:` would', () => {
  test('with its expressions compiled and its place told', () => {
    const { rule, faults } = compile({ action: 'update', where: "state == 'open'", check: 'title != secret' })
    expect(faults).toEqual([])
    expect(rule).toMatchObject({ role: 'clerk', action: 'update', effect: 'allow', place: 'policies/p1' })
    expect(rule?.where).toMatchObject({ source: "state == 'open'", type: 'bool' })
    expect(rule?.check?.reads).toEqual([
      { entity: 'orders', field: 'title' },
      { entity: 'orders', field: 'secret' },
    ])
    expect(rule).not.toHaveProperty('fields')
  })

  test('`fields` in the order of the entity, `except` as what is left', () => {
    expect(compile({ fields: ['state', 'title'] }).rule?.fields).toEqual(['title', 'state'])
    const all = Object.keys(SHOP.entities.orders?.fields ?? {})
    expect(compile({ except: ['secret'] }).rule?.fields).toEqual(all.filter((name) => name !== 'secret'))
    // Of a write what a client can give; of one that forbids every field, so that none slips through.
    expect(compile({ action: 'create', except: ['title'] }).rule?.fields).toEqual(['id', 'state', 'secret'])
    expect(compile({ action: 'create', effect: 'deny', except: ['title'] }).rule?.fields).toContain('created_by')
  })
})

test('an expression that is right in one place is not in another', () => {
  expect(compile({ entity: 'shelves', where: "name == 'x'" }).faults).toEqual([])
  expect(compile({ where: "name == 'x'" }).faults).toMatchObject([{ code: 'UNKNOWN_NAME' }])
  expect(compile({ action: 'update', check: "input.title == 'x'" }).faults).toEqual([])
  expect(compile({ action: 'update', where: "input.title == 'x'" }).faults).toMatchObject([{ code: 'NOT_ALLOWED' }])
})

describe('a fault has its place, code and what to write instead', () => {
  const faulty: readonly [string, Partial<PolicyRow>, object][] = [
    ['role', { role: 'boos' }, { place: 'policies/p1/role', code: 'UNKNOWN_ROLE', hint: 'did you mean `boss`?' }],
    ['role of the prototype', { role: 'constructor' }, { code: 'UNKNOWN_ROLE' }],
    ['entity', { entity: 'ordres' }, { place: 'policies/p1/entity', hint: 'did you mean `orders`?' }],
    ['entity of the prototype', { entity: '__proto__' }, { code: 'UNKNOWN_ENTITY' }],
    ['field', { fields: ['titel'] }, { place: 'policies/p1/fields/0', hint: 'did you mean `title`?' }],
    ['field of the prototype', { fields: ['constructor'] }, { code: 'UNKNOWN_FIELD' }],
    ['repeated field', { fields: ['title', 'title'] }, { place: 'policies/p1/fields/1', code: 'DUPLICATE_FIELD' }],
    ['both lists', { fields: ['title'], except: ['state'] }, { code: 'CONTRADICTION' }],
    ['empty list', { fields: [] }, { code: 'EMPTY_LIST' }],
    ['list that leaves nothing', { except: Object.keys(SHOP.entities.orders?.fields ?? {}) }, { code: 'EMPTY_LIST' }],
    ['fields of a delete', { action: 'delete', fields: ['title'] }, { code: 'NOT_APPLICABLE' }],
    ['computed field of a write', { action: 'create', fields: ['shout'] }, { code: 'NOT_APPLICABLE' }],
    ['field of the system in a write', { action: 'update', fields: ['revision'] }, { code: 'NOT_APPLICABLE' }],
    ['check of a read', { check: 'true' }, { place: 'policies/p1/check', code: 'NOT_APPLICABLE' }],
    ['check of one that forbids', { action: 'create', effect: 'deny', check: 'true' }, { code: 'NOT_APPLICABLE' }],
    ['expression', { where: "title == 'a' &&\n stat == 'b'" }, { code: 'UNKNOWN_NAME', line: 2, column: 2 }],
    ['type', { where: 'title' }, { code: 'TYPE_MISMATCH', line: 1, column: 1 }],
    ['empty expression', { where: '' }, { place: 'policies/p1/where' }],
    ['regular expression', { where: "title.matches('(a+)+')" }, { code: 'NOT_ALLOWED' }],
  ]
  for (const [what, part, fault] of faulty) {
    test(what, () => expect(compile(part).faults).toMatchObject([fault]))
  }

  test('all of them at once', () => {
    const { faults } = compile({ role: 'x', fields: ['y'], where: 'z', check: 'true' })
    expect(faults.map(({ place }) => place)).toEqual(
      ['role', 'fields/0', 'where', 'check'].map((at) => `policies/p1/${at}`),
    )
  })

  test('an expression that computed fields blow up', () => {
    const doubled = Array.from({ length: 8 }, (_, i) => `f${i + 1}: { computed: "f${i} == f${i}" }`).join(', ')
    const wide = compileSchema(
      `{ schema: w, roles: { clerk: {} }, entities: { t: { fields: { f0: { type: boolean }, ${doubled} } } } }`,
    )
    const about = (where: string) => compilePolicy(policy({ entity: 't', where }), wide).faults
    expect(about('f8 && f8')).toEqual([])
    expect(about('f8 && f8 && f8 && f8 && f8')).toMatchObject([
      { code: 'EXPRESSION_TOO_LARGE', place: 'policies/p1/where' },
    ])
  })
})

describe('a policy with a fault closes and never opens', () => {
  test('one that allows is no rule', () => expect(compile({ where: 'nonsense' }).rule).toBeNull())

  test('one that forbids forbids everything to its role', () => {
    const forbids = { role: 'clerk', action: 'read', effect: 'deny', place: 'policies/p1' }
    expect(compile({ effect: 'deny', where: 'nonsense' }).rule).toEqual(forbids)
    expect(compile({ effect: 'deny', fields: ['gone'] }).rule).toEqual(forbids)
  })

  test('where its role or entity is gone, nobody could be meant', () => {
    expect(compile({ effect: 'deny', role: 'gone' }).rule).toBeNull()
    expect(compile({ effect: 'deny', entity: 'gone' }).rule).toBeNull()
  })
})
