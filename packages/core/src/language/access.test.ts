/** The rules of `access:`, flattened, and what is refused in them. */
import { expect, test } from 'vitest'
import type { AccessRule } from '../contracts/access.ts'
import { compileSchema } from './compile-schema.ts'
import { SchemaProblems } from './problem.ts'

const withAccess = (access: string, roles = '{ sales: {}, admin: { inherits: [sales] }, anonymous: {} }'): string => `
schema: crm
roles: ${roles}
entities:
  companies: { fields: { name: { type: string } } }
  contacts:
    without: [updated_at, created_by, revision]
    fields:
      email: { type: string }
      owner_id: { type: uuid }
      company_id: { to: companies }
      label: { computed: "email + '!'" }
    access: ${access}
`

function rulesOf(access: string): readonly AccessRule[] | undefined {
  return compileSchema(withAccess(access)).entities.contacts?.access
}

/** `pointer code` of each problem, the pointer from the rules on. */
function problemsOf(access: string, roles?: string): readonly string[] {
  try {
    compileSchema(withAccess(access, roles))
  } catch (error) {
    if (!(error instanceof SchemaProblems)) throw error
    return error.problems.map((p) => `${p.pointer.replace('/entities/contacts/access', '')} ${p.code}`)
  }
  return []
}

test('true allows, false forbids, and each rule says where it stands', () => {
  expect(rulesOf('{ sales: { read: true, delete: false }, anonymous: { read: true } }')).toEqual([
    { role: 'sales', action: 'read', effect: 'allow', place: '/entities/contacts/access/sales/read' },
    { role: 'sales', action: 'delete', effect: 'deny', place: '/entities/contacts/access/sales/delete' },
    { role: 'anonymous', action: 'read', effect: 'allow', place: '/entities/contacts/access/anonymous/read' },
  ])
})

test('predicates are compiled, checks only of writes', () => {
  const rules = rulesOf(`
      sales:
        read: { where: "owner_id == current_user.id" }
        create: { where: "email != null", check: "email != 'x'" }
        update: { where: "self.owner_id == current_user.id", check: "email != null", fields: [email] }`)
  expect(rules?.map(({ action, where, check }) => [action, where?.source, check?.source])).toEqual([
    ['read', 'owner_id == current_user.id', undefined],
    ['create', 'email != null', "email != 'x'"],
    ['update', 'self.owner_id == current_user.id', 'email != null'],
  ])
  expect(rules?.[0]?.where).toMatchObject({ type: 'bool', reads: [{ entity: 'contacts', field: 'owner_id' }] })
})

test('a rule that forbids stands beside one that allows', () => {
  const rules = rulesOf(`
      sales:
        read: true
        deny: { read: { fields: [owner_id] }, update: true, delete: { where: "email == 'x'" } }`)
  expect(rules).toMatchObject([
    { action: 'read', effect: 'allow' },
    { action: 'read', effect: 'deny', fields: ['owner_id'], place: '/entities/contacts/access/sales/deny/read' },
    { action: 'update', effect: 'deny' },
    { action: 'delete', effect: 'deny', where: { source: "email == 'x'" } },
  ])
})

test('`except` becomes the fields that are left, computed ones among them, in the order of the entity', () => {
  const [read, create] =
    rulesOf('{ sales: { read: { except: [owner_id] }, create: { except: [owner_id, id] } } }') ?? []
  expect(read?.fields).toEqual(['id', 'email', 'company_id', 'label', 'created_at'])
  expect(create?.fields).toEqual(['email', 'company_id'])
})

test('`fields` come in the order of the entity', () => {
  expect(rulesOf('{ sales: { read: { fields: [label, email] } } }')?.[0]?.fields).toEqual(['email', 'label'])
})

test('an entity that lets nobody do anything has no rules, one without `access` has none to ask', () => {
  const { contacts, companies } = compileSchema(withAccess('{}')).entities
  expect(contacts?.access).toEqual([])
  expect(companies).not.toHaveProperty('access')
})

test.each([
  ['{ seles: { read: true } }', '/seles UNKNOWN_ROLE'],
  ['{ sales: { reed: true } }', '/sales/reed UNKNOWN_KEY'],
  ['{ sales: { read: yes } }', '/sales/read WRONG_TYPE'],
  ['{ sales: { read: } }', '/sales/read WRONG_TYPE'],
  ['{ sales: true }', '/sales WRONG_TYPE'],
  ['[sales]', ' WRONG_TYPE'],
  ['{ sales: { read: {} } }', '/sales/read EMPTY_RULE'],
  ['{ sales: { deny: { read: {} } } }', '/sales/deny/read EMPTY_RULE'],
  ['{ sales: { read: { wher: "true" } } }', '/sales/read/wher UNKNOWN_KEY'],
  ['{ sales: { read: { where: true } } }', '/sales/read/where WRONG_TYPE'],
  ['{ sales: { read: { where: "emial == null" } } }', '/sales/read/where UNKNOWN_NAME'],
  ['{ sales: { read: { where: "tenant_id == null" } } }', '/sales/read/where UNKNOWN_NAME'],
  ['{ sales: { read: { check: "true" } } }', '/sales/read/check NOT_APPLICABLE'],
  ['{ sales: { delete: { check: "true" } } }', '/sales/delete/check NOT_APPLICABLE'],
  ['{ sales: { delete: { fields: [email] } } }', '/sales/delete/fields NOT_APPLICABLE'],
  ['{ sales: { delete: { except: [email] } } }', '/sales/delete/except NOT_APPLICABLE'],
  ['{ sales: { read: { fields: [email], except: [id] } } }', '/sales/read/except CONTRADICTION'],
  ['{ sales: { read: { fields: [] } } }', '/sales/read/fields EMPTY_LIST'],
  ['{ sales: { read: { fields: [emial] } } }', '/sales/read/fields/0 UNKNOWN_FIELD'],
  ['{ sales: { read: { fields: [tenant_id] } } }', '/sales/read/fields/0 UNKNOWN_FIELD'],
  ['{ sales: { read: { except: [constructor] } } }', '/sales/read/except/0 UNKNOWN_FIELD'],
  ['{ sales: { read: { fields: [email, email] } } }', '/sales/read/fields/1 DUPLICATE_FIELD'],
  ['{ sales: { read: { fields: email } } }', '/sales/read/fields WRONG_TYPE'],
  [
    '{ sales: { read: { except: [id, email, owner_id, company_id, label, created_at] } } }',
    '/sales/read/except EMPTY_LIST',
  ],
  ['{ sales: { create: { fields: [label] } } }', '/sales/create/fields/0 NOT_APPLICABLE'],
  ['{ sales: { update: { fields: [created_at] } } }', '/sales/update/fields/0 NOT_APPLICABLE'],
  ['{ sales: { deny: { read: false } } }', '/sales/deny/read WRONG_TYPE'],
  ['{ sales: { deny: true } }', '/sales/deny WRONG_TYPE'],
  ['{ sales: { deny: { reed: true } } }', '/sales/deny/reed UNKNOWN_KEY'],
  ['{ sales: { deny: { update: { check: "true" } } } }', '/sales/deny/update/check UNKNOWN_KEY'],
  ['{ sales: { deny: { delete: { fields: [email] } } } }', '/sales/deny/delete/fields NOT_APPLICABLE'],
  ['{ sales: { read: true, deny: { read: true } } }', '/sales/deny/read CONTRADICTION'],
  ['{ sales: { read: false, deny: { read: true } } }', '/sales/deny/read CONTRADICTION'],
])('the access %s is refused', (access, problem) => {
  expect(problemsOf(access)).toEqual([problem])
})

test('a role that is not declared says how to declare it, a mistyped one its name', () => {
  const hintsOf = (access: string): unknown => {
    try {
      return compileSchema(withAccess(access))
    } catch (error) {
      return error instanceof SchemaProblems ? error.problems.map((p) => `${p.line}:${p.column} ${p.hint}`) : error
    }
  }
  expect(hintsOf('{ guests: { read: true } }')).toEqual(['13:15 declare it at the top: `roles: { guests: {} }`'])
  expect(hintsOf('{ seles: { read: true } }')).toEqual(['13:15 did you mean `sales`?'])
})

test('every fault of every rule is told at once, and nobody is blamed for what another fault took away', () => {
  const access =
    '{ sales: { read: { where: "emial == 1", fields: [nope] }, update: { wher: "x" } }, nobody: { read: true } }'
  expect(problemsOf(access)).toEqual([
    '/sales/read/where UNKNOWN_NAME',
    '/sales/read/fields/0 UNKNOWN_FIELD',
    '/sales/update/wher UNKNOWN_KEY',
    '/nobody UNKNOWN_ROLE',
  ])
})

test('too many rules are refused', () => {
  const roles = Array.from({ length: 130 }, (_, index) => `r${index}`)
  const access = `{ ${roles.map((role) => `${role}: { read: true, create: true, update: true, delete: true }`).join(', ')} }`
  expect(problemsOf(access, `{ ${roles.map((role) => `${role}: {}`).join(', ')} }`)).toEqual([' TOO_MANY_RULES'])
})
