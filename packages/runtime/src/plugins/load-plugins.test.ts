import { definePlugin, type Plugin } from '@backsaas/core'
import { describe, expect, test } from 'vitest'
import { loadPlugins } from './load-plugins.ts'

const dataClient = () => {
  throw new Error('not asked for')
}
const route = { method: 'GET', path: '/a/:id', summary: '', responses: {}, handle: () => new Response() } as const

function load(...plugins: Plugin[]) {
  return loadPlugins(plugins, dataClient)
}

function failure(...plugins: Plugin[]): { code: string; message: string } {
  try {
    load(...plugins)
  } catch (error) {
    return error as { code: string; message: string } // what loadPlugins throws is a BackSaasError
  }
  throw new Error('the plugins were accepted')
}

test('parts are laid out by stage in the order of the plugins, and frozen', () => {
  const a = definePlugin({ name: 'a', stages: { before: (operation) => operation }, routes: [route] })
  const b = definePlugin({
    name: 'b',
    requires: ['a'],
    stages: { before: (operation) => operation },
    on: { '*': () => undefined },
  })
  const loaded = load(b, a)
  expect(loaded.before.map(({ plugin }) => plugin)).toEqual(['b', 'a'])
  expect(loaded.authorize).toHaveLength(0)
  expect(loaded.on.get('*')).toHaveLength(1)
  expect([loaded, loaded.before, loaded.routes].every(Object.isFrozen)).toBe(true)
})

test('several may require one', () => {
  const two = (name: string) => ({ name, requires: ['base', 'other'] })
  expect(load(two('a'), { name: 'base', requires: ['other'] }, two('b'), { name: 'other' }).names).toHaveLength(4)
})

test('a plugin is frozen with all the plain data in it', () => {
  const plugin = definePlugin({ name: 'a', errors: { FULL: { status: 409, message: '' } }, routes: [route] })
  for (const part of [plugin, plugin.errors, plugin.errors.FULL, plugin.routes, plugin.routes[0], route.responses])
    expect(Object.isFrozen(part)).toBe(true)
})

describe('refuses, naming both sides', () => {
  test.each<[string, string[], Plugin[]]>([
    ['PLUGIN_CONFLICT', ['plugin a', 'name a'], [{ name: 'a' }, { name: 'a' }]],
    [
      'PLUGIN_CONFLICT',
      ['plugin a', 'plugin b', 'GET /a/'],
      [
        { name: 'a', routes: [route] },
        { name: 'b', routes: [{ ...route, path: '/a/:other' }] },
      ],
    ],
    ['PLUGIN_CONFLICT', ['plugin a', 'BackSaaS'], [{ name: 'a', routes: [{ ...route, path: '/rest/v1/mine' }] }]],
    [
      'PLUGIN_CONFLICT',
      ['plugin a', 'plugin b', 'FULL'],
      [
        { name: 'a', errors: { FULL: { status: 409, message: '' } } },
        { name: 'b', errors: { FULL: { status: 409, message: '' } } },
      ],
    ],
    [
      'PLUGIN_CONFLICT',
      ['plugin a', 'BackSaaS'],
      [{ name: 'a', errors: { AUTH_REQUIRED: { status: 401, message: '' } } }],
    ],
    ['PLUGIN_REQUIRES', ['plugin a', 'plugin b'], [{ name: 'a', requires: ['b'] }]],
    ['PLUGIN_REQUIRES', ['plugin a', 'itself'], [{ name: 'a', requires: ['a'] }]],
    [
      'PLUGIN_REQUIRES',
      ['b requires c requires b'],
      [
        { name: 'a', requires: ['b', 'c'] },
        { name: 'b', requires: ['c'] },
        { name: 'c', requires: ['b'] },
      ],
    ],
  ])('%s %j', (code, parts, plugins) => {
    const error = failure(...plugins)
    expect(error.code).toBe(code)
    for (const part of parts) expect(error.message).toContain(part)
  })
})

describe('refuses what would do nothing in silence', () => {
  test.each([
    ['Not-A-Name', { name: 'Not-A-Name' }],
    ['routs', { name: 'a', routs: [] }],
    ['befor', { name: 'a', stages: { befor: () => undefined } }],
    ['no function', { name: 'a', stages: { before: 'x' } }],
    ['method', { name: 'a', routes: [{ ...route, method: 'get' }] }],
    ['path', { name: 'a', routes: [{ ...route, path: 'a' }] }],
    ['tenant', { name: 'a', routes: [{ ...route, path: '/x/:tenant' }] }],
    ['status', { name: 'a', errors: { OOPS: { status: 200, message: '' } } }],
    ['code', { name: 'a', errors: { oops: { status: 400, message: '' } } }],
  ])('%s', (_what, plugin) => {
    expect(failure(plugin as unknown as Plugin).code).toBe('PLUGIN_INVALID')
  })
})
