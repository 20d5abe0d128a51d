import type { CompiledRelation, CompiledSchema } from '@backsaas/core'
import { expect, test } from 'vitest'
import { fixtureSchema } from '../../test/bound-fixture.ts'
import { resolveEmbed } from './resolve-embed.ts'

const base = fixtureSchema().compiled
const contacts = base.entities.contacts
if (!contacts) throw new Error('the fixture has contacts')

const second: CompiledRelation = {
  name: 'employer',
  kind: 'one',
  entity: 'companies',
  from: ['employer_id'],
  to: ['id'],
  key: 'contacts_employer_id_fkey',
  onDelete: 'restrict',
}
const twice = { ...contacts, relations: { ...contacts.relations, employer: second } }
const schema: CompiledSchema = { ...base, entities: { ...base.entities, contacts: twice } }

test('by relation name, entity, column and foreign key', () => {
  for (const target of ['company', 'companies', 'company_id', 'contacts_company_id_fkey'])
    expect(resolveEmbed(base, contacts, target, null).relation.name).toBe('company')
})

test('two ways to one entity are ambiguous, and the error names both', () => {
  const error = expect.objectContaining({
    code: 'PGRST201',
    status: 300,
    hint: expect.stringContaining("'companies!contacts_employer_id_fkey'"),
  })
  expect(() => resolveEmbed(schema, twice, 'companies', null)).toThrow(error)
})

test('a hint decides, by key or by column; a wrong one finds nothing', () => {
  expect(resolveEmbed(schema, twice, 'companies', 'contacts_employer_id_fkey').relation.name).toBe('employer')
  expect(resolveEmbed(schema, twice, 'companies', 'employer_id').relation.name).toBe('employer')
  expect(resolveEmbed(schema, twice, 'employer', null).relation.name).toBe('employer')
  expect(() => resolveEmbed(schema, twice, 'companies', 'nope')).toThrow(expect.objectContaining({ code: 'PGRST200' }))
})
