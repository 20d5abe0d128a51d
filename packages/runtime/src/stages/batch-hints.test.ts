import { type Operation, PLATFORM_PLACEMENT_ID, uuidv7 } from '@backsaas/core'
import { expect, test } from 'vitest'
import { fixtureSchema } from '../../test/bound-fixture.ts'
import { DEFAULT_LIMITS } from '../http/limits.ts'
import { batchHints } from './batch-hints.ts'
import { parse } from './parse.ts'
import { plan } from './plan.ts'

const schema = fixtureSchema()
const tenant = uuidv7()

function hints(method: string, path: string, body = '', prefer = '', bound = schema) {
  const url = new URL(`http://x/${path}`)
  const [entity = '', itemKey = null] = url.pathname.slice(1).split('/')
  const headers = new Headers({ prefer, 'content-type': 'application/json' })
  const request = { method, headers, query: url.search.slice(1), body, entity, itemKey, limits: DEFAULT_LIMITS }
  const operation: Operation = parse({ ...request, schema: schema.compiled }, null).operation
  return batchHints(operation, plan(schema, operation, tenant, null), bound, tenant)
}

const NEW = '{"name":"Acme"}'

test('reads of a tenant share, creates do, and updates of a row by its key', () => {
  expect(hints('GET', 'companies?name=eq.x')).toEqual({ sharedBy: tenant })
  expect(hints('POST', 'companies', NEW)).toEqual({ sharedBy: `${tenant} create` })
  const byId = { sharedBy: `${tenant} update`, locks: 'companies 7' }
  expect(hints('PATCH', 'companies?id=eq.7', NEW)).toEqual(byId)
  expect(hints('PATCH', 'companies?name=neq.x&id=eq.7', NEW)).toEqual(byId)
})

test.each([
  ['deletes', 'DELETE', 'companies?id=eq.7'],
  ['updates of who knows how many rows', 'PATCH', 'companies?name=eq.x', NEW],
  ['an or', 'PATCH', 'companies?or=(id.eq.7,id.eq.8)', NEW],
  ['a negation', 'PATCH', 'companies?id=not.eq.7', NEW],
  ['several', 'PATCH', 'companies?id=in.(7,8)', NEW],
  ['upserts', 'POST', 'companies?on_conflict=id', NEW, 'resolution=merge-duplicates'],
  ['what is to be undone', 'POST', 'companies', NEW, 'tx=rollback'],
  ['what sets a time zone', 'GET', 'companies', '', 'timezone=Europe/Paris'],
  ['what is long', 'POST', 'companies', JSON.stringify({ name: 'x'.repeat(5000) })],
])('%s share with nobody', (_, method, path, body = '', prefer = '') => {
  expect(hints(method, path, body, prefer)).toEqual({})
})

test('writes to the registry share with nobody: they say who acts', () => {
  expect(hints('POST', 'companies', NEW, '', { ...schema, placementId: PLATFORM_PLACEMENT_ID })).toEqual({})
})
