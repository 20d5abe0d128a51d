import type { AccessRule, Action, CompiledSchema, Decisions, PolicyRow } from '@backsaas/core'
import { compileSchema } from '@backsaas/core/language'
import { describe, expect, test } from 'vitest'
import { bindSchema } from '../binding/bound-schema.ts'
import { loadPlugins } from '../plugins/load-plugins.ts'
import { createAccessControl } from './create-access.ts'
import { accessOf } from './entity-access.ts'
import { createView } from './view.ts'

const schema = compileSchema(`
schema: crm
roles: { sales: {}, support: {}, admin: { inherits: [sales] } }
entities:
  companies:
    fields: { name: { type: string } }
    access: { sales: { read: { fields: [id, name] } } }
  contacts:
    fields:
      email: { type: string }
      secret: { type: string }
      masked: { computed: "secret + '!'" }
      firm: { computed: "company.name" }
      era: { computed: "company.created_at" }
      company_id: { to: companies, as: company }
    access:
      sales:
        read: { where: "self.email == 'a'", except: [secret] }
        create: { fields: [email, secret] }
        update: { fields: [email] }
      support:
        read: { fields: [id, email, secret, masked] }
        deny: { read: { where: "self.email == 'x'" } }
  hidden:
    fields: { contact_id: { to: contacts, as: contact } }
`)

/** What a decider makes of the rules of the schema, the inheritance worked in. */
function decide({ entities, roles }: CompiledSchema): Decisions {
  const rules = Object.values(entities).flatMap(({ name, access = [] }) => access.map((rule) => ({ name, rule })))
  const holding = (role: string, entity: string, action: Action): number[] => {
    const held = new Set([role, ...(roles[role]?.inherits ?? [])])
    return rules.flatMap(({ name, rule }, index) =>
      name === entity && rule.action === action && held.has(rule.role) ? [index] : [],
    )
  }
  const actions = ['read', 'create', 'update', 'delete'] as const
  const ofEntity = (role: string, entity: string) => actions.map((action) => [action, holding(role, entity, action)])
  const ofRole = (role: string) =>
    Object.keys(entities).map((entity) => [entity, Object.fromEntries(ofEntity(role, entity))])
  const table = Object.fromEntries(Object.keys(roles).map((role) => [role, Object.fromEntries(ofRole(role))]))
  return { rules: rules.map(({ rule }): AccessRule => rule), roles: table }
}

const decisions = decide(schema)
const contacts = (...roles: string[]) => accessOf(schema, decisions, roles).contacts
const guards = (roles: string[], field: string) =>
  contacts(...roles)
    ?.read?.fields.get(field)
    ?.map(({ allow, deny }) => ({
      allow: allow?.map(({ source }) => source) ?? 'all',
      deny: deny.map(({ source }) => source),
    }))

describe('what roles may do', () => {
  test('nothing without a role that is declared', () => {
    for (const roles of [[], ['nobody'], ['__proto__'], ['constructor']])
      expect(contacts(...roles)).toEqual({ read: null, create: null, update: null, delete: null })
  })

  test('what they inherit, and no more', () => {
    expect(contacts('admin')).toEqual(contacts('sales'))
    expect(contacts('admin')?.delete).toBeNull()
  })

  test('an entity without rules beside ones that have some is closed', () => {
    expect(accessOf(schema, decisions, ['admin']).hidden).toEqual({
      read: null,
      create: null,
      update: null,
      delete: null,
    })
  })

  test('a field that shows wherever the row does has no guard; one of some rules has theirs', () => {
    expect(guards(['sales'], 'email')).toEqual([])
    expect(guards(['support'], 'secret')).toEqual([])
    expect(guards(['sales', 'support'], 'email')).toEqual([])
    expect(guards(['sales', 'support'], 'company_id')).toEqual([
      { allow: ["self.email == 'a'"], deny: ["self.email == 'x'"] },
    ])
    expect(guards(['sales'], 'secret')).toBeUndefined()
  })

  test('a computed field shows where all its parts do', () => {
    expect(guards(['sales'], 'masked')).toBeUndefined()
    expect(guards(['sales', 'support'], 'masked')).toEqual([])
    expect(guards(['sales'], 'firm')).toEqual([])
    // Of companies these see id and name alone.
    expect(guards(['sales'], 'era')).toBeUndefined()
    expect(guards(['support'], 'firm')).toBeUndefined()
  })

  test('who forbids wins over who allows, and needs no other role for it', () => {
    expect(contacts('sales', 'support')?.read?.rows).toMatchObject({
      allow: null,
      deny: [{ source: "self.email == 'x'" }],
    })
  })
})

describe('a view', () => {
  const view = createView(schema, decisions, ['sales'])

  test('lacks what is never seen, and relations over it', () => {
    expect(Object.keys(view.served.entities.contacts?.fields ?? {})).not.toContain('secret')
    expect(view.served.entities.contacts?.relations).toHaveProperty('company')
    expect(view.served.entities.contacts?.relations).not.toHaveProperty('hidden')
    expect(createView(schema, decisions, ['support']).served.entities.contacts?.relations).toEqual({})
  })

  test('lets be written what may be given, names what is seen and may not, and knows nothing else', () => {
    const create = view.inputs.contacts?.create.fields ?? {}
    expect([create.email?.writable, create.secret?.writable, create.company_id?.writable]).toEqual([true, true, false])
    expect(Object.keys(view.inputs.contacts?.update.fields ?? {})).not.toContain('secret')
  })
})

describe('access control', () => {
  const mapping = {
    schema: 's',
    entities: Object.fromEntries(
      Object.values(schema.entities).map(({ name, fields }) => [
        name,
        {
          table: name,
          columns: Object.fromEntries(Object.keys(fields).map((field) => [field, field])),
          constraints: {},
        },
      ]),
    ),
  }
  const bound = bindSchema(schema, mapping, 'p', 1, null)
  const access = { scope: { now: Date.now, waitUntil: () => undefined }, connection: { batch: async () => [] } }
  const none: readonly PolicyRow[] = []
  const control = (count: { decided: number }) => {
    const counted = (given: CompiledSchema): Decisions => {
      count.decided++
      return decide(given)
    }
    return createAccessControl({
      observe: null,
      policies: () => none,
      plugins: loadPlugins([{ name: 'a', access: { decide: counted } }], () => {
        throw new Error('not asked for')
      }),
    })
  }

  test('decides once, and keeps a view for each set of roles whatever their order', async () => {
    const count = { decided: 0 }
    const { view } = control(count)
    const first = await view(bound, 'acme', { roles: ['sales', 'support'] }, access)
    expect(await view(bound, 'acme', { roles: ['support', 'sales', 'sales'] }, access)).toBe(first)
    expect(await view(bound, 'globex', { roles: ['sales'] }, access)).not.toBe(first)
    expect(count.decided).toBe(1)
    expect(first.statements).not.toBe(bound.statements)
    expect(first.shapes).not.toBe(bound.shapes)
  })

  test('a schema with rules is closed where nobody decides', async () => {
    const plugins = loadPlugins([], () => {
      throw new Error('not asked for')
    })
    const { view } = createAccessControl({ observe: null, policies: () => none, plugins })
    await expect(view(bound, 'acme', { roles: ['admin'] }, access)).rejects.toMatchObject({
      code: 'ACCESS_UNDECIDED',
      status: 503,
    })
  })
})
