import { type Operation, PLATFORM_PLACEMENT_ID, type Plugin } from '@backsaas/core'
import { describe, expect, test } from 'vitest'
import { CRM } from '../../test/fake-store.ts'
import { loadPlugins } from '../plugins/load-plugins.ts'
import { authorize } from './authorize.ts'
import { before } from './before.ts'
import type { DataRequest } from './data-request.ts'

// The stages look at the entity and the action only, and pass the rest on.
const read = {
  action: 'read',
  entity: 'notes',
  query: { select: [], where: [], order: [] },
  params: [],
} as object as Operation
const create = { ...read, action: 'create' } as const

function request(options: {
  roles?: string[]
  kind?: 'anonymous'
  platform?: boolean
  plugins?: Plugin[]
}): DataRequest {
  const { roles = ['admin'], kind = 'user', platform = false, plugins = [] } = options
  return {
    request: new Request('http://localhost/'),
    requestId: 'r',
    scope: { now: Date.now, waitUntil: () => undefined },
    principal: { tenant: 'acme', id: 'u', kind, roles },
    schema: { compiled: CRM, access: null, placementId: platform ? PLATFORM_PLACEMENT_ID : 'other' },
    plugins: loadPlugins(plugins, () => {
      throw new Error('not asked for')
    }),
  } as object as DataRequest // what the stages under test look at
}

async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    return error
  }
}

describe('authorize', () => {
  test('admin may, whoever inherits it may, others may not', async () => {
    expect(authorize(create, request({}))).toBe(create)
    expect(authorize(create, request({ roles: ['boss'] }))).toBe(create)
    for (const roles of [[], ['sales'], ['__proto__'], ['constructor']])
      expect(await outcome(() => authorize(read, request({ roles })))).toMatchObject({ code: '42501', status: 403 })
    expect(await outcome(() => authorize(read, request({ roles: [], kind: 'anonymous' })))).toMatchObject({
      status: 401,
    })
  })

  test('the registry may be read and not written', async () => {
    expect(authorize(read, request({ platform: true }))).toBe(read)
    expect(await outcome(() => authorize(create, request({ platform: true })))).toMatchObject({
      code: 'REGISTRY_READ_ONLY',
      status: 403,
    })
  })

  test('plugins narrow in order, and see the caller and the entity', async () => {
    const seen: string[] = []
    const plugin = (name: string): Plugin => ({
      name,
      stages: {
        authorize: (operation, { principal, entity, schema }) => {
          seen.push(`${name} ${principal.id} ${schema.name}.${entity.name} ${operation.params.length}`)
          return { ...operation, params: [...operation.params, name] }
        },
      },
    })
    const narrowed = await authorize(read, request({ plugins: [plugin('a'), plugin('b')] }))
    expect(seen).toEqual(['a u crm.notes 0', 'b u crm.notes 1'])
    expect(narrowed.params).toEqual(['a', 'b'])
  })

  test('a plugin that answers nothing, or another entity, is refused', async () => {
    for (const answer of [undefined, { ...read, entity: 'secrets' }, { ...read, action: 'delete' }]) {
      const plugin: Plugin = { name: 'a', stages: { authorize: () => answer as never } }
      expect(await outcome(() => authorize(read, request({ plugins: [plugin] })))).toMatchObject({
        code: 'PLUGIN_INVALID',
        message: expect.stringContaining('plugin a'),
      })
    }
  })
})

test('before runs for writes only', async () => {
  const change: Plugin = { name: 'a', stages: { before: (operation) => ({ ...operation, params: ['changed'] }) } }
  expect(before(read, request({ plugins: [change] }))).toBe(read)
  expect(await before(create, request({ plugins: [change] }))).toMatchObject({ params: ['changed'] })
  expect(before(create, request({}))).toBe(create)
})
