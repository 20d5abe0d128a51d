/** Plugins that cannot live together, or alone, stop the start, and the error names both sides. */

import type { Database, Plugin } from '@backsaas/core'
import { createRuntime } from '@backsaas/runtime'
import { audit } from '@backsaas-examples/plugin-audit'
import { auditPass } from '@backsaas-examples/plugin-audit/pass'
import { expect, test } from 'vitest'

/** Never reached: plugins are checked before anything is asked of it. */
const database: Database = {
  name: 'none',
  can: { listen: false, interactive: false },
  open: () => ({ batch: () => expect.unreachable('the database was asked') }),
}

/** The message of the error that the start ends in. */
async function refusal(plugins: readonly Plugin[]): Promise<string> {
  try {
    const runtime = createRuntime({ database, plugins })
    await runtime.ready()
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message?: string; hint?: string }
    return `${code} ${message} ${hint ?? ''}`
  }
  return expect.unreachable('the runtime started')
}

const route = (path: string): NonNullable<Plugin['routes']> => [
  { method: 'GET', path, summary: 's', responses: {}, handle: () => new Response() },
]

test('a plugin that requires one that is not there', async () => {
  const message = await refusal([auditPass([])])
  expect(message).toMatch(/audit-pass/)
  expect(message).toMatch(/requires.*\baudit\b/)
})

test('two plugins of one name', async () => {
  expect(await refusal([audit(), audit()])).toMatch(/PLUGIN_CONFLICT.*\baudit\b.*\baudit\b/)
})

test('two plugins with one route, whatever its parameters are called', async () => {
  const [one, two] = [
    { name: 'one', routes: route('/things/:id') },
    { name: 'two', routes: route('/things/:key') },
  ]
  const message = await refusal([one, two])
  expect(message).toMatch(/\bone\b/)
  expect(message).toMatch(/\btwo\b/)
  expect(message).toContain('/things/')
})

test('a plugin with a route of the runtime’s own', async () => {
  expect(await refusal([{ name: 'one', routes: route('/rest/v1/contacts') }])).toMatch(/BackSaaS.*\bone\b/)
})

test('two plugins with one error code', async () => {
  const errors = { TEAPOT: { status: 418, message: 'short and stout' } }
  const message = await refusal([
    { name: 'one', errors },
    { name: 'two', errors },
  ])
  expect(message).toMatch(/\bone\b.*\btwo\b.*TEAPOT|TEAPOT.*\bone\b.*\btwo\b/)
})

test('a slot that does not exist', async () => {
  const plugin = { name: 'one', stage: {} } as Plugin // what plain JavaScript could hand over
  expect(await refusal([plugin])).toMatch(/\bone\b.*stage/)
})
